import Foundation
import TestSupport
import Testing

/// Settings of TLS that only the other end can see.
@Suite("What TLS is set to", .serialized) struct TLSSettingsTests {
    @Test("ssl_ecdh_curve says in which groups keys are exchanged")
    func curve() throws {
        let directory = try TemporaryDirectory()
        let server = try Server(
            """
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                ssl_ecdh_curve secp384r1; return 200 x; } }
            """, directory: directory)
        func shakes(_ curve: String) throws -> Bool {
            let said = try TLSClient.handshake(
                port: server.port, options: ["-curves", curve], in: directory)
            return said.contains("Cipher is TLS_")
        }
        #expect(try shakes("secp384r1"))
        #expect(try !shakes("X25519"))
        server.finish()
    }

    /// A gateway of TLS, and a server in front of it.
    private func pair(_ gateway: String, _ locations: String, in directory: TemporaryDirectory) throws
        -> Server
    {
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        return try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT2% ssl; ssl_certificate %PREFIX%/server.crt;
                    ssl_certificate_key %PREFIX%/server.key; ssl_session_cache shared:s:1m; \(gateway) }
                server { listen 127.0.0.1:%PORT1%; \(locations) } }
            """, directory: directory)
    }

    @Test("proxy_ssl_session_reuse", arguments: [(true, "r"), (false, ".")])
    func sessionReuse(isOn: Bool, second: String) throws {
        let server = try pair(
            "return 200 $ssl_session_reused;",
            """
            location / { proxy_pass https://127.0.0.1:%PORT2%; proxy_ssl_protocols TLSv1.2;
                proxy_ssl_session_reuse \(isOn ? "on" : "off"); }
            """, in: TemporaryDirectory())
        #expect(try RawClient.get(server.port, "/").body == Array(".".utf8))
        #expect(try RawClient.get(server.port, "/").body == Array(second.utf8))
        server.finish()
    }

    @Test("proxy_ssl_password_file opens a key that is locked")
    func passwordFile() throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["client.test"], in: directory, name: "client")
        let locked = try Program.run(
            "openssl",
            [
                "ec", "-aes256", "-passout", "pass:secret", "-in", directory.path + "/client.key", "-out",
                directory.path + "/locked.key",
            ], in: directory, name: "openssl-lock")
        #expect(locked.ending == .exited(0), "\(locked.errors)")
        chmod(directory.path + "/locked.key", 0o644)
        try directory.write("wrong\nsecret\n", to: "passwords")
        let server = try pair(
            "ssl_verify_client optional_no_ca; return 200 $ssl_client_s_dn;",
            """
            location / { proxy_pass https://127.0.0.1:%PORT2%; proxy_ssl_password_file %PREFIX%/passwords;
                proxy_ssl_certificate %PREFIX%/client.crt; proxy_ssl_certificate_key %PREFIX%/locked.key; }
            """, in: directory)
        #expect(try RawClient.get(server.port, "/").body == Array("CN=client.test".utf8))
        server.finish()
    }
}
