internal import CLinux
internal import Glibc

/// A UDP socket that talks to several name servers. It is not connected, and closed with the object.
final class DNSSocket {
    /// More than we ask for, because some servers do not look at that.
    private static var datagramMax: Int { 4096 }

    let fd: Int32
    private let isIPv6: Bool
    private var buffer = [UInt8](repeating: 0, count: DNSSocket.datagramMax)

    /// - Parameter isIPv6: IPv6 servers can be reached as well as IPv4 ones, which are mapped.
    init(isIPv6: Bool) throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        fd = socket(isIPv6 ? AF_INET6 : AF_INET, type, 0)
        self.isIPv6 = isIPv6
        guard fd >= 0 else { throw Errno.current }
        guard isIPv6 else { return }
        var off: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size) == 0 else { throw Errno.current }
    }

    deinit { if fd >= 0 { close(fd) } }

    /// Returns `false` if it cannot go there. What the system has no room for counts as lost on the way.
    func send(_ bytes: [UInt8], to address: SocketAddress) -> Bool {
        let target = isIPv6 ? DNSSocket.mapped(address) : address
        let sent = target.withSockaddr { name, length in
            bytes.withUnsafeBytes { source in
                SystemCall.retrying {
                    sendto(fd, source.baseAddress, source.count, Int32(MSG_NOSIGNAL), name, length)
                }
            }
        }
        return sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS
    }

    /// The next datagram and who sent it; `nil`: none waits.
    func receive() -> (bytes: [UInt8], source: SocketAddress?)? {
        var count = -1
        let source = SocketAddress.named { name, length in
            count = buffer.withUnsafeMutableBytes { target in
                SystemCall.retrying { recvfrom(fd, target.baseAddress, target.count, 0, name, length) }
            }
            return count < 0 ? -1 : 0
        }
        guard count >= 0 else { return nil }
        return (Array(buffer.prefix(count)), source?.unmapped)
    }

    /// `1.2.3.4` as `::ffff:1.2.3.4`.
    private static func mapped(_ address: SocketAddress) -> SocketAddress {
        guard case .ipv4(let four, let port) = address.kind else { return address }
        return SocketAddress(.ipv6(high: 0, low: 0xFFFF_0000_0000 | UInt64(four), port: port))
    }
}
