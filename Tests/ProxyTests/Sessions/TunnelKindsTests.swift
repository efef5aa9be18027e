import Foundation
import HTTP
import Testing

@testable import Proxy

/// The kinds of tunnels, by how a client asks for them: what they have alike, what each has and lacks.
@Suite("Tunnels of each kind") struct TunnelKindsTests {
    enum Kind: String, CaseIterable { case upgrade, connect, extendedConnect, http2Connect }

    struct Traits: OptionSet {
        let rawValue: Int
        /// It stands when the gateway has agreed to leave HTTP.
        static let needsConsent = Traits(rawValue: 1)
        /// The gateway is told that the client has ended, and may go on.
        static let clientMayEndFirst = Traits(rawValue: 2)
        /// The client is told that the gateway has ended, and may go on.
        static let gatewayMayEndFirst = Traits(rawValue: 4)
    }

    static let traits: [Kind: Traits] = [
        .upgrade: [.needsConsent],
        .connect: [.clientMayEndFirst, .gatewayMayEndFirst],
        .extendedConnect: [.needsConsent, .clientMayEndFirst],
        .http2Connect: [.clientMayEndFirst],
    ]

    /// A tunnel that stands.
    private final class Scene {
        let traits: Traits
        let peer: ScriptedGateway.Connection
        private let gateway: ScriptedGateway
        private let client: ScriptedClient
        /// Over HTTP/2.
        private let frames: ScriptedFrames?

        /// - Parameters:
        ///   - readTimeout: longest silence.
        ///   - early: what the client sends with its request.
        ///   - ahead: what the gateway sends before anybody has asked it.
        init(_ kind: Kind, readTimeout: String = "60s", early: String = "", ahead: String = "") throws {
            traits = TunnelKindsTests.traits[kind] ?? []
            gateway = try ScriptedGateway()
            let target =
                traits.contains(.needsConsent)
                ? "proxy_pass http://gateway; proxy_http_version 1.1; proxy_set_header Upgrade websocket; "
                    + "proxy_set_header Connection upgrade; proxy_read_timeout \(readTimeout);"
                : "tunnel_pass gateway; tunnel_read_timeout \(readTimeout);"
            let server = "location / { limit_rate 1; \(target) }"
            switch kind {
            case .upgrade, .connect:
                frames = nil
                client = try ScriptedClient(
                    of: ScriptedWorker(serving: server, beside: gateway.upstream()))
                let lines =
                    kind == .connect
                    ? "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n"
                    : "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                client.send("\(lines)\r\n\(early)")
            case .extendedConnect, .http2Connect:
                let play = try ScriptedFrames(serving: server, beside: gateway.upstream())
                frames = play
                client = play.client
                let more =
                    kind == .http2Connect
                    ? [] : [(":scheme", "http"), (":path", "/"), (":protocol", "websocket")]
                var block: [UInt8] = []
                for (name, value) in [(":method", "CONNECT"), (":authority", "a:1")] + more {
                    block.append(0)
                    for text in [name, value] { block += [UInt8(text.utf8.count)] + Array(text.utf8) }
                }
                client.send(
                    ScriptedFrames.frame(.headers, 4, 1, block)
                        + (early.isEmpty ? [] : ScriptedFrames.frame(.data, 0, 1, Array(early.utf8))))
            }
            client.scripted.turn()
            peer = try #require(gateway.accept())
            peer.read()
            if traits.contains(.needsConsent) {
                #expect(peer.text.hasSuffix("\r\n\r\n"))
                say("HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\(ahead)")
            } else if !ahead.isEmpty {
                say(ahead)
            }
            peer.read()
        }

        /// The gateway says something, and all act on it.
        func say(_ text: String) {
            peer.send(text.utf8)
            act()
        }

        /// A moment passes.
        func wait() { client.scripted.turn(waitMs: 10) }

        func act() {
            client.scripted.turn()
            client.read()
            peer.read()
        }

        func send(_ text: String) {
            client.send(
                frames == nil ? Array(text.utf8) : ScriptedFrames.frame(.data, 0, 1, Array(text.utf8)))
            act()
        }

        func endSending() {
            if frames == nil { client.endSending() } else { client.send(ScriptedFrames.frame(.data, 1, 1)) }
            act()
        }

        /// What came through the tunnel.
        var content: String {
            guard let frames else {
                return client.text.components(separatedBy: "\r\n\r\n").dropFirst().joined(
                    separator: "\r\n\r\n")
            }
            return frames.received.filter { $0.kind == FrameKind.data.rawValue }
                .map { String(decoding: $0.payload, as: UTF8.self) }.joined()
        }

        /// What the gateway heard of the tunnel.
        var heard: String {
            traits.contains(.needsConsent)
                ? peer.text.components(separatedBy: "\r\n\r\n").dropFirst().joined() : peer.text
        }

        /// Nobody has the tunnel any more.
        var isOver: Bool {
            guard let session = client.session else { return true }
            switch session {
            case .http1: return false
            case .http2(let session): return session.streamCount == 0
            case .opening: return false
            }
        }
    }

    @Test("bytes go both ways at once, whatever rate responses have", arguments: Kind.allCases)
    func bothWays(_ kind: Kind) throws {
        let scene = try Scene(kind)
        let large = String(repeating: "0123456789", count: 5000)
        scene.say(large)
        scene.send("hello")
        #expect(scene.content == large && scene.heard == "hello" && !scene.isOver)
    }

    @Test("what either side sent ahead arrives when the tunnel stands", arguments: Kind.allCases)
    func ahead(_ kind: Kind) throws {
        let scene = try Scene(kind, early: "early", ahead: "ahead")
        #expect(scene.heard == "early" && scene.content == "ahead" && !scene.isOver)
    }

    @Test("the client ends first", arguments: Kind.allCases)
    func clientEnds(_ kind: Kind) throws {
        let scene = try Scene(kind)
        scene.send("last")
        scene.endSending()
        #expect(scene.heard == "last" && scene.peer.ends())
        let goesOn = scene.traits.contains(.clientMayEndFirst)
        #expect(scene.isOver != goesOn)
        guard goesOn else { return }
        scene.say("more")
        #expect(scene.content == "more" && !scene.isOver)
        scene.peer.close()
        scene.act()
        #expect(scene.isOver)
    }

    @Test("the gateway ends first", arguments: Kind.allCases)
    func gatewayEnds(_ kind: Kind) throws {
        let scene = try Scene(kind)
        scene.say("last")
        scene.peer.endSending()
        scene.act()
        #expect(scene.content == "last")
        let goesOn = scene.traits.contains(.gatewayMayEndFirst)
        #expect(scene.isOver != goesOn)
        guard goesOn else { return }
        scene.send("more")
        #expect(scene.heard == "more" && !scene.isOver)
        scene.endSending()
        #expect(scene.isOver)
    }

    @Test("a silence that is too long ends it", arguments: Kind.allCases)
    func silence(_ kind: Kind) throws {
        let scene = try Scene(kind, readTimeout: "30ms")
        scene.say("last")
        let deadline = Date() + 10
        while !scene.isOver, Date() < deadline { scene.wait() }
        #expect(scene.isOver && scene.content == "last")
    }
}
