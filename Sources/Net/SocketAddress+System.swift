internal import CLinux
internal import Glibc

/// Addresses as the system's calls want and give them.
extension SocketAddress {
    /// Asks the system's resolver for the addresses of `host`.
    ///
    /// It may wait for the network: never on a worker.
    /// - Returns: in the system's order; none when the name is not known.
    public static func resolve(host: String, port: UInt16) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            let address = SocketAddress(entry.pointee.ai_addr, length: entry.pointee.ai_addrlen)?.with(
                port: port)
            if let address, !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }

    /// Takes over what the system wrote; `nil`: of no family that we know, or cut short.
    init?(_ address: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let address, length >= 2 else { return nil }
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
            let four = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(.ipv4(UInt32(bigEndian: four.sin_addr.s_addr), port: UInt16(bigEndian: four.sin_port)))
        case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
            let six = raw.loadUnaligned(as: sockaddr_in6.self)
            self.init(SocketAddress.kind(of: six.sin6_addr, port: UInt16(bigEndian: six.sin6_port)))
        case AF_UNIX:
            let bytes = UnsafeRawBufferPointer(start: raw + 2, count: Int(length) - 2).prefix { $0 != 0 }
            self.init(.unix(String(decoding: bytes, as: UTF8.self)))
        default:
            return nil
        }
    }

    static func kind(of address: in6_addr, port: UInt16) -> Kind {
        withUnsafeBytes(of: address) { bytes in
            let high = bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            let low = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            return .ipv6(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low), port: port)
        }
    }

    /// Calls `body` with the address as the system wants it.
    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        let length = fill(&storage)
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    private func fill(_ storage: inout sockaddr_storage) -> socklen_t {
        withUnsafeMutableBytes(of: &storage) { bytes in
            switch kind {
            case .ipv4(let address, let port):
                var four = sockaddr_in()
                four.sin_family = sa_family_t(AF_INET)
                four.sin_port = port.bigEndian
                four.sin_addr.s_addr = address.bigEndian
                bytes.storeBytes(of: four, as: sockaddr_in.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            case .ipv6(let high, let low, let port):
                var six = sockaddr_in6()
                six.sin6_family = sa_family_t(AF_INET6)
                six.sin6_port = port.bigEndian
                withUnsafeMutableBytes(of: &six.sin6_addr) {
                    $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                    $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                bytes.storeBytes(of: six, as: sockaddr_in6.self)
                return socklen_t(MemoryLayout<sockaddr_in6>.size)
            case .unix(let path):
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let text = Array(path.utf8.prefix(107))
                for (index, byte) in text.enumerated() { bytes[2 + index] = byte }
                return socklen_t(2 + text.count + 1)
            }
        }
    }

    /// The address that `fd` is bound to.
    public static func local(of fd: Int32) -> SocketAddress? {
        named { getsockname(fd, $0, $1) }
    }

    /// The address that `call` fills in; `nil` if it failed.
    static func named(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                call(address, &length) >= 0 ? SocketAddress(address, length: length) : nil
            }
        }
    }
}

extension SocketAddress.Family {
    /// `AF_…`.
    var number: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}
