import Proxy
import Testing

@Suite("pieces of an exchange")
struct ExchangePiecesTests {
    static let request = "GET /a?b=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: curl/8.5.0\r\n\r\n"
    static let response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n"

    private static func make(
        _ location: String, _ request: String = request, _ response: String = response
    ) throws -> ExchangePieces {
        try ExchangePieces(location: location, requestHead: request, responseHead: response)
    }

    @Test("each can be done again and again, with the same result")
    func repetition() throws {
        let pieces = try ExchangePiecesTests.make("proxy_pass http://127.0.0.1:8000;")
        for piece in [pieces.route, pieces.rewriteRequest, pieces.rewriteResponse, pieces.logLine] {
            let first = piece()
            #expect(first > 0)
            for _ in 0..<5 { #expect(piece() == first) }
        }
    }

    @Test("a field that the location sets makes the gateway's head longer by its line")
    func fields() throws {
        let plain = "proxy_pass http://127.0.0.1:8000; proxy_set_header Connection close;"
        let bare = try ExchangePiecesTests.make(plain)
        let longer = try ExchangePiecesTests.make(plain + "proxy_set_header X-One 1;")
        #expect(longer.rewriteRequest() == bare.rewriteRequest() + "X-One: 1\r\n".utf8.count)
    }

    @Test("the log's line tells of the request")
    func line() throws {
        let short = try ExchangePiecesTests.make("proxy_pass http://127.0.0.1:8000;")
        let path = ExchangePiecesTests.request.replacing("/a?", with: "/a/longer?")
        let long = try ExchangePiecesTests.make("proxy_pass http://127.0.0.1:8000;", path)
        #expect(long.logLine() == short.logLine() + "/longer".utf8.count)
    }

    @Test(
        "what nothing can be measured of is refused",
        arguments: [
            ("return 204;", request, response), ("proxy_pass http://127.0.0.1:8000;", "GET", response),
            ("proxy_pass http://127.0.0.1:8000;", request, "HTTP/1.1"), ("nonsense;", request, response),
        ])
    func refusals(_ location: String, _ request: String, _ response: String) {
        #expect(throws: (any Error).self) {
            try ExchangePiecesTests.make(location, request, response)
        }
    }
}
