extension DifferentialGroup {
    /// Built-in variables that the configuration may define as well.
    static var replacedVariables: DifferentialGroup {
        DifferentialGroup(
            name: "replaced variables",
            http: #"""
                map $arg_c $ssl_client_verify { default "no:$arg_c"; yes SUCCESS; }
                log_format replaced '$uri $proxy_host $ssl_client_verify $proxy_port';
                server { listen 127.0.0.1:%PORT1%; access_log %PREFIX%/access.log replaced;
                    location /early { return 200 "[$proxy_host]"; }
                    location /set { set $proxy_host mine; return 200 "[$proxy_host][$ssl_client_verify]"; }
                    location /gateway { set $own "$proxy_port"; set $ssl_cipher c; proxy_set_header Connection "";
                        proxy_set_header X-Own "$own|$ssl_cipher"; proxy_pass http://%GATEWAY1%; }
                    location /before { return 200 "[$http_x_scheme]"; }
                    location /family { if ($http_x_scheme = '') { set $http_x_scheme $scheme; }
                        if ($cookie_a = 1) { set $cookie_a one; } set $arg_d "$arg_d!";
                        return 200 "[$http_x_scheme][$cookie_a][$arg_d]"; }
                    location /both { set $proxy_host "$arg_h"; proxy_set_header Connection "";
                        proxy_set_header Host $proxy_host; proxy_pass http://%GATEWAY1%; } }
                """#,
            cases: [
                .init("not set", .get("/early?c=yes")).logging(1),
                .init("set", .get("/set"), .get("/set?c=yes")).logging(2),
                .init("towards a gateway", .get("/gateway"), .get("/both?h=x")).ignoring("X-Own"),
                .init(
                    "fields, cookies and arguments that are set", .get("/before", ["X-Scheme: https"]),
                    .get("/family", ["X-Scheme: https", "Cookie: a=1"]),
                    .get("/family?d=2", ["Cookie: a=3"])),
            ])
    }

    /// Values of `map`, `geo` and `split_clients` are made once a request.
    static var keptVariables: DifferentialGroup {
        DifferentialGroup(
            name: "kept variables",
            http: #"""
                map $uri $kept { default "d:$uri"; ~^/x(?<rest>.*)$ "x:$rest"; }
                map $uri $fresh { volatile; default "d:$uri"; }
                map $arg_h $host_map { hostnames; default none; example.com ex; *.wild.com wild; .both.com both; mail.* ml; }
                geo $arg_ip $span { ranges; default none; 10.0.0.0-10.0.0.255 ten; 10.0.0.5-10.0.0.7 inner;
                    10.0.0.6-10.0.0.6 deep; 192.168.0.1-192.168.1.0 long; 0.0.0.0-0.0.0.10 low;
                    11.0.0.0-11.0.0.3 gone; delete 11.0.0.0-11.0.0.3; }
                geo $near { ranges; default no; 127.0.0.1-127.0.0.1 local; 1.0.0.0-1.255.255.255 one;
                    proxy 127.0.0.1; }
                log_format kept '$uri $kept $fresh $rest $unset';
                server { listen 127.0.0.1:%PORT1%; access_log %PREFIX%/access.log kept;
                    location /x { set $first $kept; rewrite ^/x(.*)$ /y$1 break;
                        return 200 "$first $kept $fresh $uri"; }
                    location /a { rewrite ^/a(.*)$ /b$1 last; }
                    location /b { return 200 "$kept $fresh"; }
                    location /late { rewrite ^/late(.*)$ /b$1; }
                    location /unset { if ($unset) { return 200 yes; } return 200 "[$unset][$unset]"; }
                    location /set { set $unset a; return 200 "[$unset]"; }
                    location /gateway { proxy_set_header Connection ""; proxy_set_header X-Kept $kept; proxy_set_header X-Fresh $fresh;
                        rewrite ^ /changed break; proxy_pass http://%GATEWAY1%; }
                    location / { return 200 "$host_map|$span|$near"; } }
                """#,
            cases: [
                .init("asked for before and after a rewrite", .get("/xabc"), .get("/x")).logging(2),
                .init("asked for after a rewrite alone", .get("/a1"), .get("/late1")).logging(2),
                .init("towards a gateway", .get("/gateway")).logging(1),
                .init("not set", .get("/unset"), .get("/set")).logging(2),
                .init(
                    "hosts with a dot at the end",
                    asks: [
                        "example.com.", "a.wild.com.", "wild.com", "x.both.com.", "mail.", ".",
                        "example.com..",
                    ]
                    .map { .get("/?h=\($0)") }),
                .init(
                    "ranges of addresses",
                    asks: [
                        "10.0.0.0", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.255",
                        "10.0.1.0", "192.168.0.0", "192.168.0.255", "192.168.1.0", "192.168.1.1", "0.0.0.0",
                        "0.0.0.11", "11.0.0.1", "255.255.255.255", "::1", "::ffff:10.0.0.5", "x", "",
                    ].map { .get("/?ip=\($0)") }),
                .init(
                    "ranges behind a proxy", .get("/", ["X-Forwarded-For: 1.2.3.4"]),
                    .get("/", ["X-Forwarded-For: 2.2.3.4"]), .get("/", ["X-Forwarded-For: ::1"])),
            ])
    }

    static var keptLocations: DifferentialGroup {
        DifferentialGroup(
            name: "redirects that have a page",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    location /ok { return 200 ok; }
                    location /other { return 301 /elsewhere; }
                    location @named { return 302 /there; }
                    location @gateway { proxy_pass http://%GATEWAY1%; }
                    location /1 { error_page 302 =200 /ok; return 302 /kept; }
                    location /2 { error_page 301 302 /ok; return 302 /kept; }
                    location /3 { error_page 302 /other; return 302 /kept; }
                    location /4 { error_page 302 = @gateway; return 302 /kept; }
                    location /5 { error_page 302 /ok; proxy_intercept_errors on; proxy_pass http://%GATEWAY1%; }
                    location /6 { error_page 404 =302 @named; return 404; }
                    location /7 { error_page 404 =301 http://other/x?$args; return 404; }
                    location /8 { error_page 404 $arg_to; return 404; } }
                """#,
            cases: [
                .init("a page", .get("/1"), .get("/2"), .get("/3"), .get("/6"), .get("/7?q=1")),
                .init("a gateway's page", .get("/4"), answers: [.fixed("page")]),
                .init(
                    "of a gateway", .get("/5"),
                    answers: [.fixed("", status: "302 Found", fields: ["Location: /from"])]),
                .init(
                    "a page by a variable", .get("/8?to=/ok"), .get("/8?to=http://x/"), .get("/8?to=@gateway")
                ),
            ])
    }
}
