import Testing

@testable import Proxy

@Suite("What comes before a session, played turn by turn") struct ClientOpeningTests {
    private static let server = "location / { return 200 \"$proxy_protocol_addr\"; }"
    /// From 203.0.113.7, in both versions.
    private static let headers = [
        Array("PROXY TCP4 203.0.113.7 198.51.100.1 1234 80\r\n".utf8),
        Array("\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{F}".utf8)
            + [203, 0, 113, 7, 198, 51, 100, 1, 4, 210, 0, 80, 4, 0, 0],
    ]
    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("a PROXY header is taken, and only it, wherever it is split", arguments: headers)
    func everySplit(header: [UInt8]) throws {
        let scripted = try ScriptedWorker(serving: Self.server, listening: "proxy_protocol")
        let sample = header + Array(Self.request.utf8)
        for cut in 1..<sample.count {
            let client = try ScriptedClient(of: scripted)
            client.send(sample[..<cut])
            #expect(client.text.isEmpty, "split at \(cut)")
            client.send(sample[cut...])
            #expect(client.text.hasSuffix("\r\n\r\n203.0.113.7"), "split at \(cut)")
        }
    }

    @Test("what is no header, or ends within one, ends the connection", arguments: [request, "PROXY TCP4 1"])
    func refused(sample: String) throws {
        let scripted = try ScriptedWorker(serving: Self.server, listening: "proxy_protocol")
        let client = try ScriptedClient(of: scripted)
        client.send(sample)
        client.endSending()
        #expect(client.text.isEmpty && client.isEnded && client.session == nil)
    }

    @Test("plain HTTP on a TLS port becomes a session that says so")
    func plainOnTLS() throws {
        let scripted = try ScriptedWorker(
            serving: "ssl_certificate self-signed;" + Self.server, listening: "ssl")
        let client = try ScriptedClient(of: scripted)
        #expect(client.session?.isShakingHands == true)
        client.send(Self.request)
        #expect(client.text.hasPrefix("HTTP/1.1 400 ") && client.text.contains("plain HTTP request was sent"))
        #expect(client.isEnded)
    }

    @Test("a client that leaves within a handshake is let go")
    func leaves() throws {
        let scripted = try ScriptedWorker(
            serving: "ssl_certificate self-signed;" + Self.server, listening: "ssl")
        let client = try ScriptedClient(of: scripted)
        client.send([0x16, 0x03, 0x01])
        #expect(client.session?.isShakingHands == true)
        client.leave()
        #expect(client.session == nil)
    }
}
