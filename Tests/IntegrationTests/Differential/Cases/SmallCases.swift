extension DifferentialGroup {
    static var tryFiles: DifferentialGroup {
        DifferentialGroup(
            name: "try_files",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; root %PREFIX%/www;
                    location /try/ { try_files $uri /tried.html; }
                    location /code/ { try_files $uri =404; }
                    location /named/ { try_files $uri @gateway; }
                    location /folder/ { try_files $uri $uri/ =410; }
                    location @gateway { proxy_pass http://%GATEWAY1%; }
                    location /query/ { try_files /none$uri /query-target?a=$arg_a&file=$uri; }
                    location /query-target { return 200 "$uri|$args|$request_uri\n"; }
                    location /cycle/ { try_files /none /cycle/again; }
                    location /lost/ { try_files /none @nowhere; }
                    location /aliased/ { alias %PREFIX%/www/try/; try_files $uri /aliased/here.html; }
                    location /fixed/ { alias %PREFIX%/www/try/; try_files here.html =404; }
                    location ~ ^/pattern/(.+)$ { alias %PREFIX%/www/; try_files try/$1 =404; }
                    location /passed/ { try_files /tried.html =404; proxy_pass http://%GATEWAY1%; }
                    location /nocode/ { try_files /none =0; }
                    location /nothing/ { try_files /none ""; }
                    location /outer/ { try_files /tried.html =404; location /outer/in/ { } }
                    location /if/ { try_files /tried.html =404; if ($arg_x) { set $y 1; } }
                    location /folderless/ { try_files /folder/sub /tried.html; }
                }
                server { listen 127.0.0.1:%PORT2%; root %PREFIX%/www; try_files $uri /tried.html;
                    location /try/ { } }
                """#,
            files: [
                "www/tried.html": "tried\n", "www/try/here.html": "here\n",
                "www/folder/sub/index.html": "sub\n",
            ],
            cases: [
                .init("the file is there", .get("/try/here.html")),
                .init("falls to the last", .get("/try/x")),
                .init("a code", .get("/code/x")),
                .init("a named location", .get("/named/x?y")),
                .init("a folder", .get("/folder/sub/")),
                .init("neither file nor folder", .get("/folder/none")),
                .init("a folder without its slash", .get("/folder/sub")),
                .init("a path with a query of its own", .get("/query/x?a=b")),
                .init("a path that leads back", .get("/cycle/x")),
                .init("an unknown named location", .get("/lost/x")),
                .init("below an alias", .get("/aliased/here.html")),
                .init("below an alias, not there", .get("/aliased/none.html")),
                .init("a fixed name below an alias", .get("/fixed/x")),
                .init("below the alias of a regular expression", .get("/pattern/here.html")),
                .init("not below the alias of a regular expression", .get("/pattern/none")),
                .init("a file that is found, and a gateway", .get("/passed/x?y")),
                .init("the code 0", .get("/nocode/x")),
                .init("an empty path", .get("/nothing/x")),
                .init("not in a location inside", .get("/outer/in/x")),
                .init("an if that does not hold", .get("/if/")),
                .init("an if that holds", .get("/if/?x=1")),
                .init("a folder where a file is looked for", .get("/folderless/")),
                .init("POST", .post("/try/here.html", "x")),
                .init("POST to a named location", .post("/named/x", "x")),
                .init("HEAD", .head("/try/x")),
                .init("of a server", .get("/none").onPort(2)),
                .init("of a server, not in its locations", .get("/try/none").onPort(2)),
            ])
    }

    static var limitExcept: DifferentialGroup {
        DifferentialGroup(
            name: "limit_except",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location / { limit_except GET { deny all; } proxy_pass http://%GATEWAY1%; } }
                """#,
            cases: [
                .init("the method named", .get("/")),
                .init("HEAD goes with GET", .head("/")),
                .init("another method", .post("/", "x")),
            ])
    }

    static var geo: DifferentialGroup {
        DifferentialGroup(
            name: "geo",
            http: #"""
                geo $arg_a $near { default far; 127.0.0.0/8 near; 127.0.1.0/24 nearer; 2001:db8::/32 six; }
                geo $client { default far; proxy 127.0.0.1; 127.0.0.1 here; 10.0.0.0/8 inner; }
                geo $farthest { default far; proxy 127.0.0.1/32; proxy 10.0.0.0/8; proxy_recursive;
                    127.0.0.1 here; 10.0.0.0/8 inner; 8.0.0.0/5 outer; }
                geo $arg_a $bare { 1.2.3.4 one; 1.2.3.4 again; 1.2.3.0/24 some; delete 1.2.3.0/24;
                    255.255.255.255 none; ::1 loop; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { return 200 "$near|$client|$farthest|$bare\n"; } }
                """#,
            cases: [
                .init("by range", .get("/?a=127.0.0.1")),
                .init("the narrower range", .get("/?a=127.0.1.1")),
                .init("by default", .get("/?a=8.8.8.8")),
                .init("IPv6", .get("/?a=2001:db8::1")),
                .init("not an address", .get("/?a=x")),
                .init("an address with a port", .get("/?a=127.0.0.1:80")),
                .init("a mapped address", .get("/?a=::ffff:127.0.0.1")),
                .init("of two equal networks the last", .get("/?a=1.2.3.4")),
                .init("a network that was deleted", .get("/?a=1.2.3.5")),
                .init("one IPv6 address", .get("/?a=::1")),
                .init("through a proxy", .get("/", ["X-Forwarded-For: 10.1.2.3"])),
                .init("through two proxies", .get("/", ["X-Forwarded-For: 8.8.8.8, 10.1.2.3"])),
                .init("through what is no proxy", .get("/", ["X-Forwarded-For: 10.1.1.1, 8.8.8.8"])),
                .init("nonsense from a proxy", .get("/", ["X-Forwarded-For: x"])),
            ])
    }

    static var splitClients: DifferentialGroup {
        DifferentialGroup(
            name: "split_clients",
            http: #"""
                split_clients "$arg_x" $share { 30% a; 30.5% b; * c; }
                split_clients "${arg_x}longer" $part { 0.01% a; 49.99% b; }
                server { listen 127.0.0.1:%PORT1%; location / { return 200 "$share|$part\n"; } }
                """#,
            cases: [.init("the same shares", asks: (0..<30).map { .get("/?x=\($0)") })])
    }

    static var stubStatus: DifferentialGroup {
        DifferentialGroup(
            name: "stub_status",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location = /stub { stub_status; stub_status; }
                    location = /first { return 204; }
                    location / { return 200 "$connections_active\n"; } }
                """#,
            // Once the first is answered, connections that were closed before it are not counted any more.
            cases: [
                .init("the text", .get("/first"), .get("/stub"), .get("/stub"), .head("/stub")),
                .init("a variable", .get("/first"), .get("/")),
                .init("other methods", .post("/stub", "x")),
            ])
    }
}
