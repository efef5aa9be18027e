import Core
import HTTP
import Testing

@Suite("Request line") struct RequestLineTests {
    private func outcome(_ line: String) -> RequestSummary {
        parseEverySplit(of: "\(line)\r\nHost: a\r\n\r\n")
    }

    @Test(
        "lines that nginx refuses are refused, and a little more",
        arguments: [
            ("get / HTTP/1.1", HeadError.badMethod), ("G1T / HTTP/1.1", .badMethod),
            ("GET\t/ HTTP/1.1", .badMethod),
            ("GET", .badMethod), (" GET / HTTP/1.1", .badMethod), ("\rGET / HTTP/1.1", .badMethod),
            ("GET /", .badRequestLine), ("GET / ", .badRequestLine), ("GET  HTTP/1.1", .badTarget),
            ("GET / http/1.1", .badRequestLine), ("GET / HTTQ/1.1", .badRequestLine),
            ("GET / HTTP/", .badRequestLine),
            ("GET /a b HTTP/1.1", .badRequestLine),
            ("GET / HTTP/0.9", .badVersion), ("GET / HTTP/01.1", .badVersion), ("GET / HTTP/1.", .badVersion),
            ("GET / HTTP/1", .badVersion), ("GET / HTTP/1.1x", .badVersion), ("GET / HTTP/1x1", .badVersion),
            ("GET / HTTP/1.1000", .badVersion), ("GET / HTTP/1.1\r", .badVersion),
            ("GET / HTTP/1.2", .badVersion), ("GET / HTTP/1.10", .badVersion),
            ("GET / HTTP/2.0", .unsupportedVersion), ("GET / HTTP/2x", .unsupportedVersion),
            ("GET / HTTP/10.1", .unsupportedVersion),
            ("OPTIONS ** HTTP/1.1", .badTarget), ("GET * HTTP/1.1", .badTarget),
            ("OPTIONS *?a HTTP/1.1", .badTarget),
            ("PRI * HTTP/2.0", .badTarget),
            ("GET ?a HTTP/1.1", .badTarget), ("GET a HTTP/1.1", .badTarget),
            ("GET /a#b HTTP/1.1", .badTarget),
            ("GET /?a#b HTTP/1.1", .badTarget), ("GET /\u{7F} HTTP/1.1", .badTarget),
            ("GET /\ta HTTP/1.1", .badTarget),
            ("GET /\0 HTTP/1.1", .badTarget), ("GET http:/b/ HTTP/1.1", .badTarget),
            ("GET http:///x HTTP/1.1", .badTarget), ("GET http://u@b/ HTTP/1.1", .badTarget),
            ("GET http://:80/ HTTP/1.1", .badTarget), ("GET 1http://b/ HTTP/1.1", .badTarget),
            ("CONNECT a:b HTTP/1.1", .badHost),
        ])
    func refuses(line: String, error: HeadError) {
        #expect(outcome(line).outcome == .refused(error))
    }

    @Test(
        "lines that nginx accepts are accepted",
        arguments: [
            ("GET / HTTP/1.1", "/"), ("GET  /  HTTP/1.1 ", "/"),
            ("GET / HTTP/1.01", "/"),
            ("G-_T /x HTTP/1.1", "/x"), ("GET /\u{80} HTTP/1.1", "/\u{FFFD}"), ("GET /? HTTP/1.1", "/"),
            ("GET http://b/x?y HTTP/1.1", "/x"), ("GET http://b HTTP/1.1", "/"),
            ("GET http://b?z HTTP/1.1", "/"),
            ("GET http://[::1]:80/ HTTP/1.1", "/"), ("GET foo+1://b/ HTTP/1.1", "/"),
            ("TRACE / HTTP/1.1", "/"),
            ("CONNECT b:80 HTTP/1.1", ""), ("CONNECT /x HTTP/1.1", "/x"), ("OPTIONS * HTTP/1.1", "*"),
        ])
    func accepts(line: String, path: String) {
        let summary = outcome(line)
        #expect(summary.outcome == .complete(length: bytes(line).count + 13))
        #expect(summary.texts.dropFirst(4).first == path)
    }

    @Test("an absolute-form's authority wins over Host (RFC 9112 3.2.2)")
    func absoluteForm() {
        let summary = outcome("GET http://b:8/x?y HTTP/1.1")
        #expect(Array(summary.texts[2...7]) == ["http://b:8/x?y", "/x?y", "/x", "y", "b:8", "b:8"])
        #expect(Array(outcome("GET http://b?z HTTP/1.1").texts[3...6]) == ["?z", "/", "z", "b"])
        #expect(Array(outcome("GET http://b HTTP/1.1").texts[3...6]) == ["/", "/", "-", "b"])
        #expect(outcome("CONNECT b:80 HTTP/1.1").texts[7] == "b:80")
    }

    @Test(
        "a path that needs normalising is told from one that does not",
        arguments: [
            ("/a/b.c", false), ("/a/b..c", false), ("/a.", false), ("/", false), ("/a?/../%", false),
            ("/./a", true), ("/a/..", true), ("/a//b", true), ("//", true), ("/%41", true), ("/a/.b", true),
        ])
    func complexPaths(target: String, isComplex: Bool) {
        let head = RequestHead()
        var parser = HTTP1RequestParser()
        _ = parser.parse(filled("GET \(target) HTTP/1.0\r\n\r\n"), into: head, limits: HeadLimits())
        #expect(head.pathNeedsNormalising == isComplex)
    }

    @Test(
        "both minor versions are told apart",
        arguments: [("1.0", HTTPVersion.http10), ("1.1", .http11), ("1.00", .http10), ("1.01", .http11)])
    func minorVersions(text: String, version: HTTPVersion) {
        let head = RequestHead()
        var parser = HTTP1RequestParser()
        let request = filled("GET / HTTP/\(text)\r\nHost: a\r\n\r\n")
        _ = parser.parse(request, into: head, limits: HeadLimits())
        #expect(head.version == version)
    }

    @Test("empty lines before a request are bounded")
    func leadingLines() {
        let request = "GET / HTTP/1.0\r\n\r\n"
        #expect(parseRequest(bytes(String(repeating: "\r\n", count: 512) + request)).method == .get)
        let flood = parseRequest(bytes(String(repeating: "\n", count: 1025) + request))
        #expect(flood.outcome == .refused(.badRequestLine))
    }
}
