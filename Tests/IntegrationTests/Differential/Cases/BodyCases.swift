import TestSupport

extension DifferentialGroup {
    static var requestBodies: DifferentialGroup {
        let big = String(repeating: "0123456789abcdef", count: 12_000)
        var expecting = Ask.post("/", "hello", ["Expect: 100-continue"])
        let expectingText = String(latin1: expecting.pieces[0])
        let split = expectingText.utf8.count - 5
        expecting.pieces = [Array(expecting.pieces[0][..<split]), Array("hello".utf8)]
        expecting.awaitsContinue = true
        var pieces = Ask.chunkedPost("/", ["first", "second"])
        pieces.pieces = pieces.pieces[0].map { [$0] }
        return DifferentialGroup(
            name: "request bodies",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /stream/ { proxy_request_buffering off; proxy_pass http://%GATEWAY1%; }
                    location /ten/ { proxy_http_version 1.0; proxy_pass http://%GATEWAY1%; }
                    location /small/ { client_max_body_size 10; proxy_pass http://%GATEWAY1%; }
                    location /any/ { client_max_body_size 0; proxy_pass http://%GATEWAY1%; }
                    location /buffer/ { client_body_buffer_size 1k; proxy_pass http://%GATEWAY1%; }
                    location /variable/ { proxy_set_header X-Body-Length $content_length;
                        proxy_set_header X-Type $content_type; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                }
                """#,
            cases: [
                .init("Content-Length", .post("/", "hello", ["Content-Type: text/plain"])),
                .init("an empty body", .post("/", "")),
                .init("a POST without a length", .request("POST", "/")),
                .init("a GET with a body", .request("GET", "/", body: "odd")),
                .init("chunked, buffered, becomes a length", .chunkedPost("/", ["hel", "lo"])),
                .init("chunked and empty", .chunkedPost("/", [])),
                .init("chunked, streamed, stays chunked", .chunkedPost("/stream/", ["hel", "lo"])),
                .init("a length, streamed", .post("/stream/", "hello")),
                .init("chunked to an HTTP/1.0 gateway", .chunkedPost("/ten/", ["hel", "lo"])),
                .init("byte by byte", pieces),
                .init("big, buffered", .post("/", big)),
                .init("big, streamed", .post("/stream/", big)),
                .init("big, chunked", .chunkedPost("/", [big, big])),
                .init("bigger than its buffer", .post("/buffer/", big)),
                .init("Expect: 100-continue", expecting),
                .init(
                    "Expect: 100-continue with the body at once",
                    .post("/", "hello", ["Expect: 100-continue"])),
                .init(
                    "Expect in HTTP/1.0 is no matter",
                    .request("POST", "/", ["Expect: 100-continue"], body: "x", version: "HTTP/1.0")),
                .init("another Expect", .post("/", "x", ["Expect: something"])).withoutProbe,
                .init("at the limit", .post("/small/", "0123456789")),
                .init("over the limit", .post("/small/", "01234567890")),
                .init("over the limit, chunked", .chunkedPost("/small/", ["012345", "678901"])),
                .init(
                    "over the limit with Expect", .post("/small/", "01234567890", ["Expect: 100-continue"])),
                .init("no limit", .post("/any/", big)),
                .init(
                    "over the standing limit by its length",
                    .raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n")
                ).whateverTheEnd,
                .init(
                    "chunk extensions and trailers of the client",
                    .raw(
                        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "3;x=y\r\nabc\r\n0\r\nTrail: 1\r\n\r\n")),
                .init("variables of a body", .post("/variable/", "hello", ["Content-Type: a/b"])),
                .init(
                    "a body and the next request at once",
                    .pipeline(.post("/", "hello"), .chunkedPost("/", ["a", "b"]), .get("/"))),
                .init(
                    "an early answer", .post("/stream/", big),
                    answers: [
                        GatewayAnswer.fixed("no", status: "403 Forbidden", fields: ["Connection: close"])
                            .early.then(.hang)
                    ]
                ).withoutProbe,
                .init("PUT", .request("PUT", "/", body: "thing")),
            ])
    }

    static var badRequests: DifferentialGroup {
        func bad(_ name: String, _ text: String) -> DifferentialCase { .init(name, .raw(text)).withoutProbe }
        return DifferentialGroup(
            name: "bad requests",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    large_client_header_buffers 2 1k; client_header_buffer_size 512;
                    location / { proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT2%;
                    error_page 400 405 414 494 505 /sorry; location = /sorry { return 200 "sorry $status\n"; }
                    location / { proxy_pass http://%GATEWAY1%; } }
                """#,
            cases: [
                bad("no version word", "GET / \r\n\r\n").withoutProbe
                    .differs("HTTP/0.9 is refused", "HTTP/1.1 400"),
                bad("HTTP/0.9", "GET /\r\n").differs("HTTP/0.9 is refused", "HTTP/1.1 400"),
                bad("a lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("a target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("HTTP/2.0 in words", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
                bad("HTTP/3.0 in words", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
                bad("another protocol", "GET / FTP/1.1\r\nHost: a\r\n\r\n"),
                bad("a version in two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n")
                    .differs("only versions that are known", "[closed]"),
                bad("no Host in HTTP/1.1", "GET / HTTP/1.1\r\n\r\n"),
                bad("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
                bad("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
                bad("a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
                bad("a Host with two dots", "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n"),
                bad("a bad Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
                bad("a negative Content-Length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
                bad(
                    "a Content-Length with a sign",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx"),
                bad(
                    "a Content-Length that overflows",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
                bad(
                    "two Content-Lengths",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
                bad(
                    "two equal Content-Lengths",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
                bad(
                    "Content-Length with chunked",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                ),
                bad(
                    "chunked in HTTP/1.0",
                    "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                bad(
                    "an unknown transfer coding",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
                bad("identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
                bad(
                    "a list of transfer codings",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
                ).differs("stacked codings are refused", "HTTP/1.1 400"),
                bad(
                    "a bad chunk size",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n"),
                bad("NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n"),
                bad("a control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{1}b\r\n\r\n")
                    .differs("control characters are refused", "HTTP/1.1 400"),
                bad("a control character in the target", "GET /a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("a continued line", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n")
                    .differs("obs-fold is refused (RFC 9112 5.2)", "HTTP/1.1 400"),
                bad("a space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n")
                    .differs("refused (RFC 9112 5.1)", "HTTP/1.1 400"),
                bad("a fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n")
                    .differs("a fragment is never sent (RFC 9112 3.2)", "HTTP/1.1 400"),
                bad("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n")
                    .differs("CONNECT is not for a gateway", "HTTP/1.1 405"),
                bad(
                    "a target that is too long",
                    "GET /\(String(repeating: "x", count: 1200)) HTTP/1.1\r\nHost: a\r\n\r\n"),
                bad(
                    "a field that is too long",
                    "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 1200))\r\n\r\n"),
                bad(
                    "fields that are too many",
                    "GET / HTTP/1.1\r\nHost: a\r\n"
                        + String(repeating: "X: \(String(repeating: "x", count: 600))\r\n", count: 5) + "\r\n"
                ),
                bad("a line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n")
                    .differs("what has no colon is no field (RFC 9112 5)", "HTTP/1.1 400"),
                .init("error_page for a bad request", .raw("GET / HTTP/1.1\r\n\r\n").onPort(2)).withoutProbe,
                .init("error_page for TRACE", .raw("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").onPort(2))
                    .withoutProbe,
                bad("a TLS greeting", "\u{16}\u{3}\u{1}\u{0}hello\r\n\r\n"),
            ])
    }

    static var limits: DifferentialGroup {
        func long(_ count: Int) -> String { String(repeating: "y", count: count) }
        return DifferentialGroup(
            name: "limits",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; client_header_buffer_size 256; large_client_header_buffers 2 2k;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /tiny { client_max_body_size 1k; error_page 413 /large; proxy_pass http://%GATEWAY1%; }
                    location = /large { return 200 "too large\n"; }
                }
                """#,
            cases: [
                .init("a target beyond the first buffer", .get("/" + long(1500))),
                .init("a field beyond the first buffer", .get("/", ["X: " + long(1500)])),
                .init("fields over two buffers", .get("/", ["X: " + long(1500), "Y: " + long(1500)])),
                .init("413 with error_page", .post("/tiny", long(1025))),
                .init("413 with error_page, chunked", .chunkedPost("/tiny", [long(600), long(600)])),
                .init("exactly at the limit, chunked", .chunkedPost("/tiny", [long(512), long(512)])),
            ])
    }
}
