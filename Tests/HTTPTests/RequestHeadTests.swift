import Core
import HTTP
import Testing

@Suite("Request head") struct RequestHeadTests {
    static let plain = "GET /a?b=c HTTP/1.1\r\nHost: example.org:81\r\nX-One:  two \t\r\nCookie: a=b\r\n\r\n"

    @Test("a plain head is taken apart, however it arrives")
    func plainHead() {
        let summary = parseEverySplit(of: Self.plain + "BODY")
        #expect(summary.outcome == .complete(length: Self.plain.utf8.count))
        #expect(summary.method == .get)
        #expect(
            summary.texts == [
                "GET", "GET /a?b=c HTTP/1.1", "/a?b=c", "/a?b=c", "/a", "b=c", "-", "example.org:81", "-",
                "-",
            ])
        #expect(
            summary.fields == [
                "Host=example.org:81/host/false", "X-One=two/other/false", "Cookie=a=b/cookie/false",
            ])
    }

    @Test("a line may end in a bare LF, and empty lines may come first (RFC 9112 2.2)")
    func lenientLineEnds() {
        let summary = parseEverySplit(of: "\r\n\n\r\nGET / HTTP/1.1\nHost: a\nX: y\r\n\n")
        #expect(summary.texts[1] == "GET / HTTP/1.1")
        #expect(summary.fields == ["Host=a/host/false", "X=y/other/false"])
    }

    @Test("a copy says the same of as many bytes as the head takes")
    func copies() {
        let text = "PUT http://h:1/a%20?q HTTP/1.1\r\nHost: a\r\nX: y\r\nUpgrade: x\r\nContent-Length: 3\r\n"
        let original = filled(text + "\r\nabcGET / HTTP/1.1")
        let head = RequestHead()
        var parser = HTTP1RequestParser()
        _ = parser.parse(original, into: head, limits: HeadLimits())
        #expect(head.extent == text.utf8.count - 2)
        let bytes = filled(String(text.dropLast(1)))
        let copy = RequestHead()
        _ = parser.parse(filled("GET / HTTP/1.0\r\nA: b\r\n\r\n"), into: copy, limits: HeadLimits())
        copy.copy(head)
        #expect(copy.extent == head.extent && copy.fields.count == head.fields.count)
        for slice in [
            copy.line, copy.methodText, copy.originForm, copy.path, copy.query, copy.host, copy.upgrade,
        ] {
            #expect(slice.map { bytes.string(of: $0) } == slice.map { original.string(of: $0) })
        }
        #expect(bytes.string(of: copy.path) == "/a%20" && copy.pathNeedsNormalising)
        #expect(copy.content == .known(3) && copy.version == .http11 && copy.method == .put)
        #expect(copy.firstField(.contentLength).map { bytes.string(of: $0.value) } == "3")
        #expect(copy.firstField(.cookie) == nil)
    }

    @Test("a head is recycled: nothing of the last one is left")
    func recycles() {
        let head = RequestHead()
        let first = filled(
            "POST http://h/a%20?q HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n"
                + "Expect: 100-Continue\r\nConnection: close\r\n"
                + "X_y: 1\r\nTransfer-Encoding: Chunked\r\n\r\n")
        var parser = HTTP1RequestParser()
        #expect(parser.parse(first, into: head, limits: HeadLimits()) == .complete(length: first.count))
        #expect(
            head.content == .unknown && head.expectsContinue && head.pathNeedsNormalising
                && head.scheme != nil)
        #expect(head.droppedInvalidField != nil && head.upgrade != nil && head.connection == .close)
        let second = filled("GET / HTTP/1.0\r\n\r\n")
        head.reset()
        #expect(parser.parse(second, into: head, limits: HeadLimits()) == .complete(length: second.count))
        #expect(
            head.content == .none && !head.expectsContinue && !head.pathNeedsNormalising && head.scheme == nil
        )
        #expect(head.droppedInvalidField == nil && head.upgrade == nil && head.connection == [])
        #expect(head.fields.isEmpty && head.host == nil && head.query == nil && head.authority == nil)
        #expect(head.version == .http10 && head.method == .get)
    }

    @Test(
        "what a lenient reader might take differently is refused",
        arguments: [
            ("Host : a\r\n", HeadError.badField),  // RFC 9112 5.1
            ("Host\t: a\r\n", .badField),
            ("Host: a\r\n folded\r\n", .badField),  // 5.2
            ("Host: a\r\n\tfolded\r\n", .badField),
            ("Host: a\r\nX\r\n", .badField),
            ("Host: a\r\n: x\r\n", .badField),
            ("Host: a\r\nX y: 1\r\n", .badField),
            ("Host: a\r\nX\u{1}: 1\r\n", .badField),
            ("Host: a\r\nX\u{7F}: 1\r\n", .badField),
            ("Host: a\r\nX: a\rb\r\n", .badField),  // 2.2
            ("Host: a\r\nX: a\r\r\n", .badField),
            ("Host: a\r\n\rX: a\r\n", .badField),
            ("Host: a\r\nX: a\0b\r\n", .badField),
            ("Host: a\r\nX: a\u{1}b\r\n", .badField),
            ("Host: a\r\nX: \u{B}\r\n", .badField),
            ("Host: a\r\nX: a\u{7F}b\r\n", .badField),
        ])
    func refusesField(lines: String, error: HeadError) {
        let summary = parseEverySplit(of: "GET / HTTP/1.1\r\n\(lines)\r\n")
        #expect(summary.outcome == .refused(error))
    }

    @Test(
        "values may hold tabs, 8-bit bytes and nothing at all",
        arguments: [
            "a\tb", "\u{E4}\u{FF}\u{80}", "", "a b  c", "0123456789\t0123456789\tx", "!#$%&'*+-.^_`|~{}()",
        ])
    func acceptsValue(value: String) {
        let summary = parseEverySplit(of: "GET / HTTP/1.1\r\nHost: a\r\nX:\t \(value) \t\r\n\r\n")
        #expect(
            summary.fields.last?.utf8.count
                == "X=\(String(decoding: bytes(value), as: UTF8.self))/other/false".utf8.count)
    }

    @Test("a name that is merely invalid is dropped, or passes when invalid names are not ignored")
    func invalidNames() {
        for name in ["X_y", "X.y", "X\u{80}", "\"x\"", "_"] {
            let sample = "GET / HTTP/1.1\r\nHost: a\r\n\(name): 1\r\n\r\n"
            let summary = parseEverySplit(of: sample)
            #expect(summary.fields == ["Host=a/host/false"])
            #expect(summary.texts[9] != "-")
            var lenient = HeadLimits()
            lenient.ignoreInvalidHeaders = false
            let passed = parseEverySplit(of: sample, limits: lenient)
            #expect(passed.fields.count == 2 && passed.fields.last?.hasSuffix("=1/other/false") == true)
            #expect(passed.texts[9] == "-")
            for framing in ["Content_Length", "Transfer.Encoding"] {
                let sample = "GET / HTTP/1.1\r\nHost: a\r\n\(framing): 1\r\n\r\n"
                guard case .refused = parseEverySplit(of: sample, limits: lenient).outcome else {
                    Issue.record("\(framing) passed")
                    continue
                }
            }
        }
        var underscores = HeadLimits()
        underscores.underscoresInHeaders = true
        let summary = parseEverySplit(of: "GET / HTTP/1.1\r\nHost: a\r\nX_y: 1\r\n\r\n", limits: underscores)
        #expect(summary.fields.last == "X_y=1/other/false")
    }

    @Test("names that are admitted at first are judged by the server that the head is for")
    func namesJudgedLater() {
        let sample = filled("GET / HTTP/1.1\r\nX_y: 1\r\nHost: a\r\nX.z: 2\r\nA: 3\r\n\r\n")
        var underscores = HeadLimits()
        underscores.underscoresInHeaders = true
        for (limits, kept, dropped) in [
            (HeadLimits(), ["Host", "A"], "X_y"), (underscores, ["X_y", "Host", "A"], "X.z"),
            (HeadLimits().admittingAllNames, ["X_y", "Host", "X.z", "A"], nil),
        ] {
            let head = RequestHead()
            var parser = HTTP1RequestParser()
            let outcome = parser.parse(sample, into: head, limits: HeadLimits().admittingAllNames)
            #expect(outcome == .complete(length: sample.count) && head.fields.count == 4)
            head.dropInvalidFields(in: sample, limits)
            #expect(head.fields.map { sample.string(of: $0.name) } == kept)
            #expect(head.droppedInvalidField.map { sample.string(of: $0) } == dropped)
        }
    }

    @Test("a field in excess is refused")
    func tooManyFields() {
        var limits = HeadLimits()
        limits.maxFields = 3
        let three = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n"
        #expect(parseEverySplit(of: three + "\r\n", limits: limits).fields.count == 3)
        #expect(
            parseEverySplit(of: three + "X: 3\r\n\r\n", limits: limits).outcome == .refused(.tooManyFields))
    }

    @Test("the request line is told even when it is refused")
    func lineWhenRefused() {
        let head = RequestHead()
        let buffer = filled("GET / HTTP/3.0\r\nHost: a\r\n")
        var parser = HTTP1RequestParser()
        #expect(parser.parse(buffer, into: head, limits: HeadLimits()) == .refused(.unsupportedVersion))
        #expect(buffer.string(of: head.line) == "GET / HTTP/3.0")
        head.reset()
        parser = HTTP1RequestParser()
        let hello = filled("\u{16}\u{3}\u{1}")
        #expect(parser.parse(hello, into: head, limits: HeadLimits()) == .refused(.badMethod))
        #expect(head.line.count == 3)
    }
}
