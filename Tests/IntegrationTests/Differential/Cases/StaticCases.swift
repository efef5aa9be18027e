extension DifferentialGroup {
    private static var site: [String: String] {
        [
            "www/index.html": "<h1>home</h1>\n", "www/plain.txt": "0123456789\n", "www/x.css": "a{}\n",
            "www/noext": "no extension\n", "www/unknown.xyz": "?\n", "www/sub/index.html": "sub\n",
            "www/empty/keep.txt": "k\n", "www/zero.txt": "", "www/a b.txt": "space\n",
            "other/file.txt": "aliased\n", "www/.hidden": "dot\n", "www/second/home.htm": "home.htm\n",
            "www/pic.gif": "GIF89a", "www/dots/.a": "a", "www/mixed/index.html": "index\n",
            "www/mixed/.b": "b", "www/UPPER.TXT": "upper\n", "www/tried.html": "tried\n",
        ]
    }

    static var staticFiles: DifferentialGroup {
        let stamp = "Tue, 14 Nov 2023 22:13:20 GMT"
        return DifferentialGroup(
            name: "static files",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; default_type application/x-own;
                    types { text/html html htm; text/plain txt; text/css css; }
                    location / { }
                    location /alias/ { alias %PREFIX%/other/; }
                    location = /one { alias %PREFIX%/www/plain.txt; }
                    location ~ ^/re/(.*)$ { alias %PREFIX%/other/$1; }
                    location /second/ { index none.html home.htm; }
                    location /moved/ { alias %PREFIX%/other/; rewrite ^ /elsewhere break; }
                    location /through/ { alias %PREFIX%/www/second/; index home.htm/x; }
                    location /any/ { random_index on; alias %PREFIX%/www/empty/; }
                    location /any/none/ { random_index on; alias %PREFIX%/none/; }
                    location /any/dots/ { random_index on; alias %PREFIX%/www/dots/; }
                    location /any/file/ { random_index on; alias %PREFIX%/www/plain.txt; }
                    location /any/mixed/ { alias %PREFIX%/www/mixed/; location ~ /$ { random_index on; root %PREFIX%/www; } }
                    location /max/ { max_ranges 0; alias %PREFIX%/www/; }
                    location /noetag/ { etag off; alias %PREFIX%/www/; }
                    location /added/ { add_header X-Added 1; expires 30d; alias %PREFIX%/www/; }
                    location /exactly/ { if_modified_since before; alias %PREFIX%/www/; }
                }
                """#,
            files: site,
            cases: [
                .init("a file at random", .get("/any/"), .head("/any/"), .post("/any/", "x")),
                .init(
                    "no folder to pick from", .get("/any/none/"), .get("/any/file/"), .get("/any/keep.txt")),
                .init("nothing to pick", .get("/any/dots/"), .get("/any/mixed/")),
                .init(
                    "a range that is not there, with added fields", .get("/added/x.css", ["Range: bytes=9-"])
                )
                .ignoring("Expires", "Content-Range"),
                .init("a file", .get("/plain.txt")),
                .init("a file, HEAD", .head("/plain.txt")),
                .init("an empty file", .get("/zero.txt")),
                .init("an index", .get("/")),
                .init("an index below", .get("/sub/")),
                .init("an index through what is no folder", .get("/through/")),
                .init("PUT where an alias has lost its path", .request("PUT", "/moved/file.txt")),
                .init("a second index name", .get("/second/")),
                .init("a directory without its slash", .get("/sub")),
                .init("a directory without its slash, with a query", .get("/sub?a=b")),
                .init("a directory without index", .get("/empty/")),
                .init("no such file", .get("/none")),
                .init("a file as a directory", .get("/plain.txt/x")),
                .init("a type by extension", .get("/x.css")),
                .init("the default type", .get("/unknown.xyz")),
                .init("no extension", .get("/noext")),
                .init("an extension in capitals", .get("/UPPER.TXT")),
                .init("a name with a space", .get("/a%20b.txt")),
                .init("a dot file", .get("/.hidden")),
                .init("alias", .get("/alias/file.txt")),
                .init("alias of one file", .get("/one")),
                .init("alias with a capture", .get("/re/file.txt")),
                .init("nobody climbs out", .get("/alias/../../server.conf")),
                .init("POST to a file", .post("/plain.txt", "x")),
                .init("DELETE of a file", .request("DELETE", "/plain.txt")),
                .init("OPTIONS of a file", .request("OPTIONS", "/plain.txt")),
                .init("the first bytes", .get("/plain.txt", ["Range: bytes=0-3"])),
                .init("the last bytes", .get("/plain.txt", ["Range: bytes=-3"])),
                .init("from a byte on", .get("/plain.txt", ["Range: bytes=8-"])),
                .init("beyond the end", .get("/plain.txt", ["Range: bytes=5-500"])),
                .init("an unsatisfiable range", .get("/plain.txt", ["Range: bytes=50-60"])),
                .init("a range that is none", .get("/plain.txt", ["Range: bytes=x-y"])),
                .init("another unit", .get("/plain.txt", ["Range: lines=1-2"])),
                .init("ranges forbidden", .get("/max/plain.txt", ["Range: bytes=0-3"])),
                .init("a range of HEAD", .head("/plain.txt", ["Range: bytes=0-3"])),
                .init(
                    "If-Range holds by tag",
                    .get("/plain.txt", ["Range: bytes=0-3", "If-Range: \"6553f0f0-b\""])),
                .init("If-Range fails by tag", .get("/plain.txt", ["Range: bytes=0-3", "If-Range: \"x\""])),
                .init(
                    "If-Range holds by date", .get("/plain.txt", ["Range: bytes=0-3", "If-Range: \(stamp)"])),
                .init("If-Modified-Since, not modified", .get("/plain.txt", ["If-Modified-Since: \(stamp)"])),
                .init(
                    "If-Modified-Since, another date",
                    .get("/plain.txt", ["If-Modified-Since: Tue, 14 Nov 2023 22:13:21 GMT"])),
                .init(
                    "if_modified_since before",
                    .get("/exactly/plain.txt", ["If-Modified-Since: Tue, 14 Nov 2023 22:13:21 GMT"])),
                .init("If-Modified-Since, no date", .get("/plain.txt", ["If-Modified-Since: x"])),
                .init("If-None-Match holds", .get("/plain.txt", ["If-None-Match: \"6553f0f0-b\""])),
                .init(
                    "If-None-Match, weak and in a list",
                    .get("/plain.txt", ["If-None-Match: \"x\", W/\"6553f0f0-b\""])),
                .init("If-None-Match: *", .get("/plain.txt", ["If-None-Match: *"])),
                .init("If-None-Match fails", .get("/plain.txt", ["If-None-Match: \"x\""])),
                .init("If-Match fails", .get("/plain.txt", ["If-Match: \"x\""])).whateverTheEnd,
                .init(
                    "If-Unmodified-Since fails",
                    .get("/plain.txt", ["If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT"])
                ).whateverTheEnd,
                .init("etag off", .get("/noetag/plain.txt")),
            ])
    }

    static var staticNoIndex: DifferentialGroup {
        DifferentialGroup(
            name: "static files with standing types",
            http: #"""
                index first.html index.html;
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                    location /in/ { root %PREFIX%; }
                    location /aliased { alias %PREFIX%/other; } }
                """#,
            files: site,
            cases: [
                .init("html", .get("/index.html")),
                .init("gif", .get("/pic.gif")),
                .init("txt is not among the standing types", .get("/plain.txt")),
                .init("an inherited index", .get("/")),
                .init("alias without slashes", .get("/aliased/file.txt")),
                .init("alias without slashes joins names", .get("/aliasedx")),
                .init(
                    "several requests on one connection", .get("/"), .get("/plain.txt"), .head("/"),
                    .get("/none")),
            ])
    }

    /// `flv`
    static var flashVideo: DifferentialGroup {
        let ask = { (query: String, fields: [String]) in Ask.get("/film.flv" + query, fields) }
        return DifferentialGroup(
            name: "flv",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www; types { video/x-flv flv; text/html html; }
                    location / { flv; flv; }
                    location /packed/ { flv; gzip on; gzip_types video/x-flv; alias %PREFIX%/www/; }
                    location /none/ { flv; error_page 404 =200 /film.flv?start=40; } }
                """#,
            files: [
                "www/film.flv": (0..<60).map { "\($0) " }.joined(), "www/index.html": "home",
                "www/sub/index.html": "sub",
            ],
            cases: [
                .init("the whole", ask("", []), ask("?start=0", []), ask("?a=start", []), .head("/film.flv")),
                .init(
                    "from a place on", ask("?start=40", []), ask("?a=1&START=41&start=2", []),
                    ask("?start=169", []), .head("/film.flv?start=40")),
                .init(
                    "no place of the file", ask("?start=170", []), ask("?start=-1", []), ask("?start=1x", []),
                    ask("?start=", []), ask("?start=99999999999999999999", [])),
                .init(
                    "ranges of what is behind the place", ask("?start=40", ["Range: bytes=0-2"]),
                    ask("?start=40", ["Range: bytes=10-19"]), ask("?start=40", ["Range: bytes=13-"]),
                    ask("?start=40", ["Range: bytes=-150"]), ask("?start=40", ["Range: bytes=150-"]),
                    ask("", ["Range: bytes=1-2"])),
                .init(
                    "conditions",
                    ask("?start=40", ["If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"]),
                    ask("?start=40", ["If-None-Match: \"6553f100-8f\""]),
                    ask("?start=40", ["If-Match: \"x\""])
                ).whateverTheEnd,
                .init("compressed", .get("/packed/film.flv?start=40", ["Accept-Encoding: gzip"])),
                .init("other methods", .post("/film.flv?start=40", "x"), .request("DELETE", "/film.flv")),
                .init("folders, and what is not there", .get("/"), .get("/sub"), .get("/gone.flv?start=1")),
                .init("as an error page", .get("/none/x")),
            ])
    }
}
