import Foundation
import TestSupport
import Testing

/// Certificates of clients, and what else a TLS server reads from files. Beside nginx where it is there.
@Suite("Client certificates", .serialized) struct ClientCertificateTests {
    private func server(_ kind: Server.Kind, _ lines: String, _ directory: TemporaryDirectory) throws
        -> Server
    {
        try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1% ssl; server_name a.test;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                    \(lines)
                    return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_client_i_dn $ssl_client_serial"; } }
            """, kind: kind, directory: directory)
    }

    private func ask(_ server: Server, _ certificate: String?) throws -> String {
        let path = server.directory.path
        let options = certificate.map { ["--cert", "\(path)/\($0).crt", "--key", "\(path)/\($0).key"] } ?? []
        let text = try TLSClient.curl(
            port: server.port, host: "a.test", options: options, in: server.directory
        ).text
        let status = text.split(separator: " ").dropFirst().first.map(String.init) ?? text
        if text.contains("No required SSL certificate was sent") { return "\(status) none" }
        if text.contains("The SSL certificate error") { return "\(status) bad" }
        return "\(status) \(text.components(separatedBy: "\r\n\r\n").last ?? "")"
    }

    @Test("are asked for, checked and told of", arguments: Server.Kind.all)
    func verification(_ kind: Server.Kind) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let authority = "ssl_client_certificate %PREFIX%/ca.crt;"
        let required = try server(kind, "ssl_verify_client on; \(authority)", directory)
        #expect(try ask(required, "good") == "200 SUCCESS CN=good CN=authority 1001")
        #expect(try ask(required, nil) == "400 none")
        #expect(try ask(required, "stranger") == "400 bad")
        #expect(try ask(required, "revoked").hasPrefix("200 SUCCESS CN=revoked"))
        required.program.stop()
        let optional = try server(
            kind, "ssl_verify_client optional; \(authority) ssl_crl %PREFIX%/list.crl;", directory)
        #expect(try ask(optional, nil) == "200 NONE   ")
        #expect(try ask(optional, "good").hasPrefix("200 SUCCESS"))
        #expect(try ask(optional, "revoked") == "400 bad")
        optional.program.stop()
        let anybody = try server(kind, "ssl_verify_client optional_no_ca;", directory)
        #expect(try ask(anybody, "stranger").hasPrefix("200 FAILED:self"))
        anybody.program.stop()
    }

    @Test("what the client offered, and names in the old form")
    func offers() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1% ssl; server_name a.test;
                    ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                    ssl_verify_client on; ssl_client_certificate %PREFIX%/twice.crt;
                    ssl_conf_command ClientCAFile ca.crt;
                    return 200 "$ssl_ciphers|$ssl_curves|$ssl_client_s_dn_legacy|$ssl_client_i_dn_legacy|$ssl_client_raw_cert."; } }
            """,
            directory: {
                try $0.write($0.read("ca.crt") + $0.read("ca.crt"), to: "twice.crt"); return $0
            }(directory))
        let path = directory.path
        let options = [
            "--cert", "\(path)/good.crt", "--key", "\(path)/good.key", "--tls-max", "1.2", "--curves",
            "X25519:P-256",
            "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256",
        ]
        let text = try TLSClient.curl(port: server.port, host: "a.test", options: options, in: directory).text
        let words = (text.components(separatedBy: "\r\n\r\n").last ?? "").split(separator: "|").map(
            String.init)
        #expect(words.count == 5 && words[0].hasPrefix("ECDHE-ECDSA-AES128-GCM-SHA256"), "\(text)")
        #expect(words.dropFirst().prefix(3) == ["X25519:prime256v1", "/CN=good", "/CN=authority"], "\(text)")
        #expect(words.last?.hasSuffix("-----END CERTIFICATE-----\n.") == true, "\(text)")
        let told = try TLSClient.handshake(port: server.port, serverName: "a.test", in: directory)
        #expect(told.components(separatedBy: "CN = authority").count == 2, "\(told)")
        server.finish()
    }

    @Test(
        "handshakes for a server that rejects them fail, those for others do not", arguments: Server.Kind.all)
    func rejected(_ kind: Server.Kind) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let server = try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                server { listen 127.0.0.1:%PORT1% ssl; ssl_reject_handshake on; }
                server { listen 127.0.0.1:%PORT1% ssl; server_name a.test; return 200 "served"; } }
            """, kind: kind, directory: directory)
        #expect(try TLSClient.curl(port: server.port, host: "a.test", in: directory).text.hasSuffix("served"))
        let other = try TLSClient.handshake(port: server.port, serverName: "b.test", in: directory)
        #expect(other.contains("unrecognized name"), "\(other)")
        server.program.stop()
    }

    @Test(
        "an encrypted key is read with a password of a file; without one it is refused",
        arguments: Server.Kind.all)
    func passwords(_ kind: Server.Kind) throws {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test"], in: directory)
        let path = directory.path
        try TestAuthority.openssl(
            "ec -in \(path)/server.key -out \(path)/secret.key -aes128 -passout pass:right", in: directory)
        try directory.write("wrong\nright\n", to: "passwords")
        func text(_ lines: String) -> String {
            """
            worker_processes 1;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; \(lines)
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/secret.key;
                ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command MinProtocol TLSv1.3;
                return 200 "$ssl_protocol"; } }
            """
        }
        let server = try Server(
            text("ssl_password_file %PREFIX%/passwords;"), kind: kind, directory: directory)
        #expect(
            try TLSClient.curl(port: server.port, host: "a.test", in: directory).text.hasSuffix("TLSv1.3"))
        let old = try TLSClient.handshake(port: server.port, options: ["-tls1_2"], in: directory)
        #expect(old.contains("alert"))
        server.program.stop()
        guard kind == .portico else { return }
        let refused = try Server(text(""), directory: directory, awaitsPorts: false)
        #expect(refused.program.waitForEnd(within: 5) == .exited(1))
        #expect(
            refused.log.contains("encrypted with a password; name a file with it in \"ssl_password_file\""))
    }

    private func text(_ lines: String) -> String {
        """
        worker_processes 1;
        error_log %PREFIX%/error.log info;
        events { }
        http { access_log off;
            server { listen 127.0.0.1:%PORT1% ssl; ssl_protocols TLSv1.2 TLSv1.3;
                ssl_session_ticket_key %PREFIX%/ticket.key;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                \(lines) location / { return 200 "welcome"; } } }
        """
    }

    static let changes: [(lines: String, isResumed: Bool, isWelcome: Bool)] = [
        ("ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt; keepalive_timeout 5s;", true, true),
        ("ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt; ssl_verify_depth 3;", false, true),
        ("ssl_verify_client optional; ssl_client_certificate %PREFIX%/ca.crt;", false, true),
        (
            "ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt; ssl_crl %PREFIX%/list.crl;",
            false, false
        ),
        ("ssl_verify_client on; ssl_client_certificate %PREFIX%/stranger.crt;", false, false),
    ]

    @Test(
        "where certificates are judged by something else, no session of before is resumed",
        arguments: changes, ["tls1_2", "tls1_3"])
    func resumption(
        _ change: (lines: String, isResumed: Bool, isWelcome: Bool), _ protocolName: String
    ) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        try directory.write((0..<48).map { UInt8($0) }, to: "ticket.key")
        let server = try Server(
            text("ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt;"), directory: directory)
        let session = directory.path + "/session"
        let first = try TLSClient.ask(server, as: "revoked", ["-\(protocolName)", "-sess_out", session])
        #expect(first.contains("welcome"))
        try server.rewrite(text(change.lines))
        #expect(try server.reload().ending == .exited(0))
        let again = try TLSClient.ask(server, as: "revoked", ["-\(protocolName)", "-sess_in", session])
        #expect(again.contains("Reused, ") == change.isResumed, "\(again)")
        #expect(again.contains("welcome") == change.isWelcome, "\(again)")
        server.finish()
    }

    @Test("a connection of before serves no certificate that was judged by something else")
    func openConnection() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        try directory.write((0..<48).map { UInt8($0) }, to: "ticket.key")
        let rules = "ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt;"
        let server = try Server(text(rules), directory: directory)
        let path = directory.path
        let request = "printf 'GET / HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n'"
        let client = try Program(
            "sh",
            [
                "-c",
                "(\(request); while [ ! -e \(path)/go ]; do sleep 0.02; done; \(request); \(request))"
                    + " | openssl s_client -connect 127.0.0.1:\(server.port) -cert \(path)/revoked.crt"
                    + " -key \(path)/revoked.key",
            ], in: directory, name: "s_client")
        #expect(waitUntil(Deadline(in: 5)) { client.output.contains("welcome") })
        try server.rewrite(text(rules + "ssl_crl %PREFIX%/list.crl;"))
        #expect(try server.reload().ending == .exited(0))
        try directory.write("", to: "go")
        #expect(client.waitForEnd(within: 5) != nil)
        #expect(client.output.components(separatedBy: "welcome").count == 2, "\(client.output)")
        server.finish()
    }

    @Test("a certificate that one server has judged is none for another that judges differently")
    func otherServer() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        func block(_ name: String, _ authority: String) -> String {
            """
            server { listen 127.0.0.1:%PORT1% ssl; server_name \(name); ssl_verify_client on;
                ssl_client_certificate %PREFIX%/\(authority).crt; location / { return 200 "welcome"; } }
            """
        }
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                \(block("b.test", "ca")) \(block("a.test", "stranger")) \(block("c.test", "ca")) }
            """, directory: directory)
        // It names no server in the handshake, and this one in its request.
        let answer = try TLSClient.ask(server, as: "good", ["-noservername"])
        #expect(answer.contains("421 Misdirected Request") && !answer.contains("welcome"))
        #expect(server.waitForLog("was verified by other rules"))
        server.finish()
    }
}
