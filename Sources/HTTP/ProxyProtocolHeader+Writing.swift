/// The header as a load balancer writes it.
///
/// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
extension ProxyProtocolHeader {
    /// How a header is written.
    public enum Version: Equatable, Sendable {
        /// A line of text: version 1.
        case text
        /// Version 2.
        case binary
    }

    /// The header that tells of a connection's ends.
    ///
    /// - Parameters:
    ///   - source: the client's end; `nil`, or text: none is told.
    ///   - destination: the end that it connected to; `nil`, or text: zeros are told. With an end of another
    ///     family both are told as IPv6.
    public static func bytes(_ version: Version, from source: End?, to destination: End?) -> [UInt8] {
        guard let (client, clientPort) = address(of: source) else {
            return version == .text ? Array("PROXY UNKNOWN\r\n".utf8) : signature + [0x20, 0, 0, 0]
        }
        let nowhere = ([UInt8](repeating: 0, count: client.count), UInt16(0))
        let (server, serverPort) = address(of: destination) ?? nowhere
        let isIPv4 = client.count == 4 && server.count == 4
        let addresses = isIPv4 ? [client, server] : [mapped(client), mapped(server)]
        switch version {
        case .text:
            let words = addresses.map { text($0) } + ["\(clientPort)", "\(serverPort)"]
            return Array("PROXY TCP\(isIPv4 ? 4 : 6) \(words.joined(separator: " "))\r\n".utf8)
        case .binary:
            let ports = [clientPort, serverPort].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            let content = addresses.joined() + ports
            return signature + [0x21, isIPv4 ? 0x11 : 0x21, 0, UInt8(content.count)] + content
        }
    }

    /// The address of an end and its port; `nil`: it has none of IP.
    private static func address(of end: End?) -> ([UInt8], UInt16)? {
        guard case .bytes(let address, let port) = end, address.count == 4 || address.count == 16 else {
            return nil
        }
        return (address, port)
    }

    /// `::ffff:a.b.c.d` for an address of IPv4.
    private static func mapped(_ address: [UInt8]) -> [UInt8] {
        address.count == 16 ? address : [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address
    }

    /// Four numbers, or groups of hexadecimal digits: the longest run of zeros is left out (RFC 5952 §4.2).
    private static func text(_ address: [UInt8]) -> String {
        if address.count == 4 { return address.map { "\($0)" }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]) }
        let zeros = longestZeros(groups)
        let (before, after) = (groups[..<zeros.lowerBound], groups[zeros.upperBound...])
        let words = [before, after].map { $0.map { String($0, radix: 16) }.joined(separator: ":") }
        return zeros.isEmpty ? words[1] : words.joined(separator: "::")
    }

    /// The first of the longest runs of two zeros and more; empty, at the front: there is none.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        return longest
    }
}
