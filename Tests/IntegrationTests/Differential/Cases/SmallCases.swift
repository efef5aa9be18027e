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
                }
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
                server { listen 127.0.0.1:%PORT1%; location / { return 200 "$near\n"; } }
                """#,
            cases: [
                .init("by range", .get("/?a=127.0.0.1")),
                .init("the narrower range", .get("/?a=127.0.1.1")),
                .init("by default", .get("/?a=8.8.8.8")),
                .init("IPv6", .get("/?a=2001:db8::1")),
                .init("not an address", .get("/?a=x")),
            ])
    }

    static var splitClients: DifferentialGroup {
        DifferentialGroup(
            name: "split_clients",
            http: #"""
                split_clients "$arg_x" $share { 30% a; 30.5% b; * c; }
                server { listen 127.0.0.1:%PORT1%; location / { return 200 "$share\n"; } }
                """#,
            cases: [.init("the same shares", asks: (0..<30).map { .get("/?x=\($0)") })])
    }

    static var stubStatus: DifferentialGroup {
        DifferentialGroup(
            name: "stub_status",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location = /stub { stub_status; }
                    location / { return 200 "$connections_active\n"; } }
                """#,
            cases: [
                .init("the text", .get("/stub"), .get("/stub"), .head("/stub")),
                .init("a variable", .get("/")),
                .init("other methods", .post("/stub", "x")),
            ])
    }
}
