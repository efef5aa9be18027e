import HTTP
import Sharing
import Testing
import Upstream

@testable import Proxy

/// gRPC calls whose answer breaks off: what the client is told, and what the operator.
@Suite("Calls that are cut") struct CutCallTests {
    typealias End = @Sendable (HTTP2ScriptedPeer) -> Void

    static let samples: [(end: End?, status: Int, cause: FailureCause)] = [
        ({ $0.reset(1, .cancel) }, 1, .reset(8)),
        ({ $0.reset(1, .enhanceYourCalm) }, 8, .reset(11)),
        ({ $0.reset(1, .noError) }, 13, .reset(0)),
        // A second head, and a frame that ends the connection.
        ({ $0.head(1, [("a", "b")]) }, 13, .invalid),
        ({ $0.settings([(.maxFrameSize, 1)]) }, 13, .invalid),
        // It hangs up.
        (nil, 14, .cut),
    ]

    @Test("why it broke off says what the call has come to", arguments: samples.indices)
    func ends(_ row: Int) throws {
        let (end, status, cause) = Self.samples[row]
        let scene = try ScriptedScene(server: "location / { grpc_pass grpc://gateway; }")
        let (client, connection) = try scene.ask(
            "POST / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n"
                + "Content-Type: application/grpc\r\nContent-Length: 0\r\n\r\n")
        let peer = HTTP2ScriptedPeer(connection)
        peer.read()
        peer.settings()
        peer.head(1, [(":status", "200"), ("content-type", "application/grpc")])
        peer.content(1, "so far", isLast: false)
        scene.say(peer.take(), connection, to: client)
        if let end {
            end(peer)
            scene.say(peer.take(), connection, to: client)
        } else {
            scene.hangUp(connection, on: client)
        }
        #expect(client.text.contains("so far") && client.text.contains("\r\ngrpc-status: \(status)\r\n"))
        let worker = scene.worker.worker
        let server = try #require(worker.snapshot.groups.groups.first?.peers.first)
        #expect(worker.shared.tallies.sum(named: server.tallyName).lastFailure.cause == cause)
    }
}
