extension DifferentialGroup {
    static var proxyPass: DifferentialGroup {
        DifferentialGroup(
            name: "proxy_pass",
            http: #"""
                upstream group { server %GATEWAY1%; }
                server { listen 127.0.0.1:%PORT1%;
                    location /plain/ { proxy_pass http://%GATEWAY1%; }
                    location /slash/ { proxy_pass http://%GATEWAY1%/; }
                    location /swap/ { proxy_pass http://%GATEWAY1%/new/place/; }
                    location /noslash { proxy_pass http://%GATEWAY1%/joined; }
                    location = /exact { proxy_pass http://%GATEWAY1%/other; }
                    location /query/ { proxy_pass http://%GATEWAY1%/fixed?a=1; }
                    location ~ ^/regex/(.*)$ { proxy_pass http://%GATEWAY1%; }
                    location = /named { proxy_pass http://$arg_to/; }
                    location ~ ^/regexvar/(.*)$ { proxy_pass http://%GATEWAY1%/found/$1$is_args$args; }
                    location /var/ { proxy_pass http://%GATEWAY1%$request_uri; }
                    location /varuri/ { proxy_pass http://%GATEWAY1%/got?u=$uri; }
                    location /group/ { proxy_pass http://group/in/; }
                    location /rewritten/ { rewrite ^/rewritten/(.*)$ /after/$1 break; proxy_pass http://%GATEWAY1%; }
                    location /method/ { proxy_method POST; proxy_pass http://%GATEWAY1%; }
                    location /nofields/ { proxy_pass_request_headers off; proxy_pass http://%GATEWAY1%; }
                    location /nobody/ { proxy_pass_request_body off; proxy_set_header Content-Length "";
                        proxy_set_header Connection ""; proxy_pass http://%GATEWAY1%; }
                    location /body/ { proxy_set_body "was $request_method"; proxy_pass http://%GATEWAY1%; }
                }
                """#,
            cases: [
                .init(
                    "variables that make no host and port", .get("/named?to=127.0.0.1:1:2"),
                    .get("/named?to=a.test:1:2"), .get("/named?to=a.test:+80"),
                    .get("/named?to=127.0.0.1:+80"),
                    .get("/named?to=[::1"), .get("/named?to=[::1]x:80"), .get("/named?to=[::1]:1:2"),
                    .get("/named?to=a.test:0"), .get("/named?to=a.test:"), .get("/named?to=:80"),
                    .get("/named")),
                .init("without a URI the target passes as it came", .get("/plain/a%20b/../c//d?x=%2f")),
                .init("with a slash the prefix goes", .get("/slash/a/b?x=1")),
                .init("with a slash the rest is written anew", .get("/slash/a%20b%3fc%2fd%25")),
                .init("with a slash dot segments are gone", .get("/slash/a/../b")),
                .init("with a path the prefix is replaced", .get("/swap/x/y")),
                .init("the bare prefix is replaced", .get("/swap/")),
                .init("no slashes are invented", .get("/noslashes/x")),
                .init("an exact location is replaced whole", .get("/exact?q=1")),
                .init("a query in proxy_pass", .get("/query/x?b=2")),
                .init("a query in proxy_pass and none asked", .get("/query/x")),
                .init("a regular expression's location passes the target", .get("/regex/a%20b?x")),
                .init("captures in proxy_pass", .get("/regexvar/a/b?x=1")),
                .init("captures in proxy_pass without a query", .get("/regexvar/a/b")),
                .init("$request_uri in proxy_pass", .get("/var/a%20b?x=1")),
                .init("$uri in a query in proxy_pass", .get("/varuri/x?lost=1")),
                .init("a group's name", .get("/group/x")),
                .init("the target after rewrite", .get("/rewritten/a%20b?x=1")),
                .init("proxy_method", .get("/method/x")),
                .init("proxy_pass_request_headers off", .get("/nofields/x", ["X-A: 1", "Accept: */*"])),
                .init("proxy_pass_request_body off", .post("/nobody/x", "hello")),
                .init("proxy_set_body", .post("/body/x", "hello, long enough")),
                .init("an absolute target", .get("http://exact.test/slash/x?y", host: "localhost")),
                .init("high bytes through a replaced prefix", .get("/slash/%C3%A4%E2%82%AC")),
                .init("characters that need no escape", .get("/slash/a-b_c.d~e!f$g&h'i(j)k*l+m,n;o=p:q@r")),
                .init("characters that are escaped again", .get("/slash/%22%3c%3e%5c%5e%60%7b%7c%7d%7f")),
                .init("HEAD passes", .head("/plain/x")),
                .init(
                    "other methods pass", .request("DELETE", "/plain/x"), .request("OPTIONS", "/plain/y"),
                    .request("PATCH", "/plain/z", body: "p"), .request("PROPFIND", "/plain/w")),
            ])
    }

    static var proxyRedirect: DifferentialGroup {
        func answer(_ location: String) -> GatewayAnswer {
            .fixed("", status: "302 Found", fields: ["Location: \(location)"])
        }
        return DifferentialGroup(
            name: "proxy_redirect",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name front.test;
                    location /default/ { proxy_pass http://%GATEWAY1%/inside/; }
                    location /off/ { proxy_pass http://%GATEWAY1%/inside/; proxy_redirect off; }
                    location /custom/ { proxy_pass http://%GATEWAY1%;
                        proxy_redirect http://old.test/ http://$host:81/new/;
                        proxy_redirect http://two.test/ /two/; }
                    location /regex/ { proxy_pass http://%GATEWAY1%;
                        proxy_redirect ~^http://([a-z]+)\.inner/(.*)$ /$1/$2; }
                    location /refresh/ { proxy_pass http://%GATEWAY1%/inside/; }
                }
                """#,
            cases: [
                .init(
                    "default replaces proxy_pass's own prefix", .get("/default/x"),
                    answers: [answer("/inside/y")]),
                .init(
                    "default leaves other hosts", .get("/default/x"),
                    answers: [answer("http://other.test/inside/y")]),
                .init("off leaves all", .get("/off/x"), answers: [answer("/inside/y")]),
                .init(
                    "custom, to an absolute one with a variable", .get("/custom/x", host: "front.test"),
                    answers: [answer("http://old.test/a?b")]),
                .init(
                    "custom, the second rule", .get("/custom/x", host: "front.test"),
                    answers: [answer("http://two.test/a")]),
                .init("custom, no rule fits", .get("/custom/x"), answers: [answer("http://three.test/a")]),
                .init(
                    "regular expression with captures", .get("/regex/x"),
                    answers: [answer("http://app.inner/a/b?c")]),
                .init("a relative Location passes", .get("/custom/x"), answers: [answer("sub/page")]),
                .init(
                    "a 201's Location too", .get("/custom/x"),
                    answers: [.fixed("", status: "201 Created", fields: ["Location: http://two.test/new"])]),
                .init(
                    "Refresh is rewritten too", .get("/custom/x"),
                    answers: [.fixed("r", fields: ["Refresh: 5; url=http://two.test/x"])]),
            ])
    }
}
