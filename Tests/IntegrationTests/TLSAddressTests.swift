import Foundation
import TestSupport
import Testing

/// TLS is spoken at an address, whichever block says so. Beside nginx where it is there.
@Suite("TLS addresses", .serialized) struct TLSAddressTests {
    private static func text(_ servers: String, outside: String = "") -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off; \(outside)
            \(servers) }
        """
    }

    private static let certificates = """
        ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
        """
    private static let others = "ssl_certificate %PREFIX%/other.crt; ssl_certificate_key %PREFIX%/other.key;"

    private func make(_ kind: Server.Kind, _ text: String, awaitsPorts: Bool = true) throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        _ = try TLSClient.makeCertificate(for: ["b.test"], in: directory, name: "other")
        return try Server(text, kind: kind, directory: directory, awaitsPorts: awaitsPorts)
    }

    /// Whose certificate a client is shown that names a host, or why it is not.
    private func shown(_ server: Server, _ host: String) throws -> String {
        let words = try TLSClient.handshake(
            port: server.port, serverName: host, in: server.directory)
        if words.contains("unrecognized name") { return "rejected" }
        return words.contains("CN = a.test") ? "a" : words.contains("CN = b.test") ? "b" : words
    }

    private func body(_ server: Server, _ host: String) throws -> String {
        let text = try TLSClient.curl(port: server.port, host: host, in: server.directory).text
        return text.components(separatedBy: "\r\n\r\n").last ?? ""
    }

    @Test(
        "a block that does not say it has its own certificate, or one from outside",
        arguments: Server.Kind.all)
    func inherited(_ kind: Server.Kind) throws {
        let server = try make(
            kind,
            Self.text(
                """
                server { listen 127.0.0.1:%PORT1%; server_name a.test; return 200 "a $https"; }
                server { listen 127.0.0.1:%PORT1% ssl; server_name b.test; \(Self.others) return 200 "b"; }
                server { listen 127.0.0.1:%PORT1%; server_name c.test; ssl_protocols TLSv1.2;
                    return 200 "c $ssl_protocol"; }
                """, outside: Self.certificates))
        #expect(try ["a.test", "b.test", "c.test"].map { try shown(server, $0) } == ["a", "b", "a"])
        #expect(
            try ["a.test", "b.test", "c.test"].map { try body(server, $0) } == ["a on", "b", "c TLSv1.2"])
        server.program.stop()
    }

    @Test("a block without a certificate has that of the default server", arguments: Server.Kind.all)
    func bare(_ kind: Server.Kind) throws {
        let server = try make(
            kind,
            Self.text(
                """
                server { listen 127.0.0.1:%PORT1% ssl; \(Self.certificates) ssl_reject_handshake on; }
                server { listen 127.0.0.1:%PORT1%; server_name b.test; return 200 "b"; }
                server { listen 127.0.0.1:%PORT1%; server_name c.test; ssl_reject_handshake on; }
                """))
        #expect(
            try ["x.test", "b.test", "c.test"].map { try shown(server, $0) } == ["rejected", "a", "rejected"])
        #expect(try body(server, "b.test") == "b")
        server.program.stop()
    }

    @Test("a default server that only rejects needs no certificate", arguments: Server.Kind.all)
    func rejects(_ kind: Server.Kind) throws {
        let server = try make(
            kind,
            Self.text(
                """
                server { listen 127.0.0.1:%PORT1% default_server; ssl_reject_handshake on; }
                server { listen 127.0.0.1:%PORT1% ssl; server_name b.test; \(Self.others) return 200 "b"; }
                """))
        #expect(try ["x.test", "b.test"].map { try shown(server, $0) } == ["rejected", "b"])
        server.program.stop()
    }

    @Test(
        "without any certificate for some name the configuration is refused",
        arguments: Server.Kind.all,
        [
            "server { listen 127.0.0.1:%PORT1% ssl; }",
            "server { listen 127.0.0.1:%PORT1%; } server { listen 127.0.0.1:%PORT1% ssl; server_name b; SSL }",
            """
            server { listen 127.0.0.1:%PORT1%; ssl_reject_handshake on; }
            server { listen 127.0.0.1:%PORT1% ssl; server_name b; }
            """,
        ])
    func refused(_ kind: Server.Kind, _ servers: String) throws {
        let server = try make(
            kind, Self.text(servers.replacing("SSL", with: Self.others)), awaitsPorts: false)
        #expect(server.program.waitForEnd(within: 5) == .exited(1))
        #expect(server.log.contains("no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"))
    }
}
