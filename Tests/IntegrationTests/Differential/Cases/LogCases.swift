extension DifferentialGroup {
    static var logs: DifferentialGroup {
        DifferentialGroup(
            name: "access log",
            http: #"""
                log_format many '$remote_addr|$remote_user|"$request"|$status|$body_bytes_sent|'
                    '"$http_referer"|"$http_user_agent"|$host|$http_host|$uri|$request_uri|$args|$query_string|'
                    '$request_method|$scheme|$server_name|$server_protocol|$server_addr|$server_port|'
                    '$content_length|$content_type|$arg_x|$cookie_c|$is_args|$https|$request_completion|'
                    '$sent_http_content_type|$sent_http_location|$limit_rate|$document_root|$request_filename';
                log_format gateway '$upstream_addr|$upstream_status|$upstream_response_length|$upstream_http_x_g|'
                    '$upstream_cookie_s|$proxy_host|$proxy_port|$upstream_cache_status|$request_length|$connection_requests|$pipe|'
                    '$request_completion';
                log_format json escape=json '{"a":"$arg_x","r":"$request_uri","u":"$http_user_agent"}';
                log_format none escape=none '$http_user_agent|$arg_none|$request_method' 's' '$status';
                log_format query '$request|$args|$query_string|$is_args|$limit_rate|$sent_http_last_modified';
                log_format usual escape=default '$http_user_agent|$arg_none|$request';
                map $arg_x $quiet { default 1; hush 0; }
                upstream pair { server %DEAD% max_fails=0; server %GATEWAY1% max_fails=0; }
                server { listen 127.0.0.1:%PORT1%; server_name front.test;
                    location / { access_log %PREFIX%/access.log many; return 200 "text\n"; }
                    location /combined { access_log %PREFIX%/access.log; return 200 "text\n"; }
                    location /redirect { access_log %PREFIX%/access.log many; return 302 /x; }
                    location /gateway { access_log %PREFIX%/access.log gateway; proxy_pass http://%GATEWAY1%; }
                    location /pair { access_log %PREFIX%/access.log gateway; proxy_pass http://pair; }
                    location /json { access_log %PREFIX%/access.log json; return 204; }
                    location /none { access_log %PREFIX%/access.log none; return 204; }
                    location /usual { access_log %PREFIX%/access.log usual; return 204; }
                    location /if { access_log %PREFIX%/access.log usual if=$quiet; return 204; }
                    location /two { access_log %PREFIX%/access.log usual; access_log %PREFIX%/access.log json; return 204; }
                    location /dropped { access_log %PREFIX%/access.log gateway; return 403; }
                    location /off { access_log off; return 204; }
                    location /q/ { access_log %PREFIX%/access.log query; root %PREFIX%/www;
                        location /q/page.html { limit_rate 1m; }
                        location /q/tried { try_files $uri /q/page.html?$args; }
                        location /q/plain { try_files $uri /q/page.html; }
                        location /q/named { rewrite ^ /q/page.html?a=$arg_a last; }
                        location /q/dropped { rewrite ^ /q/page.html? last; }
                        location /q/set { set $args ""; rewrite ^ /q/page.html last; }
                        location /q/page { error_page 404 /q/page.html?; return 404; }
                        location /q/rate { limit_rate 1m; limit_rate_after 1m; add_header X-Rate $limit_rate;
                            return 200 "$limit_rate"; }
                        location /q/own { set $limit_rate 2m; limit_rate 1m; return 200 "$limit_rate"; } }
                    location /then { access_log off; access_log %PREFIX%/access.log usual; return 204; }
                    location /before { access_log %PREFIX%/access.log usual; access_log off; return 204; }
                }
                """#,
            files: ["www/q/page.html": "page"],
            cases: [
                .init(
                    "a query that was given, and is empty", .get("/q/tried"), .get("/q/tried?a"),
                    .get("/q/plain?a"), .get("/q/named"), .get("/q/dropped"), .get("/q/dropped?a"),
                    .get("/q/set"), .get("/q/page.html?")
                ).logging(8),
                .init("an error page has no time of its own", .get("/q/page?a")).logging(1),
                .init("a rate before the response and after it", .get("/q/rate"), .get("/q/own")).logging(2),
                .init(
                    "many variables",
                    .get(
                        "/p%20q?x=1&y=2", host: "Front.Test:80",
                        ["Referer: there", "User-Agent: me", "Cookie: c=crumb; d=e"])
                ).logging(1),
                .init("many variables, few fields", .get("/")).logging(1),
                .init("many variables of a POST", .post("/a", "body", ["Content-Type: a/b"])).logging(1),
                .init("many variables of HEAD", .head("/a")).logging(1),
                .init("off is off whatever else stands there", .get("/then"), .get("/before"), .get("/none"))
                    .logging(1),
                .init(
                    "a gateway's answer", .get("/gateway/x"),
                    answers: [
                        .fixed("hello", fields: ["X-G: v", "Set-Cookie: s=1; Path=/"])
                    ]
                ).logging(1),
                .init("a gateway's chunked answer", .get("/gateway/x"), answers: [.chunked(["a", "bc"])])
                    .logging(1),
                .init("a retry is two addresses", .get("/pair"), .get("/pair")).logging(2),
                .init("a gateway that closes", .get("/gateway"), answers: [.close]).logging(1),
                .init(
                    "a gateway that breaks off", .get("/gateway"),
                    answers: [
                        GatewayAnswer(steps: [
                            .send(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort".utf8)), .close,
                        ])
                    ]
                ).logging(1),
                .init("escape=json", .get("/json?x=a\"b\\c", ["User-Agent: tab\there \"q\" \u{e4}"])).logging(
                    1),
                .init("escape=none", .get("/none", ["User-Agent: \"q\" \\"])).logging(1),
                .init("escape=default", .get("/usual?a\"b", ["User-Agent: \"q\" \\ tab\t\u{e4}"])).logging(1),
                .init(
                    "content that is dropped", .post("/dropped", "hello"),
                    .chunkedPost("/dropped", ["he", "llo"])
                ).logging(2),
                .init("a condition", .get("/if?x=hush"), .get("/if?x=loud")).logging(1),
                .init("two logs", .get("/two")).logging(2),
                .init("keep-alive counts requests", .get("/gateway/a"), .get("/gateway/b")).logging(2),
                .init("a pipeline is marked", .pipeline(.get("/gateway/a"), .get("/gateway/b"))).logging(2),
                .init("bad requests go to the server's log", .get("/off"), .get("/usual")).logging(1),
            ])
    }

    static var upgrades: DifferentialGroup {
        let fields = [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13",
        ]
        return DifferentialGroup(
            name: "upgrades",
            http: #"""
                map $http_upgrade $connection_upgrade { default upgrade; '' close; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection $connection_upgrade; proxy_pass http://%GATEWAY1%; }
                    location /plain/ { proxy_pass http://%GATEWAY1%; }
                }
                """#,
            cases: [
                .init(
                    "a tunnel echoes", .get("/", fields).echoing("hello through the tunnel"),
                    answers: [.upgrade()]
                ).withoutProbe,
                .init(
                    "a big echo", .get("/", fields).echoing(String(repeating: "0123456789", count: 20_000)),
                    answers: [.upgrade()]
                ).withoutProbe,
                .init(
                    "a refused upgrade", .get("/", fields), answers: [.fixed("no", status: "400 Bad Request")]
                )
                .withoutProbe,
                .init("no upgrade asked for", .get("/")),
                .init("an upgrade that is not passed on", .get("/plain/", fields)),
            ])
    }

    static var variables: DifferentialGroup {
        DifferentialGroup(
            name: "variables",
            http: #"""
                map $arg_m $mapped { default "dflt"; one "uno"; ~^re(?<n>\d+)$ "regex $n"; "" "empty"; two $arg_v; }
                map $host $wild { hostnames; default none; *.example.test star; .dot.test dot; exact.test exact; }
                map $arg_h $named { hostnames; default none; *.star.test star; .dot.test dot; mail.* mail; exact.test exact; ~^re re; }
                map $arg_m$arg_v $both { default no; ab yes; ~*^C yes-c; }
                server { listen 127.0.0.1:%PORT1%; server_name front.test; set $own "o-$arg_x";
                    location / { return 200 "$mapped|$wild|$both|$own\n"; }
                    location /named { return 200 "$named\n"; }
                    location /request { return 200 "$request|$request_method|$uri|$request_uri|$args|$is_args|$scheme|$server_protocol\n"; }
                    location /args { return 200 "$arg_a|$arg_B|$arg_c_d|$arg_none|$args\n"; }
                    location /cookies { return 200 "$cookie_a|$cookie_B|$cookie_none|$http_cookie\n"; }
                    location /fields { return 200 "$http_x_one|$http_two|$http_none|$http_host\n"; }
                    location /server { return 200 "$server_addr|$server_port|$server_name|$host|$hostname\n"; }
                    location /set { set $a 1; set $b "$a$a"; set $c "${b}c"; return 200 "$a|$b|$c\n"; }
                    location /braces { return 200 "${uri}x${arg_a}y\n"; }
                }
                """#,
            cases: [
                .init("map by word", .get("/?m=one")),
                .init("map by default", .get("/?m=nine")),
                .init("map by regular expression", .get("/?m=re42")),
                .init("map of an empty value", .get("/")),
                .init("map to a variable", .get("/?m=two&v=deux")),
                .init("map ignores case in words", .get("/?m=ONE")),
                .init("map with host names, star", .get("/", host: "a.example.test")),
                .init("map with host names, dot", .get("/", host: "dot.test")),
                .init("map with host names, exact", .get("/", host: "exact.test")),
                .init("map of two variables", .get("/?m=a&v=b")),
                .init("map by regular expression in any case", .get("/?m=c")),
                .init("the request's own", .get("/request%2Fx?a=b")),
                .init("arguments", .get("/args?a=1&b=2&c_d=3&a=4")),
                .init("arguments are not decoded", .get("/args?a=%20+x&B=")),
                .init("cookies", .get("/cookies", ["Cookie: a=1; B=2;c=3"])),
                .init("two Cookie lines", .get("/cookies", ["Cookie: a=1", "Cookie: B=2"])),
                .init("request fields", .get("/fields", ["X-One: 1", "Two: a", "Two: b"]))
                    .differs("several lines are joined, as in nginx since 1.23", "1|a, b||localhost"),
                .init("the server's own", .get("/server", host: "Some.Host:9")),
                .init("set", .get("/set")),
                .init("set at server level", .get("/?x=1")),
                .init("braces", .get("/braces?a=1")),
            ]
                + [
                    "a.star.test", ".star.test", "star.test", "a.star.test.", "dot.test", ".dot.test",
                    "dot.test.",
                    "mail", "mail.", "mail..", "mail.a.b", ".mail.a", "exact.test.", "exact.test..", ".", "",
                    "re.",
                ].map { .init("map with host names: \"\($0)\"", .get("/named?h=\($0)")) })
    }

    static var rewrites: DifferentialGroup {
        DifferentialGroup(
            name: "rewrite",
            http: #"""
                server { listen 127.0.0.1:%PORT1%;
                    rewrite ^/server/(.*)$ /end/$1;
                    location /end/ { return 200 "end $uri|$args\n"; }
                    location /last/ { rewrite ^/last/(.*)$ /end/$1 last; return 200 "never\n"; }
                    location /break/ { rewrite ^/break/(.*)$ /in/$1?added=1 break; proxy_pass http://%GATEWAY1%; }
                    location /redirect/ { rewrite ^/redirect/(.*)$ /end/$1 redirect; }
                    location /permanent/ { rewrite ^/permanent/(.*)$ http://else.test/$1? permanent; }
                    location /noargs/ { rewrite ^/noargs/(.*)$ /end/$1? last; }
                    location /argsfirst/ { rewrite ^/argsfirst/(.*)$ /end/x?y=$1 last; }
                    location /if/ {
                        if ($request_method = POST) { return 405; }
                        if ($arg_x = 1) { return 200 "one\n"; }
                        if ($arg_x != "") { return 200 "some\n"; }
                        if ($http_user_agent ~* "BOT(\d)") { return 200 "bot $1\n"; }
                        if ($uri !~ ok) { return 200 "not ok\n"; }
                        return 200 "fell through\n";
                    }
                    location ~ ^/set/(.*)$ { set $v "$1"; set $w "[$uri]"; return 200 "$v$w\n"; }
                    location ~ ^/set-later/(.*)$ { rewrite ^/set-later/(.*) /moved/$1; set $v "$1"; return 200 "$v\n"; }
                    location /ifset/ { set $v no; if ($arg_x) { set $v yes; } return 200 "$v\n"; }
                    location /file/ { if (-f %PREFIX%/www/there.txt) { return 200 "there\n"; } return 200 "gone\n"; }
                    location /loop/ { rewrite ^/loop/(.*)$ /loop/x$1 last; }
                    location /ifproxy/ { if ($arg_x) { proxy_pass http://%GATEWAY1%; } return 404; }
                }
                """#,
            files: ["www/there.txt": "x"],
            expectedAlarms: [],
            cases: [
                .init(
                    "set encodes captures where the client had encoded",
                    .get("/set/a b".replacing(" ", with: "%20")),
                    .get("/set/plain"), .get("/set/a%2Bb+c%3Fd"), .get("/set-later/a%20b")),
                .init("at server level", .get("/server/x?a=b")),
                .init("last", .get("/last/x?a=b")),
                .init("break", .get("/break/x?a=b")),
                .init("redirect", .get("/redirect/x?a=b")),
                .init("permanent, to another host, without arguments", .get("/permanent/x?a=b")),
                .init("a question mark drops arguments", .get("/noargs/x?a=b")),
                .init("new arguments come first", .get("/argsfirst/v?a=b")),
                .init("if by method", .post("/if/", "x")),
                .init("if by value", .get("/if/?x=1")),
                .init("if by inequality", .get("/if/?x=2")),
                .init("if by regular expression", .get("/if/", ["User-Agent: robot7"])),
                .init("if by no match", .get("/if/")),
                .init("no if holds", .get("/if/ok")),
                .init("if sets", .get("/ifset/?x=1")),
                .init("if sees 0 as false", .get("/ifset/?x=0")),
                .init("if sees a file", .get("/file/")),
                .init("a loop is a 500", .get("/loop/")),
                .init("an encoded capture", .get("/last/a%20b%3fc")),
                .init(
                    "an encoded capture in new arguments",
                    .get("/argsfirst/a%20%22%3c%3e%5c%5e%60%7b%7c%7d%26%3b%2b%23%25%3f%7f%c3%5b~:=c?x=1")),
            ])
    }
}
