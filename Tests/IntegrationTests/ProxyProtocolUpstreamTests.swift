import Foundation
import TestSupport
import Testing

/// `proxy_protocol` in `upstream`: gateways read who the client is before anything else.
@Suite("proxy_protocol towards gateways", .serialized) struct ProxyProtocolUpstreamTests {
    /// What the gateway was told, and which request of its connection it is.
    private static let told =
        "$proxy_protocol_addr $proxy_protocol_server_addr $connection $connection_requests"

    private static func text(_ word: String, gateway: String, more: String = "") -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off; set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
            upstream app { zone app 64k; server \(gateway); proxy_protocol \(word); }
            server { listen 127.0.0.1:%PORT1%; http2 on;
                location / { proxy_pass http://app; health_check interval=100ms mandatory; \(more) } } }
        """
    }

    private func ask(_ server: Server, as client: String) throws -> [String] {
        let answer = try RawClient.ask(
            server.port,
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \(client)\r\nConnection: close\r\n\r\n")
        #expect(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self).split(separator: " ").map(String.init)
    }

    private func gateway(_ kind: Server.Kind, _ options: String = "") throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["app"], in: directory)
        let certificate = "ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;"
        return try Server(
            """
            worker_processes 1; error_log %PREFIX%/error.log info; events { }
            http { access_log off; %TEMP_PATHS%
                server { listen 127.0.0.1:%PORT1% \(options) proxy_protocol; return 200 "\(Self.told)";
                    \(options.isEmpty ? "" : certificate)
                } }
            """, kind: kind, directory: directory)
    }

    @Test(
        "each client's own connections, told whose they are, beside health checks that tell of none",
        arguments: ["on", "v2"], Server.Kind.all)
    func clients(word: String, kind: Server.Kind) throws {
        let gateway = try gateway(kind)
        let server = try Server(Self.text(word, gateway: "127.0.0.1:\(gateway.port)"))
        // Mandatory: nobody is served before a probe was answered.
        #expect(
            try waitUntil(Deadline(in: 10)) { try RawClient.get(server.port, "/").status == 200 })
        let first = try ask(server, as: "203.0.113.1")
        #expect(first.prefix(2) == ["203.0.113.1", "127.0.0.1"] && first.last == "1")
        let second = try ask(server, as: "203.0.113.2")
        #expect(second.first == "203.0.113.2" && second.last == "1")
        for number in 2...4 {
            #expect(try ask(server, as: "203.0.113.1") == Array(first.dropLast()) + ["\(number)"])
        }
        #expect(try ask(server, as: "203.0.113.2") == Array(second.dropLast()) + ["2"])
        #expect(try ask(server, as: "2001:db8::1").first == "2001:db8::1")
        server.finish()
        gateway.finish()
    }

    @Test("before TLS, and towards clients of HTTP/2")
    func beforeTLS() throws {
        let gateway = try gateway(.portico, "ssl")
        let text = Self.text("v2", gateway: "127.0.0.1:\(gateway.port)").replacing(
            "http://app", with: "https://app")
        let server = try Server(text)
        #expect(
            try waitUntil(Deadline(in: 10)) { try RawClient.get(server.port, "/").status == 200 })
        #expect(try ask(server, as: "203.0.113.1").first == "203.0.113.1")
        let run = try Program.run(
            "curl",
            [
                "-s", "--http2-prior-knowledge", "-H", "X-Forwarded-For: 203.0.113.7",
                "http://127.0.0.1:\(server.port)/",
            ], in: server.directory)
        #expect(run.output.hasPrefix("203.0.113.7 "), "\(run)")
        server.finish()
        gateway.finish()
    }

    @Test("a reload that changes the header ends the connections that began otherwise")
    func reload() throws {
        let gateway = try gateway(.portico)
        let address = "127.0.0.1:\(gateway.port)"
        let server = try Server(Self.text("on", gateway: address))
        #expect(
            try waitUntil(Deadline(in: 10)) { try RawClient.get(server.port, "/").status == 200 })
        let first = try ask(server, as: "203.0.113.1")
        try server.rewrite(Self.text("on", gateway: address, more: "proxy_read_timeout 50s;"))
        #expect(try server.reload().ending == .exited(0))
        #expect(
            try ask(server, as: "203.0.113.1") == Array(first.dropLast()) + ["2"], "nothing of it has changed"
        )
        try server.rewrite(Self.text("v2", gateway: address))
        #expect(try server.reload().ending == .exited(0))
        #expect(
            try waitUntil(Deadline(in: 10)) { try ask(server, as: "203.0.113.1").last == "1" })
        server.finish()
        gateway.finish()
    }

    @Test("other words are refused with the line that they stand in")
    func refused() throws {
        let directory = try TemporaryDirectory()
        try directory.write("upstream app { server 127.0.0.1:1;\nproxy_protocol v3; }", to: "bad.conf")
        let run = try Program.run(
            Binary.portico, ["-p", directory.path, "-c", directory.path + "/bad.conf", "-t"], in: directory)
        #expect(run.ending == .exited(1) && run.errors.contains("bad.conf:2"), "\(run)")
    }
}
