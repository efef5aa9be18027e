import HTTP
import Testing

@Suite("Chunked content") struct ChunkedDecoderTests {
    struct Decoded: Equatable {
        var content: [UInt8] = []
        /// Lines of trailers; none where something is wrong.
        var trailers: [UInt8] = []
        /// Bytes of the sample that belong to the content's framing; `nil`: its end has not come.
        var consumed: Int?
        var error: ChunkError?
    }

    static func decode(_ sample: [UInt8], cuts: [Int]) -> Decoded {
        var decoder = ChunkedDecoder()
        var result = Decoded()
        var start = 0
        for cut in cuts + [sample.count] {
            let piece = Array(sample[start..<cut])
            do throws(ChunkError) {
                guard let end = try feed(piece, &decoder, &result) else {
                    start = cut
                    continue
                }
                result.consumed = start + end
            } catch {
                result.error = error
                result.trailers = []
            }
            return result
        }
        return result
    }

    private static func feed(
        _ piece: [UInt8], _ decoder: inout ChunkedDecoder, _ result: inout Decoded
    ) throws(ChunkError) -> Int? {
        var position = 0
        while true {
            switch try decoder.decode(piece.span, from: position) {
            case .content(let range):
                result.content += piece[range]
                position = range.upperBound
            case .trailers(let range):
                #expect(!range.isEmpty)
                result.trailers += piece[range]
                position = range.upperBound
            case .needsMore: return nil
            case .finished(let consumed): return consumed
            }
        }
    }

    private func everySplit(_ text: String) -> Decoded {
        let sample = bytes(text)
        let whole = Self.decode(sample, cuts: [])
        #expect(Self.decode(sample, cuts: Array(0..<sample.count)) == whole, "byte by byte")
        for cut in 0..<sample.count { #expect(Self.decode(sample, cuts: [cut]) == whole, "split at \(cut)") }
        return whole
    }

    @Test("content is found, however it arrives")
    func plain() {
        let sample = "5\r\nhello\r\n00A;x=\"y\";z\r\n0123456789\r\n0\r\n\r\n"
        let decoded = everySplit(sample + "NEXT")
        #expect(decoded == Decoded(content: bytes("hello0123456789"), consumed: sample.utf8.count))
    }

    @Test("lines of trailers are found, without the empty one that ends them")
    func trailers() {
        let lines = "X-Sum: 1:2\r\nY:\r\nZ: \t\u{80}\r\n"
        let sample = "1\r\na\r\n0;e\r\n\(lines)\r\n"
        let decoded = Decoded(
            content: bytes("a"), trailers: bytes(lines), consumed: bytes(sample).count)
        #expect(everySplit(sample + "x") == decoded)
    }

    @Test(
        "what is not strictly chunked is refused (RFC 9112 7.1)",
        arguments: [
            ("\r\n", ChunkError.badSize), ("x\r\n", .badSize), (" 1\r\na\r\n", .badSize),
            ("1 \r\na\r\n", .badSize),
            ("0x1\r\na\r\n", .badSize), ("-1\r\n", .badSize), ("+1\r\n", .badSize), (";a\r\n", .badSize),
            ("1\na\r\n", .badSize),
            ("1\r\r\n", .badLineEnd), ("1;a\na", .badExtension), ("1;\0\r\n", .badExtension),
            ("1;\u{7F}\r\n", .badExtension),
            ("1;a\rb", .badLineEnd), ("1\r\nab\r\n", .badLineEnd), ("1\r\na\n", .badLineEnd),
            ("1\r\na\r\r", .badLineEnd),
            ("10000000000000000\r\n", .sizeOverflow), ("00000000000000001\r\n", .sizeOverflow),
            ("8000000000000000\r\n", .sizeOverflow), ("ffffffffffffffff\r\n", .sizeOverflow),
            ("0\r\n\n", .badTrailer), ("0\r\n\r\r", .badLineEnd), ("0\r\nX\r\n\r\n", .badTrailer),
            ("0\r\n: x\r\n\r\n", .badTrailer),
            ("0\r\n X: y\r\n\r\n", .badTrailer), ("0\r\nX : y\r\n\r\n", .badTrailer),
            ("0\r\nX: y\n\r\n", .badTrailer),
            ("0\r\nX: y\rz\r\n", .badTrailer), ("0\r\nX: \0\r\n", .badTrailer),
            ("0\r\nX\u{80}: y\r\n", .badTrailer),
        ])
    func refuses(sample: String, error: ChunkError) {
        #expect(everySplit(sample).error == error)
    }

    @Test("the largest size is taken, not more")
    func largestSize() {
        #expect(everySplit("7fffffffffffffff\r\nab") == Decoded(content: bytes("ab")))
    }

    @Test("an extension takes at most 256 bytes a line")
    func extensionLine() {
        func sample(_ length: Int) -> String {
            "1;" + String(repeating: "e", count: length) + "\r\na\r\n0\r\n\r\n"
        }
        #expect(everySplit(sample(256)).content == bytes("a"))
        #expect(everySplit(sample(257)).error == .extensionsTooLong)
    }

    @Test("extensions that content does not outweigh are bounded in sum")
    func extensionSum() {
        let small = "1;" + String(repeating: "e", count: 256) + "\r\na\r\n"
        #expect(Self.decode(bytes(String(repeating: small, count: 60)), cuts: []).error == nil)
        #expect(Self.decode(bytes(String(repeating: small, count: 70)), cuts: []).error == .extensionsTooLong)
        let content = String(repeating: "a", count: 256)
        let fair = "100;" + String(repeating: "e", count: 256) + "\r\n\(content)\r\n"
        #expect(Self.decode(bytes(String(repeating: fair, count: 500)), cuts: []).error == nil)
    }

    @Test("trailers are bounded: 16 fields, 8 KB")
    func trailerBounds() {
        func sample(_ count: Int) -> [UInt8] {
            bytes("0\r\n" + String(repeating: "X: y\r\n", count: count) + "\r\n")
        }
        #expect(Self.decode(sample(16), cuts: []).consumed == sample(16).count)
        #expect(Self.decode(sample(17), cuts: []).error == .trailersTooLong)
        let long = bytes("0\r\nX: " + String(repeating: "y", count: 8192) + "\r\n\r\n")
        #expect(Self.decode(long, cuts: []).error == .trailersTooLong)
    }

    @Test("a decoder that has finished stays finished")
    func finished() throws {
        var decoder = ChunkedDecoder()
        let sample = bytes("0\r\n\r\nrest")
        #expect(try decoder.decode(sample.span, from: 0) == .finished(consumed: 5))
        #expect(try decoder.decode(sample.span, from: 5) == .finished(consumed: 5))
    }
}
