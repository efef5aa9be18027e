import Testing

@testable import Proxy

/// What a gateway is told of a request, and a client of the response: line by line.
@Suite("Heads rewritten between client and gateway") struct RewriteTests {
    /// The lines of a head, and what stands behind it.
    private static func split(_ text: String) -> (head: [String], body: String) {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return ([], text) }
        let lines = text[..<end.lowerBound].split(separator: "\r\n").map { String($0) }
        return (lines, String(text[end.upperBound...]))
    }

    // MARK: Requests

    private static let hops = """
        Connection: close, X-Hop|X-Hop: 1|Keep-Alive: 5|Proxy-Connection: x|TE: trailers|Trailer: y|Upgrade: h2c|\
        Expect: |
        """

    /// Directives of the location; the client's head, lines apart by `|`; its content; what the gateway gets.
    static let requests: [(location: String, head: String, body: String, lines: String, content: String)] = [
        (
            "", "GET /a?b HTTP/1.1|Host: Shop.example|X-First: 1|\(hops)X-Last:  2 |", "",
            "GET /a?b HTTP/1.1|Host: gateway|X-Real-IP: 127.0.0.1|X-Forwarded-For: 127.0.0.1|"
                + "X-Forwarded-Proto: http|X-Forwarded-Host: Shop.example|X-First: 1|X-Last: 2", ""
        ),
        (
            "",
            "GET / HTTP/1.1|Host: a|X-Real-IP: 1.2.3.4|X-Forwarded-For: 1.2.3.4|X-Forwarded-Proto: https|",
            "",
            "GET / HTTP/1.1|Host: gateway|X-Real-IP: 127.0.0.1|X-Forwarded-For: 127.0.0.1|"
                + "X-Forwarded-Proto: http|X-Forwarded-Host: a", ""
        ),
        (
            "proxy_set_header Host $host; proxy_set_header X-A ''; proxy_set_header X-B b;",
            "GET / HTTP/1.1|Host: A.b:80|X-A: 1|X-B: 2|X-C: 3|", "",
            "GET / HTTP/1.1|Host: a.b|X-B: b|X-C: 3", ""
        ),
        (
            "proxy_set_header X-B b;", "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|",
            "5\r\nhello\r\n0\r\n\r\n", "POST / HTTP/1.1|X-B: b|Host: gateway|Content-Length: 5", "hello"
        ),
        (
            "proxy_set_header X-B b; proxy_request_buffering off;",
            "POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|", "5\r\nhello\r\n0\r\n\r\n",
            "POST / HTTP/1.1|X-B: b|Host: gateway|Content-Length: 5", "hello"
        ),
        (
            "proxy_set_header X-B b; proxy_http_version 1.0;", "GET / HTTP/1.1|Host: a|", "",
            "GET / HTTP/1.0|X-B: b|Host: gateway|Connection: close", ""
        ),
        (
            "proxy_set_header X-B b; proxy_method PUT; proxy_set_body new; proxy_pass_request_headers off;",
            "POST / HTTP/1.1|Host: a|X-C: 3|Content-Length: 3|", "old",
            "PUT / HTTP/1.1|X-B: b|Host: gateway|Content-Length: 3", "new"
        ),
    ]

    @Test("what a gateway gets is written anew", arguments: requests.indices)
    func request(_ row: Int) throws {
        let (location, head, body, lines, content) = Self.requests[row]
        let scene = try ScriptedScene(location)
        let text = head.split(separator: "|").joined(separator: "\r\n") + "\r\n\r\n" + body
        let (_, connection) = try scene.ask(text)
        let got = Self.split(connection.text)
        #expect(got.head == lines.split(separator: "|").map { String($0) })
        #expect(got.body == content)
    }

    @Test(
        "the target is the client's, or what replaces the location's name in it",
        arguments: [
            ("http://gateway", "/shop/a%20b/../c?q=%20", "/shop/a%20b/../c?q=%20"),
            ("http://gateway/", "/shop/a?q", "/a?q"),
            ("http://gateway/base/", "/shop/a%20b/../c?q=%20", "/base/c?q=%20"),
            ("http://gateway/base", "/shop/", "/base"),
        ])
    func target(pass: String, asked: String, got: String) throws {
        let scene = try ScriptedScene(server: "location /shop/ { proxy_pass \(pass); }")
        let (_, connection) = try scene.ask("GET \(asked) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(Self.split(connection.text).head.first == "GET \(got) HTTP/1.1")
    }

    // MARK: Responses

    /// Directives of the location; the gateway's fields; the client's, without those that are ours.
    static let responses: [(location: String, fields: String, got: String)] = [
        (
            "",
            "X-A: 1|Connection: X-Hop|X-Hop: 1|Keep-Alive: 5|Trailer: z|Proxy-Connection: x|TE: x|Upgrade: x|"
                + "Content-Type: text/x|Set-Cookie: a=1|Set-Cookie: b=2|X-Pad: p",
            "Content-Type: text/x|Content-Length: 2|X-A: 1|Set-Cookie: a=1|Set-Cookie: b=2"
        ),
        (
            "",
            "X-Accel-Expires: 1|X-Accel-Charset: x|X-Accel-Limit-Rate: 0|X-Accel-Buffering: yes|Etag: \"x\"",
            "Content-Length: 2|Etag: \"x\""
        ),
        (
            "proxy_hide_header x-a; proxy_hide_header Set-Cookie;", "X-A: 1|Set-Cookie: a=1|X-B: 2",
            "Content-Length: 2|X-B: 2"
        ),
        (
            "proxy_redirect http://old/ http://new/; proxy_cookie_path / /p/;",
            "Location: http://old/a|Set-Cookie: a=1; Path=/",
            "Content-Length: 2|Location: http://new/a|Set-Cookie: a=1; Path=/p/"
        ),
    ]

    @Test("what a client gets is written anew", arguments: responses.indices)
    func response(_ row: Int) throws {
        let (location, fields, lines) = Self.responses[row]
        let scene = try ScriptedScene(location)
        let (client, connection) = try scene.ask()
        let head = fields.split(separator: "|").joined(separator: "\r\n")
        scene.say(
            "HTTP/1.1 299 Fine so far\r\nServer: g\r\nDate: x\r\nContent-Length: 2\r\n\(head)\r\n\r\nok".utf8,
            connection, to: client)
        let got = Self.split(client.text)
        #expect(got.head.first == "HTTP/1.1 299 Fine so far" && got.body == "ok")
        let own = ["Server: portico", "Date: ", "Connection: keep-alive"]
        for field in own { #expect(got.head.contains { $0.hasPrefix(field) }, "\(field)") }
        let rest = got.head.dropFirst().filter { line in !own.contains { line.hasPrefix($0) } }
        #expect(rest == lines.split(separator: "|").map { String($0) })
    }

    @Test("proxy_pass_header lets the gateway's own through")
    func passed() throws {
        let scene = try ScriptedScene(
            "proxy_pass_header Server; proxy_pass_header Date; proxy_pass_header X-Pad;")
        let (client, connection) = try scene.ask()
        scene.say(
            "HTTP/1.1 200 OK\r\nServer: g\r\nDate: x\r\nX-Pad: p\r\nContent-Length: 0\r\n\r\n".utf8,
            connection,
            to: client)
        let head = Self.split(client.text).head
        for line in ["Server: g", "Date: x", "X-Pad: p"] {
            let name = line.prefix { $0 != " " }
            #expect(head.filter { $0.hasPrefix(name) } == [line])
        }
    }
}
