import Core
import Glibc
import Testing

@testable import Net

@Suite("TLS server context")
struct TLSServerContextTests {
    private func error(_ certificate: TLSCertificate) -> String {
        do {
            _ = try TLSServerContext.make(certificate)
            return ""
        } catch {
            return (error as? TLSError)?.message ?? ""
        }
    }

    private func pem(_ chain: [UInt8], _ key: [UInt8]) -> TLSCertificate {
        .pem(chain: chain, chainName: "site.pem", key: key, keyName: "site.key")
    }

    @Test("a key of another certificate is refused, and both files are named")
    func mismatchedKey() {
        let values = error(pem(TLSFixtures.oneCertificate, TLSFixtures.twoKey))
        #expect(values.hasPrefix("SSL_CTX_use_PrivateKey(\"site.key\") failed (SSL: error:"))
        #expect(values.contains("key values mismatch)") && values.contains("\"site.pem\""))
        let types = error(pem(TLSFixtures.oneCertificate, TLSFixtures.otherTypeKey))
        #expect(types.contains("key type mismatch)"))
    }

    @Test("an encrypted key is refused and said to be encrypted")
    func encryptedKeys() {
        for key in [TLSFixtures.encryptedKey, TLSFixtures.encryptedPKCS8Key] {
            #expect(
                error(pem(TLSFixtures.oneCertificate, key))
                    == "cannot load certificate key \"site.key\": the key is encrypted with a password;"
                    + " name a file with it in \"ssl_password_file\"")
        }
    }

    @Test("files without a certificate or a key are refused in nginx's words")
    func emptyFiles() {
        for bytes in [[], Array("hello".utf8), Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)] {
            #expect(
                error(pem(bytes, TLSFixtures.oneKey)).hasPrefix(
                    "cannot load certificate \"site.pem\": PEM_read_bio_X509_AUX() failed (SSL: error:"))
            #expect(
                error(pem(TLSFixtures.oneCertificate, bytes)).hasPrefix(
                    "cannot load certificate key \"site.key\": PEM_read_bio_PrivateKey() failed (SSL: error:")
            )
        }
        let missing = error(pem([], TLSFixtures.oneKey))
        #expect(missing.contains("PEM routines::no start line"))
    }

    @Test("a chain whose second certificate is broken is refused")
    func brokenChain() {
        let broken =
            TLSFixtures.oneCertificate
            + Array("\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        #expect(error(pem(broken, TLSFixtures.oneKey)).hasPrefix("cannot load certificate \"site.pem\""))
        let whole = TLSFixtures.oneCertificate + Array("\n".utf8) + TLSFixtures.authority
        #expect(error(pem(whole, TLSFixtures.oneKey)) == "")
    }

    @Test("settings that OpenSSL does not know are refused and named")
    func badSettings() {
        #expect(throws: TLSError.self) { _ = try TLSServerContext.make { $0.ciphers = "NONSENSE" } }
        #expect(throws: TLSError.self) { _ = try TLSServerContext.make { $0.ecdhCurve = "nonsense" } }
        #expect(throws: TLSError.self) { _ = try TLSServerContext.make { $0.protocols = [] } }
    }

    @Test("the configured curve is the one that is agreed on")
    func curve() throws {
        let pair = try TLSPair(try .make { $0.ecdhCurve = "prime256v1:secp384r1" })
        pair.shakeHands()
        #expect(pair.server.curve == "prime256v1")
    }

    // MARK: SNI

    private final class Names: TLSServerSelector {
        let contexts: [String: TLSServerContext]
        init(_ contexts: [String: TLSServerContext]) { self.contexts = contexts }
        func context(forServerName name: [UInt8]) -> TLSServerContext? {
            contexts[String(decoding: name, as: UTF8.self)]
        }
    }

    @Test("the name that the client gives chooses the certificate", arguments: [TLSProtocols.tls12, .tls13])
    func namesChoose(_ protocols: TLSProtocols) throws {
        let first = try TLSServerContext.make()
        let names = Names(["two.test": try .make(TLSFixtures.two)])
        first.selector = names
        defer { withExtendedLifetime(names) {} }
        let client = try TLSClientContext.make(trusts: TLSFixtures.authority) { $0.protocols = protocols }
        let second = try TLSPair(first, client, serverName: "TWO.test", verifyName: "two.test")
        #expect(second.shakeHands().client == nil)
        let other = try TLSPair(first, client, serverName: "other.test", verifyName: "one.test")
        #expect(other.shakeHands().client == nil)
        let nameless = try TLSPair(first, client, verifyName: "one.test")
        #expect(nameless.shakeHands().client == nil)
        #expect(nameless.server.serverName == nil)
    }

    @Test("the chosen server's protocols count, not the first one's")
    func chosenProtocols() throws {
        let first = try TLSServerContext.make { $0.protocols = .tls12 }
        let names = Names(["two.test": try .make(TLSFixtures.two) { $0.protocols = .tls13 }])
        first.selector = names
        defer { withExtendedLifetime(names) {} }
        let pair = try TLSPair(first, serverName: "two.test")
        pair.shakeHands()
        #expect(pair.server.protocolName == "TLSv1.3")
        let refused = try TLSPair(first, try .make { $0.protocols = .tls12 }, serverName: "two.test")
        #expect(refused.shakeHands().server != nil)
    }

    @Test("a connection's own selector comes before the context's")
    func ownSelector() throws {
        let first = try TLSServerContext.make()
        let nobody = Names([:])
        first.selector = nobody
        defer { withExtendedLifetime(nobody) {} }
        let names = Names(["two.test": try .make(TLSFixtures.two)])
        let pair = try TLSPair(
            first, try .make(trusts: TLSFixtures.authority), serverName: "two.test", verifyName: "two.test")
        pair.server = TLSConnection(server: first, fd: pair.serverFD, selector: names)
        #expect(pair.shakeHands().client == nil)
    }

    @Test("ssl_reject_handshake refuses names that no other server has")
    func rejecting() throws {
        let first = try TLSServerContext.make { $0.rejectsHandshakes = true }
        let names = Names(["two.test": try .make(TLSFixtures.two), "other.test": first])
        first.selector = names
        defer { withExtendedLifetime(names) {} }
        #expect(try TLSPair(first, serverName: "two.test").shakeHands().server == nil)
        // One that has nothing of its own: it does not reject.
        #expect(try TLSPair(first, serverName: "bare.test").shakeHands().server == nil)
        let refused = try TLSPair(first, serverName: "other.test").shakeHands()
        #expect(refused.client?.message.contains("unrecognized name") == true)
    }

    @Test("a context that was let go of in the middle of a handshake is still there")
    func contextsAreHeld() throws {
        var first: TLSServerContext? = try .make()
        var names: Names? = Names(["two.test": try .make(TLSFixtures.two)])
        first?.selector = names
        let pair = try TLSPair(try #require(first), serverName: "two.test")
        first = nil
        _ = pair.client.handshake()
        _ = pair.server.handshake()
        names = nil
        #expect(pair.shakeHands().client == nil)
    }

    @Test("only a well-formed server_name extension names a server")
    func serverNameExtension() {
        let name = Array("a.test".utf8)
        let good: [UInt8] = [0, 9, 0, 0, 6] + name
        #expect(ServerNameExtension.hostName(good.span) == name)
        let bad: [[UInt8]] = [
            [], [0], [0, 3, 0, 0, 0], [0, 9, 1, 0, 6] + name, [0, 9, 0, 0, 7] + name, [0, 8, 0, 0, 6] + name,
            [0, 9, 0, 0, 6] + name + [0], [0, 4, 0, 0, 1, 0],
        ]
        for bytes in bad { #expect(ServerNameExtension.hostName(bytes.span) == nil) }
    }
}
