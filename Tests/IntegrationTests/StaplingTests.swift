import Foundation
import TestSupport
import Testing

/// What the authority's responder says of a certificate, sent along in handshakes.
@Suite("Stapling", .serialized) struct StaplingTests {
    private func server(_ lines: String, _ directory: TemporaryDirectory, certificate: String = "good") throws
        -> Server
    {
        try directory.write(directory.read("\(certificate).crt") + directory.read("ca.crt"), to: "chain.crt")
        return try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/chain.crt; ssl_certificate_key %PREFIX%/\(certificate).key;
                ssl_stapling on; \(lines)
                return 200 "ok"; } }
            """, directory: directory)
    }

    private func staple(_ server: Server) throws -> String {
        try TLSClient.handshake(port: server.port, options: ["-status"], in: server.directory)
    }

    @Test("the responder is asked by the checker, and every worker staples what it said")
    func asked() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(port: port, in: directory)
        let server = try server(
            """
            ssl_stapling_responder http://127.0.0.1:\(port); ssl_stapling_verify on;
            ssl_trusted_certificate %PREFIX%/ca.crt;
            """, directory)
        #expect(
            try waitUntil(Deadline(in: 5)) { try staple(server).contains("OCSP Response Status: successful") }
        )
        responder.stop()
        for _ in 0..<8 { #expect(try staple(server).contains("Cert Status: good")) }
        server.finish()
    }

    @Test("a responder that cannot be reached harms nobody; the answer comes when it is back")
    func unreachable() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let server = try server("ssl_stapling_responder http://localhost:\(port);", directory)
        #expect(server.waitForLog("while requesting certificate status, responder: localhost"))
        #expect(try staple(server).contains("OCSP response: no response sent"))
        let responder = try TestAuthority.responder(port: port, in: directory)
        #expect(
            try waitUntil(Deadline(in: 8)) { try staple(server).contains("OCSP Response Status: successful") }
        )
        responder.stop()
        server.finish()
    }

    @Test("an answer that the certificate is revoked is logged and not sent")
    func revoked() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(port: port, in: directory)
        let server = try server(
            "ssl_stapling_responder http://127.0.0.1:\(port);", directory, certificate: "revoked")
        #expect(server.waitForLog("certificate status \"revoked\" in the OCSP response"))
        #expect(try staple(server).contains("OCSP response: no response sent"))
        responder.stop()
        server.finish()
    }

    @Test("ssl_stapling_file is sent as it is; what cannot be asked for is warned of")
    func fromFile() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let path = directory.path
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(port: port, in: directory)
        try TestAuthority.openssl(
            "ocsp -issuer \(path)/ca.crt -cert \(path)/good.crt -url http://127.0.0.1:\(port)/"
                + " -respout \(path)/answer.der -noverify", in: directory)
        responder.stop()
        let server = try server("ssl_stapling_file %PREFIX%/answer.der;", directory)
        #expect(try staple(server).contains("OCSP Response Status: successful"))
        #expect(!server.log.contains("ignored"))
        server.finish()
        let silent = try self.server("", directory)
        #expect(silent.log.contains("\"ssl_stapling\" ignored, no OCSP responder URL in the certificate"))
        silent.finish()
    }
}
