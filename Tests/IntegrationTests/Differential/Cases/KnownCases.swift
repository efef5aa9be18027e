extension DifferentialGroup {
    /// What variables say of requests that were not read to their end.
    static var known: DifferentialGroup {
        DifferentialGroup(
            name: "what is known",
            http: #"""
                log_format known '$request|$status|$http_host|$http_x_a|$host|$uri|$content_length|'
                    '$request_body|$sent_http_content_type';
                log_format sent '$status|$sent_http_content_type|$sent_http_content_length';
                map $sent_http_content_type $lasts { default off; ~^text/ epoch; }
                server { listen 127.0.0.1:%PORT1%; access_log %PREFIX%/access.log known;
                    add_header X-Known "$http_host|$http_x_a" always;
                    location / { return 204; }
                    location /none { access_log %PREFIX%/access.log sent; return 204; }
                    location /kind { access_log off; expires $lasts; return 204; }
                    location /some { access_log %PREFIX%/access.log sent; return 200 some; }
                    location /pass { proxy_pass http://%GATEWAY1%; }
                    location /stream { proxy_request_buffering off; proxy_pass http://%GATEWAY1%; }
                    location ~ ^/n/(?<outer>\d+)(?<rest>.) { return 200 "$outer|$rest|$1";
                        location ~ ^/n/(\d+)/a(?<inner>.*) { return 200 "$outer|$rest|$inner|$1"; }
                        location ~ ^/n/\d+/b { proxy_set_header X-Outer "$outer|$1"; proxy_set_header Connection ""; proxy_pass http://%GATEWAY1%; } }
                    location /o/ { location ~ ^/o/(?<of_o>\w+)/x { return 200 "$of_o|$of_all"; } }
                    location ~ ^/o/(?<of_all>\w+)/xy { return 200 "$of_o|$of_all"; }
                }
                """#,
            cases: [
                .init("fields behind a path with a NUL", .get("/a%00b", ["X-A: 1"])).logging(1),
                .init("fields behind a path that leads out", .get("/..", ["X-A: 1"])).logging(1),
                .init("fields behind a broken escape", .get("http://b.test/%zz", ["X-A: 1"])).logging(1),
                .init("what is sent of no content", .get("/none"), .get("/some"), .get("/kind"))
                    .logging(2),
                .init("chunks that are dropped", .chunkedPost("/", ["abc"], ["X-A: 1"])).logging(1),
                .init("no chunk at all", .chunkedPost("/", [])).logging(1),
                .init("content that is empty", .post("/pass", ""), .post("/stream", ""), .post("/", ""))
                    .logging(3),
                .init("no chunk for a gateway", .chunkedPost("/pass", [])).logging(1),
                .init("chunks that pass by", .chunkedPost("/stream", ["a", "bc"])).logging(1),
                .init("chunks that break", .chunkedPost("/pass", ["abc\r\nx"])).logging(1),
                .init("chunks that are kept", .chunkedPost("/pass", ["a", "bc"])).logging(1),
                .init("what matched outside", .get("/n/12/abc"), .get("/n/12/b"), .get("/n/12/c")).logging(3),
                .init("what matched inside", .get("/o/p/x"), .get("/o/p/xy")).logging(2),
            ])
    }
}
