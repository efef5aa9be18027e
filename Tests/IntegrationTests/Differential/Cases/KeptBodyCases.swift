/// Content that is kept, shown, and dropped; browsers whose connections are not kept.
extension DifferentialGroup {
    static var keptBodies: DifferentialGroup {
        let agents = [
            "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
            "Mozilla/4.0 (compatible; MSIE 6.0; SV1; x)",
            "Opera/9 (MSIE 6.0; x)", "Mozilla/5.0 (Intel Mac OS X 10_15) Version/14 Safari/605",
        ]
        let browsers = ["/", "/none/", "/safari/", "/both/"].flatMap { path in
            agents.flatMap { agent in
                ["GET", "POST"].map { method in
                    DifferentialCase(
                        "\(method) \(path) by \(agent)",
                        .request(method, path + "return", ["User-Agent: \(agent)"], body: "x"))
                }
            }
        }
        return DifferentialGroup(
            name: "kept bodies",
            http: #"""
                log_format body "$uri $status [$request_body]";
                server { listen 127.0.0.1:%PORT1%; proxy_set_header X-Content "[$request_body]";
                    proxy_http_version 1.1; proxy_set_header Connection "";
                    client_body_buffer_size 1k;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /return { return 200 "[$request_body]\n"; }
                    location /file/ { client_body_in_file_only clean; proxy_pass http://%GATEWAY1%; }
                    location /single/ { client_body_in_single_buffer on; proxy_pass http://%GATEWAY1%; }
                    location /stream/ { proxy_request_buffering off; proxy_pass http://%GATEWAY1%; }
                    location /none/ { keepalive_disable none; return 200 "a\n"; }
                    location /safari/ { keepalive_disable safari; return 200 "b\n"; }
                    location /both/ { keepalive_disable msie6 safari; return 200 "c\n"; }
                    location /refused/ { deny all; error_page 403 /return; }
                    access_log %PREFIX%/access.log body;
                }
                """#,
            cases: [
                DifferentialCase("in memory", .post("/a", "hello")).logging(1),
                .init("in chunks", .chunkedPost("/a", ["hel", "lo"])).logging(1),
                .init("more than the buffer", .post("/a", String(repeating: "x", count: 3000))).logging(1),
                .init("a quarter more", .post("/a", String(repeating: "x", count: 1100))).logging(1),
                .init("in a file", .post("/file/", "hello")).logging(1),
                .init("in one buffer", .post("/single/", "hello")).logging(1),
                .init("streamed, and here at once", .post("/stream/", "hello")).logging(1),
                .init("streamed, in chunks, and here at once", .chunkedPost("/stream/", ["a", "b"])).logging(
                    1),
                .init("nobody reads it", .post("/return", "hello")).logging(1),
                dropped("a bad size", "zz\r\nabc\r\n"),
                dropped("a bad end of a chunk", "3\r\nabcXX5\r\n"),
                dropped("a bad second chunk", "3\r\nabc\r\nzz\r\n"),
                dropped("a size that overflows", "fffffffffffffffff\r\n"),
                .init("a good one", .chunkedPost("/return", ["abc"])),
                .init("a bad one, refused", broken("/refused/", "zz\r\n")).withoutProbe,
                .init("a bad one of no file", broken("/file.html", "zz\r\n")).withoutProbe,
            ] + browsers)
    }

    private static func broken(_ path: String, _ chunks: String) -> Ask {
        .raw("POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    }

    private static func dropped(_ name: String, _ chunks: String) -> DifferentialCase {
        DifferentialCase("dropped: \(name)", broken("/return", chunks)).withoutProbe
    }
}
