import Core
import HTTP
import Testing

@Suite("Response head") struct ResponseHeadTests {
    struct Summary: Equatable {
        var outcome: HTTP1ResponseParser.Outcome
        var status: UInt16 = 0
        var reason = ""
        var fields: [String] = []
        var framing = BodyFraming.none
    }

    private func parse(_ sample: [UInt8], cuts: [Int], sizeMax: Int) -> Summary {
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        let buffer = ByteBuffer(capacity: 16)
        var outcome = HTTP1ResponseParser.Outcome.incomplete
        var start = 0
        for cut in cuts + [sample.count] {
            buffer.append(Array(sample[start..<cut]))
            start = cut
            outcome = parser.parse(buffer, into: head, sizeMax: sizeMax)
            guard case .incomplete = outcome else { break }
        }
        guard case .complete = outcome else { return Summary(outcome: outcome) }
        return Summary(
            outcome: outcome, status: head.status, reason: buffer.string(of: head.reason),
            fields: head.fields.map { "\(buffer.string(of: $0.name))=\(buffer.string(of: $0.value))" },
            framing: head.framing(requestMethod: .get))
    }

    private func parseEverySplit(_ text: String, sizeMax: Int = 4096) -> Summary {
        let sample = bytes(text)
        let whole = parse(sample, cuts: [], sizeMax: sizeMax)
        #expect(parse(sample, cuts: Array(0..<sample.count), sizeMax: sizeMax) == whole, "byte by byte")
        for cut in 0..<sample.count {
            #expect(parse(sample, cuts: [cut], sizeMax: sizeMax) == whole, "split at \(cut)")
        }
        return whole
    }

    @Test("a head is taken apart, however it arrives")
    func plain() {
        let head = "HTTP/1.1 200 All right\r\nServer: x\r\nX_y!: \t z \r\nContent-Length: 3\r\n\r\n"
        let summary = parseEverySplit(head + "abc")
        #expect(summary.outcome == .complete(length: head.utf8.count))
        #expect(summary.status == 200 && summary.reason == "All right" && summary.framing == .length(3))
        #expect(summary.fields == ["Server=x", "X_y!=z", "Content-Length=3"])
    }

    @Test(
        "status lines with odd but sound reasons are accepted",
        arguments: [
            ("HTTP/1.1 204 ", ""), ("HTTP/1.1 204", ""), ("HTTP/1.0 404 Not\tFound", "Not\tFound"),
            ("HTTP/1.1 999 x", "x"),
        ])
    func acceptsLine(line: String, reason: String) {
        #expect(parseEverySplit("\(line)\r\n\r\n").reason == reason)
        #expect(parseEverySplit("\(line)\n\n").reason == reason)
    }

    @Test(
        "what is no HTTP/1 status line is refused",
        arguments: [
            "HTTP/2 200 OK", "HTTP/0.9 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK", "HTTP/1.1 200x", "HTTP/1.1 099 x", "HTTP/1.1\t200 OK", "HTTP/1.1 200 a\rb",
            "HTTP/1.1 200 a\0b", "HTTP/1.1 200 a\u{7F}", "HTTP/1.x 200 OK", "HTTP/1.10 200 OK", "ICY 200 OK",
            "\r\nHTTP/1.1 200 OK",
            "HTTP/1.1 +20 OK", "HTTP/1.1 200\tOK",
        ])
    func refusesLine(line: String) {
        #expect(parseEverySplit("\(line)\r\n\r\n").outcome == .refused(.badStatusLine))
    }

    @Test(
        "fields are read as distrustfully as a request's",
        arguments: [
            ("Content-Length: 1\r\nContent-Length: 1\r\n", ResponseHeadError.duplicateContentLength),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", .conflictingFraming),
            ("Content-Length: -1\r\n", .badContentLength), ("Content-Length: 1,1\r\n", .badContentLength),
            ("Content_Length: 1\r\n", .badContentLength),
            ("Transfer_Encoding: chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding: gzip, chunked\r\n", .badTransferEncoding),
            ("Transfer-Encoding: identity\r\n", .badTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .badTransferEncoding),
            ("X : y\r\n", .badField), (" X: y\r\n", .badField), ("X\r\n", .badField),
            ("X: a\rb\r\n", .badField),
            ("X: a\0\r\n", .badField), ("X\u{80}: a\r\n", .badField), ("X(: a\r\n", .badField),
            ("\rX: a\r\n", .badField),
        ])
    func refusesField(fields: String, error: ResponseHeadError) {
        #expect(parseEverySplit("HTTP/1.1 200 OK\r\n\(fields)\r\n").outcome == .refused(error))
    }

    @Test("Transfer-Encoding from an HTTP/1.0 peer is refused")
    func chunkedInOldVersion() {
        let head = "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(parseEverySplit("HTTP/1.1 \(head)").framing == .chunked)
        #expect(parseEverySplit("HTTP/1.0 \(head)").outcome == .refused(.badTransferEncoding))
    }

    @Test("a head larger than the buffer is refused, and no smaller one")
    func size() {
        let head = "HTTP/1.1 200 OK\r\nX: 1234567890\r\n\r\n"
        #expect(parseEverySplit(head + "body", sizeMax: head.utf8.count).status == 200)
        #expect(parseEverySplit(head + "body", sizeMax: head.utf8.count - 1).outcome == .refused(.tooLarge))
    }

    @Test("the end of the content follows RFC 9112 6.3")
    func framing() {
        func framing(_ head: String, _ method: Method = .get) -> BodyFraming {
            let parsed = ResponseHead()
            var parser = HTTP1ResponseParser()
            _ = parser.parse(filled("HTTP/1.1 \(head)\r\n\r\n"), into: parsed, sizeMax: 4096)
            return parsed.framing(requestMethod: method)
        }
        #expect(framing("200 OK\r\nContent-Length: 5", .head) == .none)
        #expect(framing("204 No\r\nContent-Length: 5") == .none)
        #expect(framing("304 No\r\nTransfer-Encoding: chunked") == .none)
        #expect(framing("103 Early") == .none)
        #expect(framing("200 OK") == .untilClose)
        #expect(framing("404 No\r\nTransfer-Encoding: chunked") == .chunked)
        #expect(framing("500 No\r\nContent-Length: 0", .post) == .length(0))
    }

    @Test("1xx heads come one after the other with the same parser")
    func informational() {
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        let buffer = filled(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        guard case .complete(let length) = parser.parse(buffer, into: head, sizeMax: 4096) else {
            Issue.record("the first head was not taken")
            return
        }
        #expect(head.status == 103 && head.firstField(.link) != nil)
        buffer.consume(length)
        #expect(parser.parse(buffer, into: head, sizeMax: 4096) == .complete(length: buffer.count))
        #expect(head.status == 200 && head.firstField(.link) == nil && head.connection == .close)
    }

    @Test("a head has fields only while it is complete, and only its own")
    func fieldsAreOfCompleteHeads() {
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        func isEmpty() -> Bool {
            head.fields.isEmpty && head.bytes.isEmpty && head.reason.isEmpty && head.upgrade == nil
                && head.firstField(.setCookie) == nil && head.content == .none
        }
        func whole(_ text: String) -> ByteBuffer {
            let buffer = ByteBuffer(capacity: 16)
            buffer.append(text)
            return buffer
        }
        let sample = "HTTP/1.1 200 Fine\r\nX-Long: abcdefgh\r\nSet-Cookie: a=b\r\nContent-Length: 3\r\n\r\n"
        for cut in 0..<sample.utf8.count {
            _ = parser.parse(whole(sample), into: head, sizeMax: 4096)
            #expect(head.bytes.string(of: head.fields[0].value) == "abcdefgh")
            head.reset()
            parser.reset()
            #expect(isEmpty(), "after reset")
            let outcome = parser.parse(
                whole(String(decoding: sample.utf8.prefix(cut), as: UTF8.self)), into: head, sizeMax: 4096)
            #expect(outcome == .incomplete && isEmpty(), "cut at \(cut)")
            head.reset()
            parser.reset()
        }
        for end in ["Content-Length: x\r\n\r\n", "bad field\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
            let outcome = parser.parse(
                whole(String(decoding: sample.utf8.dropLast(2), as: UTF8.self) + end), into: head,
                sizeMax: 4096)
            guard case .refused = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(isEmpty() && head.status == 0)
        }
    }

    @Test("what a head holds does not depend on the buffer that it came in")
    func ownsItsBytes() {
        let head = ResponseHead()
        var parser = HTTP1ResponseParser()
        let buffer = ByteBuffer(capacity: 16)
        buffer.append("HTTP/1.1 404 Gone away\r\nX-A: one\r\n\r\nrest")
        guard case .complete(let length) = parser.parse(buffer, into: head, sizeMax: 4096) else { return }
        buffer.consume(length)
        buffer.removeAll()
        buffer.append("something else that is longer than the head ever was")
        #expect(head.bytes.string(of: head.reason) == "Gone away")
        #expect(head.bytes.string(of: head.fields[0].name) == "X-A")
        #expect(head.bytes.string(of: head.fields[0].value) == "one")
    }
}
