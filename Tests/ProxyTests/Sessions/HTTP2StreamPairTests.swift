import Core
import HTTP
import Sharing
import Testing

@testable import Proxy

/// Each state of a stream of HTTP/2, brought about by a client and a gateway, and each thing that may happen
/// to it.
@Suite("HTTP/2 stream: each pair of state and event") struct HTTP2StreamPairTests {
    enum State: String, CaseIterable {
        case free
        /// Content of the request is awaited.
        case receiving
        /// The gateway has the request.
        case asked
        /// The client's window is shut to the content of the response.
        case blocked
        /// Its client is gone; the gateway goes on (`proxy_ignore_client_abort`).
        case alone
        /// It waits (`limit_req`).
        case delayed
        /// It left HTTP: RFC 8441.
        case tunnelling
    }

    enum Event: String, CaseIterable {
        case content, lastContent, lost, windowOpened, readTimer, writeTimer, posted, wantBody, abandon, cut
    }

    /// What ends it.
    static let ends: [State: Set<Event>] = [
        .free: [],
        .receiving: [.lost, .abandon, .cut],
        .asked: [.lost, .abandon, .cut],
        // What was given is still the client's: the cut waits for the window.
        .blocked: [.lost, .abandon],
        .alone: [.abandon, .cut],
        // Its time has come: it is served.
        .delayed: [.readTimer, .lost, .abandon],
        .tunnelling: [.lost, .abandon, .cut],
    ]

    /// Pairs that nobody brings about, and why.
    static let impossible: [State: [Event: String]] = [
        .free: [
            .cut: "no exchange writes to it", .lost: "no session knows it", .windowOpened: "as for `lost`",
            .content: "as for `lost`", .lastContent: "as for `lost`", .wantBody: "as for `cut`",
        ],
        .receiving: [.writeTimer: "it runs while content waits for a window"],
        .asked: [
            .content: "the request is whole: `HTTP2Connection` resets the stream",
            .lastContent: "as for `content`", .wantBody: "there is none", .writeTimer: "as in `receiving`",
            .readTimer: "it runs while content is awaited",
        ],
        .blocked: [
            .content: "as in `asked`", .lastContent: "as in `asked`", .wantBody: "as in `asked`",
            .readTimer: "as in `asked`",
        ],
        .alone: [
            .content: "no session knows it", .lastContent: "as for `content`",
            .windowOpened: "as for `content`", .lost: "as for `content`", .wantBody: "as in `asked`",
            .writeTimer: "as in `receiving`", .readTimer: "as in `asked`",
        ],
        .delayed: [
            .content: "as in `asked`", .lastContent: "as in `asked`", .wantBody: "as in `asked`",
            .writeTimer: "as in `receiving`", .cut: "nobody has begun to answer",
        ],
        .tunnelling: [
            .readTimer: "it ends when the tunnel begins", .writeTimer: "as in `receiving`",
            .wantBody: "all that comes is the peer's",
        ],
    ]

    /// Those that would break what the stream counts on.
    private static func isPlayed(_ state: State, _ event: Event) -> Bool {
        guard impossible[state]?[event] != nil else { return true }
        switch event {
        case .content, .lastContent, .wantBody: return state == .free || state == .receiving
        case .lost: return state != .alone
        case .cut: return state != .free && state != .delayed
        case .writeTimer: return state != .alone
        case .windowOpened, .readTimer, .posted, .abandon: return true
        }
    }

    private struct Scene {
        let gateway: ScriptedGateway
        let play: ScriptedFrames
        let session: HTTP2Session
        let stream: HTTP2Stream
        private var connection: ScriptedGateway.Connection?

        init(_ state: State) throws {
            gateway = try ScriptedGateway()
            play = try ScriptedFrames(
                serving: """
                    location /g { proxy_pass http://gateway; proxy_ignore_client_abort on; }
                    location /d { limit_req zone=slow burst=5; stub_status; }
                    location /t { proxy_pass http://gateway; proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
                    location / { return 200 x; }
                    """, settings: state == .blocked ? [(4, 0)] : [],
                beside: gateway.upstream() + "limit_req_zone $uri zone=slow:64k rate=1r/m;")
            guard case .http2(let session)? = play.client.session else { throw Unplayed() }
            self.session = session
            play.client.send(Scene.request(1, state))
            // The first one of its kind is served at once.
            if state == .delayed { play.client.send(Scene.request(3, state)) }
            stream = try #require(session.stream(0))
            switch state {
            case .receiving, .blocked, .delayed: break
            case .tunnelling:
                connection = try Scene.accept(gateway)
                connection?.send(
                    "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n".utf8)
                play.scripted.turn()
            case .asked: connection = try Scene.accept(gateway)
            case .alone:
                connection = try Scene.accept(gateway)
                play.client.send(ScriptedFrames.frame(.resetStream, 0, 1, [0, 0, 0, 8]))
            case .free:
                connection = try Scene.accept(gateway)
                connection?.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".utf8)
                play.scripted.turn()
                play.client.read()
                #expect(play.has(.data, 1))
            }
            #expect(reached == state)
        }

        private static func request(_ id: UInt32, _ state: State) -> [UInt8] {
            switch state {
            case .blocked: return ScriptedFrames.request(id, "/")
            case .delayed: return ScriptedFrames.request(id, "/d")
            case .receiving: return ScriptedFrames.request(id, "/g", method: 0x83, isLast: false)
            case .free, .asked, .alone: return ScriptedFrames.request(id, "/g")
            case .tunnelling:
                var head: [UInt8] = [0x02, 7]
                head += "CONNECT".utf8
                head += [0x86, 0x04, 2]
                head += "/t".utf8
                head += [0x41, 1, 0x61, 0, 9]
                head += ":protocol".utf8
                head += [9]
                head += "websocket".utf8
                return ScriptedFrames.frame(.headers, 4, id, head)
            }
        }

        private static func accept(_ gateway: ScriptedGateway) throws -> ScriptedGateway.Connection {
            try #require(gateway.accept())
        }

        var reached: State? {
            guard let exchange = stream.exchange else { return stream.session == nil ? .free : nil }
            if stream.session == nil { return .alone }
            if stream.tunnel != nil { return .tunnelling }
            if case .delayed = exchange.phase { return .delayed }
            if stream.heldCount > 0 { return .blocked }
            return exchange.isReadingBody ? .receiving : .asked
        }

        func happen(_ event: Event) {
            let content = ByteBuffer(capacity: 16)
            content.append("abc")
            let piece = Slice(from: 0, to: 3)
            switch event {
            case .content: stream.received(piece, of: content, isLast: false)
            case .lastContent: stream.received(piece, of: content, isLast: true)
            case .lost: stream.lost(status: 499)
            case .windowOpened: stream.windowOpened()
            case .readTimer: stream.timedOut(.read)
            case .writeTimer: stream.timedOut(.write)
            case .posted: stream.runPosted()
            case .wantBody: stream.wantBody()
            case .abandon: stream.abandon()
            case .cut: if let exchange = stream.exchange { stream.cut(exchange) }
            }
        }
    }

    private struct Unplayed: Error {}

    @Test("leads where it is to", arguments: State.allCases, Event.allCases)
    func pair(state: State, event: Event) throws {
        guard Self.isPlayed(state, event) else { return }
        // A request whose client leaves is given up, unless it goes on alone.
        let scene = try Scene(state)
        scene.happen(event)
        scene.play.scripted.turn()
        let goesOnAlone = state == .asked && event == .lost
        if goesOnAlone {
            #expect(scene.reached == .alone)
            #expect(scene.session.streamCount == 0)
        } else if Self.ends[state]?.contains(event) == true {
            #expect(scene.reached == .free && scene.session.streamCount == 0)
            #expect(scene.play.scripted.worker.counters.total(Counter.writing) == 0)
        } else if state == .receiving, event == .lastContent {
            #expect(scene.reached == .asked)
        } else {
            #expect(scene.reached == state, "\(Self.impossible[state]?[event] ?? "")")
        }
        // The connection serves on.
        scene.play.client.send(ScriptedFrames.request(5))
        #expect(scene.play.has(.headers, 5))
    }
}
