import Testing

@testable import Proxy

@Suite("Contexts of TLS") struct SharedContextTests {
    private func load(_ text: String, _ files: ConfigurationFiles) throws -> [ObjectIdentifier?] {
        let configuration = try Configuration.load(
            LoadRequest(
                prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
                builtIn: BuiltInConfiguration(
                    name: "test.conf", text: "events {} http { error_log stderr; access_log off; \(text) }")),
            files: files)
        return configuration.listeners.map { $0.defaultServer.tls.map { ObjectIdentifier($0) } }
    }

    private let server = { (port: Int, more: String) in
        "server { listen 127.0.0.1:\(port) ssl; server_name a.test; ssl_certificate self-signed; \(more) }"
    }

    @Test("equal servers share one; a reload keeps those that stay the same, and makes what differs")
    func sharedAndKept() throws {
        let lasting = LastingSecrets()
        let first = ConfigurationFiles(lasting: lasting)
        let before = try load(server(1, "") + server(2, "") + server(3, "ssl_protocols TLSv1.3;"), first)
        #expect(before[0] != nil && before[0] == before[1])
        #expect(before[2] != before[0])
        let second = ConfigurationFiles(lasting: lasting, former: first)
        let after = try load(server(1, "") + server(2, "ssl_session_timeout 1h;"), second)
        #expect(after[0] == before[0])
        #expect(after[1] != before[0] && after[1] != nil)
        let other = ConfigurationFiles(lasting: lasting)
        #expect(try load(server(1, ""), other)[0] != before[0])
    }

    @Test("everything that a context is made of is part of its identity")
    func identity() throws {
        let lines = [
            "", "ssl_ciphers HIGH;", "ssl_prefer_server_ciphers on;", "ssl_session_cache builtin;",
            "ssl_session_tickets off;", "ssl_buffer_size 4k;", "ssl_ecdh_curve prime256v1;",
            "ssl_reject_handshake on;", "ssl_verify_client optional_no_ca;", "ssl_verify_depth 3;",
            "ssl_conf_command Options PrioritizeChaCha;", "ssl_protocols TLSv1.2;",
        ]
        let text = lines.enumerated().map { server($0.offset + 1, $0.element) }.joined()
        let made = try load(text, ConfigurationFiles())
        #expect(Set(made.compactMap { $0 }).count == lines.count)
    }
}
