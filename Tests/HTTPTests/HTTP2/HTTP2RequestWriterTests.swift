import Core
import HTTP
import Testing

@Suite("Heads of requests to HTTP/2 peers") struct HTTP2RequestWriterTests {
    private func fields(_ text: String, isSecure: Bool = false, takesTrailers: Bool = false) throws
        -> [PlainField]
    {
        let head = ByteBuffer(capacity: 16)
        head.append(bytes(text))
        var encoder = HPACKEncoder()
        let block = ByteBuffer(capacity: 16)
        HTTP2RequestWriter.write(
            head, isSecure: isSecure, takesTrailers: takesTrailers, with: &encoder, to: block)
        var decoder = HPACKDecoder()
        return try decoder.decode(block.bytes)
    }

    @Test("the request line becomes pseudo-fields, names small, and what speaks of a connection is left out")
    func whole() throws {
        let text = """
            POST /a?b HTTP/1.1\r
            X-A: 1\r
            Host: a:80\r
            Connection: Upgrade, x-b\r
            Upgrade: websocket\r
            Transfer-Encoding: chunked\r
            Keep-Alive: 5\r
            TE: gzip\r
            Content-Length: 3\r
            Cookie: c=d\r
            Authorization: e\r
            \r

            """
        let expected: [PlainField] = [
            .init(":method", "POST"), .init(":scheme", "https"), .init(":path", "/a?b"),
            .init(":authority", "a:80"), .init("x-a", "1"), .init("content-length", "3"),
            .init("cookie", "c=d", isNeverIndexed: true), .init("authorization", "e", isNeverIndexed: true),
            .init("te", "trailers"),
        ]
        #expect(try fields(text, isSecure: true, takesTrailers: true) == expected)
    }

    @Test(
        "a head that was written oddly is no other request",
        arguments: [
            ("GET / HTTP/1.1\r\nbad name: x\r\nA: b\r\n\r\n", "a: b"),
            ("GET / HTTP/1.1\r\nHost:\r\nA: b\r\n\r\n", "a: b"),
            ("GET / HTTP/1.1\r\nA: b\r\n\r\nB: c\r\n", "a: b"),
            ("GET / HTTP/1.1\r\nA: b\r\n", "a: b"),
        ])
    func odd(text: String, rest: String) throws {
        let begin = [":method: GET", ":scheme: http", ":path: /"]
        #expect(try fields(text).map(\.description) == begin + [rest])
    }

    @Test("what is no head at all traps nothing")
    func nothing() throws {
        for text in ["", " ", "GET", "GET /", "\r\n", "\n", "GET  \r\n"] { _ = try fields(text) }
    }
}
