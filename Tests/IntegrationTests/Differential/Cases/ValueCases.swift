extension DifferentialGroup {
    /// Values of variables, in one line of a log for each request.
    static var values: DifferentialGroup {
        DifferentialGroup(
            name: "values of variables",
            http: #"""
                log_format values '$uri|$args|$is_args|$request_method|$request_uri|$status|$host|$http2|$https|$scheme|'
                    '$content_length|$content_type|$document_root|$request_filename|$limit_rate|$pipe|$proxy_host|'
                    '$proxy_add_x_forwarded_for|$remote_user|$request_completion|$server_name|$server_protocol|'
                    '$upstream_status|$upstream_response_length|$upstream_http_server|$upstream_http_date|'
                    '$sent_http_content_type|$sent_http_location|$sent_http_transfer_encoding|$sent_http_x_a|'
                    '$http_via|$http_cookie|$cookie_a|$cookie_B|$arg_a|$arg_B|$ssl_protocol|$gzip_ratio|$secure_link|'
                    '$upstream_cache_status|$limit_req_status|$invalid_referer';
                server { listen 127.0.0.1:%PORT1%; server_name values; root %PREFIX%/www;
                    access_log %PREFIX%/access.log values; large_client_header_buffers 2 1k; client_max_body_size 100;
                    location /gateway { proxy_pass http://%GATEWAY1%; }
                    location /elsewhere { proxy_pass http://%GATEWAY1%; }
                    location /dead { proxy_pass http://%DEAD%; }
                    location /unix { access_log off; proxy_pass http://unix:%PREFIX%/u.sock:/; }
                    location /text { return 200 text; }
                    location /moved { return 301 /text; }
                    location /page { error_page 404 /text; return 404; }
                    location /closed { return 444; } }
                server { listen unix:%PREFIX%/u.sock;
                    location / { return 200 "$remote_addr|$binary_remote_addr|$remote_port|$server_addr|$server_port"; } }
                """#,
            files: ["www/file.txt": "0123456789"],
            expectedAlarms: ["too large", "upstream", "ECONNREFUSED", "connect()"],
            cases: valueCases)
    }

    private static var valueCases: [DifferentialCase] {
        let paths: [String] = [
            "/gateway/x?a=1&b", "/text?A=2", "/moved", "/page?b=", "/none", "/file.txt", "/%41%20b?x=%20",
        ]
        var cases: [DifferentialCase] = []
        for path in paths { cases += valueCases(of: path) }
        cases.append(
            DifferentialCase("of a client that comes over a UNIX socket", .get("/unix")).withoutProbe)
        let empty: [GatewayAnswer] = [
            .raw("HTTP/1.1 204 None\r\n\r\n"), .raw("HTTP/1.1 304 Same\r\n\r\n"),
        ]
        cases.append(
            DifferentialCase("no content of a gateway", .get("/gateway"), .get("/gateway"), answers: empty)
                .logging(2))
        let elsewhere = GatewayAnswer.fixed("x", fields: ["X-Accel-Redirect: /text"])
        cases.append(
            DifferentialCase("content elsewhere", .get("/elsewhere"), answers: [elsewhere]).logging(1))
        let chunks = Ask.chunkedPost("/gateway", ["he", "llo"])
        cases.append(DifferentialCase("chunks", chunks, answers: [.fixed("answer")]).logging(1))
        cases.append(DifferentialCase("a dead gateway", .get("/dead")).logging(1))
        cases.append(DifferentialCase("closed", .get("/closed")).logging(1))
        return cases
    }

    private static func valueCases(of path: String) -> [DifferentialCase] {
        let answer = GatewayAnswer.fixed("answer")
        let fields: [String] = ["Cookie: a=b; B=c", "Via: 1.1 x", "X-Forwarded-For: 1.1.1.1"]
        let asks: [(name: String, ask: Ask)] = [
            ("GET", .get(path)), ("HTTP/1.0", .get(path, version: "HTTP/1.0")),
            ("fields", .get(path, fields)),
            ("POST", .post(path, "a=b", ["Content-Type: x/y"])),
        ]
        return asks.map { name, ask in
            DifferentialCase("\(name) \(path)", ask, answers: [answer]).ignoring("ETag", "Last-Modified")
                .logging(1)
        }
    }
}
