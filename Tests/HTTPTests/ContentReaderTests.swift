import Core
import HTTP
import Testing

/// What of the bytes behind a head is content, where it ends, and what is known when it does not.
@Suite("Content reader") struct ContentReaderTests {
    /// How a content is framed, and the bytes that do so.
    struct Sample: Sendable, CustomTestStringConvertible {
        let framing: BodyFraming
        let text: String
        let content: String
        /// What stands behind the content; `nil`: its end has not come.
        let behind: String?
        var testDescription: String { "\(framing) \(text.debugDescription)" }
    }

    static let samples = [
        Sample(framing: .none, text: "NEXT", content: "", behind: "NEXT"),
        Sample(framing: .none, text: "", content: "", behind: ""),
        Sample(framing: .length(0), text: "NEXT", content: "", behind: "NEXT"),
        Sample(framing: .length(5), text: "helloNEXT", content: "hello", behind: "NEXT"),
        Sample(framing: .length(5), text: "hello", content: "hello", behind: ""),
        Sample(framing: .length(6), text: "hello", content: "hello", behind: nil),
        Sample(framing: .length(.max), text: "hello", content: "hello", behind: nil),
        Sample(
            framing: .chunked, text: "5\r\nhello\r\n1;x\r\n!\r\n0\r\nA: b\r\n\r\nNEXT", content: "hello!",
            behind: "NEXT"),
        Sample(framing: .chunked, text: "0\r\n\r\n", content: "", behind: ""),
        Sample(framing: .chunked, text: "5\r\nhello\r\n0\r\n", content: "hello", behind: nil),
        Sample(framing: .chunked, text: "5\r\nhel", content: "hel", behind: nil),
        Sample(framing: .untilClose, text: "5\r\nhello", content: "5\r\nhello", behind: nil),
        Sample(framing: .untilClose, text: "", content: "", behind: nil),
    ]

    struct Read: Equatable {
        var content: [UInt8] = []
        /// Position in the sample where the content ended.
        var end: Int?
        var error: ChunkError?
        var isAwaited = false
        var isLost = false
    }

    /// Reads what arrives in pieces that end at `cuts`.
    static func read(_ framing: BodyFraming, _ sample: [UInt8], cuts: [Int]) -> Read {
        var reader = ContentReader(framing)
        var result = Read()
        var start = 0
        pieces: for cut in cuts + [sample.count] {
            let input = ByteBuffer(capacity: 16)
            input.append(Array(sample[start..<cut]))
            var position = 0
            do throws(ChunkError) {
                reading: while true {
                    switch try reader.next(in: input, from: position) {
                    case .content(let range):
                        #expect(
                            !range.isEmpty && range.lowerBound >= position && range.upperBound <= input.count)
                        result.content += input.bytes[range]
                        position = range.upperBound
                    case .trailers(let range): position = range.upperBound
                    case .needsMore: break reading
                    case .ended(let end):
                        result.end = start + end
                        break pieces
                    }
                }
            } catch {
                result.error = error
                break
            }
            start = cut
        }
        #expect(reader.isEnded == (result.end != nil))
        (result.isAwaited, result.isLost) = (reader.isAwaited, reader.isLost)
        return result
    }

    static func everySplit(_ framing: BodyFraming, _ sample: [UInt8]) -> Read {
        let whole = read(framing, sample, cuts: [])
        #expect(read(framing, sample, cuts: Array(0..<sample.count)) == whole, "byte by byte")
        for cut in 0..<sample.count {
            #expect(read(framing, sample, cuts: [cut]) == whole, "split at \(cut)")
        }
        return whole
    }

    @Test("content is found, and what stands behind it left alone, however it arrives", arguments: samples)
    func content(_ sample: Sample) {
        let read = Self.everySplit(sample.framing, bytes(sample.text))
        #expect(read.content == bytes(sample.content))
        #expect(read.end.map { Array(bytes(sample.text)[$0...]) } == sample.behind.map { bytes($0) })
        #expect(read.isAwaited == (sample.behind == nil) && !read.isLost && read.error == nil)
    }

    @Test("a broken chunk loses the content, and nothing behind it is looked at")
    func lost() {
        let read = Self.everySplit(.chunked, bytes("1\r\na\r\nx\r\nb"))
        #expect(read == Read(content: bytes("a"), end: nil, error: .badSize, isAwaited: false, isLost: true))
        var reader = ContentReader(.length(3))
        reader.lose()
        #expect(reader.isLost && !reader.isAwaited && !reader.isEnded && reader.remaining == nil)
        #expect((try? reader.next(in: filled("abc"), from: 0)) == .needsMore)
        let isWhole = reader.closed()
        #expect(!isWhole)
    }

    @Test("the end of the connection ends what nothing else does", arguments: samples)
    func closed(_ sample: Sample) throws {
        var reader = ContentReader(sample.framing)
        let input = filled(sample.text)
        var position = 0
        reading: while true {
            switch try reader.next(in: input, from: position) {
            case .content(let range), .trailers(let range): position = range.upperBound
            case .needsMore, .ended: break reading
            }
        }
        let isWhole = reader.closed()
        #expect(isWhole == (sample.behind != nil || sample.framing == .untilClose))
    }

    @Test("content of known length may be read elsewhere")
    func counted() throws {
        var reader = ContentReader(.length(10))
        #expect(reader.remaining == 10)
        reader.took(4)
        #expect(reader.remaining == 6 && reader.isAwaited)
        #expect(try reader.next(in: filled("abcdefgh"), from: 2) == .content(2..<8))
        #expect(reader.isEnded && reader.remaining == nil)
        for framing: BodyFraming in [.none, .chunked, .untilClose] {
            var other = ContentReader(framing)
            let wasEnded = other.isEnded
            other.took(4)
            #expect(other.isEnded == wasEnded && other.remaining == nil, "\(framing)")
        }
    }

    @Test("one that has ended, or was lost, begins anew")
    func again() throws {
        var reader = ContentReader(.chunked)
        let input = filled("3\r\nabc\r\n0\r\n\r\n")
        for _ in 0..<2 {
            #expect(try reader.next(in: input, from: 0) == .content(3..<6))
            #expect(try reader.next(in: input, from: 6) == .ended(at: input.count))
            #expect(try reader.next(in: input, from: 2) == .ended(at: 2))
            reader.begin(.chunked)
            #expect(throws: ChunkError.badSize) { try reader.next(in: filled("x"), from: 0) }
            reader.begin(.chunked)
        }
        #expect(reader.isChunked && !reader.isUntilClose)
    }
}
