import Config
import Testing

@testable import Proxy

@Suite("Rules of lint") struct LintRuleTests {
    /// A rule, configurations of an `http` block that it has something to say of, and some that it has not.
    struct Sample: CustomTestStringConvertible, Sendable {
        let rule: String
        let bad: [String]
        let good: [String]

        var testDescription: String { rule }
    }

    static func names(_ text: String) throws -> [String] {
        let linter = try Linter(
            LoadRequest(
                prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
                builtIn: BuiltInConfiguration(name: "test.conf", text: "events {}\n\(text)")))
        return linter.findings.map(\.rule.name)
    }

    private static func http(_ text: String) -> String {
        text.contains("http {") ? text : "http { error_log stderr; access_log off;\n\(text)\n}"
    }

    @Test("says what is wrong, and nothing where it is right", arguments: samples + moreSamples)
    func bothSides(_ sample: Sample) throws {
        for text in sample.bad {
            let names = try LintRuleTests.names(LintRuleTests.http(text))
            #expect(names.contains(sample.rule), "\(text)\n\(names)")
        }
        for text in sample.good {
            let names = try LintRuleTests.names(LintRuleTests.http(text))
            #expect(!names.contains(sample.rule), "\(text)\n\(names)")
        }
    }

    @Test("every rule has a sample, and a name of its own")
    func allAreTested() {
        let names = LintRule.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.count >= 25)
        #expect(Set(names) == Set((LintRuleTests.samples + LintRuleTests.moreSamples).map(\.rule)))
        for rule in LintRule.all {
            #expect(rule.sentence.hasSuffix(".") && rule.why.hasSuffix("."), "\(rule.name)")
            #expect(!rule.mend.isEmpty && !rule.mend.hasSuffix("."), "\(rule.name)")
        }
    }

    static let samples = [
        Sample(
            rule: "security-fields-lost",
            bad: [
                "add_header X-Frame-Options DENY; server { location / { add_header X-A b; } }",
                "server { add_header Strict-Transport-Security max-age=9; location / { add_header Cache-Control no-store; } }",
            ],
            good: [
                "add_header X-Frame-Options DENY; server { location / { add_header X-Frame-Options SAMEORIGIN; } }",
                "add_header X-A b; server { location / { add_header X-B b; } }",
                "add_header X-Frame-Options DENY; server { location / { add_header_inherit merge; add_header X-A b; } }",
            ]),
        Sample(
            rule: "proxy-fields-lost",
            bad: [
                """
                server { proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
                location / { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1; } }
                """
            ],
            good: [
                """
                server { proxy_set_header Host $host; location / { proxy_pass http://127.0.0.1:1; } }
                """,
                """
                server { proxy_set_header Host $host; location / { proxy_set_header Host a; proxy_set_header X-A b;
                proxy_pass http://127.0.0.1:1; } }
                """,
                "server { proxy_set_header Host $host; location / { proxy_set_header X-A b; } }",
            ]),
        Sample(
            rule: "if-fields-lost",
            bad: [
                """
                server { location / { if ($arg_a) { add_header X-A a; } if ($arg_b) { add_header X-B b; }
                proxy_pass http://127.0.0.1:1; } }
                """
            ],
            good: [
                """
                server { location / { if ($request_method = GET) { add_header X-A a; }
                if ($request_method = POST) { add_header X-B b; } proxy_pass http://127.0.0.1:1; } }
                """,
                "server { location / { if ($arg_a) { return 403; } if ($arg_b) { set $x 1; } } }",
                "server { location / { if ($arg_a) { add_header X-A a; return 204; } if ($arg_b) { add_header X-B b; } } }",
            ]),
        Sample(
            rule: "if-skips-try-files",
            bad: ["server { location / { try_files $uri /i.html; if ($arg_a) { add_header X-A b; } } }"],
            good: [
                "server { location / { try_files $uri /i.html; if ($arg_a) { return 403; } } }",
                "server { location / { if ($arg_a) { add_header X-A b; } } }",
                "server { location / { try_files $uri /i.html; if ($arg_a) { rewrite ^ /b last; } } }",
            ]),
        Sample(
            rule: "proxy-slash",
            bad: [
                "server { location /a/ { proxy_pass http://127.0.0.1:1/b; } }",
                "server { location /a { proxy_pass http://127.0.0.1:1/; } }",
            ],
            good: [
                "server { location /a/ { proxy_pass http://127.0.0.1:1/b/; } }",
                "server { location /a { proxy_pass http://127.0.0.1:1/b; } }",
                "server { location /a { proxy_pass http://127.0.0.1:1; } location / { proxy_pass http://127.0.0.1:1/; } }",
                "server { location = /a { proxy_pass http://127.0.0.1:1/b/; } }",
                "server { location /a/ { proxy_pass http://127.0.0.1:1/b?path=; } }",
            ]),
        Sample(
            rule: "alias-traversal",
            bad: ["server { location /a { alias /srv/b/; } }"],
            good: [
                "server { location /a/ { alias /srv/b/; } }", "server { location /a { alias /srv/b; } }",
                "server { location = /a { alias /srv/b/; } }",
            ]),
        Sample(
            rule: "alias-slash",
            bad: ["server { location /a/ { alias /srv/b; } }"],
            good: [
                "server { location /a/ { alias /srv/b/; } }", "server { location = /a/ { alias /srv/b; } }",
            ]),
        Sample(
            rule: "try-files-and-proxy",
            bad: [
                "server { location / { try_files $uri @x; proxy_pass http://127.0.0.1:1; } location @x { return 404; } }"
            ],
            good: [
                "server { location / { try_files $uri @x; } location @x { proxy_pass http://127.0.0.1:1; } }"
            ]),
        Sample(
            rule: "location-unreachable",
            bad: [
                "server { location ~ ^/ { return 200; } location ~ x { return 201; } }",
                "server { location ~ a { return 200; } location ~ a { return 201; } }",
                "server { location /a { return 200; } location ~* .* { return 201; } }",
            ],
            good: [
                "server { location ~ a { return 200; } location ~ ^/ { return 201; } }",
                "server { location ^~ /a { return 200; } location = /b { return 200; } location ~ .* { return 201; } }",
                "server { location ~ a { return 200; } location ~* a { return 201; } }",
            ]),
        Sample(
            rule: "dot-unescaped",
            bad: [
                "server { location ~ .php$ { return 200; } }",
                "server { location ~* .(js|css)$ { return 200; } }",
            ],
            good: [
                #"server { location ~ \.php$ { return 200; } location ~ .*x$ { return 200; } }"#,
                "server { location ~ ^/a.b$ { return 200; } location ~ .+$ { return 200; } }",
            ]),
        Sample(
            rule: "root-in-location",
            bad: ["server { location / { root /srv; } location /img/ { expires 1d; } }"],
            good: [
                "server { root /srv; location / { root /a; } location /img/ { expires 1d; } }",
                "server { location / { root /srv; } location /a { proxy_pass http://127.0.0.1:1; } location /b { return 200; } }",
            ]),
        Sample(
            rule: "redirect-decoded",
            bad: [
                "server { return 301 https://$host$uri; }", "server { return https://a$document_uri; }",
                "server { location / { rewrite ^ https://a$uri permanent; } }",
            ],
            good: [
                "server { return 301 https://$host$request_uri; }", "server { return 200 $uri; }",
                "server { location / { rewrite ^ /b$uri last; } }",
                "server { set $uri_x a; return 301 /$uri_x; }",
            ]),
        Sample(
            rule: "return-before-access",
            bad: [
                "server { location / { deny all; return 200 secret; } }",
                "server { location / { auth_basic a; auth_basic_user_file /u; return 301 /x; } }",
            ],
            good: [
                "server { location / { deny all; proxy_pass http://127.0.0.1:1; } }",
                "server { location / { deny all; return 404; } location /b { return 200 a; } }",
            ]),
        Sample(
            rule: "forwarded-for-missing",
            bad: ["server { location / { proxy_set_header Host $host; proxy_pass http://127.0.0.1:1; } }"],
            good: [
                "server { location / { proxy_pass http://127.0.0.1:1; } }",
                """
                server { location / { proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
                proxy_pass http://127.0.0.1:1; } }
                """,
                "server { location / { proxy_set_header X-A b; proxy_pass http://127.0.0.1:1; } }",
            ]),
        Sample(
            rule: "upgrade-incomplete",
            bad: [
                "server { location / { proxy_set_header Upgrade $http_upgrade; proxy_pass http://127.0.0.1:1; } }",
                """
                server { location / { proxy_http_version 1.0; proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:1; } }
                """,
            ],
            good: [
                """
                server { location / { proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
                proxy_pass http://127.0.0.1:1; } }
                """
            ]),
    ]
}
