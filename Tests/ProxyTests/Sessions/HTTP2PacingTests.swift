import Foundation
import HTTP
import Net
import TestSupport
import Testing

@testable import Proxy

@Suite("HTTP/2: a download beside other streams") struct HTTP2PacingTests {
    private static let size = 3_000_000

    /// A download is asked for, on stream 3; on stream 1 an upload stops before its end.
    private static func play(_ directory: TemporaryDirectory, beside: Bool = true) throws -> ScriptedFrames {
        try directory.write([UInt8](repeating: 0x78, count: size), to: "large")
        let play = try ScriptedFrames(
            serving: "root \(directory.path); location /up { proxy_pass http://127.0.0.1:1; }",
            settings: [(4, 1 << 30)])
        play.client.send(ScriptedFrames.window(0, 1 << 30))
        if beside { play.client.send(ScriptedFrames.request(1, "/up", method: 0x83, isLast: false)) }
        play.client.send(ScriptedFrames.request(3, "/large"))
        return play
    }

    /// Content of the download that came.
    private static func count(_ play: ScriptedFrames) -> Int {
        play.received.reduce(0) { $1.kind == 0 && $1.stream == 3 ? $0 + $1.payload.count : $0 }
    }

    private static func pings(_ play: ScriptedFrames) -> [ArraySlice<UInt8>] {
        play.received.filter { $0.kind == FrameKind.ping.rawValue }.map(\.payload)
    }

    @Test("it goes no farther ahead than the client reads, and comes whole")
    func followsReader() throws {
        let directory = try TemporaryDirectory()
        let play = try Self.play(directory)
        #expect(play.turns(until: { !Self.pings(play).isEmpty }))
        var answered = 0
        let isWhole = play.turns(seconds: 20) {
            let pings = Self.pings(play)
            // The first one counts what was sent before anybody asked.
            let known = pings[max(0, answered - 1)].reduce(0) { $0 << 8 | Int($1) }
            #expect(Self.count(play) <= known + DeliveryClock.leastAhead)
            guard answered < pings.count else { return }
            play.client.send(ScriptedFrames.frame(.ping, 1, 0, Array(pings[answered])))
            answered += 1
        } until: {
            Self.count(play) == Self.size
        }
        #expect(isWhole && answered > 10)
    }

    @Test("alone, nobody is asked")
    func alone() throws {
        let directory = try TemporaryDirectory()
        let play = try Self.play(directory, beside: false)
        #expect(play.turns(until: { Self.count(play) == Self.size }))
        #expect(Self.pings(play).isEmpty)
    }

    @Test("answers that come and go beside it leave it as far ahead as it is with company, for a while")
    func company() throws {
        let directory = try TemporaryDirectory()
        try directory.write([UInt8](repeating: 0x78, count: Self.size), to: "large")
        let play = try ScriptedFrames(
            serving: "root \(directory.path); location /small { return 204; }", settings: [(4, 1 << 30)])
        play.client.send(ScriptedFrames.window(0, 1 << 30))
        play.client.send(ScriptedFrames.request(3, "/large") + ScriptedFrames.request(5, "/small"))
        #expect(play.turns(until: { play.has(.headers, 5) && !Self.pings(play).isEmpty }))
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        #expect(session.streamCount == 1 && Self.count(play) < Self.size)
    }

    @Test("beside others a turn takes little of it from its gateway", arguments: [true, false])
    func pieces(beside: Bool) throws {
        let gateway = try ScriptedGateway()
        let play = try ScriptedFrames(
            serving: "location / { proxy_pass http://gateway; }", settings: [(4, 1 << 30)],
            beside: gateway.upstream())
        play.client.send(ScriptedFrames.window(0, 1 << 30) + ScriptedFrames.request(1))
        let connection = try #require(gateway.accept())
        if beside { play.client.send(ScriptedFrames.request(3)) }
        guard case .http2(let session)? = play.client.session else {
            Issue.record("no session of HTTP/2")
            return
        }
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n".utf8)
        let piece = [UInt8](repeating: 0x78, count: 150_000)
        for _ in 0..<2 {
            connection.send(piece)
            play.scripted.turn()
            play.client.read()
        }
        // Nothing but turns bounds what is read, once the client has not answered for a while.
        #expect(!beside || play.turns(until: { session.link.deliveries?.isGivenUp ?? false }))
        #expect(play.turns(until: { session.heldCount == 0 }))
        let exchange = try #require(session.stream(0)?.exchange)
        let attempts = exchange.attempts
        let before = attempts.currentBytesReceived
        #expect(connection.send(piece) == piece.count)
        let turn = WorkerTurn(worker: play.scripted.worker)
        turn.take(waitMs: 0)
        turn.finish()
        let count = attempts.currentBytesReceived - before
        #expect(beside ? count > 0 && count <= 128 << 10 : count == piece.count)
    }

    @Test("a client that does not answer gets it all the same")
    func silent() throws {
        let directory = try TemporaryDirectory()
        let play = try Self.play(directory)
        #expect(play.turns(until: { !Self.pings(play).isEmpty }))
        #expect(Self.count(play) < Self.size)
        #expect(play.turns(seconds: 20, until: { Self.count(play) == Self.size }))
    }
}
