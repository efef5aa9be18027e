import Core
@testable import HTTP
import Testing

@Suite("Request head made of parts") struct RequestHeadBuilderTests {
    /// What the parts came to.
    private struct Made {
        let head = RequestHead()
        let bytes = ByteBuffer(capacity: 16)
        var error: HeadError?

        func text(_ slice: Slice?) -> String? { slice.map { bytes.string(of: $0) } }
    }

    /// A head of `method`, `:path`, `:authority` and fields in the form `name: value`.
    private func make(
        _ method: String, _ target: String?, authority: String? = "a.example", fields: [String] = [],
        hasContent: Bool = false, limits: HeadLimits = HeadLimits()
    ) -> Made {
        var made = Made()
        func part(_ text: some StringProtocol) -> Slice {
            let start = made.bytes.count
            made.bytes.append(bytes(String(text)))
            return Slice(from: start, to: made.bytes.count)
        }
        let builder = RequestHeadBuilder(made.head, in: made.bytes, limits: limits)
        do throws(HeadError) {
            if let target { builder.setTarget(part(target)) }
            try builder.setMethod(part(method))
            builder.setScheme(part("https"))
            if let authority { builder.setAuthority(part(authority)) }
            for field in fields {
                let colon = field.firstIndex(of: ":") ?? field.endIndex
                try builder.append(
                    name: part(field[..<colon]), value: part(field[colon...].dropFirst(2)))
            }
            try builder.finish(hasContent: hasContent)
        } catch {
            made.error = error
        }
        return made
    }

    @Test("parts make the head that HTTP/1 would have made")
    func wholeHead() {
        let made = make(
            "POST", "/a/../b%20?c=d", fields: ["content-length: 3", "x-one: two", "expect: 100-continue"],
            hasContent: true)
        #expect(made.error == nil)
        #expect(made.head.method == .post && made.head.version == .http2 && made.head.hasLine)
        #expect(made.text(made.head.line) == "POST /a/../b%20?c=d HTTP/2.0")
        #expect(made.text(made.head.path) == "/a/../b%20" && made.text(made.head.query) == "c=d")
        #expect(made.head.pathNeedsNormalising && made.text(made.head.originForm) == "/a/../b%20?c=d")
        #expect(made.text(made.head.host) == "a.example" && made.text(made.head.scheme) == "https")
        #expect(made.head.content == .known(3) && made.head.expectsContinue)
        #expect(made.head.fields.map { $0.known } == [.contentLength, .other, .expect])
        #expect(made.text(made.head.fields[1].value) == "two")
    }

    @Test("an authority wins over Host, and either will do (RFC 9113 8.3.1)")
    func hosts() {
        #expect(make("GET", "/", fields: ["host: b.example"]).head.host != nil)
        let fromField = make("GET", "/", authority: nil, fields: ["host: b.example"])
        #expect(fromField.error == nil && fromField.text(fromField.head.host) == "b.example")
        #expect(make("GET", "/", authority: nil).error == .missingHost)
        #expect(make("GET", "/", authority: "a b").error == .badHost)
        #expect(make("GET", "/", fields: ["host: a", "host: a"]).error == .duplicateHost)
    }

    @Test("what the length says and what follows must agree (RFC 9113 8.1.1)")
    func lengths() {
        #expect(make("GET", "/").head.content == .none)
        #expect(make("POST", "/", hasContent: true).head.content == .unknown)
        #expect(make("POST", "/", fields: ["content-length: 0"]).head.content == .known(0))
        #expect(make("POST", "/", fields: ["content-length: 1"]).error == .badContentLength)
        #expect(make("POST", "/", fields: ["content-length: x"], hasContent: true).error == .badContentLength)
    }

    @Test("frames are the only framing (RFC 9113 8.2.2)")
    func noTransferEncoding() {
        let made = make("POST", "/", fields: ["transfer-encoding: chunked"], hasContent: true)
        #expect(made.error == .badTransferEncoding)
    }

    @Test(
        "a target is an absolute path, or the asterisk of OPTIONS (RFC 9113 8.3.1)",
        arguments: [
            ("GET", "/", nil), ("OPTIONS", "*", nil), ("GET", "*", HeadError.badTarget),
            ("GET", "", .badTarget), ("GET", "a", .badTarget), ("GET", "http://a/", .badTarget),
            ("GET", "/a b", .badTarget), ("GET", "/\u{0}", .badTarget), ("GET", "/#", .badTarget),
            ("G(T", "/", .badMethod), ("", "/", .badMethod),
        ])
    func targets(method: String, target: String, error: HeadError?) {
        #expect(make(method, target).error == error)
    }

    @Test("CONNECT names an authority instead of a path (RFC 9113 8.5)")
    func connect() {
        let made = make("CONNECT", nil, authority: "a.example:443")
        #expect(made.error == nil && made.text(made.head.line) == "CONNECT a.example:443 HTTP/2.0")
        #expect(make("CONNECT", nil, authority: nil).error == .badTarget)
        #expect(make("GET", nil).error == .badTarget)
    }

    @Test("names are judged as those of HTTP/1 are")
    func oddNames() {
        let made = make("GET", "/", fields: ["x_y: 1", "z: 2"])
        #expect(made.head.fields.count == 1 && made.text(made.head.droppedInvalidField) == "x_y")
        #expect(make("GET", "/", fields: ["content_length: 1"]).error == .badContentLength)
        var limits = HeadLimits()
        limits.maxFields = 1
        #expect(make("GET", "/", fields: ["a: 1", "b: 2"], limits: limits).error == .tooManyFields)
    }

    @Test("nothing of the head before is left")
    func recycles() {
        let made = make("POST", "/a%20?b", fields: ["x_y: 1"], hasContent: true)
        _ = RequestHeadBuilder(made.head, in: made.bytes, limits: HeadLimits())
        #expect(made.head.content == .none && !made.head.hasLine && made.head.fields.isEmpty)
        #expect(made.head.target.isEmpty && made.head.droppedInvalidField == nil)
    }
}
