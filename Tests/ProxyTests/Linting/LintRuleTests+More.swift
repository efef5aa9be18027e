extension LintRuleTests {
    private static let two = "upstream u { server 127.0.0.1:1; server 127.0.0.1:2; }"

    private static func workers(_ count: Int, _ text: String) -> String {
        "worker_processes \(count); http { error_log stderr; access_log off; \(text) server { } }"
    }

    static let moreSamples = [
        Sample(
            rule: "host-unchecked",
            bad: [
                """
                server { location / { proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:1; } }
                """
            ],
            good: [
                "server { location / { proxy_set_header Host $host; proxy_pass http://127.0.0.1:1; } }",
                """
                server { server_name git.example; location / { proxy_set_header Host $http_host;
                proxy_pass http://127.0.0.1:1; } }
                """,
                """
                server { listen 8000 default_server; return 444; }
                server { listen 8000; server_name a; location / { proxy_set_header Host $http_host;
                proxy_pass http://127.0.0.1:1; } }
                """,
            ]),
        Sample(
            rule: "proxy-open",
            bad: [
                "server { location / { proxy_pass http://$arg_to; } }",
                "server { location / { proxy_pass http://$http_host$request_uri; } }",
            ],
            good: [
                "map $arg_to $to { default 127.0.0.1:1; } server { location / { proxy_pass http://$to; } }",
                "server { location / { proxy_pass http://127.0.0.1:1/$arg_x; } }",
            ]),
        Sample(
            rule: "timeout-huge",
            bad: ["proxy_read_timeout 1d; server { }", "server { proxy_connect_timeout 10m; }"],
            good: [
                "proxy_read_timeout 300s; keepalive_timeout 75s 60s; server { }",
                """
                server { location /ws { proxy_read_timeout 1d; proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:1; } }
                """,
            ]),
        Sample(
            rule: "buffering-off-everywhere", bad: ["proxy_buffering off; server { }"],
            good: ["server { location /events { proxy_buffering off; } }", "proxy_buffering on; server { }"]),
        Sample(
            rule: "body-unlimited", bad: ["client_max_body_size 0; server { }"],
            good: ["client_max_body_size 10m; server { location /up { client_max_body_size 0; } }"]),
        Sample(
            rule: "upstream-unshared", bad: [workers(2, two)],
            good: [
                workers(1, two),
                workers(2, "upstream u { zone u 64k; server 127.0.0.1:1; server 127.0.0.1:2; }"),
                workers(2, "upstream u { server 127.0.0.1:1; }"),
            ]),
        Sample(
            rule: "upstream-unchecked",
            bad: [
                "upstream u { server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2 max_fails=0; } server { }"
            ],
            good: [
                "upstream u { server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2; } server { }",
                """
                upstream u { zone u 64k; server 127.0.0.1:1 max_fails=0; server 127.0.0.1:2 max_fails=0; }
                server { location / { proxy_pass http://u; health_check; } }
                """,
            ]),
        Sample(
            rule: "keepalive-lost",
            bad: [
                """
                upstream u { server 127.0.0.1:1; keepalive 8; }
                server { location / { proxy_http_version 1.0; proxy_pass http://u; } }
                """,
                """
                upstream u { server 127.0.0.1:1; keepalive 8; }
                server { location / { proxy_set_header Connection close; proxy_pass http://u; } }
                """,
            ],
            good: [
                "upstream u { server 127.0.0.1:1; keepalive 8; } server { location / { proxy_pass http://u; } }",
                """
                upstream u { server 127.0.0.1:1; keepalive 8; } server { location / { proxy_http_version 1.0;
                proxy_set_header Connection ""; proxy_pass http://u; } }
                """,
            ]),
        Sample(
            rule: "status-open",
            bad: [
                "server { listen 8000; location /s { stub_status; } }",
                "server { listen 8000; location /s { status; } location /api { api; } }",
            ],
            good: [
                "server { listen 8000; location /s { stub_status; allow 10.0.0.0/8; deny all; } }",
                "server { listen 127.0.0.1:8000; location /s { status; } }",
                "match m { status 200; } server { listen 8000; }",
                "server { listen 8000; auth_basic a; auth_basic_user_file /u; location /s { status; } }",
            ]),
        Sample(
            rule: "api-open",
            bad: ["server { listen 8000; location /api { api write=on; allow 10.0.0.0/8; deny all; } }"],
            good: [
                "server { listen 8000; location /api { api write=on; auth_basic a; auth_basic_user_file /u; } }",
                "server { listen 127.0.0.1:8000; location /api { api write=on; allow 127.0.0.1; deny all; } }",
                "server { listen 8000; location /api { api; allow 10.0.0.0/8; deny all; } }",
            ]),
        Sample(
            rule: "allow-without-deny", bad: ["server { location / { allow 10.0.0.0/8; } }"],
            good: [
                "server { location / { allow 10.0.0.0/8; deny all; } location /a { allow all; } }",
                "server { satisfy any; auth_basic a; auth_basic_user_file /u; allow 10.0.0.0/8; }",
            ]),
        Sample(
            rule: "secret-in-clear",
            bad: ["server { location / { proxy_set_header Authorization \"Basic eA==\"; } }"],
            good: [
                "server { location / { proxy_set_header Authorization $http_authorization; } }",
                "server { location / { proxy_set_header Authorization \"\"; proxy_set_header X-A b; } }",
            ]),
        Sample(
            rule: "secret-unencrypted",
            bad: [
                "server { location / { proxy_set_header X-Api-Key abc; proxy_pass http://10.0.0.1; } }",
                """
                upstream u { server 10.0.0.1:80; } server { location / { proxy_set_header X-Api-Key abc;
                proxy_pass http://u; } }
                """,
            ],
            good: [
                "server { location / { proxy_set_header X-Api-Key abc; proxy_pass https://10.0.0.1; } }",
                "server { location / { proxy_set_header X-Api-Key abc; proxy_pass http://127.0.0.1:1; } }",
            ]),
        Sample(
            rule: "tls-old", bad: ["ssl_protocols TLSv1 TLSv1.2; server { }"],
            good: ["ssl_protocols TLSv1.2 TLSv1.3; server { }", "server { }"]),
        Sample(
            rule: "tls-weak-ciphers",
            bad: [
                "ssl_ciphers HIGH:RC4-SHA; server { }",
                "ssl_ciphers ECDHE-RSA-DES-CBC3-SHA:DES-CBC3-SHA; server { }",
            ],
            good: [
                "ssl_ciphers HIGH:!aNULL:!MD5:!RC4:!3DES; server { }",
                "ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; server { }",
            ]),
        Sample(
            rule: "upstream-unverified", bad: ["server { location / { proxy_pass https://10.0.0.1; } }"],
            good: [
                "server { location / { proxy_pass https://127.0.0.1:1; } }",
                "server { location / { proxy_pass http://10.0.0.1; } }",
                """
                upstream u { server 127.0.0.1:1; } server { location / { proxy_pass https://u; } }
                """,
            ]),
        Sample(
            rule: "default-server-missing",
            bad: ["server { listen 8000; server_name a; } server { listen 8000; server_name b; }"],
            good: [
                "server { listen 8000; server_name a; }",
                "server { listen 8000 default_server; server_name a; } server { listen 8000; server_name b; }",
                "server { listen 8000; server_name _; } server { listen 8000; server_name b; }",
                "server { listen 8000; server_name a; } server { listen 8001; server_name b; }",
            ]),
        Sample(
            rule: "duplicate-name",
            bad: ["server { listen 8000; server_name a; } server { listen 8000; server_name b a; }"],
            good: [
                "server { listen 8000; server_name a; } server { listen 8001; server_name a; }",
                "server { listen 8000; server_name a a; server_name a; }",
            ]),
        Sample(
            rule: "pattern-slow",
            bad: [
                "server { location ~ ^/(?!api).*/x$ { return 200; } }",
                #"server { location / { rewrite "^/(a+)b\1$" /x; } }"#,
                "server { location / { if ($http_user_agent ~ \"(?<=x)bot.*z\") { return 403; } } }",
            ],
            good: [
                #"server { location ~ /\.(?!well-known) { deny all; } }"#,
                "server { location ~ \"^/(a|b)+/[0-9]{1,3}$\" { return 200; } location / { rewrite ^/(.*)$ /x/$1; } }",
            ]),
        Sample(
            rule: "log-without-reason",
            bad: [
                """
                log_format f '$remote_addr $status'; access_log /dev/null f;
                server { location / { proxy_pass http://127.0.0.1:1; } }
                """
            ],
            good: [
                """
                log_format f '$remote_addr $status $upstream_status'; access_log /dev/null f;
                server { location / { proxy_pass http://127.0.0.1:1; } }
                """,
                "log_format f '$remote_addr $status'; access_log /dev/null f; server { }",
                #"""
                log_format main '$remote_addr - $remote_user [$time_local] "$request" $status '
                    '$body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
                access_log /dev/null main; server { location / { proxy_pass http://127.0.0.1:1; } }
                """#,
            ]),
        Sample(
            rule: "limit-unsaid", bad: ["limit_req_status 444; server { }"],
            good: ["limit_req_status 429; server { }", "server { }"]),
        Sample(
            rule: "limit-key-shared", bad: ["limit_req_zone all zone=z:1m rate=5r/s; server { }"],
            good: ["limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s; server { }"]),
        Sample(
            rule: "limit-dry-run", bad: ["server { limit_req_dry_run on; }"],
            good: ["server { limit_req_dry_run off; }"]),
    ]
}
