extension DifferentialGroup {
    /// What public configurations count on without saying so.
    static var habits: DifferentialGroup {
        let chrome =
            "User-Agent: Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"
        let explorer = "User-Agent: Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)"
        return DifferentialGroup(
            name: "habits",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name first.test; proxy_pass_request_headers on;
                    location / { proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT1%; server_name named.test; underscores_in_headers on;
                    location / { proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT1%; server_name lenient.test; ignore_invalid_headers off;
                    location / { proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT2%; root %PREFIX%/www;
                    types { text/html html; text/css css; } types { text/javascript mjs; }
                    location /own/ { types { text/x-own css; } }
                    location /bare/ { error_page 404 /gone/; return 404 ""; }
                    location /of-page/ { error_page 404 =0 /ok/; return 404; }
                    location /ok/ { return 200 "ok"; }
                    location /cookie/ { return 200 "[$cookie_a][$cookie_b]"; }
                    location /gone/ { return 404; }
                    location /moved/ { return 301 /x; }
                    location /short/ { msie_padding off; return 403; }
                    location /packed/ { gzip on; gzip_min_length 400; gzip_types text/html; return 404; } }
                """#,
            files: ["www/a.css": "a", "www/a.mjs": "b", "www/own/a.css": "c", "www/own/a.mjs": "d"],
            cases: [
                .init(
                    "underscores, by a server that is found by name",
                    .get("/", host: "named.test", ["A_b: 1"])),
                .init("underscores, by the first server", .get("/", host: "first.test", ["A_b: 1", "C: 2"])),
                .init(
                    "odd names, by a server that is found by name",
                    .get("/", host: "lenient.test", ["A.b: 1"])),
                .init("an error without a text has its page", .get("/bare/"), .get("/of-page/")).onPort(2),
                .init(
                    "cookies with spaces and commas", .get("/cookie/", ["Cookie: a = 1 ; b=2, 3"]),
                    .get("/cookie/", ["Cookie: x=1,a=2,b=3; y"]),
                    .get("/cookie/", ["Cookie: a; b =", "Cookie: A=4"])
                ).onPort(2),
                .init("types in two blocks", .get("/a.css"), .get("/a.mjs")).onPort(2),
                .init("types of a block of its own", .get("/own/a.css"), .get("/own/a.mjs")).onPort(2),
                .init(
                    "Chrome gets long error pages", .get("/gone/", [chrome]), .get("/moved/", [chrome]),
                    .get("/short/", [chrome])
                ).onPort(2),
                .init("Internet Explorer gets long error pages", .get("/gone/", [explorer])).onPort(2),
                .init(
                    "others do not", .get("/gone/", [chrome + " Gecko/1"]),
                    .get("/gone/", [explorer + " Opera 9"])
                ).onPort(2),
                .init(
                    "a long error page is compressed", .head("/packed/", [chrome, "Accept-Encoding: gzip"])
                ).onPort(2),
            ])
    }
}
