extension DifferentialGroup {
    static var errors: DifferentialGroup {
        DifferentialGroup(
            name: "errors",
            http: #"""
                upstream dead { server %DEAD% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /dead/ { proxy_pass http://dead; }
                    location /slow/ { proxy_read_timeout 200ms; proxy_pass http://%GATEWAY1%; }
                    location /page/ { error_page 404 /pages/404.txt; return 404; }
                    location /code/ { error_page 404 =200 /pages/404.txt; return 404; }
                    location /taken/ { error_page 404 = /answered; return 404; }
                    location = /answered { return 203 "answered $uri $request_uri\n"; }
                    location /named/ { error_page 502 504 = @rescue; proxy_pass http://dead; }
                    location @rescue { return 200 "rescued $uri\n"; }
                    location /proxied-rescue/ { error_page 502 = @second; proxy_pass http://dead; }
                    location @second { proxy_pass http://%GATEWAY1%; }
                    location /outside/ { error_page 404 http://elsewhere.test/gone; return 404; }
                    location /moved/ { error_page 404 =301 http://elsewhere.test/gone; return 404; }
                    location /intercept/ { proxy_intercept_errors on; error_page 404 503 /pages/404.txt;
                        error_page 401 /answered; proxy_pass http://%GATEWAY1%; }
                    location /nointercept/ { error_page 404 /pages/404.txt; proxy_pass http://%GATEWAY1%; }
                    location /recursive/ { recursive_error_pages on; proxy_intercept_errors on;
                        error_page 404 = @first; return 404; }
                    location /once/ { error_page 404 = @first; return 404; }
                    location @first { recursive_error_pages on; error_page 502 = @rescue; proxy_pass http://dead; }
                    location /missing-page/ { error_page 404 /pages/none.txt; return 404; }
                    location /variable/ { error_page 404 /pages/$arg_p.txt; return 404; }
                    location /query/ { error_page 404 /asked$is_args$args; return 404;
                        location /query/whole { error_page 404 $arg_page; return 404; }
                        location /query/again { error_page 404 /asked?was=$request_uri; return 404; } }
                    location = /asked { return 200 "$uri with $args"; }
                    location /pages/ { internal; root %PREFIX%/www; }
                    location /turned/ { root %PREFIX%/www; error_page 301 302 /pages/404.txt;
                        location /turned/away { return 302 /elsewhere; }
                        location /turned/again { error_page 301 302 = @other; return 301 http://a.test/; } }
                    location @other { return 302 http://b.test/; }
                    location /twice/ { proxy_intercept_errors on; error_page 404 500 503 /twice/page;
                        error_page 405 =200 @twice; proxy_pass http://%GATEWAY1%;
                        location /twice/here/ { return 405; } }
                    location @twice { proxy_intercept_errors on; error_page 403 /pages/404.txt;
                        proxy_pass http://%GATEWAY1%; }
                    location /nobody/ { try_files /none @nobody; error_page 500 /pages/404.txt; }
                    location /turned-behind/ { proxy_intercept_errors on; error_page 302 /pages/404.txt;
                        proxy_pass http://%GATEWAY1%; }
                    location /lost/ { root %PREFIX%/www; }
                    location /methods/ { error_page 405 =200 /answered; return 405; }
                }
                """#,
            files: ["www/pages/404.txt": "not here, sorry\n", "www/turned/folder/x": ""],
            cases: [
                .init(
                    "the query of an error page may be in its variables", .get("/query/x?a=1?2"),
                    .get("/query/x"), .get("/query/whole?page=/asked?b"), .get("/query/whole?page=/asked"),
                    .get("/query/again?c=d")),
                .init(
                    "a redirect with an error page says where it would have led", .get("/turned/folder"),
                    .get("/turned/away"), .get("/turned/again")),
                .init(
                    "an error page's own error, intercepted", .get("/twice/x"),
                    answers: [
                        .fixed("one", status: "500 Oops"), .fixed("two", status: "503 Busy"),
                    ]),
                .init(
                    "an error page's own error in a named location", .get("/twice/here/"),
                    answers: [.fixed("one", status: "403 Forbidden")]),
                .init(
                    "an error page's own error without a page", .get("/twice/x"),
                    answers: [
                        .fixed("one", status: "500 Oops"), .fixed("two", status: "502 Bad"),
                    ]),
                .init("a named location that is not there has an error page", .get("/nobody/")),
                .init(
                    "a gateway's redirect with an error page does not", .get("/turned-behind/"),
                    answers: [.fixed("", status: "302 Found", fields: ["Location: /x"])]),
                .init("502 when nothing listens", .get("/dead/")),
                .init("502, HEAD", .head("/dead/")).ignoring("content-length"),
                .init("504", .get("/slow/"), answers: [.hang]),
                .init(
                    "504 between head and body", .get("/slow/"),
                    answers: [
                        .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").then(.hang)
                    ]
                ).withoutProbe.differs("what came is passed on at once, not kept for a full buffer", "half"),
                .init("404 of our own", .get("/lost/x")),
                .init("404 of our own, POST", .post("/lost/x", "x")),
                .init("an error page", .get("/page/")),
                .init("an error page, HEAD", .head("/page/")),
                .init("an error page for a POST", .post("/page/", "x")),
                .init("an error page with a code", .get("/code/")),
                .init("an error page that gives the code", .get("/taken/")),
                .init("a named location", .get("/named/")),
                .init("a named location that proxies", .get("/proxied-rescue/x?y")),
                .init("a named location that proxies a POST", .post("/proxied-rescue/x", "kept body")),
                .init("a redirect as error page", .get("/outside/")),
                .init("a redirect with a code", .get("/moved/")),
                .init(
                    "proxy_intercept_errors", .get("/intercept/x"),
                    answers: [
                        .fixed("gateway's words", status: "404 Not Found", fields: ["X-Lost: 1"])
                    ]),
                .init(
                    "proxy_intercept_errors leaves codes without page", .get("/intercept/x"),
                    answers: [
                        .fixed("gateway's words", status: "500 Internal Server Error")
                    ]),
                .init(
                    "proxy_intercept_errors keeps WWW-Authenticate", .get("/intercept/x"),
                    answers: [
                        .fixed(
                            "who?", status: "401 Unauthorized",
                            fields: ["WWW-Authenticate: Basic realm=\"g\""])
                    ]),
                .init(
                    "without it errors pass", .get("/nointercept/x"),
                    answers: [
                        .fixed("gateway's words", status: "404 Not Found")
                    ]),
                .init("recursive error pages", .get("/recursive/")),
                .init("not recursive, once", .get("/once/")),
                .init("an error page that is missing", .get("/missing-page/")),
                .init("an error page with a variable", .get("/variable/?p=404")),
                .init("an internal location", .get("/pages/404.txt")),
                .init("405 changed", .post("/methods/", "x")),
            ])
    }

    private static func refreshes(of browser: String) -> [Ask] {
        let paths = ["path?x={}\\'\"", "url?x=%20%22'", "rewritten?x=<>^`|{}", "303", "404"]
        return paths.map { .get("/msie/\($0)", ["User-Agent: \(browser)"]) }
    }

    static var returns: DifferentialGroup {
        let codes = [
            200, 201, 204, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411,
            412, 413, 414, 415, 416, 421, 429, 500, 501, 502, 503, 504, 505, 507, 299, 418, 599,
        ]
        var http = "server { listen 127.0.0.1:%PORT1%; server_name front.test;\n"
        for code in codes { http += "location = /\(code) { return \(code); }\n" }
        http += #"""
            location = /444 { return 444; }
            location = /text { return 200 "hello $uri $arg_x\n"; }
            location = /typed { default_type application/json; return 200 '{"a": "$arg_x"}'; }
            location = /empty { return 200 ""; }
            location = /404text { return 404 "nothing\n"; }
            location = /url { return https://else.test$request_uri; }
            location = /301url { return 301 http://else.test/x; }
            location = /302path { return 302 /there?x=$arg_x; }
            location = /307var { return 307 $scheme://$host:$server_port/x; }
            location = /308url { return 308 /perm; }
            location = /relative { absolute_redirect off; return 301 /there; }
            location = /noport { port_in_redirect off; return 301 /there; }
            location = /named { server_name_in_redirect on; return 301 /there; }
            location /msie { msie_refresh on; charset utf-8; add_header X-Always a always; root %PREFIX%;
                location /msie/path { return 301 "/x?!&()*+,-./09:;<=>@AZ[]^_`az|~%41#$arg_x"; }
                location /msie/url { return 302 http://else.test/$arg_x; }
                location /msie/rewritten { rewrite ^ /$arg_x? redirect; }
                location /msie/303 { return 303 /x; }
                location /msie/404 { error_page 404 http://else.test/; return 404; } }
            """# + "}"
        var cases: [DifferentialCase] = codes.map { code in
            DifferentialCase("return \(code)", .get("/\(code)"))
        }
        cases += [
            .init("return 444", .get("/444")).withoutProbe,
            .init("msie_refresh", asks: refreshes(of: "Mozilla/4.0 (compatible; MSIE 7.0; X)")),
            .init("msie_refresh, HEAD", .head("/msie/url?x=", ["User-Agent: x (MSIE 7.0; X)"])),
            .init(
                "msie_refresh and another browser", asks: refreshes(of: "Mozilla/4.0 (MSIE 7.0; X) Opera 9")),
            .init("a text", .get("/text?x=a%20b")),
            .init("a text, HEAD", .head("/text?x=1")),
            .init("a text, POST", .post("/text?x=1", "abc")),
            .init("default_type", .get("/typed?x=1")),
            .init("an empty text", .get("/empty")),
            .init("a text with an error code", .get("/404text")),
            .init("a lone URL", .get("/url?a=b")),
            .init("301 with a URL", .get("/301url")),
            .init("302 with a path becomes absolute", .get("/302path?x=1", host: "some.host:99")),
            .init("307 with variables", .get("/307var", host: "x.test")),
            .init("308", .get("/308url")),
            .init("absolute_redirect off", .get("/relative")),
            .init("port_in_redirect off", .get("/noport")),
            .init("server_name_in_redirect", .get("/named")),
            .init("a redirect in HTTP/1.0 without Host", .get("/302path", host: nil, version: "HTTP/1.0")),
            .init("a Range of a text", .get("/text", ["Range: bytes=0-3"])),
        ]
        return DifferentialGroup(name: "return", http: http, cases: cases)
    }

    static var nextUpstream: DifferentialGroup {
        DifferentialGroup(
            name: "proxy_next_upstream",
            http: #"""
                upstream pair { %NO_POOL% server %GATEWAY1% max_fails=0; server %GATEWAY2% max_fails=0; }
                upstream half { server %DEAD% max_fails=0; server %GATEWAY2% max_fails=0; }
                upstream spare { server %DEAD% max_fails=0; server %GATEWAY1% backup; }
                server { listen 127.0.0.1:%PORT1%;
                    add_header X-Tried $upstream_status always;
                    location / { proxy_pass http://pair; }
                    location /half/ { proxy_pass http://half; }
                    location /spare/ { proxy_pass http://spare; }
                    location /off/ { proxy_next_upstream off; proxy_pass http://pair; }
                    location /codes/ { proxy_next_upstream error http_503 http_404; proxy_pass http://pair; }
                    location /unsafe/ { proxy_next_upstream error timeout non_idempotent; proxy_pass http://pair; }
                    location /once/ { proxy_next_upstream_tries 1; proxy_pass http://pair; }
                    location /timeout/ { proxy_read_timeout 200ms; proxy_pass http://pair; }
                    location /invalid/ { proxy_next_upstream error invalid_header; proxy_pass http://pair; }
                }
                """#,
            gateways: 2,
            cases: [
                .init("closed, then the next", .get("/"), answers: [.close]),
                .init("reset, then the next", .get("/"), answers: [.reset]),
                .init("both fail", .get("/"), answers: [.close, .close]),
                .init("refused, then the next", .get("/half/"), .get("/half/"), .get("/half/")),
                .init("refused, then the backup", .get("/spare/")),
                .init("off", .get("/off/"), answers: [.close]),
                .init("a POST that was sent is not tried again", .post("/", "x"), answers: [.close]),
                .init("a POST refused is tried again", .post("/half/", "body"), .post("/half/", "body")),
                .init("non_idempotent", .post("/unsafe/", "body"), answers: [.close]),
                .init("PUT is tried again", .request("PUT", "/", body: "x"), answers: [.close]),
                .init(
                    "http_503", .get("/codes/"), answers: [.fixed("no", status: "503 Service Unavailable")]),
                .init("http_404", .get("/codes/"), answers: [.fixed("no", status: "404 Not Found")]),
                .init(
                    "http_503 everywhere: the last one's answer passes", .get("/codes/"),
                    answers: [
                        .fixed("one", status: "503 Service Unavailable"),
                        .fixed("two", status: "503 Service Unavailable"),
                    ]),
                .init(
                    "a code not named passes", .get("/codes/"),
                    answers: [.fixed("no", status: "502 Bad Gateway")]),
                .init("tries are limited", .get("/once/"), answers: [.close]),
                .init("a timeout, then the next", .get("/timeout/"), answers: [.hang]),
                .init(
                    "an invalid head, then the next", .get("/invalid/"),
                    answers: [
                        .raw("HTTP/1.1 200 OK\r\nbad\u{0}: x\r\n\r\n").then(.close)
                    ]),
                .init(
                    "no retry once the head was passed", .get("/"),
                    answers: [
                        .raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").then(.close)
                    ]
                ).withoutProbe,
            ])
    }
}
