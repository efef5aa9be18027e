extension DifferentialGroup {
    static var framing: DifferentialGroup {
        let big = String(repeating: "0123456789abcdef", count: 20_000)
        func head(_ rest: String) -> GatewayAnswer { .raw("HTTP/1.1 " + rest) }
        return DifferentialGroup(
            name: "response framing",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /unbuffered/ { proxy_buffering off; proxy_pass http://%GATEWAY1%; }
                    location /ten/ { proxy_http_version 1.0; proxy_pass http://%GATEWAY1%; }
                    location /nochunks/ { chunked_transfer_encoding off; proxy_pass http://%GATEWAY1%; }
                    location /smallhead/ { proxy_buffer_size 1k; proxy_pass http://%GATEWAY1%; }
                }
                """#,
            expectedAlarms: [],
            cases: [
                .init("Content-Length", .get("/"), answers: [.fixed("hello")]),
                .init("Content-Length: 0", .get("/"), answers: [.fixed("")]),
                .init("chunked stays chunked", .get("/"), answers: [.chunked(["hel", "lo", " you"])]),
                .init("chunked, empty", .get("/"), answers: [.chunked([])]),
                .init(
                    "chunk extensions and trailers are dropped", .get("/"),
                    answers: [
                        head(
                            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nTrail: x\r\n\r\n"
                        )
                    ]),
                .init(
                    "chunk sizes in capitals with zeros", .get("/"),
                    answers: [
                        head("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n0\r\n\r\n")
                    ]),
                .init("ended by close becomes chunked", .get("/"), answers: [.untilClose("hello")]),
                .init(
                    "HTTP/1.0 gateway ended by close", .get("/ten/"),
                    answers: [
                        .raw("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello").then(.close)
                    ]),
                .init(
                    "HTTP/1.0 gateway with a length", .get("/ten/"),
                    answers: [
                        .raw("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello").then(.close)
                    ]),
                .init(
                    "chunked to a client of HTTP/1.0", .get("/", version: "HTTP/1.0"),
                    answers: [
                        .chunked(["hel", "lo"])
                    ]),
                .init(
                    "chunked to a client of HTTP/1.0 with keep-alive",
                    .get("/", ["Connection: keep-alive"], version: "HTTP/1.0"),
                    answers: [.chunked(["hel", "lo"])]),
                .init(
                    "a length to a client of HTTP/1.0 with keep-alive",
                    .get("/", ["Connection: keep-alive"], version: "HTTP/1.0"), answers: [.fixed("hello")]),
                .init(
                    "chunked_transfer_encoding off", .get("/nochunks/"), answers: [.chunked(["hel", "lo"])]),
                .init("a big body by length", .get("/"), answers: [.fixed(big)]),
                .init("a big body in chunks", .get("/"), answers: [.chunked([big, "x", big])]),
                .init("a big body by close", .get("/"), answers: [.untilClose(big)]),
                .init("a big body, unbuffered", .get("/unbuffered/"), answers: [.fixed(big)]),
                .init(
                    "a big body in chunks, unbuffered", .get("/unbuffered/"), answers: [.chunked([big, big])]),
                .init(
                    "HEAD with a length", .head("/"), .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: 500\r\n\r\n"), .fixed("after"),
                    ]),
                .init(
                    "HEAD with chunked", .head("/"),
                    answers: [head("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]),
                .init("HEAD with neither", .head("/"), answers: [head("200 OK\r\nFine: 1\r\n\r\n")]),
                .init("204", .get("/"), answers: [head("204 No Content\r\nFine: 1\r\n\r\n")]),
                .init("304", .get("/"), answers: [head("304 Not Modified\r\nETag: \"x\"\r\n\r\n")]),
                .init(
                    "304 with a length", .get("/"),
                    answers: [
                        head("304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n")
                    ]),
                .init("205 with a body", .get("/"), answers: [.fixed("x", status: "205 Reset Content")]),
                .init(
                    "206 passes", .get("/", ["Range: bytes=0-1"]),
                    answers: [
                        .fixed("he", status: "206 Partial Content", fields: ["Content-Range: bytes 0-1/5"])
                    ]),
                .init(
                    "a head in pieces", .get("/"),
                    answers: [
                        .raw("HT", "TP/1.1 20", "0 OK\r", "\nContent-Le", "ngth: 5\r\n\r", "\nhe", "llo")
                    ]),
                .init(
                    "cut short by length", .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: 50\r\n\r\nonly this").then(.close)
                    ]),
                .init(
                    "cut short in chunks", .get("/"),
                    answers: [
                        head("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel").then(.close)
                    ]),
                .init(
                    "without the last chunk", .get("/"),
                    answers: [
                        head("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").then(.close)
                    ]),
                .init(
                    "no HTTP at all", .get("/"),
                    answers: [
                        .raw("SSH-2.0-OpenSSH_9.2\r\n\r\n").then(.close)
                    ]
                ).withoutProbe.differs("HTTP/0.9 answers are refused", "HTTP/1.1 502"),
                .init("closed without an answer", .get("/"), answers: [.close]),
                .init("a reset", .get("/"), answers: [.reset]),
                .init(
                    "closed within the head", .get("/"), answers: [head("200 OK\r\nContent-Le").then(.close)]),
                .init(
                    "a bad Content-Length", .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: five\r\n\r\nhello").then(.close)
                    ]
                ).differs("a length that is none is a 502", "HTTP/1.1 502"),
                .init(
                    "two Content-Lengths", .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
                    ]
                ).differs("a doubled length is a 502", "HTTP/1.1 502"),
                .init(
                    "Content-Length with chunked", .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                    ]
                ).differs("two framings are a 502, in later nginx too", "HTTP/1.1 502"),
                .init(
                    "an unknown transfer coding", .get("/"),
                    answers: [
                        head("200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx").then(.close)
                    ]
                ).differs("an unknown coding is a 502, in later nginx too", "HTTP/1.1 502"),
                .init(
                    "a bad chunk size", .get("/"),
                    answers: [
                        head("200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n").then(.close)
                    ]
                ).differs("refused before anything is passed, or cut short", "=== at g1"),
                .init(
                    "a head bigger than proxy_buffer_size", .get("/smallhead/"),
                    answers: [
                        .fixed("x", fields: ["Long: " + String(repeating: "y", count: 2000)])
                    ]),
                .init(
                    "more than the length", .get("/"),
                    answers: [
                        head("200 OK\r\nContent-Length: 5\r\n\r\nhello and more")
                    ]
                ).withoutProbe,
                .init(
                    "100 before the answer", .get("/"),
                    answers: [
                        .raw(
                            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    ]
                ).differs("1xx is never taken as final", "HTTP/1.1 200 OK"),
                .init(
                    "103 before the answer", .get("/"),
                    answers: [
                        .raw(
                            "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    ]
                ).differs("1xx is never taken as final", "HTTP/1.1 200 OK"),
            ])
    }

    static var connections: DifferentialGroup {
        DifferentialGroup(
            name: "connections",
            http: #"""
                upstream kept { server %GATEWAY1%; keepalive 4; }
                upstream twice { server %GATEWAY1%; server %GATEWAY1%; keepalive 4; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { return 200 "$connection_requests\n"; }
                    location /twice { proxy_pass http://twice; }
                    location /kept { proxy_pass http://kept; }
                    location /post { return 200 "posted\n"; } }
                server { listen 127.0.0.1:%PORT2%; keepalive_requests 3;
                    location / { return 200 "$connection_requests\n"; } }
                server { listen 127.0.0.1:%PORT3%; keepalive_timeout 0; location / { return 200 "x\n"; } }
                server { listen 127.0.0.1:%PORT4%; keepalive_timeout 65 30; location / { return 200 "x\n"; }
                    location /short { keepalive_timeout 20; return 200 "x\n"; } }
                """#,
            cases: [
                .init("several requests on one connection", .get("/a"), .get("/b"), .get("/c")),
                .init("a pipeline", .pipeline(.get("/a"), .head("/b"), .get("/c"))),
                .init(
                    "a pipeline through a gateway",
                    .pipeline(.get("/kept1"), .post("/kept2", "body"), .get("/kept3"))),
                .init(
                    "a pipeline that ends with close",
                    .pipeline(.get("/a"), .get("/b", ["Connection: close"]))),
                .init(
                    "keepalive_requests", .get("/").onPort(2), .get("/").onPort(2), .get("/").onPort(2),
                    .get("/").onPort(2)),
                .init("keepalive_timeout 0", .get("/").onPort(3)),
                .init("keepalive_timeout with a field", .get("/").onPort(4)),
                .init("keepalive_timeout without a field keeps that from outside", .get("/short").onPort(4)),
                .init("Connection: close", .get("/", ["Connection: close"])),
                .init("Connection: Close in capitals", .get("/", ["CONNECTION: CLOSE"])),
                .init("Connection: keep-alive", .get("/", ["Connection: keep-alive"])),
                .init("HTTP/1.0", .get("/", version: "HTTP/1.0")),
                .init("HTTP/1.0 with keep-alive", .get("/", ["Connection: keep-alive"], version: "HTTP/1.0")),
                .init("a gateway connection is used again", .get("/kept1"), .get("/kept2"), .get("/kept3"))
                    .withConnections,
                .init(
                    "the same gateway in two lines has its connections in common", .get("/twice1"),
                    .get("/twice2"), .get("/twice3")
                )
                .withConnections,
                .init(
                    "a gateway connection that says close is not", .get("/kept1"), .get("/kept2"),
                    answers: [
                        .fixed("a", fields: ["Connection: close"]).then(.close)
                    ]),
                .init(
                    "a body nobody reads does not disturb the next request", .post("/post", "some body"),
                    .get("/")),
                .init("a chunked body nobody reads", .chunkedPost("/post", ["some", "body"]), .get("/")),
                .init("an HTTP/1.1 request by a later minor version", .get("/", version: "HTTP/1.2"))
                    .withoutProbe
                    .differs("only versions that are known", "[closed]"),
            ])
    }
}
