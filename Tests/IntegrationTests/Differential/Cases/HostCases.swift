extension DifferentialGroup {
    static var hostsAndTargets: DifferentialGroup {
        DifferentialGroup(
            name: "hosts and targets",
            http: #"""
                server { listen 127.0.0.1:%PORT1%; server_name ""; ignore_invalid_headers off;
                    set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
                    location / { return 301 https://$host$request_uri; }
                    location /said { return 200 "$request_uri|$uri|$args\n"; }
                    location /http/ { proxy_set_header Host $http_host; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /host/ { proxy_set_header Host $host; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /none/ { proxy_set_header Host ""; proxy_set_header Connection "";
                        proxy_pass http://%GATEWAY1%; }
                    location /old/ { proxy_set_header Host ""; proxy_http_version 1.0;
                        proxy_pass http://%GATEWAY1%; }
                    location /server/ { proxy_pass_header Server; add_header Server mine;
                        proxy_pass http://%GATEWAY1%; }
                    location /any/ { return 200 "$remote_addr\n"; }
                    location /port/ { return 200 "$remote_addr|$remote_port\n"; }
                    location /line/ { proxy_set_header X-Path $uri; add_header X-Path "$uri"; proxy_pass http://%GATEWAY1%; }
                    location ~ ^/old(groups)/ { if ($uri ~ none) { return 204; } return 200 "<$1>\n"; }
                    location ~ ^/kept(groups)/ { if ($arg_a = x) { return 204; } return 200 "<$1>\n"; }
                    location /pass/ { proxy_pass http://%GATEWAY1%; }
                }
                """#,
            cases: [
                .init("$request_uri of an absolute target", .get("http://h.test/a?b")),
                .init("$request_uri of a host alone", .get("http://h.test")),
                .init("$request_uri of a host with a query", .get("http://h.test?a=b")),
                .init("$request_uri as it was sent", .get("http://h.test:81/said//x/../y%20?c")),
                .init("Host that the client sent", .get("/http/x", host: "c.test")),
                .init("Host of an absolute target", .get("http://abs.test/host/x", host: "c.test")),
                .init("HTTP/1.0 to HTTP/1.0 without Host", .get("/old/x", host: nil, version: "HTTP/1.0")),
                missingHost("no Host and $http_host", "/http/x"),
                missingHost("no Host and $host", "/host/x"),
                missingHost("Host set to nothing", "/none/x"),
                .init("groups after a match that fails", .get("/oldgroups/")),
                .init("groups after another condition", .get("/keptgroups/")),
                .init("a line break in values of fields", .get("/line/a%0D%0AX-Other:%20y"))
                    .differs(
                        "a decoded line break would begin a field", "X-Path: /line/aX-Other: y",
                        lacks: "\nX-Other"),
                .init(
                    "invalid names that are not ignored",
                    .get("/pass/x", ["X_Y: 1", "X.Y: 2", "Bad!: 3", "\"q\": 4", "{}: 5", "a@b: 6"])),
                .init("a space in a name that is not ignored", .get("/pass/x", ["X Y: 1"])),
                .init(
                    "Server of the gateway", .get("/server/x"), answers: [.fixed("b", fields: ["Server: g"])]),
                .init("no Server of the gateway", .get("/server/x"), answers: [.fixed("b")]),
            ]
                + ["unix:/a", "9.9.9.9, unix:/a", "9.9.9.9:0", "[::1]", "unix:", "9.9.9.9:99999"].map {
                    .init("an address that is none: \($0)", .get("/any/", ["X-Forwarded-For: \($0)"]))
                }
                + ["9.9.9.9", "9.9.9.9:80", "[::1]:80", "::1"].map {
                    .init("an address: \($0)", .get("/port/", ["X-Forwarded-For: \($0)"]))
                })
    }

    private static func missingHost(_ name: String, _ target: String) -> DifferentialCase {
        DifferentialCase(name, .get(target, host: nil, version: "HTTP/1.0"))
            .differs("an HTTP/1.1 request has a Host (RFC 9112 3.2)", "Host: 127.0.0.1:")
    }
}
