import Foundation
import TestSupport
import Testing

/// What a TLS server does that nothing was said of, and what little can be said.
@Suite("TLS defaults", .serialized) struct TLSDefaultsTests {
    private func server(_ lines: String) throws -> Server {
        try Server(
            """
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed; \(lines)
                return 200 "$ssl_cipher $ssl_handshake_time"; } }
            """)
    }

    @Test("suites without forward secrecy or authenticated encryption are not spoken, unless asked for")
    func suites() throws {
        for (lines, isSpoken) in [("", false), ("ssl_ciphers HIGH:!aNULL:!MD5;", true)] {
            let server = try server(lines)
            let old = try TLSClient.handshake(
                port: server.port, options: ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
                in: server.directory)
            #expect(old.contains("Cipher is ECDHE-ECDSA-AES128-SHA") == isSpoken)
            let text = try TLSClient.curl(
                port: server.port, host: "a.test", options: ["--tls-max", "1.2"], in: server.directory
            ).text
            #expect(text.contains("ECDHE-ECDSA-AES"), "\(text)")
            #expect(text.split(separator: " ").last.map { Double($0) ?? -1 } ?? -1 >= 0)
            server.finish()
        }
    }

    @Test("HTTP/1.1 is agreed on by ALPN where HTTP/2 is not offered, and nothing else is")
    func alpn() throws {
        let server = try server("")
        for (offered, outcome) in [
            ("h2,http/1.1", "ALPN protocol: http/1.1"), ("http/1.0", "ALPN protocol: http/1.0"),
            ("h2", "no application protocol"),
        ] {
            let text = try TLSClient.handshake(
                port: server.port, options: ["-alpn", offered], in: server.directory)
            #expect(text.contains(outcome), "\(offered): \(text)")
        }
        server.finish()
    }

    @Test("a client that does not shake hands in time is cut off")
    func handshakeTimeout() throws {
        let server = try server("ssl_handshake_timeout 200ms;")
        let client = try RawClient(port: server.port)
        client.send([0x16, 3, 1])
        #expect(client.isClosedByPeer(within: 5))
        #expect(server.waitForLog("client timed out while SSL handshaking"))
        server.finish()
    }
}
