extension DifferentialGroup {
    static var expiries: DifferentialGroup {
        DifferentialGroup(
            name: "expires and add_header",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location /var/ { expires $arg_e; proxy_pass http://%GATEWAY1%; }
                    location /modified/ { expires modified $arg_e; proxy_pass http://%GATEWAY1%; }
                    location /file/ { expires $arg_e; alias %PREFIX%/; }
                    location /in-place/ { add_header ETag $arg_x; add_header Last-Modified $arg_x;
                        add_header Cache-Control private; add_header Expires 0; expires $arg_e;
                        proxy_pass http://%GATEWAY1%; }
                    location /error { expires max; add_header Cache-Control a always; return 404; }
                    location /moved { expires max; return 301 /x; } }
                """#,
            files: ["file.txt": "0123456789"],
            cases: [
                .init(
                    "words",
                    asks: ["max", "epoch", "off", "", "x", "modified", "@25h", "1x"].map {
                        .get("/var/?e=\($0)")
                    }, answers: Array(repeating: aged, count: 8)),
                .init("a time long ago", .get("/modified/?e=-9y"), answers: [aged]),
                .init("never", .get("/modified/?e=max"), .get("/modified/?e=@1h"), answers: [aged, aged]),
                .init("a file", .get("/file/file.txt?e=epoch")).ignoring("ETag", "Last-Modified"),
                .init(
                    "where fields stand", .get("/in-place/?e=max&x=new"), .get("/in-place/?e=epoch"),
                    .get("/in-place/"), answers: [aged, aged, aged]),
                .init("errors and redirects", .get("/error"), .get("/moved")),
                .init(
                    "of several fields the first", .get("/in-place/?e=off"),
                    answers: [
                        .fixed("x", fields: ["Expires: one", "X-A: b", "Expires: two", "ETag: a", "ETag: b"])
                    ]
                ).differs("nginx does since 1.23", "Expires: one", lacks: "two"),
            ])
    }

    /// A gateway's answer that says much about its age.
    private static var aged: GatewayAnswer {
        .fixed(
            "x",
            fields: [
                "X-First: 1", "etag: \"gw\"", "cache-control: a", "X-Middle: 1", "Expires: soon",
                "Cache-Control: b", "Last-Modified: Mon, 13 Nov 2023 00:00:00 GMT", "X-Last: 1",
            ])
    }

    static var cookieRules: DifferentialGroup {
        DifferentialGroup(
            name: "cookies of gateways",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location /domain { proxy_cookie_domain Example.com new.org; proxy_cookie_domain .dot.com .dot.org;
                        proxy_cookie_domain ~^(.*)\.re\.com$ $1.re.org; proxy_cookie_domain $arg_from $arg_to;
                        proxy_pass http://%GATEWAY1%; }
                    location /path { proxy_cookie_path /one/ /two/; proxy_cookie_path ~^/re/(.*)$ /er/$1;
                        proxy_cookie_path ~*^/CI/ /ci/; proxy_cookie_path / /root/; proxy_pass http://%GATEWAY1%; }
                    location /flags { proxy_cookie_flags one secure httponly samesite=strict;
                        proxy_cookie_flags two nosecure nohttponly nosamesite;
                        proxy_cookie_flags ~^THR secure samesite=none; proxy_cookie_flags $arg_n httponly $arg_f;
                        proxy_pass http://%GATEWAY1%; }
                    location /all { proxy_cookie_flags ~ samesite=lax nohttponly; proxy_cookie_path / /r/;
                        proxy_pass http://%GATEWAY1%;
                        location /all/off { proxy_cookie_flags off; proxy_cookie_path off;
                            proxy_pass http://%GATEWAY1%; } } }
                """#,
            cases: ["/domain?from=dom.x&to=dom.y", "/path", "/flags?n=five&f=secure", "/all", "/all/off"].map
            {
                path in .init(path, asks: cookies.map { _ in .get(path) }, answers: cookies)
            })
    }

    private static var cookies: [GatewayAnswer] {
        [
            "a=b; Domain=example.com; path=/one/x", "a=b;domain=.EXAMPLE.com;Path=/re/q;secure",
            "a=b; DOMAIN = Example.Com ; PATH=/ci/x",
            "a=b; domain=foo.RE.com; domain=example.com; path=/; path=/one/",
            "a=b; domain=.foo.re.com", "a=b; domain=.dot.com", "a=b; domain=dom.x", "a=b; domain; path",
            "a=b; domain=; path=", "a; path=/", "a=b;;; path=/CI/x;", "domain=example.com; path=/", "",
            " a = b c ; path = /one/ ", "one=1", "ONE=1; Secure; SameSite=Lax",
            "one=1; samesite=STRICT; httponly; path=/", "two=2; secure; HttpOnly; SameSite=None; path=/x",
            "three=3; samesite; secure=1", "five=5", "=x; secure",
        ].map { .fixed("x", fields: ["Set-Cookie: \($0)", "Set-Cookie: second=2; path=/"]) }
    }

    /// `charset_map`: texts become others on their way.
    static var charsetMaps: DifferentialGroup {
        let texts = ["a\u{430}\u{431}b \u{20AC} \u{432} \u{1F600}", "plain", ""]
        let types = ["text/html; charset=utf-8", "text/html", "image/png", "text/html; charset=koi8-r"]
        let answers = types.flatMap { type in
            texts.flatMap { text -> [GatewayAnswer] in
                [.fixed(text, fields: ["Content-Type: \(type)", "Accept-Ranges: bytes", "ETag: \"x\""])]
            }
        }
        return DifferentialGroup(
            name: "charset_map",
            http: #"""
                charset_map koi8-r utf-8 { C1 D0B0; C2 D0B1; A3 E282AC; }
                charset_map x-all utf-8 { D0 C3A0; B0 C3A1; B1 C3A2; B2 C3A3; E2 C3A4; 82 C3A5; AC C3A6; F0 C3A7;
                    9F C3A8; 98 C3A9; 80 C3AA; }
                charset_map windows-1251 koi8-r { E0 C1; E1 C2; }
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%; types { text/html html; text/css css; }
                    location /out { charset koi8-r; source_charset utf-8; override_charset on;
                        proxy_pass http://%GATEWAY1%; }
                    location /in { charset utf-8; source_charset x-all; proxy_pass http://%GATEWAY1%; }
                    location /bytes { charset windows-1251; source_charset koi8-r; proxy_pass http://%GATEWAY1%; }
                    location /var { charset $arg_c; source_charset utf-8; proxy_pass http://%GATEWAY1%; }
                    location /sub { charset koi8-r; source_charset utf-8; sub_filter a b; proxy_pass http://%GATEWAY1%; }
                    location /files/ { charset koi8-r; source_charset utf-8; alias %PREFIX%/; } }
                """#,
            files: [
                "a.html": texts[0], "a.css": texts[0], "b.html": String(repeating: texts[0], count: 9000),
            ],
            expectedAlarms: ["charset"],
            cases: ["/out", "/in", "/bytes", "/var?c=KOI8-R", "/var?c=windows-1251", "/sub"].map { path in
                .init("\(path)", asks: answers.map { _ in .get(path) }, answers: answers)
            } + [
                .init("HEAD", .head("/out"), answers: [answers[0]]),
                .init(
                    "in pieces", .get("/out"),
                    answers: [.chunked(["a\u{430}", "\u{431}", "x"])]),
                .init("files", .get("/files/a.html"), .get("/files/a.css"), .head("/files/a.html"))
                    .ignoring("ETag", "Last-Modified"),
                .init("a long file", .get("/files/b.html")).ignoring("ETag", "Last-Modified"),
                .init("no ranges of it", .get("/files/a.html", ["Range: bytes=1-3"]))
                    .ignoring("ETag", "Last-Modified"),
            ])
    }

    static var charsets: DifferentialGroup {
        DifferentialGroup(
            name: "charset",
            http: #"""
                types { text/html html; text/css css; application/json json; }
                log_format type '$uri $sent_http_content_type';
                server { listen 127.0.0.1:%PORT1%; charset utf-8; root %PREFIX%; error_page 410 =200 @page;
                    location @page { return 200 page; }
                    location /gateway { proxy_pass http://%GATEWAY1%; }
                    location /override { override_charset on; proxy_pass http://%GATEWAY1%; }
                    location /off { charset off; proxy_pass http://%GATEWAY1%; }
                    location /koi { charset koi8-r; override_charset on; proxy_pass http://%GATEWAY1%; }
                    location /source { source_charset UTF-8; proxy_pass http://%GATEWAY1%; }
                    location /var { charset $arg_c; override_charset on; proxy_pass http://%GATEWAY1%; }
                    location /types { charset_types application/json text/x; proxy_pass http://%GATEWAY1%; }
                    location /star { charset_types *; proxy_pass http://%GATEWAY1%; }
                    location /text { return 200 text; }
                    location /own { default_type "text/html; charset=x"; return 200 text; }
                    location /json { default_type application/json; return 200 text; }
                    location /moved { return 301 /x; } location /see { return 303 /x; }
                    location /gone { return 410; } location /404 { return 404; }
                    location /logged { access_log %PREFIX%/access.log type; return 200 text; } }
                """#,
            files: ["a.html": "hello world", "a.css": "c", "a.json": "{}"],
            expectedAlarms: ["charset"],
            cases: [
                "/gateway", "/override", "/off", "/koi", "/source", "/var?c=KOI8-R", "/types",
                "/star",
            ].map { path in .init(path, asks: types.map { _ in .get(path) }, answers: types) } + [
                .init(
                    "what is made here",
                    asks: ["/text", "/own", "/json", "/moved", "/see", "/gone", "/404", "/a.css", "/a.json"]
                        .map {
                            .get($0)
                        }
                ).ignoring("ETag", "Last-Modified"),
                .init(
                    "a file", .get("/a.html"), .head("/a.html"),
                    .get("/a.html", ["If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"])
                ).ignoring("ETag", "Last-Modified"),
                .init("in a log", .get("/logged")).logging(1),
                .init(
                    "by X-Accel-Charset",
                    asks: forced.map { _ in .get("/off") } + forced.map { _ in .get("/override") },
                    answers: forced + forced),
            ])
    }

    private static var types: [GatewayAnswer] {
        [
            "text/html", "text/html; charset=koi8-r", "text/html;charset=UTF-8",
            "text/html; charset=\"utf-8\"",
            "text/html; a=b; charset=utf-8; x=y", "text/html; a=b", "TEXT/HTML", "application/json", "text/x",
            "",
            "text/plain; charset=", "text/html; CHARSET=utf-8",
        ].map { .fixed("content", fields: ["Content-Type: \($0)"]) }
            + ["301 Moved", "404 Not Found"].map {
                .fixed("x", status: $0, fields: ["Content-Type: text/html"])
            }
    }

    private static var forced: [GatewayAnswer] {
        ["koi8-r", "UTF-8", "unknown", ""].flatMap { charset in
            ["text/html", "text/html; charset=utf-8", "image/png"].map {
                .fixed("x", fields: ["Content-Type: \($0)", "X-Accel-Charset: \(charset)"])
            }
        }
    }
}
