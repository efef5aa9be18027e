extension DifferentialGroup {
    /// `add_before_body`, `add_after_body`. What nginx asks for when it sees the response, Portico asks for
    /// before that: of a gateway's order nothing is said here.
    static var addition: DifferentialGroup {
        DifferentialGroup(
            name: "addition",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                    add_before_body /before.txt; add_after_body /behind?x=1;
                    location = /before.txt { gzip_static on; add_header X-None none; }
                    location = /behind { internal; return 200 "[$uri|$args|$request_uri|$request_method]"; }
                    location / { index index.html; }
                    location /gateway/ { proxy_pass http://%GATEWAY1%; }
                    location /one/ { add_before_body ""; proxy_pass http://%GATEWAY1%; addition_types text/x; }
                    location /none/ { add_before_body ""; add_after_body ""; alias %PREFIX%/www/; }
                    location /any/ { addition_types *; alias %PREFIX%/www/; }
                    location /return/ { default_type text/html; return 200 "said"; }
                    location /created/ { default_type text/html; return 201 "said"; }
                    location /moved/ { return 301 /x; }
                    location /page/ { error_page 404 =200 /i.html; return 404; }
                    location /missing/ { add_before_body /nowhere; alias %PREFIX%/www/; }
                    location /denied/ { add_before_body /deny; alias %PREFIX%/www/; }
                    location /deny { deny all; alias %PREFIX%/www/before.txt; }
                    location /asks/ { add_before_body /ask; alias %PREFIX%/www/; }
                    location = /ask { proxy_pass http://%GATEWAY1%; }
                    location /replaced/ { sub_filter hello HELLO; sub_filter before no; alias %PREFIX%/www/; }
                    location /charset/ { charset utf-8; alias %PREFIX%/www/; }
                    location /list/ { autoindex on; alias %PREFIX%/www/list/; }
                }
                """#,
            files: [
                "www/before.txt": "before, ", "www/before.txt.gz": "packed", "www/i.html": "hello",
                "www/i.txt": "text",
                "www/empty.html": "", "www/index.html": "index", "www/list/a": "a",
            ],
            cases: additionOfFiles + additionOfGateways)
    }

    private static var additionOfFiles: [DifferentialCase] {
        let paths = [
            "/", "/i.html", "/i.txt", "/empty.html", "/none/i.html", "/any/i.txt", "/return/", "/created/",
            "/moved/", "/page/", "/missing/i.html", "/denied/i.html", "/replaced/i.html", "/charset/i.html",
            "/absent.html", "/before.txt", "/list/",
        ]
        return paths.map { DifferentialCase($0, .get($0)) } + [
            DifferentialCase("HEAD", .head("/i.html")),
            DifferentialCase("an old client", .get("/i.html", version: "HTTP/1.0")),
            DifferentialCase("no ranges", .get("/i.html", ["Range: bytes=0-1"])),
            DifferentialCase(
                "not modified", .get("/i.html", ["If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"])),
            DifferentialCase("to who takes gzip", .get("/i.html", ["Accept-Encoding: gzip"])),
            DifferentialCase("twice", .get("/i.html"), .get("/return/")),
        ]
    }

    private static var additionOfGateways: [DifferentialCase] {
        let html = ["Content-Type: text/html", "ETag: \"e\"", "Accept-Ranges: bytes"]
        return [
            DifferentialCase("a gateway's", .get("/gateway/"), answers: [.fixed("hello", fields: html)]),
            DifferentialCase("of another type", .get("/gateway/"), answers: [.fixed("hello")]),
            DifferentialCase(
                "of another status", .get("/gateway/"),
                answers: [.fixed("hello", status: "404 No", fields: html)]),
            DifferentialCase("without content", .get("/gateway/"), answers: [.fixed("", fields: html)]),
            DifferentialCase(
                "large", .get("/gateway/"),
                answers: [.fixed(String(repeating: "x", count: 200_000), fields: html)]),
            DifferentialCase("in chunks", .get("/gateway/"), answers: [.chunked(["a", "b"], fields: html)]),
            DifferentialCase(
                "to a POST", .post("/gateway/", "abc"), answers: [.fixed("hello", fields: html)]),
            DifferentialCase(
                "behind alone, by type", .get("/one/"),
                answers: [.fixed("hello", fields: ["Content-Type: text/x"])]),
            DifferentialCase(
                "a gateway is asked", .get("/asks/i.html"), answers: [.chunked(["be", "fore"])]),
            DifferentialCase(
                "a gateway that is asked fails", .get("/asks/i.html"),
                answers: [.fixed("none", status: "500 X")]),
        ]
    }
}
