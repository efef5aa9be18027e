internal import CLinux
public import Core
internal import Glibc

/// Addresses as people and fields write them.
extension SocketAddress {
    /// Digits, dots and colons of the longest IPv6 address, with a zero behind.
    private static var numericTextMax: Int { 46 }
    /// Bytes of `sun_path`, without the zero at its end.
    private static var unixPathMax: Int { 107 }

    /// Reads a numeric address: `1.2.3.4`, `::1`.
    public init?(ip text: String, port: UInt16) {
        self.init(ip: Array(text.utf8).span, port: port)
    }

    /// Reads a numeric address, without making a `String` of it.
    public init?(ip text: Span<UInt8>, port: UInt16) {
        guard text.count > 0, text.count < SocketAddress.numericTextMax else { return nil }
        var terminated = InlineArray<46, CChar>(repeating: 0)
        for index in text.indices {
            guard text[index] > 0, text[index] < 0x80 else { return nil }
            terminated[index] = CChar(text[index])
        }
        let found: SocketAddress? = terminated.span.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return nil }
            return SocketAddress(terminated: start, port: port)
        }
        guard let found else { return nil }
        self = found
    }

    private init?(terminated text: UnsafePointer<CChar>, port: UInt16) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(.ipv4(UInt32(bigEndian: four.s_addr), port: port))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self.init(SocketAddress.kind(of: six, port: port))
    }

    /// Reads `1.2.3.4:80`, `[::1]:80`, `unix:/path`; without a port `defaultPort` is taken.
    ///
    /// An IPv6 address needs its brackets here.
    public static func parse(_ text: String, defaultPort: UInt16) -> SocketAddress? {
        parse(Array(text.utf8).span, defaultPort: defaultPort)
    }

    /// Reads `1.2.3.4:80`, `[::1]:80`, `unix:/path`; without a port `defaultPort` is taken.
    public static func parse(_ text: Span<UInt8>, defaultPort: UInt16) -> SocketAddress? {
        if text.count > 5, equalsIgnoringCase(text.extracting(0..<5), "unix:") {
            return unix(text.extracting(5..<text.count))
        }
        let isBracketed = text.count > 0 && text[0] == UInt8(ascii: "[")
        let closing = UInt8(ascii: isBracketed ? "]" : ":")
        let start = isBracketed ? 1 : 0
        let end = text.indices.first { $0 >= start && text[$0] == closing } ?? text.count
        guard end < text.count || !isBracketed else { return nil }
        var port = defaultPort
        let rest = isBracketed ? end + 1 : end
        if rest < text.count {
            guard text[rest] == UInt8(ascii: ":") else { return nil }
            guard let given = portNumber(text.extracting(rest + 1..<text.count)) else { return nil }
            port = given
        }
        guard let found = SocketAddress(ip: text.extracting(start..<end), port: port) else { return nil }
        return found.isIPv6 == isBracketed ? found : nil
    }

    private static func unix(_ path: Span<UInt8>) -> SocketAddress? {
        guard path.count <= unixPathMax else { return nil }
        let bytes = path.withUnsafeBufferPointer { Array($0) }
        return bytes.contains(0) ? nil : SocketAddress(.unix(String(decoding: bytes, as: UTF8.self)))
    }

    /// A port: one to five digits.
    package static func portNumber(_ text: some StringProtocol) -> UInt16? {
        portNumber(Array(text.utf8).span)
    }

    private static func portNumber(_ text: Span<UInt8>) -> UInt16? {
        guard (1...5).contains(text.count) else { return nil }
        var value = 0
        for index in text.indices {
            guard text[index].isASCIIDigit else { return nil }
            value = value * 10 + Int(text[index] &- UInt8(ascii: "0"))
        }
        return UInt16(exactly: value)
    }

    // MARK: Writing

    /// `127.0.0.1:8080`, `[::1]:80`, `unix:/path`.
    public var text: String {
        let buffer = ByteBuffer(capacity: 64)
        append(to: buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    /// The address without the port: `127.0.0.1`, `::1`, `unix:`.
    public var addressText: String {
        let buffer = ByteBuffer(capacity: 64)
        append(addressTo: buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    /// Appends what `text` is, without making a `String` of it.
    public func append(to out: ByteBuffer) {
        switch kind {
        case .ipv4(_, let port):
            append(addressTo: out)
            out.append(":")
            out.append(decimal: UInt(port))
        case .ipv6(_, _, let port):
            out.append("[")
            append(addressTo: out)
            out.append("]:")
            out.append(decimal: UInt(port))
        case .unix(let path):
            out.append("unix:")
            out.append(path)
        }
    }

    /// Appends the address without the port. RFC 5952 for IPv6.
    @_effects(releasenone)
    public func append(addressTo out: ByteBuffer) {
        switch kind {
        case .ipv4(let address, _):
            out.append(dottedDecimal: address)
        case .ipv6:
            withAddressBytes { bytes in
                bytes.withUnsafeBufferPointer { source in
                    _ = out.withUnsafeWritable(atLeast: Int(INET6_ADDRSTRLEN)) { target in
                        let text = target.baseAddress?.assumingMemoryBound(to: CChar.self)
                        guard inet_ntop(AF_INET6, source.baseAddress, text, socklen_t(target.count)) != nil
                        else {
                            return 0
                        }
                        return text.map { strlen($0) } ?? 0
                    }
                }
            }
        case .unix:
            out.append("unix:")
        }
    }
}
