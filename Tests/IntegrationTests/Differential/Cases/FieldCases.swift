extension DifferentialGroup {
    static var requestFields: DifferentialGroup {
        DifferentialGroup(
            name: "request fields",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name front.test;
                    proxy_set_header X-Server $server_name; proxy_set_header Connection "";
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /own/ { proxy_set_header Host $host; proxy_set_header X-Own yes;
                        proxy_set_header Connection ""; proxy_pass http://%GATEWAY1%; }
                    location /hosts/ { proxy_set_header Host $http_host; proxy_set_header X-Proxy-Host $proxy_host;
                        proxy_set_header X-Proxy-Port $proxy_port; proxy_set_header X-Scheme $scheme;
                        proxy_set_header X-Port $server_port; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /forwarded/ { proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_set_header X-Real-IP $remote_addr; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /removed/ { proxy_set_header Accept-Encoding ""; proxy_set_header X-Empty $arg_none;
                        proxy_set_header Connection ""; proxy_pass http://%GATEWAY1%; }
                    location /cased/ { proxy_set_header x-LOWER "a b"; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /quoted/ { proxy_set_header X-Mixed "<$arg_a>;${arg_b}c"; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /ten/ { proxy_http_version 1.0; proxy_pass http://%GATEWAY1%; }
                    location /close/ { proxy_set_header Connection close; proxy_pass http://%GATEWAY1%; }
                }
                server { listen 127.0.0.1:%PORT2%; underscores_in_headers on; ignore_invalid_headers off;
                    location / { proxy_pass http://%GATEWAY1%; } }
                server { listen 127.0.0.1:%PORT3%; underscores_in_headers on;
                    location / { proxy_pass http://%GATEWAY1%; } }
                """#,
            cases: [
                .init(
                    "fields pass in their order",
                    .get("/", ["B: 2", "A: 1", "c: 3", "User-Agent: x", "Accept: y"])),
                .init("inherited proxy_set_header", .get("/", host: "front.test")),
                .init(
                    "its own proxy_set_header replaces what is inherited", .get("/own/", host: "front.test")),
                .init("Host in capitals, with a port", .get("/hosts/", host: "Front.TEST:99")),
                .init("$host in lower case without port", .get("/own/", host: "Front.TEST:99")),
                .init("Host defaults to the gateway's", .get("/", host: "whatever.test")),
                .init("X-Forwarded-For where there was none", .get("/forwarded/")),
                .init("X-Forwarded-For is added to", .get("/forwarded/", ["X-Forwarded-For: 1.2.3.4"])),
                .init(
                    "X-Forwarded-For on two lines",
                    .get("/forwarded/", ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 5.6.7.8"])),
                .init(
                    "an empty value removes", .get("/removed/", ["Accept-Encoding: gzip", "X-Empty: there"])),
                .init("the client's own field is replaced", .get("/own/", ["X-Own: no", "x-own: never"])),
                .init("the name is written as configured", .get("/cased/", ["X-Lower: gone"])),
                .init("variables in a value", .get("/quoted/?a=1&b=2")),
                .init("the same field twice passes twice", .get("/", ["X-Two: a", "X-Two: b"])),
                .init("Cookie lines", .get("/", ["Cookie: a=1", "Cookie: b=2"])),
                .init("underscores are dropped", .get("/", ["Under_Score: 1", "Fine: 2"])),
                .init("underscores pass where allowed", .get("/", ["Under_Score: 1", "Fine: 2"]).onPort(3)),
                .init("an invalid name is dropped", .get("/", ["Bad name!x: 1", "Fine: 2"])).ignoring("x"),
                .init(
                    "a name with punctuation is dropped", .get("/", ["Bad!x: 1", "Dot.ted: 3", "Fine: 2"])),
                .init("an empty value passes", .get("/", ["Empty:", "Blank:   ", "Fine: 2"])),
                .init("spaces around a value go", .get("/", ["Padded:  \t x y \t ", "Fine: 2"])),
                .init(
                    "high bytes in a value pass",
                    .raw("GET / HTTP/1.1\r\nHost: a\r\nHigh: \u{e4}\u{20ac}\r\n\r\n")),
                .init("bare LF ends lines", .raw("GET / HTTP/1.1\nHost: a\nFine: 2\n\n")),
                .init("an empty line before a request", .raw("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")),
                .init(
                    "Connection: keep-alive does not pass",
                    .get("/", ["Connection: keep-alive", "Keep-Alive: 5"])),
                .init("Connection: close ends here", .get("/", ["Connection: close"])),
                .init("to HTTP/1.0 gateways", .get("/ten/", ["Fine: 1"])),
                .init("Connection: close to gateways", .get("/close/", ["Fine: 1"])),
                .init("a request in HTTP/1.0", .get("/", version: "HTTP/1.0")),
                .init("HTTP/1.0 with keep-alive", .get("/", ["Connection: keep-alive"], version: "HTTP/1.0")),
                .init("TE and Upgrade do not matter here", .get("/", ["Proxy-Connection: x"])).differs(
                    "hop-by-hop fields are never passed (RFC 9110 7.6.1)", "GET / HTTP/1.1",
                    lacks: "Proxy-Connection"),
                .init("fields named in Connection", .get("/", ["Connection: close, X-Hop", "X-Hop: 1"]))
                    .differs(
                        "what Connection names is hop-by-hop (RFC 9110 7.6.1)", "GET / HTTP/1.1",
                        lacks: "X-Hop"),
            ])
    }

    static var responseFields: DifferentialGroup {
        let many = [
            "Zeta: 1", "Content-Type: text/css", "alpha: 2", "Set-Cookie: a=1", "Set-Cookie: b=2", "Vary: A",
            "Vary: B", "X-Powered-By: x", "Cache-Control: no-cache", "Cache-Control: private", "Age: 3",
            "Expires: Thu, 01 Jan 1970 00:00:01 GMT", "ETag: \"x\"",
            "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT",
            "Link: <a>", "Link: <b>", "Accept-Ranges: bytes", "WWW-Authenticate: Basic",
            "Content-Language: en",
            "Content-Encoding: br",
        ]
        return DifferentialGroup(
            name: "response fields",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    add_header X-Server-Level outer;
                    location / { proxy_pass http://%GATEWAY1%; }
                    location /hide/ { proxy_hide_header X-Secret; proxy_hide_header Set-Cookie;
                        proxy_pass http://%GATEWAY1%; }
                    location /pass/ { proxy_pass_header X-Accel-Foo; proxy_pass_header X-Pad;
                        proxy_pass_header Server; proxy_pass http://%GATEWAY1%; }
                    location /ignore/ { proxy_ignore_headers X-Accel-Redirect X-Accel-Expires;
                        proxy_pass http://%GATEWAY1%; }
                    location /add/ { add_header X-A "1 $uri"; add_header X-Always 2 always; add_header X-A 3;
                        proxy_pass http://%GATEWAY1%; }
                    location /addempty/ { add_header X-Empty $arg_none; add_header X-Full $arg_a;
                        proxy_pass http://%GATEWAY1%; }
                    location /upstreamvar/ { add_header X-Copy $upstream_http_x_secret always;
                        add_header X-Status $upstream_status always; proxy_pass http://%GATEWAY1%; }
                    location /copies/ { add_header X-Sent "[$sent_http_x_secret]" always;
                        add_header X-Twice "$sent_http_x_sent$sent_http_x_sent" always;
                        add_header X-None "[$sent_http_x_none$upstream_http_x_none]" always;
                        add_header X-Crumb "[$upstream_cookie_c][$upstream_cookie_d]" always;
                        proxy_pass http://%GATEWAY1%; }
                    location /tagged/ { add_header ETag $arg_tag; add_header Last-Modified $arg_time;
                        proxy_pass http://%GATEWAY1%; }
                    location /aged/ { expires modified 1d; proxy_pass http://%GATEWAY1%; }
                    location /expires/ { expires -1; proxy_pass http://%GATEWAY1%; }
                    location /long/ { expires max; proxy_pass http://%GATEWAY1%; }
                    location /cookies/ { proxy_cookie_path /inner/ /outer/;
                        proxy_cookie_domain inner.test outer.test; proxy_pass http://%GATEWAY1%; }
                    location /redirected/ { internal; return 200 "internal $uri\n"; }
                }
                """#,
            cases: [
                .init("many fields in their order", .get("/"), answers: [.fixed("b", fields: many)]),
                .init("no Content-Type", .get("/"), answers: [.fixed("b", fields: [])]),
                .init(
                    "X-Accel fields, X-Pad, Server and Date are not passed", .get("/"),
                    answers: [
                        .fixed(
                            "b",
                            fields: [
                                "Server: other", "Date: Thu, 01 Jan 1970 00:00:01 GMT", "X-Pad: 1",
                                "X-Accel-Foo: 2",
                                "X-Accel-Expires: 5", "X-Accel-Limit-Rate: 1000000", "X-Accel-Buffering: no",
                                "X-Accel-Charset: x", "Fine: 1",
                            ])
                    ]),
                .init(
                    "proxy_hide_header", .get("/hide/"),
                    answers: [
                        .fixed("b", fields: ["x-secret: 1", "Set-Cookie: a", "Fine: 1"])
                    ]),
                .init(
                    "proxy_pass_header", .get("/pass/"),
                    answers: [
                        .fixed("b", fields: ["X-Pad: 1", "X-Accel-Foo: 2", "Fine: 1"])
                    ]),
                .init(
                    "hop-by-hop fields are the gateway's own", .get("/"),
                    answers: [
                        .fixed("b", fields: ["Connection: keep-alive", "Keep-Alive: timeout=5", "Fine: 1"])
                    ]),
                .init(
                    "X-Accel-Redirect", .get("/"),
                    answers: [
                        .fixed(
                            "b", fields: ["X-Accel-Redirect: /redirected/x?y=1", "Content-Type: text/plain"])
                    ]),
                .init(
                    "X-Accel-Redirect ignored", .get("/ignore/"),
                    answers: [
                        .fixed("b", fields: ["X-Accel-Redirect: /redirected/x", "Content-Type: text/plain"])
                    ]),
                .init("an internal location asked for directly", .get("/redirected/x")),
                .init("add_header, inherited", .get("/")),
                .init("add_header, its own", .get("/add/")),
                .init(
                    "add_header is left out of errors, always is not", .get("/add/"),
                    answers: [
                        .fixed("no", status: "500 Internal Server Error")
                    ]),
                .init("add_header on a 404", .get("/add/"), answers: [.fixed("no", status: "404 Not Found")]),
                .init(
                    "add_header on redirects", .get("/add/"),
                    answers: [
                        .fixed("", status: "302 Found", fields: ["Location: /x"])
                    ]),
                .init("add_header with an empty value", .get("/addempty/?a=b")),
                .init(
                    "add_header ETag and Last-Modified in place of the response's own, or of none",
                    .get("/tagged/?tag=x"), .get("/tagged/"), .get("/tagged/?tag=y&time=z"),
                    answers: [
                        .fixed("b", fields: ["ETag: \"g\"", "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT"]),
                        .fixed("b", fields: ["ETag: \"g\"", "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT"]),
                        .fixed("b", fields: []),
                    ]),
                .init(
                    "expires goes by a gateway's Last-Modified", .get("/aged/"),
                    answers: [.fixed("b", fields: ["Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT"])]),
                .init(
                    "a gateway's 204 keeps its type", .get("/"),
                    answers: [.raw("HTTP/1.1 204 No Content\r\nContent-Type: text/x\r\n\r\n")]),
                .init(
                    "upstream variables in add_header", .get("/upstreamvar/"),
                    answers: [
                        .fixed("b", status: "203 Odd", fields: ["X-Secret: v"])
                    ]),
                .init(
                    "fields made of the response's fields", .get("/copies/"),
                    answers: [
                        .fixed("b", fields: ["X-Secret: v", "Set-Cookie: c=crumb; Path=/"])
                    ]),
                .init(
                    "fields made of the fields of an empty answer", .get("/copies/"),
                    answers: [.raw("HTTP/1.1 204 Nothing\r\nX-Secret: v\r\n\r\n")]),
                .init("expires max", .get("/long/")),
                .init(
                    "proxy_cookie_path and _domain", .get("/cookies/"),
                    answers: [
                        .fixed("b", fields: ["Set-Cookie: a=1; Path=/inner/x; Domain=inner.test; Secure"])
                    ]),
                .init(
                    "a reason phrase of the gateway's own", .get("/"),
                    answers: [
                        .raw("HTTP/1.1 299 Very Own Words\r\nContent-Length: 1\r\n\r\nx")
                    ]),
                .init(
                    "no reason phrase", .get("/"),
                    answers: [.raw("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx")]),
                .init(
                    "an unknown status", .get("/"),
                    answers: [
                        .raw("HTTP/1.1 599 Whatever\r\nContent-Length: 1\r\n\r\nx")
                    ]),
                .init(
                    "bare LF in a gateway's head", .get("/"),
                    answers: [
                        .raw("HTTP/1.1 200 OK\nContent-Length: 1\nFine: 1\n\nx")
                    ]),
            ])
    }
}
