import Core
import HTTP
import Testing

/// What is a request, and what may never become one of HTTP/1: RFC 9113 §8.
@Suite("HTTP/2 requests") struct HTTP2RequestTests {
    private func read(_ fields: [PlainField], hasContent: Bool = false) -> (
        ScriptedClient, HTTP2Connection.HeadOutcome?
    ) {
        let client = ScriptedClient()
        client.request(1, fields, isLast: !hasContent)
        _ = client.run()
        return (client, client.heads.last)
    }

    private func fields(_ client: ScriptedClient) -> [String] {
        client.head.fields.map {
            "\(client.headBytes.string(of: $0.name)): \(client.headBytes.string(of: $0.value))"
        }
    }

    @Test("pseudo-fields become a request line and a Host")
    func request() {
        let (client, outcome) = read(ScriptedClient.get + [.init("accept", "*/*")])
        #expect(outcome == .complete)
        #expect(client.headBytes.string(of: client.head.line) == "GET / HTTP/2.0")
        #expect(client.head.host.map { client.headBytes.string(of: $0) } == "a")
        #expect(fields(client) == ["accept: */*", "host: a"])
    }

    @Test("§8.2.3: cookies are one field")
    func cookies() {
        let (client, outcome) = read(
            ScriptedClient.get + [
                .init("cookie", "a=b"), .init("x", "y"), .init("cookie", "c=d"), .init("cookie", "e=f"),
            ])
        #expect(outcome == .complete)
        #expect(fields(client) == ["x: y", "host: a", "cookie: a=b; c=d; e=f"])
        let (one, _) = read(ScriptedClient.get + [.init("cookie", "a=b"), .init("x", "y")])
        #expect(fields(one) == ["x: y", "host: a", "cookie: a=b"])
    }

    @Test("§8.3.1: a Host alone will do, one that names the same is one")
    func hosts() {
        let pseudo = ScriptedClient.get.filter { $0.name != ":authority" }
        #expect(fields(read(pseudo + [.init("host", "b:80")]).0) == ["host: b:80"])
        #expect(fields(read(ScriptedClient.get + [.init("host", "A")]).0) == ["host: A"])
        #expect(read(pseudo).1 == .refused(.missingHost))
    }

    static let malformedSamples: [(String, [PlainField])] = [
        ("§8.3.1: no method", without(":method")), ("§8.3.1: no scheme", without(":scheme")),
        ("§8.3.1: no path", without(":path")), ("§8.3.1: an empty path", with(":path", "")),
        ("§8.3: a pseudo-field twice", ScriptedClient.get + [.init(":path", "/")]),
        ("§8.3: a pseudo-field behind a field", without(":path") + [.init("x", "y"), .init(":path", "/")]),
        ("§8.3: an unknown pseudo-field", [.init(":unknown", "x")] + ScriptedClient.get),
        ("§8.3: a response's", [.init(":status", "200")] + ScriptedClient.get),
        (
            "RFC 8441 §4: a protocol without CONNECT",
            ScriptedClient.get + [.init(":protocol", "websocket")]
        ),
        ("§8.2.2: connection", plus("connection", "close")), ("§8.2.2: keep-alive", plus("keep-alive", "1")),
        ("§8.2.2: proxy-connection", plus("proxy-connection", "close")),
        ("§8.2.2: transfer-encoding", plus("transfer-encoding", "chunked")),
        ("§8.2.2: upgrade", plus("upgrade", "h2c")), ("§8.2.2: te other than trailers", plus("te", "gzip")),
        ("§8.2.1: a colon in a name", plus("a:b", "c")), ("§8.2.1: a space in a name", plus("a b", "c")),
        ("§8.2.1: an empty name", plus("", "c")), ("§8.2.1: an 8-bit name", plus("\u{E9}", "c")),
        ("§8.2.1: a line break in a value", plus("x", "a\r\nb: c")),
        ("§8.2.1: a NUL in a value", plus("x", "\0")),
        ("§8.2.1: a space before a value", plus("x", " y")),
        ("§8.2.1: a tab behind a value", plus("x", "y\t")),
        ("§8.3.1: authority and Host differ", plus("host", "b")),
        ("§8.5: CONNECT with a path", with(":method", "CONNECT")),
        ("RFC 8441 §4: a tunnel on a stream that has ended", websocket),
        ("RFC 3986 §3.1: what is no scheme", with(":scheme", "ht tp")),
    ]

    private static let websocket: [PlainField] = [
        .init(":method", "CONNECT"), .init(":protocol", "websocket"), .init(":scheme", "https"),
        .init(":path", "/chat"), .init(":authority", "a"), .init("sec-websocket-version", "13"),
    ]

    @Test("RFC 8441 §5: a tunnel is asked of HTTP/1 by a GET with Upgrade")
    func tunnel() {
        let (client, outcome) = read(Self.websocket, hasContent: true)
        #expect(outcome == .complete)
        #expect(client.headBytes.string(of: client.head.line) == "GET /chat HTTP/2.0")
        #expect(client.head.content == .none && client.head.connection.contains(.upgrade))
        let found = fields(client)
        #expect(found.contains("connection: Upgrade") && found.contains("upgrade: websocket"))
        let key = found.first { $0.hasPrefix("sec-websocket-key: ") } ?? ""
        #expect(key.wholeMatch(of: /sec-websocket-key: [A-Za-z0-9+\/]{21}[AQgw]==/) != nil, "\(key)")
        for missing in [":scheme", ":path", ":authority"] {
            #expect(read(Self.websocket.filter { $0.name != missing }, hasContent: true).1 == .reset)
        }
    }

    private static func without(_ name: String) -> [PlainField] {
        ScriptedClient.get.filter { $0.name != name }
    }
    private static func with(_ name: String, _ value: String) -> [PlainField] {
        ScriptedClient.get.map { $0.name == name ? PlainField(name, value) : $0 }
    }
    private static func plus(_ name: String, _ value: String) -> [PlainField] {
        ScriptedClient.get + [PlainField(name, value)]
    }

    @Test("malformed: a stream error of type PROTOCOL_ERROR", arguments: malformedSamples)
    func malformed(_ name: String, _ fields: [PlainField]) {
        let (client, outcome) = read(fields)
        #expect(outcome == .reset)
        #expect(client.answers() == ["RST_STREAM 1 PROTOCOL_ERROR"])
    }

    @Test("§8.2.1: a capital letter in a name")
    func capital() {
        let client = ScriptedClient()
        let block = client.encoder.encode(ScriptedClient.get) + [0x00, 0x01, 0x58, 0x01, 0x79]
        client.frame(.headers, [.endHeaders, .endStream], stream: 1, block)
        _ = client.run()
        #expect(client.heads == [.reset])
    }

    @Test(
        "what HTTP/1 would refuse is answered, and the tables go along",
        arguments: [
            (with(":path", "/a b"), HeadError.badTarget), (with(":path", "/#a"), .badTarget),
            (with(":path", "a"), .badTarget), (with(":path", "*"), .badTarget),
            (with(":method", "G?T"), .badMethod), (with(":authority", "a b"), .badHost),
            (plus("content-length", "x"), .badContentLength),
            (plus("content-length", "1"), .badContentLength),
            (plus("content-length", "0") + [.init("content-length", "0")], .duplicateContentLength),
            (plus("content_length", "1"), .badContentLength),
            (with(":path", "/" + String(repeating: "a", count: 9000)), .requestLineTooLong),
            (plus("x", String(repeating: "a", count: 9000)), .fieldTooLong),
            (
                ScriptedClient.get + (0..<5).map { .init("x\($0)", String(repeating: "a", count: 8000)) },
                .headTooLarge
            ),
        ] as [([PlainField], HeadError)])
    func refused(_ fields: [PlainField], _ error: HeadError) {
        let client = ScriptedClient()
        client.request(1, fields + [.init("x-later", "1")])
        client.request(3, ScriptedClient.get + [.init("x-later", "1")])
        _ = client.run()
        #expect(client.heads == [.refused(error), .complete])
        #expect(client.answers().isEmpty)
    }

    @Test("a small block that decodes to much is refused at the limit (RFC 7541 §7.3)")
    func bomb() {
        let client = ScriptedClient()
        var block = client.encoder.encode(ScriptedClient.get)
        // An entry of 4,000 bytes, named ten thousand times.
        block += [0x40, 0x01, 0x78, 0x7F, 0xA1, 0x1E] + Array(repeating: 0x61, count: 4000)
        block += Array(repeating: 0xBE, count: 10_000)
        client.frame(.headers, [.endHeaders, .endStream], stream: 1, block)
        _ = client.run()
        #expect(client.heads == [.refused(.headTooLarge)])
        #expect(client.headBytes.capacity <= 128 << 10)
    }

    @Test(
        "priorities (RFC 9218 §4)",
        arguments: [
            ("u=1, i", 1, true), ("i", 3, true), ("u=7", 7, false), ("", 3, false), ("u=8", 3, false),
            ("i=?0", 3, false), ("u=5;x=1,  i=?1 ;y", 5, true), ("u=1, u=2", 2, false), ("i=1", 3, false),
            ("u=-1, x=\"u=0\"", 3, false), (",,u=0", 0, false), ("u", 3, false),
        ] as [(String, UInt8, Bool)])
    func priority(_ text: String, _ urgency: UInt8, _ isIncremental: Bool) {
        let priority = withSpan(text) { StreamPriority($0) }
        #expect(priority == StreamPriority(urgency: urgency, isIncremental: isIncremental))
    }
}
