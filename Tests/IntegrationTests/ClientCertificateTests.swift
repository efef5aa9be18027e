import Foundation
import Testing

/// Certificates of clients, and what else a TLS server reads from files. Beside nginx where it is there.
@Suite("Client certificates", .serialized) struct ClientCertificateTests {
    static let kinds: [Server.Kind] = Binary.nginx == nil ? [.portico] : [.portico, .nginx]

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

    @Test("are asked for, checked and told of", arguments: kinds)
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

    @Test("handshakes for a server that rejects them fail, those for others do not", arguments: kinds)
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

    @Test("an encrypted key is read with a password of a file; without one it is refused", arguments: kinds)
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
}
