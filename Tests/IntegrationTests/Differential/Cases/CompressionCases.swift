extension DifferentialGroup {
    private static let page = (0..<300).map { "line \($0) of the page\n" }.joined()

    private static func answer(_ fields: String..., status: String = "200 OK") -> GatewayAnswer {
        .fixed(page, status: status, fields: ["Content-Type: text/html"] + fields)
    }

    private static func get(_ target: String, _ fields: String...) -> Ask {
        .get(target, ["Accept-Encoding: gzip"] + fields)
    }

    static var compression: DifferentialGroup {
        var generated: [DifferentialCase] = []
        for accepted in ["deflate, gzip;q=0.5", "gzip;q=0", "gzip;q=0.000", "*", "x-gzip", "gzip;q=1.001"] {
            generated.append(
                .init("accepts \(accepted)", .get("/page.html", ["Accept-Encoding: \(accepted)"])))
        }
        for agent in ["MSIE 6.0; x", "MSIE 6.0; SV1", "MSIE 5.5; x", "MSIE 7.0; x", "CURL", "other", "foo1"] {
            generated.append(.init("a browser: \(agent)", get("/old/page.html", "User-Agent: \(agent)")))
        }
        for status in ["201 C", "206 P", "301 M", "400 B", "403 F", "404 N", "500 E"] {
            generated.append(
                .init("a gateway's \(status)", get("/p/"), answers: [answer(status: status)]))
        }
        for (name, fields) in proxied {
            for location in ["off", "expired", "control", "tags", "any"] {
                generated.append(
                    .init(
                        "through a proxy, \(location): \(name)", get("/via/\(location)/", "Via: 1.1 x"),
                        answers: [
                            .fixed(page, fields: ["Content-Type: text/html"] + fields)
                        ]
                    ).ignoring("date"))
            }
        }
        return DifferentialGroup(
            name: "gzip", http: configuration,
            files: [
                "www/page.html": page, "www/short.html": "short\n", "www/page.css": page,
                "www/page.bin": page,
            ], cases: cases + generated)
    }

    private static var configuration: String {
        #"""
        gzip on;
        server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
            types { text/html html; text/css css; }
            location /css/ { gzip_types text/css; alias %PREFIX%/www/; }
            location /all/ { gzip_types *; alias %PREFIX%/www/; }
            location /vary/ { gzip_vary on; alias %PREFIX%/www/; }
            location /long/ { gzip_min_length 100k; alias %PREFIX%/www/; }
            location /off/ { gzip off; alias %PREFIX%/www/; }
            location /hard/ { gzip_comp_level 9; alias %PREFIX%/www/; }
            location /http10/ { gzip_http_version 1.0; alias %PREFIX%/www/; }
            location /plain/ { chunked_transfer_encoding off; alias %PREFIX%/www/; }
            location /if/ { gzip off; if ($arg_on) { gzip on; } alias %PREFIX%/www/; }
            location /old/ { gzip_disable msie6 "curl" "^foo[0-9]$"; alias %PREFIX%/www/; }
            location /text { return 200 "a text that is longer than twenty bytes"; default_type text/html; }
            location /short { return 200 "short"; default_type text/html; }
            location /p/ { proxy_pass http://%GATEWAY1%; }
            location /p/vary/ { gzip_vary on; proxy_pass http://%GATEWAY1%; }
            location /via/off/ { proxy_pass http://%GATEWAY1%; }
            location /via/expired/ { gzip_proxied expired; proxy_pass http://%GATEWAY1%; }
            location /via/control/ { gzip_proxied no-cache no-store private; proxy_pass http://%GATEWAY1%; }
            location /via/tags/ { gzip_proxied no_last_modified no_etag; proxy_pass http://%GATEWAY1%; }
            location /via/any/ { gzip_proxied any; proxy_pass http://%GATEWAY1%; }
        }
        """#
    }

    private static var proxied: [(String, [String])] {
        [
            ("nothing said", []), ("expired", ["Expires: Thu, 01 Jan 1970 00:00:01 GMT"]),
            ("no date", ["Expires: 0"]), ("expires later", ["Expires: Thu, 01 Jan 2037 00:00:01 GMT"]),
            ("no-cache", ["Cache-Control: public, no-cache"]), ("max-age", ["Cache-Control: max-age=5"]),
            ("private", ["Cache-Control: public", "Cache-Control: private"]), ("tagged", ["ETag: \"x\""]),
            ("dated", ["Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"]),
        ]
    }

    private static var cases: [DifferentialCase] {
        [
            .init("a file", get("/page.html")),
            .init("a file, HEAD", .head("/page.html", ["Accept-Encoding: gzip"])),
            .init("a file, HTTP/1.0", .get("/page.html", ["Accept-Encoding: gzip"], version: "HTTP/1.0")),
            .init(
                "a file, also for 1.0",
                .get("/http10/page.html", ["Accept-Encoding: gzip"], version: "HTTP/1.0")),
            .init("a file without chunks", get("/plain/page.html")),
            .init("a short file", get("/short.html")), .init("too short", get("/long/page.html")),
            .init("another type", get("/page.css")), .init("a named type", get("/css/page.css")),
            .init("any type", get("/all/page.bin")), .init("level 9", get("/hard/page.html")),
            .init("off", get("/off/page.html")), .init("on in an if", get("/if/page.html?on=1")),
            .init("a range", get("/page.html", "Range: bytes=0-3")),
            .init("a range of what is not compressed", .get("/vary/page.html", ["Range: bytes=0-3"])),
            .init("Vary, compressed", get("/vary/page.html")),
            .init("Vary, not compressed", .get("/vary/page.html")),
            .init("Vary, never compressed", get("/vary/page.css")),
            .init("not modified", get("/page.html", "If-None-Match: W/\"6553f0f0-1996\"")),
            .init("a text of our own", get("/text")), .init("a short one", get("/short")),
            .init("a gateway's", get("/p/"), answers: [answer()]),
            .init("a gateway's, HEAD", .head("/p/", ["Accept-Encoding: gzip"]), answers: [answer()]),
            .init(
                "a gateway's tag and ranges", get("/p/"),
                answers: [answer("X-A: 1", "ETag: \"abc\"", "Accept-Ranges: bytes", "X-B: 2")]),
            .init("a weak tag", get("/p/"), answers: [answer("ETag: W/\"abc\"")]),
            .init("a tag that is none", get("/p/"), answers: [answer("ETag: abc", "X: 1")]),
            .init("encoded already", get("/p/vary/"), answers: [answer("Content-Encoding: br")]),
            .init("a gateway's Vary", get("/p/vary/"), answers: [answer("Vary: Cookie")]),
            .init(
                "with a charset", get("/p/"),
                answers: [.fixed(page, fields: ["Content-Type: text/html; charset=utf-8"])]),
            .init(
                "with another parameter", get("/p/"),
                answers: [.fixed(page, fields: ["Content-Type: text/html; a=b; charset=utf-8"])]),
            .init("without a type", get("/p/"), answers: [.fixed(page, fields: [])]),
            .init("two after one another", get("/p/"), get("/page.html"), answers: [answer()]),
        ]
    }

    static var preparedFiles: DifferentialGroup {
        let packed = "any bytes: nobody looks into them"
        return DifferentialGroup(
            name: "gzip_static",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; gzip_static on;
                    types { text/html html; }
                    location /vary/ { gzip_vary on; alias %PREFIX%/www/; }
                    location /always/ { gzip_static always; alias %PREFIX%/www/; }
                    location /off/ { gzip_static off; alias %PREFIX%/www/; }
                    location /undone/ { gzip_static always; gunzip on; alias %PREFIX%/www/; } }
                """#,
            files: [
                "www/a.html": "plain\n", "www/a.html.gz": packed, "www/only.html.gz": packed,
                "www/plain.html": "plain\n", "www/b.html": "plain\n", "www/b.html.gz/x": "in a folder",
                "www/index.html": "index\n", "www/index.html.gz": packed,
            ],
            cases: [
                .init("taken", get("/a.html")), .init("not taken", .get("/a.html")),
                .init("HEAD", .head("/a.html", ["Accept-Encoding: gzip"])),
                .init("a range", get("/a.html", "Range: bytes=0-3")), .init("alone", get("/only.html")),
                .init("alone, not taken", .get("/only.html")), .init("not there", get("/plain.html")),
                .init("a folder of that name", get("/b.html")), .init("off", get("/off/a.html")),
                .init("the index", get("/")), .init("Vary, taken", get("/vary/a.html")),
                .init("Vary, not taken", .get("/vary/a.html")),
                .init("Vary, not there", get("/vary/plain.html")), .init("always", .get("/always/a.html")),
                .init("Vary, of a range that is not there", .get("/vary/a.html", ["Range: bytes=999-"])),
                .init("always, not there", .get("/always/plain.html")),
                .init("always, and undone: taken", get("/undone/a.html")),
                .init("POST", .request("POST", "/a.html", ["Accept-Encoding: gzip"], body: "x")),
                .init("not modified", get("/a.html", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT")),
            ])
    }
}
