import Foundation

extension DifferentialGroup {
    static var substitution: DifferentialGroup {
        DifferentialGroup(
            name: "substitution",
            http: #"""
                gzip_types text/plain;
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; default_type text/plain;
                    types { text/html html; text/css css; }
                    location /once/ { sub_filter foo "<$arg_x>"; proxy_pass http://%GATEWAY1%; }
                    location /all/ { sub_filter_once off; sub_filter foo bar; sub_filter "fo" "";
                        sub_filter http://in.test/ http://$host/; proxy_pass http://%GATEWAY1%; }
                    location /order/ { sub_filter_once off; sub_filter a A; sub_filter aaab X;
                        sub_filter ab Y; proxy_pass http://%GATEWAY1%; }
                    location /order2/ { sub_filter aaab X; sub_filter ab Y; sub_filter a A;
                        sub_filter a B; proxy_pass http://%GATEWAY1%; }
                    location /kept/ { sub_filter foo bar; sub_filter_last_modified on;
                        proxy_pass http://%GATEWAY1%; }
                    location /types/ { sub_filter foo bar; sub_filter_types text/css;
                        proxy_pass http://%GATEWAY1%; }
                    location /any/ { sub_filter foo bar; sub_filter_types *; proxy_pass http://%GATEWAY1%; }
                    location /asked/ { sub_filter $arg_q "[$arg_q]"; sub_filter $arg_r r; sub_filter_once off;
                        proxy_pass http://%GATEWAY1%; }
                    location /files/ { alias %PREFIX%/www/; sub_filter foo bar; }
                    location /outer/ { sub_filter foo bar; sub_filter_once off;
                        location /outer/in/ { sub_filter_once on; proxy_pass http://%GATEWAY1%; }
                        location /outer/own/ { sub_filter fo own; proxy_pass http://%GATEWAY1%; } }
                    location /text { default_type text/html; sub_filter foo bar; return 200 "foo foo\n"; }
                    location /moved { sub_filter foo bar; return 302 /foo; }
                }
                """#,
            files: ["www/a.html": "a foo here", "www/a.css": "a foo there", "www/none.html": ""],
            cases: replacing + heads)
    }

    private static func page(_ text: String, _ fields: [String] = []) -> GatewayAnswer {
        .fixed(text, fields: ["Content-Type: text/html"] + fields)
    }

    private static var replacing: [DifferentialCase] {
        let links = page("foo <a href=\"HTTP://IN.test/foo\">fOo</a> fofoo")
        return [
            .init("once", .get("/once/?x=1"), answers: [links]),
            .init("each, several at once", .get("/all/"), answers: [links]),
            .init("in chunks", .get("/all/"), answers: [.chunked(["f", "o", "ofo", "o fo", "xfoo"])]),
            .init("the leftmost, then the first", .get("/order/"), answers: [page("aaab aab ab b aaa")]),
            .init("each of the same text once", .get("/order2/"), answers: [page("aaab aaab ab a aa a")]),
            .init(
                "other types", .get("/types/"), answers: [.fixed("foo", fields: ["Content-Type: text/css"])]),
            .init("other types still have HTML", .get("/types/"), answers: [page("foo")]),
            .init(
                "not its type", .get("/once/"), answers: [.fixed("foo", fields: ["Content-Type: text/css"])]),
            .init("any type", .get("/any/"), answers: [.fixed("foo", fields: ["Content-Type: a/b"])]),
            .init(
                "a charset behind the type", .get("/once/"),
                answers: [.fixed("foo", fields: ["Content-Type: text/html; charset=utf-8"])]),
            .init("what variables say", .get("/asked/?q=foo&r=b"), answers: [page("a foo b foo")]),
            .init("variables that say nothing", .get("/asked/"), answers: [page("a foo b foo")]),
            .init("inherited, but for once", .get("/outer/in/"), answers: [page("foo foo")]),
            .init("lines of one's own", .get("/outer/own/"), answers: [page("foo foo")]),
            .init("a text of ours", .get("/text")),
            .init("a redirect of ours", .get("/moved")).ignoring("content-length"),
        ]
    }

    private static var heads: [DifferentialCase] {
        let tags = [
            "ETag: \"x\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Accept-Ranges: bytes",
        ]
        return [
            .init("tags go", .get("/once/"), answers: [page("foo", tags)]),
            .init("tags stay, and are weak", .get("/kept/"), answers: [page("foo", tags)]),
            .init("tags go where nothing is found", .get("/once/"), answers: [page("bar", tags)]),
            .init("HEAD", .head("/once/"), answers: [page("foo", tags)]),
            .init("nothing in it", .get("/once/"), answers: [page("", tags)]),
            .init("an old client", .get("/once/", version: "HTTP/1.0"), answers: [page("foo", tags)]),
            .init(
                "tags go where there is no content, and so does its length", .get("/once/"), .get("/kept/"),
                .get("/any/"),
                answers: [
                    .raw(
                        "HTTP/1.1 304 Same\r\nContent-Type: text/html\r\nContent-Length: 3\r\nETag: \"x\"\r\n\r\n"
                    ),
                    .raw("HTTP/1.1 304 Same\r\nContent-Type: text/html\r\nETag: \"x\"\r\n\r\n"),
                    .raw("HTTP/1.1 204 None\r\nETag: \"x\"\r\n\r\n"),
                ]),
            .init("a file", .get("/files/a.html")),
            .init("a file of another type", .get("/files/a.css")),
            .init("a file with nothing in it", .get("/files/none.html")),
            .init("no ranges of it", .get("/files/a.html", ["Range: bytes=1-3"])),
            .init(
                "not modified",
                .get("/files/a.html", ["If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"])),
            DifferentialCase(
                "content that is coded is left alone", .get("/once/"),
                answers: [page("foo", ["Content-Encoding: br"])]
            ).differs("nginx looks for the text in coded bytes", "Content-Length: 3"),
        ]
    }
}

extension DifferentialGroup {
    static var forcedRanges: DifferentialGroup {
        let tags = ["ETag: \"x\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"]
        let whole = GatewayAnswer.fixed("0123456789", fields: tags)
        func ask(_ range: String, _ fields: String...) -> Ask { .get("/", ["Range: \(range)"] + fields) }
        return DifferentialGroup(
            name: "forced ranges",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; proxy_force_ranges on;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /none/ { max_ranges 0; proxy_pass http://%GATEWAY1%; }
                    location = /gif { empty_gif; empty_gif; } }
                """#,
            cases: [
                .init("no range", .get("/"), answers: [whole]),
                .init("the first bytes", ask("bytes=0-3"), answers: [whole]),
                .init("the last bytes", ask("bytes=-4"), answers: [whole]),
                .init("from within to the end", ask("bytes=5-"), answers: [whole]),
                .init("HEAD", .head("/", ["Range: bytes=2-4"]), answers: [whole]),
                .init("several", ask("bytes=0-1,3-4"), answers: [whole]),
                .init("no ranges at all", .get("/none/", ["Range: bytes=2-4"]), answers: [whole]),
                .init("of this version", ask("bytes=1-2", "If-Range: \"x\""), answers: [whole]),
                .init("of another version", ask("bytes=1-2", "If-Range: \"y\""), answers: [whole]),
                .init(
                    "of this time", ask("bytes=1-2", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"),
                    answers: [whole]),
                .init(
                    "a gateway that has no length", ask("bytes=1-2"), answers: [.chunked(["0123", "456"])]),
                .init(
                    "none that is there", ask("bytes=10-20"), ask("bytes=-0"), ask("bytes=11-12,20-"),
                    ask("bytes=2-1"), answers: [whole, whole, whole, whole]
                ).ignoring("Content-Length"),
                .init(
                    "a gateway that gives ranges itself", ask("bytes=1-2"),
                    answers: [
                        .fixed(
                            "12", status: "206 Partial Content", fields: ["Content-Range: bytes 1-2/10"])
                    ]),
                .init(
                    "a gateway's word on ranges", .get("/"),
                    answers: [.fixed("0123", fields: ["Accept-Ranges: none"])]),
                .init("an empty picture", .get("/gif"), .head("/gif")),
                .init(
                    "an empty picture that is known",
                    .get("/gif", ["If-Modified-Since: Mon, 28 Sep 1970 06:00:00 GMT"])),
            ])
    }
}
