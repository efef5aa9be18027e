import Foundation
import TestSupport
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

    @Test(
        "an answer is believed if the issuer or its delegate signed it",
        arguments: [
            ("ca", true), ("delegate", true), ("revoked", false), ("good", false), ("stranger", false),
        ])
    func signers(_ signer: String, _ isBelieved: Bool) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(
            port: port, index: "lies.txt", signer: signer, in: directory)
        let server = try server("ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1:\(port);", directory)
        let answer = try ask(server, as: "revoked")
        let refusal = "refused FAILED:certificate status request failed"
        #expect(answer.hasSuffix(isBelieved ? "welcome SUCCESS" : refusal), "\(answer)")
        #expect(isBelieved || server.waitForLog("OCSP_basic_verify() failed"))
        responder.stop()
        server.finish()
    }

    @Test("nobody speaks for himself, even where the issuer lets him speak for others")
    func ownDelegate() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let responder = try TestAuthority.responder(
            port: port, index: "lies.txt", signer: "delegate", in: directory)
        let server = try server("ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1:\(port);", directory)
        #expect(try ask(server, as: "good").hasSuffix("welcome SUCCESS"))
        #expect(
            try ask(server, as: "delegate").hasSuffix("refused FAILED:certificate status request failed"))
        #expect(server.waitForLog("signed by the certificate that it is about"))
        responder.stop()
        server.finish()
    }

    /// What a responder says of a certificate of the directory; with a nonce, unless told otherwise.
    private func recorded(
        _ name: String, _ options: String, _ directory: TemporaryDirectory
    ) throws -> GatewayAnswer {
        let path = directory.path
        try TestAuthority.openssl(
            "ocsp -index \(path)/lies.txt -CA \(path)/ca.crt -rsigner \(path)/ca.crt -rkey \(path)/ca.key"
                + " -issuer \(path)/ca.crt -cert \(path)/\(name).crt -respout \(path)/\(name).der -noverify"
                + " \(options)", in: directory)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name).der")))
        let head = "HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n"
        return GatewayAnswer(steps: [.send(Array(head.utf8) + bytes), .close])
    }

    @Test(
        "an answer to somebody else's question, or about another certificate, is refused",
        arguments: [
            ("revoked", "-no_nonce -ndays 1", "welcome SUCCESS"),
            ("revoked", "-ndays 1", "nonce of the OCSP response is another one"),
            ("good", "-no_nonce -ndays 1", "certificate status not found in the OCSP response"),
        ])
    func replayed(_ name: String, _ options: String, _ words: String) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let gateway = try RecordingGateway()
        gateway.answerAll(with: try recorded(name, options, directory))
        let server = try server(
            "ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1:\(gateway.port);", directory)
        let answer = try ask(server, as: "revoked")
        if words.hasPrefix("welcome") {
            #expect(answer.hasSuffix(words), "\(answer)")
        } else {
            #expect(answer.hasSuffix("refused FAILED:certificate status request failed"), "\(answer)")
            #expect(server.waitForLog(words))
        }
        gateway.stop()
        server.finish()
    }

    @Test("what one server's responder has said does not speak for another's")
    func cachesAreApart() throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let ports = [try FreePort.next(), try FreePort.next()]
        let responders = try zip(ports, ["lies.txt", "index.txt"]).map {
            try TestAuthority.responder(port: $0, index: $1, in: directory)
        }
        func block(_ name: String, _ lines: String) -> String {
            """
            server { listen 127.0.0.1:%PORT1% ssl; server_name \(name); ssl_verify_client on; \(lines)
                ssl_ocsp on; location / { return 200 "welcome"; } }
            """
        }
        let cache = "ssl_ocsp_cache shared:o:1m;"
        let lenient = "ssl_ocsp_responder http://127.0.0.1:\(ports[0]);"
        let server = try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off;
                ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
                ssl_client_certificate %PREFIX%/ca.crt; ssl_ocsp_responder http://127.0.0.1:\(ports[1]);
                \(block("lenient.test", cache + lenient)) \(block("strict.test", cache))
                \(block("uncached.test", "")) }
            """, directory: directory)
        func isWelcome(_ host: String, as name: String) throws -> Bool {
            let path = directory.path
            return try TLSClient.curl(
                port: server.port, host: host,
                options: ["--cert", "\(path)/\(name).crt", "--key", "\(path)/\(name).key"], in: directory
            ).text.hasSuffix("welcome")
        }
        #expect(try isWelcome("lenient.test", as: "revoked"))
        #expect(try !isWelcome("strict.test", as: "revoked"))
        #expect(try isWelcome("strict.test", as: "good"))
        #expect(try isWelcome("uncached.test", as: "good"))
        for responder in responders { responder.stop() }
        #expect(try isWelcome("lenient.test", as: "revoked"))
        #expect(try isWelcome("strict.test", as: "good"))
        #expect(try !isWelcome("uncached.test", as: "good"))
        server.finish()
    }

    @Test("who resumes a session is asked for again", arguments: ["tls1_2", "tls1_3"])
    func resumed(_ protocolName: String) throws {
        let directory = try TemporaryDirectory()
        try TestAuthority.make(in: directory)
        let port = try FreePort.next()
        let lenient = try TestAuthority.responder(port: port, index: "lies.txt", in: directory)
        let server = try server(
            "ssl_protocols TLSv1.2 TLSv1.3; ssl_ocsp on; ssl_ocsp_responder http://127.0.0.1:\(port);",
            directory)
        let options = ["-\(protocolName)", "-sess_out", directory.path + "/session"]
        #expect(try TLSClient.ask(server, as: "revoked", options).contains("welcome SUCCESS"))
        lenient.stop()
        let strict = try TestAuthority.responder(port: port, in: directory)
        let again = try TLSClient.ask(
            server, as: "revoked", ["-\(protocolName)", "-sess_in", directory.path + "/session"])
        #expect(again.contains("Reused, "))
        #expect(again.contains("refused FAILED:certificate revoked"), "\(again)")
        strict.stop()
        server.finish()
    }
}
