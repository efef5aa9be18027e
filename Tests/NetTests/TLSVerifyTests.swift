import Testing

@testable import Net

@Suite("Verifying peers")
struct TLSVerifyTests {
    @Test(
        "a trusted certificate for the right name holds",
        arguments: [("one.test", TLSProtocols.tls13), ("127.0.0.1", .tls13), ("one.test", .tls12)])
    func holds(_ name: String, _ protocols: TLSProtocols) throws {
        let client = try TLSClientContext.make(trusts: TLSFixtures.authority) { $0.protocols = protocols }
        let pair = try TLSPair(try .make(), client, serverName: name, verifyName: name)
        #expect(pair.shakeHands().client == nil)
        #expect(pair.client.verifyResult == "SUCCESS")
        // An address is not sent as a name: RFC 6066 §3.
        #expect((pair.server.serverName == nil) == (name == "127.0.0.1"))
    }

    @Test(
        "a certificate for another name does not hold",
        arguments: ["two.test", "127.0.0.2", "", "one.test\0"])
    func wrongName(_ name: String) throws {
        let client = try TLSClientContext.make(trusts: TLSFixtures.authority)
        let pair = try TLSPair(try .make(), client, verifyName: name)
        let error = pair.shakeHands().client
        #expect(error?.upstreamLogText == "upstream SSL certificate does not match \"\(name)\"")
        #expect(TLSPair.send("secret", pair.client) == .closed)
    }

    @Test("a self-signed certificate that nobody trusts is said to be one")
    func selfSigned() throws {
        let client = try TLSClientContext.make(trusts: TLSFixtures.authority)
        let pair = try TLSPair(try .make(.selfSigned(names: ["one.test"])), client, verifyName: "one.test")
        #expect(
            pair.shakeHands().client?.upstreamLogText
                == "upstream SSL certificate verify error: (18:self-signed certificate)")
    }

    @Test("an unknown issuer is said to be unknown")
    func unknownIssuer() throws {
        let client = try TLSClientContext.make(trusts: TLSFixtures.twoCertificate)
        let pair = try TLSPair(try .make(), client, verifyName: "one.test")
        #expect(pair.shakeHands().client?.message.contains("unable to get local issuer certificate") == true)
    }

    @Test("a session that was made without verifying does not get past verifying")
    func resumedWithoutTrust() throws {
        let context = try TLSServerContext.make(.selfSigned(names: ["one.test"]))
        let careless = try TLSPair(context, serverName: "one.test")
        careless.shakeHands()
        _ = TLSPair.send("x", careless.server)
        _ = TLSPair.receive(careless.client)
        let session = careless.client.currentSession
        #expect(session != nil)
        let client = try TLSClientContext.make(trusts: TLSFixtures.authority)
        let pair = try TLSPair(
            context, client, serverName: "one.test", verifyName: "one.test", session: session)
        #expect(pair.shakeHands().client != nil)
    }

    @Test("without verifying anything is taken, and verifying needs somebody to trust")
    func settings() throws {
        let pair = try TLSPair(try .make(.selfSigned(names: [])), try .make(), verifyName: "other")
        #expect(pair.shakeHands().client == nil)
        #expect(throws: TLSError("no proxy_ssl_trusted_certificate for proxy_ssl_verify")) {
            _ = try TLSClientContext.make { $0.verifies = true }
        }
        #expect(throws: TLSError.self) { _ = try TLSClientContext.make(trusts: Array("nothing".utf8)) }
    }
}
