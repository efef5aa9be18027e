import Foundation

extension DifferentialGroup {
    /// `X-Accel-Redirect`: what may be named, and what stays of the answer that names it.
    static var accelRedirect: DifferentialGroup {
        let all = [
            "Content-Type: application/x-own", "Content-Disposition: attachment; filename=x",
            "Accept-Ranges: none", "Set-Cookie: a=b; Path=/app; Domain=in.test", "Set-Cookie: c=d; Path=/app",
            "Cache-Control: private", "Cache-Control: max-age=3", "Expires: Thu, 01 Jan 1970 00:00:01 GMT",
            "Last-Modified: Mon, 01 Jan 2001 00:00:00 GMT", "ETag: \"g\"", "X-Other: y", "Vary: Accept",
            "Link: <x>", "Location: /else", "Content-Encoding: br", "WWW-Authenticate: Basic realm=g",
            "X-Accel-Limit-Rate: 1000000", "Refresh: 3", "Content-Range: bytes 1-2/3",
        ]
        func named(_ target: String, _ fields: [String] = [], status: String = "200 OK") -> GatewayAnswer {
            .fixed("unread", status: status, fields: ["X-Accel-Redirect: \(target)"] + fields)
        }
        let targets = [
            "/in/a.txt", "/in/../../secret", "/in/../secret.txt", "/in/%66.txt", "", "/in/..", "/../x",
            "/in/a.txt?x=1", "/in/./a.txt", "/in/%2e%2e/secret.txt", "/in/.%2E/secret.txt", "/in/a%3fb",
            "/in/a.txt%00", "//in//a.txt", "/in/%2f..%2fsecret.txt", "/in/a..b", "/in/..a", "/in/a..",
            "/in\\..\\x", "/in/a.txt?../..", "/in/x/../a.txt", "/in/%25%32%65", "/in/a b", "/in/d%C3%A9.txt",
            "/", "/in/?a=%41", "@named", "@none", "@", "?x", "relative",
        ]
        var cases = targets.map { target in
            DifferentialCase("names \(target)", .get("/go/x?orig=1"), answers: [named(target)])
        }
        for target in ["/in/a.txt", "/in/none", "/text", "/moved", "/in", "@named", "/err", "/empty"] {
            cases.append(
                DifferentialCase("keeps fields for \(target)", .get("/go/x"), answers: [named(target, all)]))
        }
        cases += [
            .init("keeps fields of a refused name", .get("/go/x"), answers: [named("/in/../x", all)]),
            .init(
                "keeps fields, a range", .get("/go/x", ["Range: bytes=0-1"]),
                answers: [named("/in/a.txt", all)]),
            .init(
                "keeps fields, 304", .get("/go/x", ["If-None-Match: *"]), answers: [named("/in/a.txt", all)]),
            .init("keeps fields, HEAD", .head("/go/x"), answers: [named("/in/a.txt", all)]),
            .init(
                "a second gateway without a type", .get("/go/x"),
                answers: [named("/second/", all), .fixed("2", fields: ["Set-Cookie: s=2; path=/app"])]),
            .init(
                "a second gateway with a type", .get("/go/x"),
                answers: [named("/second/", all), .fixed("2", fields: ["Content-Type: text/css"])]),
            .init(
                "two hops", .get("/go/x"),
                answers: [
                    named("/second/", ["Set-Cookie: a=1; Path=/app", "Content-Type: a/b"]),
                    named("/in/a.txt", ["Set-Cookie: a=2; Path=/app", "Content-Type: c/d"]),
                ]),
            .init("an empty type", .get("/go/x"), answers: [named("/in/a.txt", ["Content-Type:"])]),
            .init(
                "from a 404", .get("/go/x"),
                answers: [named("/in/a.txt", ["Content-Type: text/html"], status: "404 Not Found")]),
            .init("a name beside the root", .get("/go/x"), answers: [named("-beside/secret.txt")]).differs(
                "a path begins at the root; nginx appends this one to the folder's name", "404 Not Found",
                lacks: "SECRET"),
            .init(
                "keeps nothing for a 412", .get("/go/x", ["If-Match: \"x\""]),
                answers: [named("/in/a.txt", ["Set-Cookie: a=b", "Content-Type: x/y"])]
            ).withoutProbe,
            .init("hidden cookies", .get("/hide/x"), answers: [named("/in/a.txt", ["Set-Cookie: a=b"])]),
            .init(
                "added fields", .get("/go/x"),
                answers: [named("/added/a.txt", ["Set-Cookie: a=b", "Content-Type: x/y"])]),
        ]
        return DifferentialGroup(
            name: "X-Accel-Redirect",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; absolute_redirect off;
                    location /go/ { proxy_cookie_path /app /web; proxy_cookie_domain in.test out.test;
                        proxy_pass http://%GATEWAY1%; }
                    location /hide/ { proxy_hide_header Set-Cookie; proxy_pass http://%GATEWAY1%; }
                    location /second/ { proxy_cookie_path /app /second; proxy_pass http://%GATEWAY1%; }
                    location /in/ { internal; alias %PREFIX%/www/sub/; error_page 404 = @lost; }
                    location /added/ { alias %PREFIX%/www/sub/; add_header X-A $uri; add_header X-B b always; }
                    location @lost { return 404 "lost $uri|$args\n"; }
                    location @named { return 200 "named $uri|$args\n"; }
                    location = /text { return 200 "text"; }
                    location = /empty { return 204; }
                    location = /moved { return 302 /there; }
                    location = /err { error_page 404 /in/page.html; return 404; }
                    location / { return 200 "root $uri|$args\n"; }
                }
                """#,
            files: [
                "www/sub/a.txt": "AAA\n", "www/sub/f.txt": "FFF\n", "www/sub/page.html": "<html>\n",
                "www/secret.txt": "SECRET\n", "www-beside/secret.txt": "SECRET\n",
            ],
            cases: cases)
    }

    /// Conditions and ranges of answers made here, error pages included.
    static var conditions: DifferentialGroup {
        let fields = [
            "If-None-Match: *", "If-None-Match: \"x\"", "If-Match: *", "If-Match: \"x\"",
            "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
            "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
            "If-Unmodified-Since: Tue, 14 Nov 2033 22:13:20 GMT", "Range: bytes=0-1", "Range: bytes=99-",
        ]
        let paths = [
            "/plain", "/created", "/tagged", "/page", "/page-as-200", "/page-as-404", "/page-as-206", "/text",
            "/text-as-200", "/text-as-404", "/a.txt", "/gone-range",
        ]
        var cases: [DifferentialCase] = []
        for path in paths {
            // nginx closes after a 412 without a word, and leaves the tag of the file that was not sent beside that of the page.
            for field in fields where path != "/gone-range" || field != "Range: bytes=99-" {
                cases.append(DifferentialCase("\(path) \(field)", .get(path, [field])).withoutProbe)
            }
        }
        let odd = GatewayAnswer.fixed("odd", status: "200 Odd Words", fields: ["ETag: \"e\""])
        cases += [
            .init("POST with a condition", .post("/plain", "x", ["If-None-Match: *"])),
            .init("HEAD with a condition", .head("/plain", ["If-None-Match: *"])),
            .init("a gateway's reason", .get("/odd/"), answers: [odd]),
            .init("a gateway's reason under =200", .get("/odd-as-200"), answers: [odd]),
            .init("a gateway's reason under =299", .get("/odd-as-299"), answers: [odd]),
            .init("a gateway's reason under 404", .get("/odd-as-404"), answers: [odd]),
            .init("a gateway's reason under =", .get("/odd-as-is"), answers: [odd]),
            .init("expires", .get("/expires", ["If-None-Match: *"])).ignoring("expires"),
            .init("too long, before a slash is added", .post("/slash", "0123456789a")),
            .init("not too long, then a slash is added", .post("/slash", "0123456789")),
            .init("too long where a rewrite leads", .post("/rewritten/", "0123456789a")),
            .init("too long where try_files leads", .post("/tried/", "0123456789a")),
            .init("too long where error_page leads", .post("/page-slash/", "0123456789a")),
        ]
        return DifferentialGroup(
            name: "conditions",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; absolute_redirect off;
                    location = /plain { return 200 "plain\n"; }
                    location = /created { return 201 "created\n"; }
                    location = /tagged { add_header ETag '"x"';
                        add_header Last-Modified "Tue, 14 Nov 2023 22:13:20 GMT"; return 200 "tagged\n"; }
                    location = /expires { expires 1h; return 200 "expires\n"; }
                    location = /page { error_page 404 = /a.txt; return 404; }
                    location = /page-as-200 { error_page 404 =200 /a.txt; return 404; }
                    location = /page-as-206 { error_page 404 =206 /a.txt; return 404; }
                    location = /page-as-404 { error_page 404 /a.txt; return 404; }
                    location = /text { error_page 404 = /plain; return 404; }
                    location = /text-as-200 { error_page 404 =200 /created; return 404; }
                    location = /text-as-404 { error_page 404 /plain; return 404; }
                    location = /gone-range { error_page 412 416 /page.html; alias %PREFIX%/www/a.txt; }
                    location /odd/ { proxy_pass http://%GATEWAY1%; }
                    location @odd { proxy_pass http://%GATEWAY1%; }
                    location = /odd-as-200 { error_page 404 =200 @odd; return 404; }
                    location = /odd-as-299 { error_page 404 =299 @odd; return 404; }
                    location = /odd-as-404 { error_page 404 @odd; return 404; }
                    location = /odd-as-is { error_page 404 = @odd; return 404; }
                    location /slash/ { client_max_body_size 10; proxy_pass http://%GATEWAY1%; }
                    location /rewritten/ { rewrite ^ /slash/x last; }
                    location /tried/ { try_files /none /slash/x; }
                    location /page-slash/ { error_page 404 = /slash/x; }
                }
                """#,
            files: ["www/a.txt": "some text\n", "www/page.html": "<html>\n"],
            cases: cases)
    }

    /// What is known of a request that is refused before it is served: to logs, and to the page for it.
    static var refusedRequests: DifferentialGroup {
        let values =
            "$request|$request_method|$request_uri|$uri|$args|$server_protocol|$scheme|$host|$is_args|"
            + "$request_filename|$server_name|$content_length|$http_x|$remote_addr"
        let requests = [
            "GET /a b HTTP/1.1\r\nHost: x", "GET", "x /probe", "GET / HTTP/1.1",
            "GET /a?b=c HTTP/1.1\r\nX: y", "GET /a?b=c HTTP/1.1\r\nHost: other.test\r\nHost: g",
            "GET /a?b=c HTTP/1.1\r\nHost: other.test\r\nX: y\u{0}",
            "GET /%zz?b=c HTTP/1.1\r\nHost: other.test", "GET /../x?b=c HTTP/1.1\r\nHost: h",
            "POST /a?b=c HTTP/1.1\r\nHost: other.test\r\nContent-Length: x", "get /a HTTP/1.1\r\nHost: h",
            "GET a HTTP/1.1\r\nHost: h", "GET /a HTTP/1.1\r\nHost: a b",
            "PUT /a%20/./b?b=c HTTP/1.1\r\nHost: h\r\nHost: g", "TRACE /t?u HTTP/1.1\r\nHost: other.test",
            "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpj",
            "POST a HTTP/1.1\r\nHost: h", "GET http://other.test/a?b=c HTTP/1.1\r\nHost: a..b",
            "GET http://other.test/ HTTP/1.1\r\nHost: h\r\nHost: h", "GET http://other.test/ HTTP/1.1",
            "GET http://Other.test.:80/ HTTP/1.1\r\nHost: h\r\nContent-Length: x",
            "GET http://x.test/ HTTP/1.1\r\nHost: other.test\r\nHost: a",
            "GET http://other.test/../x HTTP/1.1\r\nHost: other.test",
        ]
        var cases: [DifferentialCase] = []
        for (port, page) in ["the built-in page", "a text", "a gateway by URI", "a gateway by name"]
            .enumerated()
        {
            for request in requests {
                let name = "\(request.split(separator: "\r\n").joined(separator: "; ")), \(page)"
                cases.append(
                    DifferentialCase(name, .raw(request + "\r\n\r\n").onPort(port + 1)).logging(1))
            }
        }
        let pages = [
            "", "error_page 400 405 = /text;", "error_page 400 405 = /page;", "error_page 400 405 = @page;",
        ]
        let servers = pages.enumerated().map { index, page in
            let locations = """
                root /root; access_log %PREFIX%/access.log values; \(page)
                location / { proxy_pass http://%GATEWAY1%; }
                location = /text { return 200 "\(values)\\n"; }
                location = /page { proxy_set_header Connection ""; proxy_set_header X-Values "\(values)"; proxy_pass http://%GATEWAY1%; }
                location @page { proxy_set_header Connection ""; proxy_set_header X-Values "\(values)"; proxy_pass http://%GATEWAY1%; }
                """
            return """
                server { listen 127.0.0.1:%PORT\(index + 1)%; server_name first.test; \(locations) }
                server { listen 127.0.0.1:%PORT\(index + 1)%; server_name other.test; \(locations) }
                """
        }
        return DifferentialGroup(
            name: "refused requests",
            http: "log_format values '\(values)|$status';\n" + servers.joined(separator: "\n"),
            cases: cases)
    }
}
