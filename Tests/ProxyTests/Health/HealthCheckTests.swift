import Sharing
import Testing
import Upstream

@testable import Proxy

@Suite("Health checks of a configuration") struct HealthCheckTests {
    private func load(_ http: String) throws -> Configuration {
        try Loading.http(http)
    }

    @Test("a check takes host, fields and port from its location; fields of the connection are its own")
    func takesFieldsOfLocation() throws {
        let configuration = try load(
            """
            upstream app { server 127.0.0.1:9; }
            server { listen 127.0.0.1:8080; location / {
                proxy_pass http://app; proxy_set_header Host $host; proxy_set_header X-Key secret;
                proxy_set_header X-None $http_x; proxy_set_header Connection upgrade;
                health_check uri=/ready; } }
            """)
        let check = try #require(configuration.healthChecks.first)
        let text = String(decoding: check.request, as: UTF8.self)
        #expect(text.hasPrefix("GET /ready HTTP/1.1\r\nHost: app\r\nX-Key: secret\r\n"))
        #expect(text.hasSuffix("Connection: close\r\n\r\n"))
        #expect(!text.contains("X-None") && !text.contains("upgrade"))
        #expect(configuration.upstreams[0].isChecked && configuration.upstreams[0].hasZone)
    }

    @Test("a check in the upstream block borrows the TLS settings of a location that passes to it")
    func borrowsFromLocation() throws {
        let configuration = try load(
            """
            upstream app { server 127.0.0.1:9; health_check; }
            server { listen 127.0.0.1:8080;
                location / { proxy_pass https://app; proxy_ssl_server_name on; proxy_ssl_name in.example; } }
            """)
        let check = try #require(configuration.healthChecks.first)
        #expect(check.tls != nil)
        #expect(check.serverName.map { String(decoding: $0, as: UTF8.self) } == "in.example")
    }

    @Test(
        "a check that leads nowhere is refused",
        arguments: [
            ("server { location / { health_check; } }", "needs a \"proxy_pass\""),
            (
                "upstream a { server 127.0.0.1:9; health_check match=none; }", "match \"none\" not found"
            ),
            ("match a { status 200; } match a { status 200; }", "duplicate match \"a\""),
            (
                "upstream a { ip_hash; server 127.0.0.1:9 slow_start=1s; }",
                "balancing method does not support parameter \"slow_start\""
            ),
            ("upstream a { server 127.0.0.1:9; queue 0; }", "invalid value \"0\" in \"queue\" directive"),
            ("upstream a { server 127.0.0.1:9; panic_threshold 200%; }", "invalid value"),
        ])
    func refused(_ text: String, _ message: String) throws {
        let error = #expect(throws: (any Error).self) { _ = try load(text) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message))
    }
}
