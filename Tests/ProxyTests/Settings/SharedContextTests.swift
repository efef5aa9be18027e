import Net
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

@Suite("What the door of files keeps") struct LastingFilesTests {
    private func load(_ text: String, _ files: ConfigurationFiles) throws {
        _ = try Configuration.load(
            LoadRequest(
                prefix: "/nonexistent", path: nil, globalDirectives: "", errorLogPath: "stderr",
                builtIn: BuiltInConfiguration(
                    name: "test.conf", text: "events {} http { error_log stderr; access_log off; \(text) }")),
            files: files)
    }

    private func server(_ name: String, _ cache: String) -> String {
        "server { listen 127.0.0.1:1 ssl; server_name \(name); ssl_certificate self-signed;"
            + " ssl_session_cache shared:\(cache):1m; }"
    }

    @Test("a session cache or a certificate that a reload has no more is let go; those that stay are kept")
    func forgets() throws {
        let lasting = LastingSecrets()
        func files() -> ConfigurationFiles { ConfigurationFiles(lasting: lasting) }
        let first = files()
        try load(server("a.test", "one") + server("b.test", "two"), first)
        first.forgetOthers()
        let one = try files().sessionStore("one", byteCount: 1 << 20)
        let two = try files().sessionStore("two", byteCount: 1 << 20)
        let second = files()
        try load(server("a.test", "one") + server("c.test", "three"), second)
        // Both are there until it is known which configuration goes on.
        #expect(try files().sessionStore("two", byteCount: 1 << 20) === two)
        let kept = try files().selfSigned(["a.test", "127.0.0.1"]).chain
        let dropped = try files().selfSigned(["b.test", "127.0.0.1"]).chain
        second.forgetOthers()
        #expect(try files().sessionStore("one", byteCount: 1 << 20) === one)
        #expect(try files().sessionStore("two", byteCount: 1 << 20) !== two)
        #expect(try files().selfSigned(["a.test", "127.0.0.1"]).chain == kept)
        #expect(try files().selfSigned(["b.test", "127.0.0.1"]).chain != dropped)
    }

    @Test("the address of a syslog server's name is found out once, and goes to the workers")
    func syslogName() throws {
        let files = ConfigurationFiles()
        try load("access_log syslog:server=localhost; error_log syslog:server=localhost:515;", files)
        let text = String(decoding: files.encoded, as: UTF8.self)
        #expect(text.split(separator: "resolve localhost").count == 2)
        #expect(files.resolve(host: "localhost", port: 515).contains { $0.text == "127.0.0.1:515" })
        #expect(files.resolve(host: "localhost", port: 514).contains { $0.text == "127.0.0.1:514" })
    }
}
