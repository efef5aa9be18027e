extension DifferentialGroup {
    static var trailers: DifferentialGroup {
        DifferentialGroup(
            name: "trailers",
            http: #"""
                log_format sent '$uri $status $body_bytes_sent $sent_trailer_x_a';
                server { listen 127.0.0.1:%PORT1%; add_trailer X-Outer yes;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /text { add_trailer X-A "$uri $status"; add_trailer X-B ""; add_trailer X-C $arg_c;
                        add_trailer x-a again; return 200 "text\n"; }
                    location /empty { return 200 ""; }
                    location /files/ { add_trailer X-A 1; alias %PREFIX%/; }
                    location /four { return 404; }
                    location /always { add_trailer X-A "$status" always; return 404; }
                    location /204 { add_trailer X-A 1 always; return 204; }
                    location /moved { return 301 /elsewhere; }
                    location /plain { chunked_transfer_encoding off; return 200 "text\n"; }
                    location /nothing { add_trailer X-B ""; return 200 "text\n"; }
                    location /var { add_trailer X-C $arg_c; return 200 "text\n"; }
                    location /page { error_page 404 /text; return 404; }
                    location /logged { access_log %PREFIX%/access.log sent; add_trailer X-A 1;
                        proxy_pass http://%GATEWAY1%; } }
                """#,
            files: ["file.txt": "0123456789"],
            cases: [
                .init("inherited", .get("/empty")),
                .init("several, with variables, without empty ones", .get("/text?c=d")),
                .init("one of their own kind replaces those from outside", .get("/text")),
                .init("of a file", .get("/files/file.txt")),
                .init("of a part of a file", .get("/files/file.txt", ["Range: bytes=2-4"])),
                .init("304 has none", .get("/files/file.txt", ["If-Modified-Since: \(later)"])).ignoring(
                    "ETag", "Last-Modified"),
                .init("HEAD has a length, and none", .head("/text")),
                .init("HTTP/1.0 has a length, and none", .get("/text", version: "HTTP/1.0")),
                .init("errors have none", .get("/four")), .init("errors with always", .get("/always")),
                .init("204 has none", .get("/204")), .init("redirects have them", .get("/moved")),
                .init("without chunks", .get("/plain")), .init("no value", .get("/nothing")),
                .init("a variable without a value", .get("/var")),
                .init("an error page from elsewhere", .get("/page")),
                .init("behind content of known length", .get("/x"), answers: [.fixed("answer")]),
                .init("behind chunks", .get("/x"), answers: [.chunked(["an", "swer"])]),
                .init(
                    "a gateway's own stay there", .get("/x"),
                    answers: [.chunked(["answer"], trailers: ["X-Sum: 1"])]),
                .init("in a log, with the bytes of chunks", .get("/logged"), answers: [.fixed("answer")])
                    .logging(1),
                .init("in a log, of HTTP/1.0", .get("/logged", version: "HTTP/1.0"), answers: [.fixed("a")])
                    .logging(1).differs("what was not sent is not logged", "/logged 200 1 -"),
            ])
    }

    private static var later: String { "Fri, 31 Dec 2100 00:00:00 GMT" }
}
