import HTTP
import Testing

/// The sizes at which nginx 1.22 was seen to change its mind, with its default buffers.
@Suite("Head limits") struct HeadLimitsTests {
    private func line(_ length: Int) -> RequestSummary {
        let path = String(repeating: "a", count: length - "GET / HTTP/1.1\r\n".utf8.count)
        return parse("GET /\(path) HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    private func fields(_ length: Int, count: Int) -> RequestSummary {
        let field = "X: " + String(repeating: "a", count: length - 5) + "\r\n"
        return parse("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: field, count: count) + "\r\n")
    }

    /// Whole and in pieces of a TCP segment.
    private func parse(_ text: String) -> RequestSummary {
        let sample = bytes(text)
        let whole = parseRequest(sample)
        #expect(parseRequest(sample, cuts: Array(stride(from: 100, to: sample.count, by: 1460))) == whole)
        return whole
    }

    @Test("a request line may fill one large buffer and no more: 414")
    func requestLine() {
        #expect(line(1024).method == .get)
        #expect(line(8192).method == .get)
        #expect(line(8193).outcome == .refused(.requestLineTooLong))
    }

    @Test("a field may fill one large buffer and no more: 494")
    func field() {
        #expect(fields(8192, count: 1).fields.count == 2)
        #expect(fields(8193, count: 1).outcome == .refused(.fieldTooLong))
    }

    @Test("a head may fill the large buffers and no more: 494")
    func head() {
        #expect(fields(8192, count: 3).fields.count == 4)
        // The empty line would need a fifth one.
        #expect(fields(8192, count: 4).outcome == .refused(.headTooLarge))
        #expect(fields(8190, count: 4).fields.count == 5)
        #expect(fields(5000, count: 5).outcome == .refused(.headTooLarge))
        #expect(fields(4000, count: 8).fields.count == 9)
    }

    @Test("an endless line is refused without waiting for its end")
    func endless() {
        #expect(parseRequest(Array(repeating: UInt8(ascii: "G"), count: 8191)).outcome == .incomplete)
        let line = parseRequest(Array(repeating: UInt8(ascii: "G"), count: 8192))
        #expect(line.outcome == .refused(.requestLineTooLong))
        let head = bytes("GET / HTTP/1.1\r\n")
        let field = parseRequest(head + Array(repeating: UInt8(ascii: "x"), count: 8192))
        #expect(field.outcome == .refused(.fieldTooLong))
    }

    @Test("small limits hold at every split")
    func everySplit() {
        var limits = HeadLimits()
        limits.clientHeaderBufferSize = 20
        limits.largeBufferSize = 24
        limits.largeBufferCount = 2
        func outcome(_ fields: String) -> HTTP1RequestParser.Outcome {
            parseEverySplit(of: "GET / HTTP/1.0\r\n" + fields, limits: limits).outcome
        }
        #expect(outcome("A: 345678901234567890\r\nB: c\r\n\r\n") == .complete(length: 16 + 23 + 6 + 2))
        #expect(outcome("A: 3456789012345678901\r\n\r\n") == .complete(length: 16 + 24 + 2))
        #expect(outcome("A: 34567890123456789012\r\n\r\n") == .refused(.fieldTooLong))
        #expect(
            outcome("A: 345678901234567890\r\nB: 345678901234567890\r\nC: d\r\n\r\n")
                == .refused(.headTooLarge))
    }
}
