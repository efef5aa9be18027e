extension DifferentialGroup {
    /// What variables say of requests that were not read to their end.
    static var known: DifferentialGroup {
        DifferentialGroup(
            name: "what is known",
            http: #"""
                log_format known '$request|$status|$http_host|$http_x_a|$host|$uri|$content_length';
                server { listen 127.0.0.1:%PORT1%; access_log %PREFIX%/access.log known;
                    add_header X-Known "$http_host|$http_x_a" always;
                    location / { return 204; }
                    location /pass { proxy_pass http://%GATEWAY1%; }
                }
                """#,
            cases: [
                .init("fields behind a path with a NUL", .get("/a%00b", ["X-A: 1"])).logging(1),
                .init("fields behind a path that leads out", .get("/..", ["X-A: 1"])).logging(1),
                .init("fields behind a broken escape", .get("http://b.test/%zz", ["X-A: 1"])).logging(1),
                .init("chunks that are dropped", .chunkedPost("/", ["abc"], ["X-A: 1"])).logging(1),
                .init("no chunk at all", .chunkedPost("/", [])).logging(1),
                .init("chunks that are kept", .chunkedPost("/pass", ["a", "bc"])).logging(1),
            ])
    }
}
