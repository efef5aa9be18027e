import Core
@testable import HTTP
import Testing

/// Small field blocks that decode to much: RFC 7541 §7.3. How much is decoded is what they cost.
@Suite("Field bombs") struct FieldBombTests {
    /// Puts a field with a name of 4,000 bytes into the table.
    private static let entry: [UInt8] = [0x40, 0x7F, 0xA1, 0x1E] + Array(repeating: 0x61, count: 4000) + [0]

    /// Puts that name into the table once more, each time.
    private static func again(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in [0x7E, 0] } }

    private func trailers(
        _ block: [UInt8], _ decoder: inout HPACKDecoder
    ) throws(HPACKError) -> Bool {
        let source = ByteBuffer(capacity: 16)
        source.append(block)
        let scratch = ByteBuffer(capacity: 16)
        let lines = ByteBuffer(capacity: 16)
        return try source.withReadable { (bytes) throws(HPACKError) in
            try HTTP2TrailerReader.read(bytes, &decoder, into: lines, using: scratch)
        }
    }

    private func pass(_ block: [UInt8], _ decoder: inout HPACKDecoder) throws(HPACKError) {
        let source = ByteBuffer(capacity: 16)
        source.append(block)
        let scratch = ByteBuffer(capacity: 16)
        try source.withReadable { (bytes) throws(HPACKError) in
            try decoder.pass(over: bytes, using: scratch)
        }
        #expect(scratch.isEmpty)
    }

    @Test("trailers are decoded to 8 KiB and 16 fields, as those of HTTP/1, and no further")
    func trailersMax() throws {
        var decoder = HPACKDecoder()
        #expect(try trailers(Self.entry + [0xBE], &decoder))
        #expect(decoder.decodedCount == 8000)
        #expect(try !trailers(Array(repeating: 0xBE, count: 60_000), &decoder))
        #expect((8 << 10..<16 << 10).contains(decoder.decodedCount))
        // accept-encoding: gzip, deflate.
        #expect(try trailers(Array(repeating: 0x90, count: 16), &decoder))
        #expect(try !trailers(Array(repeating: 0x90, count: 17), &decoder))
    }

    @Test("a block that nobody wants is decoded only as far as the table needs it")
    func unwanted() throws {
        var decoder = HPACKDecoder()
        try pass(Self.entry, &decoder)
        #expect(decoder.tableSize == 4032)
        try pass(Array(repeating: 0xBE, count: 60_000), &decoder)
        #expect(decoder.decodedCount == 0)
        // Literals that are put into no table, by the name of an entry.
        try pass((0..<20_000).flatMap { _ in [0x0F, 0x2F, 0] }, &decoder)
        #expect(decoder.decodedCount == 0)
        try pass(Self.again(50), &decoder)
        #expect(decoder.decodedCount == 200_000)
        #expect(decoder.tableSize == 4032)
        #expect(throws: HPACKError.tooMuch) { try pass(Self.again(100), &decoder) }
    }

    @Test("a long name, put into the table again and again: ENHANCE_YOUR_CALM")
    func names() {
        let trailers = ScriptedClient()
        trailers.request(1, isLast: false)
        trailers.frame(
            .headers, [.endHeaders, .endStream], stream: 1, Self.entry + Self.again(1000))
        #expect(trailers.run().last == .failed(.enhanceYourCalm))
        let head = ScriptedClient()
        head.frame(.headers, [.endHeaders, .endStream], stream: 1, Self.entry + Self.again(1000))
        _ = head.run()
        #expect(head.heads == [.failed(.enhanceYourCalm)])
        #expect(head.answers() == ["GOAWAY 1 ENHANCE_YOUR_CALM"])
    }

    @Test("what makes no request is paid by what it decodes to", arguments: [true, false])
    func paid(_ isReset: Bool) {
        let client = ScriptedClient()
        client.request(1)
        client.frame(.resetStream, stream: 1, [0, 0, 0, 8])
        for index in 0..<60 {
            let stream = isReset ? 1 : UInt32(2 * index + 3)
            client.frame(.headers, .endHeaders, stream: stream, Self.entry + Self.again(50))
        }
        #expect(
            client.run().contains(.failed(.enhanceYourCalm))
                || client.heads.contains(.failed(.enhanceYourCalm)))
    }
}
