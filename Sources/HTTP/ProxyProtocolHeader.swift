internal import Core

/// What a load balancer in front says of a connection's ends: the header of the PROXY protocol, version 1
/// or 2.
public struct ProxyProtocolHeader {
    /// One end of the connection.
    public enum End: Equatable, Sendable {
        /// As text, which is yet to be read: version 1.
        case text(String, port: UInt16)
        /// 4 bytes of IPv4 or 16 of IPv6: version 2.
        case bytes([UInt8], port: UInt16)
    }

    /// Most bytes of a header: version 2 may carry further values behind the addresses.
    public static var lengthMax: Int { 4096 }

    /// Bytes of the header.
    public let length: Int
    /// The client's end; `nil`: the header names none.
    public var source: End?
    /// The end that the client connected to.
    public var destination: End?
    /// Version 2: the values behind the addresses, as they came.
    public var values: [UInt8] = []

    /// What bytes are.
    public enum Reading {
        case complete(ProxyProtocolHeader)
        /// So far it may become one.
        case incomplete
        /// It is none.
        case broken
    }

    /// Reads the header at the front of `bytes`.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
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
            let source = readEnd(words[1], words[3]), let destination = readEnd(words[2], words[4])
        else { return .broken }
        header.source = source
        header.destination = destination
        return .complete(header)
    }

    private static func readEnd(_ text: String, _ port: String) -> End? {
        guard !port.isEmpty, port.utf8.allSatisfy(\.isASCIIDigit), let number = UInt16(port) else {
            return nil
        }
        return .text(text, port: number)
    }

    // MARK: Version 2

    static var signature: [UInt8] {
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
            header.source = readEnd(bytes, at: 16, count: 4, port: 24)
            header.destination = readEnd(bytes, at: 20, count: 4, port: 26)
            header.values = (28..<length).map { bytes[$0] }
        case 2:
            guard length >= 52 else { return .broken }
            header.source = readEnd(bytes, at: 16, count: 16, port: 48)
            header.destination = readEnd(bytes, at: 32, count: 16, port: 50)
            header.values = (52..<length).map { bytes[$0] }
        default: break
        }
        return .complete(header)
    }

    private static func readEnd(_ bytes: Span<UInt8>, at index: Int, count: Int, port: Int) -> End {
        .bytes(
            (index..<(index + count)).map { bytes[$0] },
            port: UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
    }
}
