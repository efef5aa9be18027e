import HTTP
import Net
import Testing

@testable import Proxy

/// Gateways of HTTP/2 that break the protocol, and methods that would have them do so.
@Suite("Gateways that break HTTP/2, played turn by turn") struct BrokenPeerTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func ask(_ scene: ScriptedScene, _ request: String = get) throws -> ScriptedClient {
        let client = try ScriptedClient(of: scene.worker)
        client.send(request)
        return client
    }

    private static func accept(_ scene: ScriptedScene) throws -> HTTP2ScriptedPeer {
        let peer = HTTP2ScriptedPeer(try #require(scene.gateway.accept()))
        peer.read()
        return peer
    }

    private static func say(_ peer: HTTP2ScriptedPeer, _ scene: ScriptedScene) {
        peer.connection.send(peer.take())
        scene.worker.turn()
        peer.read()
    }

    private static func status(_ client: ScriptedClient) -> UInt16 {
        client.read()
        return ReadResponse(client.received, isEnded: client.isEnded).status
    }

    @Test("a request under which a peer has broken the protocol is sent again beside no other one")
    func alone() throws {
        let scene = try ScriptedScene("proxy_http_version 2;", servers: 3)
        let poison = try Self.ask(scene)
        let first = try Self.accept(scene)
        first.settings()
        Self.say(first, scene)
        // Nothing may come on a stream that nobody has begun.
        first.head(99)
        Self.say(first, scene)
        let second = try Self.accept(scene)
        second.settings()
        Self.say(second, scene)
        #expect(second.requests.count == 1)
        let others = [try Self.ask(scene), try Self.ask(scene)]
        let shared = try Self.accept(scene)
        second.read()
        shared.read()
        #expect(second.requests.count == 1 && shared.requests.count == 1, "it has not said how many it takes")
        shared.settings()
        Self.say(shared, scene)
        #expect(shared.requests.count == 2)
        second.head(99)
        Self.say(second, scene)
        let third = try Self.accept(scene)
        third.settings()
        third.answer(1, "at last")
        Self.say(third, scene)
        #expect(Self.status(poison) == 200)
        for stream: UInt32 in [1, 3] { shared.answer(stream, "fine") }
        Self.say(shared, scene)
        #expect(others.map(Self.status) == [200, 200])
        // What has served one alone serves nobody else.
        third.read()
        #expect(third.connection.ends())
    }

    @Test("after a reset nobody knows what the peer has read; the end in order tells")
    func taken() {
        let count = { HTTP2PeerSession.takenCount(of: 100, at: $0, unknown: 30) }
        #expect(count(.closed) == 70)
        #expect(count(.failed(.connectionReset)) == .max && count(.wouldBlock) == .max)
    }

    @Test("a peer is told what is wrong with a head: the protocol, or its size", arguments: [false, true])
    func refused(isLarge: Bool) throws {
        let scene = try ScriptedScene("proxy_http_version 2; proxy_buffer_size 4k;")
        let client = try Self.ask(scene)
        let peer = try Self.accept(scene)
        peer.settings()
        let value = String(repeating: "x", count: isLarge ? 5000 : 1)
        peer.head(1, [(":status", "200"), (isLarge ? "x" : "connection", value)], isLast: true)
        Self.say(peer, scene)
        #expect(Self.status(client) == 502)
        let request = try #require(peer.requests[1])
        #expect(request.resetCode == (isLarge ? .cancel : .protocolError))
        let next = try Self.ask(scene)
        peer.read()
        peer.answer(3, "fine")
        Self.say(peer, scene)
        #expect(Self.status(next) == 200)
    }

    @Test(
        "a method that variables make of nothing, of two words or of CONNECT is not sent",
        arguments: ["1.1", "2"])
    func method(version: String) throws {
        let scene = try ScriptedScene("proxy_http_version \(version); proxy_method $arg_m;")
        for made in ["", "CONNECT", "A%20B", "A:", "GET/"] {
            let client = try Self.ask(scene, "GET /a?m=\(made) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(Self.status(client) == 500, "\(made)")
        }
        #expect(scene.gateway.accept() == nil)
        _ = try Self.ask(scene, "GET /a?m=M-SEARCH HTTP/1.1\r\nHost: a\r\n\r\n")
        let peer = try #require(scene.gateway.accept())
        peer.read()
        #expect(version == "2" ? !peer.received.isEmpty : peer.text.hasPrefix("M-SEARCH /a?m="))
    }

    @Test("a method that may do harm twice is sent once, whatever the client's is")
    func harmfulMethod() throws {
        let scene = try ScriptedScene("proxy_method POST;", servers: 2)
        let (client, connection) = try scene.ask()
        scene.hangUp(connection, on: client)
        #expect(Self.status(client) == 502 && scene.gateway.accept() == nil)
    }
}
