import Foundation
import Testing

/// `ssl_ocsp`: authorities are asked whether clients' certificates still hold.
@Suite("Client certificate status", .serialized) struct ClientStatusTests {
    private func server(_ lines: String, _ directory: TemporaryDirectory) throws -> Server {
        try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                ssl_verify_client on; ssl_client_certificate %PREFIX%/ca.crt;
                \(lines) error_page 495 = /bad; location = /bad { return 200 "refused $ssl_client_verify"; }
                location / { return 200 "welcome $ssl_client_verify"; } } }
            """, directory: directory)
    }

    private func ask(_ server: Server, as name: String) throws -> String {
        let path = server.directory.path
        return try TLSClient.curl(
            port: server.port, host: "a.test",
            options: ["--cert", "\(path)/\(name).crt", "--key", "\(path)/\(name).key"], in: server.directory
        ).text
    }

    @Test(
        "a certificate that its authority has revoked is refused, another one is not",
        arguments: ["on", "leaf"])
    func revoked(_ word: String) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(port: port, in: directory)
        let server = try server("ssl_ocsp \(word); ssl_ocsp_responder http://127.0.0.1:\(port);", directory)
        #expect(try ask(server, as: "good").hasSuffix("welcome SUCCESS"))
        #expect(try ask(server, as: "revoked").hasSuffix("refused FAILED:certificate revoked"))
        responder.stop()
        #expect(try ask(server, as: "good").hasSuffix("refused FAILED:certificate status request failed"))
        #expect(server.waitForLog("while requesting certificate status"))
        server.finish()
    }

    @Test("with a cache an answer serves later connections too; a client that leaves in between harms nobody")
    func cached() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(port: port, in: directory)
        let server = try server(
            "ssl_ocsp on; ssl_ocsp_cache shared:o:1m; ssl_ocsp_responder http://127.0.0.1:\(port);", directory
        )
        #expect(try ask(server, as: "good").hasSuffix("welcome SUCCESS"))
        responder.stop()
        #expect(try ask(server, as: "good").hasSuffix("welcome SUCCESS"))
        let silent = try Socket.listen(port: port)
        defer { close(silent) }
        let path = directory.path
        let hasty = try Program.run(
            "curl",
            [
                "-sk", "--max-time", "0.5", "--cert", path + "/revoked.crt", "--key", path + "/revoked.key",
                "https://127.0.0.1:\(server.port)/",
            ], in: directory)
        #expect(hasty.ending != .exited(0))
        #expect(try ask(server, as: "good").hasSuffix("welcome SUCCESS"))
        server.finish()
    }
}
