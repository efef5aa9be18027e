internal import Core
internal import Net

/// What a load balancer in front says of a connection's ends: the header of the PROXY protocol, version 1
/// or 2.
struct ProxyProtocolHeader {
    /// Most bytes of a header: version 2 may carry further values behind the addresses.
    static var lengthMax: Int { 4096 }

    /// Bytes of the header.
    let length: Int
    /// The client's end; `nil`: the header names none.
    var source: SocketAddress?
    /// The end that the client connected to.
    var destination: SocketAddress?

    enum Reading {
        case complete(ProxyProtocolHeader)
        /// So far it may become one.
        case incomplete
        /// It is none.
        case broken
    }

    /// Reads the header at the front of `bytes`.
    static func read(_ bytes: Span<UInt8>) -> Reading {
        guard bytes.count > 0 else { return .incomplete }
        return bytes[0] == UInt8(ascii: "P") ? readText(bytes) : readBinary(bytes)
    }

    // MARK: Version 1

    /// Longest line of version 1 with its end.
    private static var lineMax: Int { 107 }

    private static func readText(_ bytes: Span<UInt8>) -> Reading {
        for (index, byte) in "PROXY ".utf8.enumerated() where index < bytes.count && bytes[index] != byte {
            return .broken
        }
        let limit = min(bytes.count, lineMax)
        guard let end = (0..<limit).first(where: { bytes[$0] == .lineFeed }) else {
            return bytes.count < lineMax ? .incomplete : .broken
        }
        guard end > 6, bytes[end - 1] == .carriageReturn else { return .broken }
        let line = (6..<(end - 1)).map { bytes[$0] }
        var header = ProxyProtocolHeader(length: end + 1)
        let words = line.split(separator: .space, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        if words[0] == "UNKNOWN" { return .complete(header) }
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6",
            let source = address(words[1], words[3]), let destination = address(words[2], words[4])
        else { return .broken }
        header.source = source
        header.destination = destination
        return .complete(header)
    }

    private static func address(_ text: String, _ port: String) -> SocketAddress? {
        guard !port.isEmpty, port.utf8.allSatisfy(\.isASCIIDigit), let number = UInt16(port) else {
            return nil
        }
        return SocketAddress(ip: text, port: number)
    }

    // MARK: Version 2

    private static var signature: [UInt8] {
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    }

    private static func readBinary(_ bytes: Span<UInt8>) -> Reading {
        let signature = signature
        for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] {
            return .broken
        }
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        guard bytes[12] >> 4 == 2, length <= lengthMax else { return .broken }
        guard bytes.count >= length else { return .incomplete }
        var header = ProxyProtocolHeader(length: length)
        // A connection of the balancer's own, or one that is no stream, has no addresses for us.
        guard bytes[12] & 0xF == 1, bytes[13] & 0xF == 1 else { return .complete(header) }
        switch bytes[13] >> 4 {
        case 1:
            guard length >= 28 else { return .broken }
            header.source = ipv4(bytes, at: 16, port: 24)
            header.destination = ipv4(bytes, at: 20, port: 26)
        case 2:
            guard length >= 52 else { return .broken }
            header.source = ipv6(bytes, at: 16, port: 48)
            header.destination = ipv6(bytes, at: 32, port: 50)
        default: break
        }
        return .complete(header)
    }

    private static func ipv4(_ bytes: Span<UInt8>, at index: Int, port: Int) -> SocketAddress {
        let value = UInt32(truncatingIfNeeded: number(bytes, index, 4))
        return SocketAddress(.ipv4(value, port: UInt16(truncatingIfNeeded: number(bytes, port, 2))))
    }

    private static func ipv6(_ bytes: Span<UInt8>, at index: Int, port: Int) -> SocketAddress {
        let port = UInt16(truncatingIfNeeded: number(bytes, port, 2))
        return SocketAddress(
            .ipv6(high: number(bytes, index, 8), low: number(bytes, index + 8, 8), port: port))
    }

    private static func number(_ bytes: Span<UInt8>, _ index: Int, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for offset in 0..<count { value = value << 8 | UInt64(bytes[index + offset]) }
        return value
    }
}
