import HTTP
import Testing

@testable import Proxy

/// What gateways of HTTP/2 may send ahead of clients.
@Suite("Windows of HTTP/2 gateways, played turn by turn") struct PeerWindowTests {
    /// Asks for some responses over one connection, of each of which the client takes the beginning.
    ///
    /// - Returns: how many of them have got a wide window.
    private func wideCount(of streams: Int, _ location: String) throws -> Int {
        let scene = try ScriptedScene(
            server: "http2 on; location / { proxy_pass http://gateway; proxy_http_version 2; \(location) }")
        let client = try ScriptedClient(of: scene.worker)
        client.send(
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + ScriptedFrames.frame(.settings, 0, 0)
                + ScriptedFrames.window(0, 1 << 20))
        let ids = (0..<streams).map { UInt32(2 * $0 + 1) }
        for id in ids { client.send(ScriptedFrames.request(id)) }
        let peer = HTTP2ScriptedPeer(try #require(scene.gateway.accept()))
        peer.settings()
        for id in ids {
            peer.connection.send(peer.take())
            scene.worker.turn()
            client.read()
            peer.read()
            peer.head(id)
            peer.content(id, String(repeating: "x", count: 12 << 10), isLast: false)
        }
        peer.connection.send(peer.take())
        scene.worker.turn()
        peer.read()
        let limits = HTTP2PeerLimits()
        return ids.count { (peer.windows[$0] ?? 0) >= limits.wideWindow - limits.streamWindow }
    }

    @Test("few responses of a client's connection have a wide window where nothing but memory keeps them")
    func unbuffered() throws {
        #expect(try wideCount(of: 20, "proxy_buffering off;") == 8)
        #expect(try wideCount(of: 3, "proxy_buffering off;") == 3)
    }

    @Test("what can be kept in files may come as it likes")
    func buffered() throws {
        #expect(try wideCount(of: 20, "") == 20)
    }
}
