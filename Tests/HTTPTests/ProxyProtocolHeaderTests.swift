import HTTP
import Testing

@Suite("PROXY protocol") struct ProxyProtocolHeaderTests {
    private static let binary: [UInt8] =
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
        + [1, 2, 3, 4, 5, 6, 7, 8, 0x30, 0x39, 0, 80]

    private func read(_ bytes: [UInt8]) -> ProxyProtocolHeader? {
        guard case .complete(let header) = ProxyProtocolHeader.read(bytes.span) else { return nil }
        return header
    }

    private func isIncomplete(_ bytes: [UInt8]) -> Bool {
        if case .incomplete = ProxyProtocolHeader.read(bytes.span) { return true }
        return false
    }

    private func isBroken(_ bytes: [UInt8]) -> Bool {
        if case .broken = ProxyProtocolHeader.read(bytes.span) { return true }
        return false
    }

    @Test(
        "both versions name both ends",
        arguments: [
            (
                Array("PROXY TCP4 1.2.3.4 5.6.7.8 12345 80\r\n".utf8),
                ProxyProtocolHeader.End.text("1.2.3.4", port: 12345),
                ProxyProtocolHeader.End.text("5.6.7.8", port: 80)
            ), (binary, .bytes([1, 2, 3, 4], port: 12345), .bytes([5, 6, 7, 8], port: 80)),
        ])
    func ends(_ bytes: [UInt8], _ source: ProxyProtocolHeader.End, _ destination: ProxyProtocolHeader.End)
        throws
    {
        let header = try #require(read(bytes + Array("GET".utf8)))
        #expect(header.length == bytes.count)
        #expect(header.source == source)
        #expect(header.destination == destination)
    }

    @Test(
        "any part of a header is incomplete, not broken",
        arguments: [Array("PROXY TCP4 1.2.3.4 5.6.7.8 12345 80\r\n".utf8), binary])
    func parts(_ bytes: [UInt8]) {
        for count in 0..<bytes.count { #expect(isIncomplete(Array(bytes[..<count])), "\(count)") }
    }

    @Test("UNKNOWN and LOCAL name no address")
    func unknown() throws {
        #expect(try #require(read(Array("PROXY UNKNOWN\r\n".utf8))).source == nil)
        #expect(try #require(read(Array("PROXY UNKNOWN ff 1 2 3\r\n".utf8))).source == nil)
        var local = Self.binary
        local[12] = 0x20
        #expect(try #require(read(local)).source == nil)
    }

    @Test(
        "what is no header is broken",
        arguments: [
            "GET / HTTP/1.1\r\n", "PROXX", "PROXY \r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "PROXY TCP4\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", "\r\n\r\nX",
            "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "PROXY UNKNOWN" + String(repeating: " ", count: 120),
        ])
    func broken(_ text: String) {
        #expect(isBroken(Array(text.utf8)))
    }

    @Test("version 2 with a length too small or too large is broken")
    func lengths() {
        var short = Self.binary
        short[15] = 11
        #expect(isBroken(short))
        var long = Self.binary
        long[14] = 0x20
        #expect(isBroken(long))
    }

    // MARK: Writing

    @Test("what is written is read as what it was")
    func written() throws {
        let four = ProxyProtocolHeader.End.bytes([1, 2, 3, 4], port: 12345)
        let other = ProxyProtocolHeader.End.bytes([5, 6, 7, 8], port: 80)
        #expect(ProxyProtocolHeader.bytes(.binary, from: four, to: other) == Self.binary)
        #expect(
            ProxyProtocolHeader.bytes(.text, from: four, to: other)
                == Array("PROXY TCP4 1.2.3.4 5.6.7.8 12345 80\r\n".utf8))
        // A socket of the file system has been called.
        #expect(
            ProxyProtocolHeader.bytes(.text, from: four, to: nil)
                == Array("PROXY TCP4 1.2.3.4 0.0.0.0 12345 0\r\n".utf8))
        let six = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        let text = ProxyProtocolHeader.bytes(.text, from: .bytes(six, port: 65535), to: other)
        #expect(
            String(decoding: text, as: UTF8.self)
                == "PROXY TCP6 2001:db8::1 ::ffff:506:708 65535 80\r\n")
        let header = try #require(
            read(ProxyProtocolHeader.bytes(.binary, from: .bytes(six, port: 1), to: other)))
        #expect(header.source == .bytes(six, port: 1))
        #expect(
            header.destination
                == .bytes([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 5, 6, 7, 8], port: 80))
    }

    @Test(
        "addresses of IPv6 are written as they are mostly written",
        arguments: [
            ([0, 0, 0, 0, 0, 0, 0, 0], "::"), ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
            ([1, 0, 0, 0, 0, 0, 0, 0], "1::"),
            ([1, 2, 3, 4, 5, 6, 7, 8], "1:2:3:4:5:6:7:8"), ([1, 0, 3, 4, 5, 6, 7, 8], "1:0:3:4:5:6:7:8"),
            ([0, 0, 3, 0, 0, 0, 7, 8], "0:0:3::7:8"), ([1, 0, 0, 4, 5, 0, 0, 0xABCD], "1::4:5:0:0:abcd"),
        ] as [([UInt16], String)])
    func compressed(_ groups: [UInt16], _ text: String) {
        let bytes = groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let header = ProxyProtocolHeader.bytes(
            .text, from: .bytes(bytes, port: 1), to: .bytes(bytes, port: 2))
        #expect(String(decoding: header, as: UTF8.self) == "PROXY TCP6 \(text) \(text) 1 2\r\n")
    }

    @Test("without an address of IP none is told", arguments: [ProxyProtocolHeader.Version.text, .binary])
    func unknown(_ version: ProxyProtocolHeader.Version) throws {
        for (source, destination) in [
            (nil, nil), (nil, .bytes([1, 2, 3, 4], port: 1)), (.bytes([], port: 1), .bytes([], port: 1)),
        ] as [(ProxyProtocolHeader.End?, ProxyProtocolHeader.End?)] {
            let bytes = ProxyProtocolHeader.bytes(version, from: source, to: destination)
            let header = try #require(read(bytes + Array("GET".utf8)))
            #expect(header.length == bytes.count && header.source == nil && header.destination == nil)
        }
    }
}
