extension DifferentialGroup {
    static var rewrittenTargets: DifferentialGroup {
        DifferentialGroup(
            name: "rewritten targets",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name places.test;
                    location /api/ { rewrite ^/api/(.*)$ /$1 break; proxy_pass http://%GATEWAY1%/; }
                    location /base/ { rewrite ^/base/(.*)$ /$1 break; proxy_pass http://%GATEWAY1%/new/; }
                    location /step/ { rewrite ^/step/(.*)$ /base/$1; break; proxy_pass http://%GATEWAY1%/new/; }
                    location /last/ { rewrite ^/last/(.*)$ /to/$1 last; proxy_pass http://%GATEWAY1%/never/; }
                    location /to/ { proxy_pass http://%GATEWAY1%/new/; }
                    location /if/ { if ($arg_a) { rewrite ^/if/(.*)$ /$1 break; }
                        proxy_pass http://%GATEWAY1%/new/; }
                    location /args/ { set $args z=1; proxy_pass http://%GATEWAY1%/new/; }
                    location /bare/ { set $args z=1; proxy_pass http://%GATEWAY1%; }
                    location /page/ { rewrite ^/page/(.*)$ /$1 break; error_page 502 = /to/page;
                        proxy_pass http://%DEAD%/; }
                    location /alias/ { rewrite ^/alias/(.*)$ /x/$1 break; alias %PREFIX%/www/; }
                    location /tried/ { rewrite ^/tried/(.*)$ /x/$1 break; alias %PREFIX%/www/; try_files $uri =404; }
                    location /moved/ { rewrite ^/moved/(.*)$ /aliased/$1; }
                    location /aliased/ { alias %PREFIX%/www/; }
                    location /spaced/ { proxy_pass http://%GATEWAY1%$uri; }
                }
                server { listen 127.0.0.1:%PORT1%; server_name server.test;
                    rewrite ^/old/(.*)$ /to/$1 break; rewrite ^/older/(.*)$ /to/$1;
                    location /to/ { proxy_pass http://%GATEWAY1%/new/; } }
                """#,
            files: ["www/a": "a\n", "www/x/a": "x a\n"],
            expectedAlarms: ["cannot be used in location"],
            cases: [
                .init("break, and a URI of one slash", .get("/api/users/1?q=2", host: "places.test")),
                .init("break, and a URI with a path", .get("/base/users/a%20b", host: "places.test")),
                .init("break as a step of its own", .get("/step/x", host: "places.test")),
                .init("last, to a location with a URI", .get("/last/x", host: "places.test")),
                .init("break in an if that holds", .get("/if/x?a=1", host: "places.test")),
                .init("break in an if that does not hold", .get("/if/x", host: "places.test")),
                .init("other arguments, and a URI", .get("/args/x\"y?a", host: "places.test")),
                .init("other arguments, and no URI", .get("/bare/x\"y?a", host: "places.test")),
                .init("an error page after break", .get("/page/x", host: "places.test")),
                .init("break, and alias", .get("/alias/a", host: "places.test")),
                .init("break, alias and try_files", .get("/tried/a", host: "places.test")),
                .init("last, to a location with alias", .get("/moved/a", host: "places.test")),
                .init("break at server level", .get("/old/x", host: "server.test")),
                .init("no flag at server level", .get("/older/x", host: "server.test")),
                .init("a decoded path as the target", .get("/spaced/%C3%A4%FF", host: "places.test")),
                .init("a line break in the target", .get("/spaced/a%20b%0D%0AX:%20y", host: "places.test"))
                    .differs(
                        "a decoded line break would begin a field, or another request",
                        "GET /spaced/a%20b%0D%0AX:%20y HTTP/1.1"),
            ])
    }

    static var serverSteps: DifferentialGroup {
        func server(_ name: String, _ text: String) -> String {
            "server { listen 127.0.0.1:%PORT1%; server_name \(name).test; root %PREFIX%/www; \(text) }\n"
        }
        let names = ["last", "plain", "break", "set", "if", "page", "index", "named", "return"]
        return DifferentialGroup(
            name: "steps of a server without a matching location",
            http: server("last", "rewrite ^(.*)$ /index.html?q=$1 last; add_header X $args;")
                + server("plain", "rewrite ^(.*)$ /index.html?q=$1; add_header X $args;")
                + server("break", "rewrite ^(.*)$ /index.html?q=$1 break; add_header X $args;")
                + server("set", "set $a ${a}x; add_header X $a always;")
                + server(
                    "if",
                    """
                    set $a ${a}x; add_header X "$a|$args" always;
                    if ($arg_b) { set $a ${a}b; rewrite ^ /index.html?r=$uri; }
                    """)
                + server("page", "set $a ${a}x; add_header X $a always; error_page 404 /index.html;")
                + server(
                    "index", "rewrite ^/index.html$ /folder/f.txt; rewrite ^/folder/index.html$ /index.html;")
                + server("named", "set $a ${a}x; error_page 404 @n; location @n { return 200 $a; }")
                + server(
                    "return", "if ($uri = /index.html) { return 203 index; } error_page 404 =200 /index.html;"
                ),
            files: [
                "www/index.html": "index\n", "www/folder/index.html": "folder\n", "www/folder/f.txt": "f\n",
            ],
            cases: names.flatMap { name in
                ["/", "/foo/bar?z=1", "/index.html", "/folder/", "/?b=1"].map { target in
                    DifferentialCase("\(name) \(target)", .get(target, host: "\(name).test"))
                        .ignoring("Accept-Ranges")
                }
            })
    }

    static var nestedAliases: DifferentialGroup {
        DifferentialGroup(
            name: "alias around nested locations",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location /a/ { alias %PREFIX%/www/;
                        location /a/in/ { add_header X $request_filename; }
                        location ~ \.txt$ { add_header X $request_filename; }
                        location = /a/exact { }
                        location /a/own/ { alias %PREFIX%/www/in/; location /a/own/deep/ { } }
                        location /a/root/ { root %PREFIX%/www; }
                        location /a/try/ { try_files $uri $uri/ /a/f.txt; }
                        location /a/said/ { return 200 "$request_filename|$document_root\n"; } }
                    location ~ ^/file/ { alias %PREFIX%/www/f.txt; location ~ x$ { }
                        location ~ y$ { try_files /in/f.txt =404; } }
                    location /limited/ { alias %PREFIX%/www/; limit_except GET { deny all; } }
                }
                """#,
            files: [
                "www/f.txt": "f\n", "www/in/f.txt": "in f\n", "www/in/index.html": "in index\n",
                "www/exact": "exact\n", "www/in/deep/x": "deep x\n", "www/a/root/r": "root r\n",
                "www/try/t": "try t\n",
            ],
            cases: [
                "/a/f.txt", "/a/in/f.txt", "/a/in/", "/a/in", "/a/exact", "/a/own/f.txt", "/a/own/deep/x",
                "/a/root/r", "/a/try/t", "/a/try/none", "/a/said/x", "/file/q", "/file/x", "/file/y",
                "/limited/f.txt",
            ].map { DifferentialCase($0, .get($0)).ignoring("Accept-Ranges") })
    }
}
