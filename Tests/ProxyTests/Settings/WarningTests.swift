import Testing

@testable import Proxy

@Suite("Warnings")
struct WarningTests {
    static let samples: [(String, [String])] = [
        (
            "server { listen 8080; server_name a; } server { listen 8080; server_name a; }",
            [#"conflicting server name "a" on 0.0.0.0:8080, ignored"#]
        ),
        (
            "server { listen 8080; server_name .a.b; } server { listen 8080; server_name .a.b; }",
            [#"conflicting server name ".a.b" on 0.0.0.0:8080, ignored"#]
        ),
        (
            "server { listen 8080; } server { listen 8080; }",
            [#"conflicting server name "" on 0.0.0.0:8080, ignored"#]
        ),
        ("server { listen 8080; server_name a; } server { listen 8081; server_name a; }", []),
        ("server { listen 8080; server_name a a; }", []),
        (
            "server { listen 8080; server_name www.*.com; } server { listen 8081; server_name a..b c; }",
            [#"server name "www.*.com" matches nothing"#, #"server name "a..b" matches nothing"#]
        ),
        (
            "server { listen 8443; ssl on; ssl_certificate self-signed; }",
            [#"the "ssl" directive is deprecated, use the "listen ... ssl" directive instead"#]
        ),
        ("upstream u { server 127.0.0.1:1; server 127.0.0.1:2 backup; ip_hash; }", []),
        (
            "server { listen 8080; location @a { } location @a { } }",
            [#"duplicate location "@a", ignored"#]
        ),
        (
            "sendfile on; server { listen 8080; sendfile on; } server { listen 8081; sendfile off; }",
            [#""sendfile" is accepted but has no effect here"#]
        ),
        (
            "aio on; tcp_nopush on;",
            [
                #""aio" is accepted but has no effect here"#,
                #""tcp_nopush" is accepted but has no effect here"#,
            ]
        ),
        ("proxy_next_upstream error error;", [#"duplicate value "error""#]),
        (
            "upstream gateways { server 127.0.0.1:1; }"
                + " server { location / { proxy_pass http://gatways; }"
                + " location /b { proxy_pass http://x.test; } }",
            [
                #"host not found in upstream "gatways"; it is unavailable until it is found, did you mean"#
                    + #" "gateways"?"#,
                #"host not found in upstream "x.test"; it is unavailable until it is found"#,
            ]
        ),
        ("set_real_ip_from 10.0.0.1/8;", ["low address bits of 10.0.0.1/8 are meaningless"]),
        ("server { server_name /a; }", [#"server name "/a" has suspicious symbols"#]),
        (
            "server { listen 8080 accept_filter=httpready multipath; }",
            [
                #""accept_filter=httpready" of "listen" is not supported here, ignored"#,
                #""multipath" of "listen" is not supported here, ignored"#,
            ]
        ),
        ("index /a b;", [#"only the last index in "index" directive should be absolute"#]),
        (
            "http2 on; http2_max_requests 5; http2_push /a; server { listen 8080 http2; http2 on; }",
            [
                #"the "http2_max_requests" directive is obsolete, use the "keepalive_requests" directive"#
                    + " instead", #"the "http2_push" directive is obsolete, ignored"#,
                #"the "listen ... http2" directive is deprecated, use the "http2" directive instead"#,
            ]
        ),
    ]

    @Test("each is said once", arguments: samples)
    func warned(_ text: String, _ warnings: [String]) throws {
        #expect(try Loading.http(text).warningTexts == warnings)
    }

    @Test("auth_basic without a user file is told what to add, wherever it stands")
    func userFileIsMissing() throws {
        let warning =
            "\"auth_basic\" stands without \"auth_basic_user_file\": every request is denied with 403;"
            + " add \"auth_basic_user_file FILE;\""
        #expect(try Loading.location("auth_basic realm;").warningTexts == [warning])
        #expect(try Loading.server("auth_basic realm;").warningTexts == [warning])
        let limited = try Loading.location("limit_except GET { auth_basic realm; }")
        #expect(limited.warningTexts == [warning])
        #expect(try Loading.location("auth_basic realm; auth_basic_user_file f;").warningTexts == [])
        #expect(try Loading.location("auth_basic off;").warningTexts == [])
    }
}
