import Core
import Foundation
import HTTP
import Testing
import Upstream

@testable import Proxy

/// Clients, a gateway of HTTP/2, and the worker between them, played turn by turn.
@Suite("Requests to HTTP/2 gateways, played turn by turn") struct HTTP2PeerStreamTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    private struct Scene {
        let base: ScriptedScene
        var clients: [ScriptedClient] = []

        init(_ location: String = "", servers: Int = 1) throws {
            base = try ScriptedScene(
                "proxy_http_version 2; proxy_set_header Host $host; \(location)", servers: servers)
        }

        mutating func ask(_ request: String = get) throws -> ScriptedClient {
            let client = try ScriptedClient(of: base.worker)
            clients.append(client)
            client.send(request)
            return client
        }

        func accept() throws -> HTTP2ScriptedPeer {
            let peer = HTTP2ScriptedPeer(try #require(base.gateway.accept()))
            peer.read()
            return peer
        }

        /// The gateway says what it has to, and all act on it.
        func say(_ peer: HTTP2ScriptedPeer) {
            peer.connection.send(peer.take())
            base.worker.turn()
            for client in clients { client.read() }
            peer.read()
        }

        func hangUp(_ peer: HTTP2ScriptedPeer) {
            peer.connection.close()
            base.worker.turn()
            for client in clients { client.read() }
        }
    }

    private static func read(_ client: ScriptedClient) -> ReadResponse {
        ReadResponse(client.received, isEnded: client.isEnded)
    }

    private static func text(_ client: ScriptedClient) -> String {
        let response = read(client)
        return "\(response.status) \(String(decoding: response.body, as: UTF8.self)) \(response.isWhole)"
    }

    @Test("a request and its response")
    func plain() throws {
        var scene = try Scene()
        let client = try scene.ask("POST /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 3\r\n\r\nabc")
        let peer = try scene.accept()
        let request = try #require(peer.requests[1])
        #expect(
            request.fields == [
                ":method: POST", ":scheme: http", ":path: /a?b", ":authority: a", "content-length: 3", "x: y",
            ])
        #expect(request.content == Array("abc".utf8) && request.isWhole && !request.isReset)
        peer.settings()
        peer.head(1, [(":status", "201"), ("a", "b"), ("content-length", "2")])
        peer.content(1, "ok")
        scene.say(peer)
        #expect(Self.text(client) == "201 ok true")
        #expect(String(decoding: client.received, as: UTF8.self).contains("HTTP/1.1 201 Created\r\n"))
        #expect(peer.others.filter { $0 != .windowUpdate } == [.settings, .settings])
    }

    @Test("many requests share a connection, and nobody gets another one's answer")
    func shared() throws {
        var scene = try Scene()
        let first = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let others = try (0..<5).map { _ in try scene.ask() }
        #expect(scene.base.gateway.accept() == nil)
        peer.read()
        #expect(peer.requests.count == 6)
        for stream: UInt32 in [11, 3, 1, 7, 9, 5] {
            peer.head(stream)
            peer.content(stream, "for \(stream)", isLast: false)
        }
        for stream: UInt32 in [1, 3, 5, 7, 9, 11] { peer.content(stream, "!") }
        scene.say(peer)
        let texts = ([first] + others).map(Self.text)
        #expect(texts == [1, 3, 5, 7, 9, 11].map { "200 for \($0)! true" })
        _ = try scene.ask()
        #expect(scene.base.gateway.accept() == nil, "it is kept")
    }

    @Test("250 requests at a time take three connections")
    func many() throws {
        var scene = try Scene()
        for _ in 0..<250 { _ = try scene.ask() }
        var peers: [HTTP2ScriptedPeer] = []
        while let connection = scene.base.gateway.accept() { peers.append(HTTP2ScriptedPeer(connection)) }
        #expect(peers.count == 3)
        for peer in peers {
            peer.settings()
            scene.say(peer)
        }
        #expect(peers.map(\.requests.count) == [100, 100, 50])
        #expect(scene.base.gateway.accept() == nil)
    }

    @Test("as many streams as the peer takes, then another connection")
    func limited() throws {
        var scene = try Scene()
        _ = try scene.ask()
        let peer = try scene.accept()
        for _ in 0..<3 { _ = try scene.ask() }
        peer.read()
        #expect(peer.requests.count == 1, "it has not said how many it takes")
        #expect(scene.base.gateway.accept() == nil)
        peer.settings([(.maxConcurrentStreams, 2)])
        scene.say(peer)
        #expect(peer.requests.count == 2)
        let second = try scene.accept()
        second.settings([(.maxConcurrentStreams, 2)])
        scene.say(second)
        #expect(second.requests.count == 2)
        #expect(scene.base.gateway.accept() == nil)
        for stream: UInt32 in [1, 3] {
            peer.answer(stream, "x")
            second.answer(stream, "x")
        }
        scene.say(peer)
        scene.say(second)
        #expect(scene.clients.map(Self.text).allSatisfy { $0 == "200 x true" })
    }

    @Test("what a GOAWAY says was never looked at is asked elsewhere, whatever its method; the rest goes on")
    func goAway() throws {
        var scene = try Scene()
        let first = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let second = try scene.ask("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        peer.read()
        #expect(peer.requests.count == 2)
        peer.goAway(1)
        scene.say(peer)
        let other = try scene.accept()
        #expect(other.requests[1]?.content == Array("abc".utf8))
        other.settings()
        other.answer(1, "posted")
        scene.say(other)
        #expect(Self.text(second) == "200 posted true" && first.received.isEmpty)
        peer.answer(1, "late")
        scene.say(peer)
        #expect(Self.text(first) == "200 late true" && peer.connection.ends())
    }

    @Test("a refused stream is asked elsewhere, but not for ever")
    func refusedStream() throws {
        var scene = try Scene()
        let client = try scene.ask("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        let peer = try scene.accept()
        peer.settings()
        for count in 1...20 where client.received.isEmpty {
            peer.reset(UInt32(2 * count - 1), .refusedStream)
            scene.say(peer)
        }
        #expect(Self.read(client).status == 502)
        #expect(peer.requests.count == 2)
    }

    @Test("a peer that takes one request for each connection is asked for the others over new ones")
    func leavingPeer() throws {
        var scene = try Scene()
        let names = (10..<30).map { "answer \($0)" }
        let clients = try names.map { _ in try scene.ask() }
        for name in names {
            let peer = try scene.accept()
            peer.settings()
            scene.say(peer)
            peer.answer(1, name)
            peer.goAway(1)
            scene.say(peer)
        }
        #expect(clients.map(Self.text).sorted() == names.map { "200 \($0) true" })
    }

    @Test("a head that the peer does not take is refused, and the connection goes on")
    func largeHead() throws {
        var scene = try Scene()
        let first = try scene.ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        let peer = try scene.accept()
        peer.settings([(.maxHeaderListSize, 1000)])
        scene.say(peer)
        let second = try scene.ask(
            "GET /b HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 1000))\r\n\r\n")
        #expect(Self.read(second).status == 400)
        peer.answer(1, "one")
        scene.say(peer)
        #expect(Self.text(first) == "200 one true" && peer.requests.count == 1)
    }

    static let faults: [(name: String, text: String, say: @Sendable (HTTP2ScriptedPeer) -> Void)] = [
        ("reset", "502", { $0.reset(1, .internalError) }),
        ("no head", "502", { $0.head(1, [("a", "b")]) }),
        ("content first", "502", { $0.content(1, "x") }),
        ("too many 1xx", "502", { peer in for _ in 0..<17 { peer.head(1, [(":status", "103")]) } }),
        ("101", "502", { $0.head(1, [(":status", "101")]) }),
        (
            "reset after half", "200 half false",
            {
                $0.head(1)
                $0.content(1, "half", isLast: false)
                $0.reset(1, .internalError)
            }
        ),
        (
            "less than was said", "200  false",
            {
                $0.head(1, [(":status", "200"), ("content-length", "9")])
                $0.content(1, "half")
            }
        ),
    ]

    @Test("what goes wrong with a stream is one client's matter", arguments: faults.indices)
    func fault(_ row: Int) throws {
        let (name, text, say) = Self.faults[row]
        var scene = try Scene()
        let client = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let other = try scene.ask()
        say(peer)
        scene.say(peer)
        #expect(Self.text(client).hasPrefix(text), "\(name): \(Self.text(client))")
        peer.answer(3, "fine")
        scene.say(peer)
        #expect(Self.text(other) == "200 fine true")
    }

    @Test("a connection that breaks is everybody's matter: what may be sent again is")
    func broken() throws {
        var scene = try Scene()
        let first = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let second = try scene.ask()
        let third = try scene.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        peer.read()
        peer.head(1)
        peer.content(1, "half", isLast: false)
        scene.say(peer)
        scene.hangUp(peer)
        #expect(Self.text(first) == "200 half false" && Self.read(third).status == 502)
        let other = try scene.accept()
        other.settings()
        other.answer(1, "again")
        scene.say(other)
        #expect(Self.text(second) == "200 again true")
    }

    @Test(
        "a peer that owes an answer and says nothing is asked whether it is there", arguments: [false, true])
    func ping(answers: Bool) throws {
        var scene = try Scene("http2_peer_ping 30ms;")
        let client = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let end = Date() + 10
        while client.received.isEmpty, peer.others.filter({ $0 == .ping }).count < 3, Date() < end {
            let before = peer.others.count
            scene.base.worker.turn(waitMs: 10)
            peer.read()
            client.read()
            guard answers, peer.others.count > before, peer.others.last == .ping else { continue }
            FrameWriter.header(FrameHeader(length: 8, kind: .ping, flags: .ack), to: peer.out)
            peer.out.append([UInt8](repeating: 0, count: 8))
            scene.say(peer)
        }
        #expect(peer.others.contains(.ping))
        #expect(client.received.isEmpty == answers && (answers || Self.read(client).status == 504))
    }

    @Test("a client that leaves resets its stream, and no other")
    func clientLeaves() throws {
        var scene = try Scene()
        let client = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        let other = try scene.ask()
        client.leave()
        scene.clients.removeFirst()
        scene.base.worker.turn()
        peer.read()
        #expect(peer.requests[1]?.isReset == true && peer.requests[3]?.isReset == false)
        peer.content(1, "too late")
        peer.answer(3, "fine")
        scene.say(peer)
        #expect(Self.text(other) == "200 fine true")
    }

    @Test("content goes as it comes, and ends with its stream, where it is not buffered")
    func streamed() throws {
        var scene = try Scene("proxy_request_buffering off; proxy_buffering off;")
        let client = try scene.ask(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let peer = try scene.accept()
        #expect(peer.requests[1]?.content == Array("abc".utf8) && peer.requests[1]?.isWhole == false)
        peer.settings()
        peer.head(1)
        peer.content(1, "so far", isLast: false)
        scene.say(peer)
        #expect(Self.text(client) == "200 so far false")
        client.send("2\r\nde\r\n0\r\n\r\n")
        peer.read()
        #expect(peer.requests[1]?.content == Array("abcde".utf8) && peer.requests[1]?.isWhole == true)
        peer.content(1, ", so good")
        scene.say(peer)
        #expect(Self.text(client) == "200 so far, so good true")
    }

    /// A call of which a part is sent, to a gateway that does `end` before it has answered.
    private func interrupted(
        _ location: String, size: Int = 3, _ end: (HTTP2ScriptedPeer, inout Scene) -> Void
    ) throws -> (Scene, ScriptedClient, HTTP2ScriptedPeer?) {
        var scene = try Scene("proxy_request_buffering off; \(location)", servers: 2)
        let client = try scene.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("\(String(size, radix: 16))\r\n\(String(repeating: "a", count: size))\r\n")
        let peer = try scene.accept()
        peer.settings()
        scene.say(peer)
        #expect(peer.requests[1]?.content.count == size && peer.requests[1]?.isWhole == false)
        end(peer, &scene)
        let other = scene.base.gateway.accept().map(HTTP2ScriptedPeer.init)
        other?.read()
        return (scene, client, other)
    }

    @Test("what was sent of a call goes on to another gateway where the first one did nothing for it")
    func interruptedUnseen() throws {
        let (scene, client, found) = try interrupted("") { peer, scene in
            peer.goAway(0)
            scene.say(peer)
            scene.hangUp(peer)
        }
        let other = try #require(found)
        #expect(other.requests[1]?.content == Array("aaa".utf8) && other.requests[1]?.isWhole == false)
        client.send("2\r\nbb\r\n0\r\n\r\n")
        other.settings()
        scene.say(other)
        #expect(other.requests[1]?.content == Array("aaabb".utf8) && other.requests[1]?.isWhole == true)
        other.answer(1, "ok")
        scene.say(other)
        #expect(Self.text(client) == "200 ok true")
    }

    @Test(
        "a call that a gateway may have acted on is sent once more only with non_idempotent, and while it is small"
    )
    func interruptedSent() throws {
        let isAgain = "proxy_next_upstream error non_idempotent; proxy_next_upstream_budget off;"
        for (location, size, isRepeated) in [
            ("", 3, false), (isAgain, 3, true), (isAgain, 16 << 10 | 1, false),
        ] {
            let (scene, client, other) = try interrupted(location, size: size) { peer, scene in
                scene.hangUp(peer)
            }
            #expect((other != nil) == isRepeated)
            guard let other else {
                #expect(Self.read(client).status == 502)
                continue
            }
            #expect(other.requests[1]?.content.count == size)
            _ = scene
        }
    }

    @Test("a call that was answered is not sent to another gateway")
    func interruptedAnswered() throws {
        let isAgain =
            "proxy_next_upstream error non_idempotent; proxy_next_upstream_budget off; proxy_buffering off;"
        let (_, client, other) = try interrupted(isAgain) { peer, scene in
            peer.head(1)
            scene.say(peer)
            scene.hangUp(peer)
        }
        #expect(other == nil && Self.text(client) == "200  false")
    }

    @Test("as many connections as requests to a gateway of one stream each, and none of them made in vain")
    func oneStreamEach() throws {
        var scene = try Scene()
        let first = try scene.ask()
        var peers = [try scene.accept()]
        for _ in 0..<9 { _ = try scene.ask() }
        peers[0].settings([(.maxConcurrentStreams, 1)])
        scene.say(peers[0])
        while let connection = scene.base.gateway.accept() { peers.append(HTTP2ScriptedPeer(connection)) }
        #expect(peers.count == 10)
        for peer in peers {
            if peer !== peers[0] { peer.settings([(.maxConcurrentStreams, 1)]) }
            peer.answer(1, "x")
            scene.say(peer)
        }
        #expect(Self.text(first) == "200 x true" && peers.allSatisfy { $0.requests.count == 1 })
        #expect(scene.clients.map(Self.text).allSatisfy { $0 == "200 x true" })
        #expect(scene.base.gateway.accept() == nil)
    }

    @Test("a connection that is closed when it is idle says so")
    func farewell() throws {
        var scene = try Scene()
        let client = try scene.ask()
        let peer = try scene.accept()
        peer.settings()
        peer.answer(1, "x")
        scene.say(peer)
        #expect(Self.text(client) == "200 x true" && !peer.others.contains(.goAway))
        scene.base.worker.worker.snapshot.groups.closeIdle()
        peer.read()
        #expect(peer.others.last == .goAway && peer.connection.ends())
    }

    @Test("trailers of requests follow the content, and those of none end the request alone")
    func requestTrailers() throws {
        var scene = try Scene("proxy_pass_trailers on;")
        for (content, trailers) in [
            ("3\r\nabc\r\n", "X-Sum: 1\r\n"), ("", "X-Sum: 1\r\n"), ("", "Host: b\r\n"),
        ] {
            let client = try scene.ask(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(content)0\r\n\(trailers)\r\n"
            )
            _ = client
        }
        let peer = try scene.accept()
        peer.settings([(.maxHeaderListSize, 100_000)])
        scene.say(peer)
        #expect(peer.requests[1]?.fields.last == "x-sum: 1" && peer.requests[1]?.isWhole == true)
        #expect(peer.requests[1]?.content == Array("abc".utf8))
        #expect(peer.requests[3]?.fields == ["x-sum: 1"] && peer.requests[3]?.isWhole == true)
        #expect(
            peer.requests[5]?.fields.contains(":method: POST") == true && peer.requests[5]?.isWhole == true)
    }

    @Test("trailers reach the client where they are to")
    func trailers() throws {
        var scene = try Scene("proxy_pass_trailers on;")
        let client = try scene.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n")
        let peer = try scene.accept()
        #expect(peer.requests[1]?.fields.last == "te: trailers")
        peer.settings()
        peer.head(1)
        peer.content(1, "ok", isLast: false)
        peer.head(1, [("grpc-status", "0")], isLast: true)
        scene.say(peer)
        let text = String(decoding: client.received, as: UTF8.self)
        #expect(text.hasSuffix("\r\n0\r\ngrpc-status: 0\r\n\r\n"))
    }
}
