import COpenSSL
import Core
import Glibc
import Testing

@testable import Net

/// Ends that send what has to be answered, and nothing else, or take no answers.
@Suite("TLS floods") struct TLSFloodTests {
    private func connected(_ protocols: TLSProtocols = .tls13) throws -> TLSPair {
        let pair = try TLSPair(try .make { $0.protocols = protocols })
        pair.shakeHands()
        _ = TLSPair.receive(pair.client)
        return pair
    }

    /// Has the client ask for new keys, `count` times; answered or not.
    private func updateKeys(_ pair: TLSPair, _ count: Int, asks: Bool) throws {
        let ssl = try #require(pair.client.ssl)
        let kind = asks ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED
        for _ in 0..<count {
            #expect(SSL_key_update(ssl, kind) == 1 && SSL_do_handshake(ssl) == 1)
        }
        while case .wouldBlock = pair.client.flush() { _ = TLSPair.receive(pair.server) }
    }

    private func unsent(_ connection: TLSConnection) -> Int { connection.backlog?.count ?? 0 }

    @Test("a client that asks for new keys and reads nothing is cut before it costs much", arguments: [0, 1])
    func unread(contentBetween: Int) throws {
        let pair = try connected()
        var most = 0
        var outcome = IOOutcome.wouldBlock
        for _ in 0..<2000 {
            try updateKeys(pair, 100, asks: true)
            if contentBetween > 0 { _ = TLSPair.send("x", pair.client) }
            outcome = TLSPair.receive(pair.server).outcome
            most = max(most, unsent(pair.server))
            if case .failed = outcome { break }
        }
        guard case .failed(let errno) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(errno.code == EPROTO)
        #expect(most < 128 << 10, "\(most)")
        #expect(pair.server.lastError != nil)
    }

    @Test("nothing but new keys for ever is no connection either")
    func nothingElse() throws {
        let pair = try connected()
        for _ in 0..<200 {
            try updateKeys(pair, 100, asks: false)
            if case .failed = TLSPair.receive(pair.server).outcome { return }
        }
        #expect(Bool(false), "it goes on")
    }

    @Test("a client that reads may have new keys as often as it likes between its requests")
    func wellBehaved() throws {
        let pair = try connected()
        for round in 0..<300 {
            try updateKeys(pair, 20, asks: true)
            _ = TLSPair.send("request \(round)", pair.client)
            #expect(TLSPair.receive(pair.server).text == "request \(round)")
            _ = TLSPair.send("answer \(round)", pair.server)
            #expect(TLSPair.receive(pair.client).text == "answer \(round)")
        }
        #expect(unsent(pair.server) == 0)
    }

    @Test("much content is no flood", arguments: [TLSProtocols.tls12, .tls13])
    func content(_ protocols: TLSProtocols) throws {
        let pair = try connected(protocols)
        let text = String(repeating: "content ", count: 6000)
        for _ in 0..<40 {
            var received = ""
            guard case .bytes = TLSPair.send(text, pair.client) else { continue }
            while received.utf8.count < text.utf8.count {
                let piece = TLSPair.receive(pair.server)
                guard case .bytes = piece.outcome else { break }
                received += piece.text
            }
            #expect(received == text)
        }
    }
}
