import Sharing
import Testing

@testable import Proxy

/// Each state of a session, brought about by a client and a gateway, and each thing that may happen to it.
@Suite("HTTP/1 session: each pair of state and event") struct HTTP1SessionPairTests {
    enum State: String, CaseIterable {
        case idle, readingHead, exchanging, skippingBody, tunnelling, lingering, closed
    }

    typealias Event = SessionEvent

    /// What does not stay as it is.
    static let ends: [State: Set<Event>] = [
        .idle: [.readTimer, .writeTimer, .timeIsUp, .giveWay, .close],
        .readingHead: [.readTimer, .writeTimer, .timeIsUp, .giveWay, .close],
        .exchanging: [.writeTimer, .timeIsUp, .giveWay, .close],
        .skippingBody: [.readTimer, .writeTimer, .timeIsUp, .giveWay, .close],
        .tunnelling: [.readTimer, .writeTimer, .timeIsUp, .giveWay, .close],
        .lingering: [.readTimer, .writeTimer, .timeIsUp, .giveWay, .close],
        .closed: [],
    ]

    /// Pairs that nobody brings about, and why. They do no harm: the connection ends, or nothing happens.
    static let impossible: [State: [Event: String]] = [
        .idle: [
            .writeTimer: "it runs while a response is not taken, and a session is idle when all of it was"
        ],
        .readingHead: [.writeTimer: "it runs while a response is not taken, and none was begun"],
        .exchanging: [
            .readTimer: "it is stopped when the head is whole, and set when content is wanted or awaited",
            .writeTimer: "it runs while the client does not take what there is, and nothing came yet",
            .giveWay: "only who has nothing under way is asked (`idleSinceMs`)",
        ],
        .skippingBody: [
            .writeTimer: "it is stopped when the response is out", .giveWay: "as in `exchanging`",
        ],
        .tunnelling: [.giveWay: "as in `exchanging`"],
        .lingering: [.writeTimer: "it is stopped when the response is out"],
        .closed: [
            .readTimer: "it is gone with the connection", .writeTimer: "it is gone with the connection",
            .ready: "the loop does not know the connection any more", .posted: "as for `ready`",
            .snapshotChanged: "as for `ready`", .drain: "as for `ready`", .timeIsUp: "as for `ready`",
            .giveWay: "as for `ready`",
        ],
    ]

    private static let server = """
        location /gateway { proxy_pass http://gateway; proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; }
        location /lingers { lingering_close always; return 200 "x"; }
        location / { return 200 "x"; }
        """

    /// A session in a state, and all that keeps it there.
    private struct Scene {
        let scripted: ScriptedScene
        let client: ScriptedClient
        let session: HTTP1Session
        private var connections: [ScriptedGateway.Connection] = []

        init(_ state: State) throws {
            scripted = try ScriptedScene(server: HTTP1SessionPairTests.server)
            client = try ScriptedClient(of: scripted.worker)
            guard case .http1(let session)? = client.session else {
                throw Impossible(what: "no session")
            }
            self.session = session
            try bring(to: state)
            #expect(reached == state)
        }

        private mutating func bring(to state: State) throws {
            switch state {
            case .idle: client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            case .readingHead: client.send("GET / HTTP/1.1\r\nHost")
            case .exchanging: try ask("")
            case .skippingBody: client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            case .tunnelling:
                try ask("Connection: upgrade\r\nUpgrade: x\r\n")
                let answer = "HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                try scripted.say(answer.utf8, #require(connections.last), to: client)
            case .lingering: client.send("GET /lingers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            case .closed: session.close()
            }
        }

        private mutating func ask(_ fields: String) throws {
            client.send("GET /gateway HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            connections.append(try #require(scripted.gateway.accept()))
            connections.last?.read()
        }

        var reached: State {
            switch session.state {
            case .idle: .idle
            case .readingHead: .readingHead
            case .exchanging: .exchanging
            case .skippingBody: .skippingBody
            case .tunnelling: .tunnelling
            case .lingering: .lingering
            case .closed: .closed
            }
        }

        /// Connections in each of the states that are counted.
        var counts: [Int] {
            [Counter.reading, .writing, .waiting].map { scripted.worker.worker.counters.total($0) }
        }
    }

    private struct Impossible: Error { let what: String }

    @Test("leads where it is to", arguments: State.allCases, Event.allCases)
    func pair(state: State, event: Event) throws {
        let scene = try Scene(state)
        event.happen(to: scene.session)
        let isEnd = Self.ends[state]?.contains(event) ?? false
        let reason = Self.impossible[state]?[event].map { "it cannot happen: \($0)" } ?? ""
        #expect(scene.reached == (isEnd ? .closed : state), "\(reason)")
        if scene.reached == .closed { isOver(scene) } else { #expect(scene.client.session != nil) }
    }

    @Test("the end of a tunnel is that of a session which has one", arguments: State.allCases)
    func tunnelEnded(state: State) throws {
        let scene = try Scene(state)
        scene.session.tunnelEnded()
        #expect(scene.reached == (state == .tunnelling ? .closed : state))
        if scene.reached == .closed { isOver(scene) }
    }

    /// Nothing is left of it, and what is late for it does no harm.
    private func isOver(_ scene: Scene) {
        let session = scene.session
        #expect(scene.client.session == nil && session.exchange == nil && session.input == nil)
        #expect(session.tunnel == nil && session.heldCount == 0)
        #expect(scene.counts == [0, 0, 0])
        for event in Event.allCases { event.happen(to: session) }
        session.tunnelEnded()
        scene.scripted.worker.turn()
        #expect(scene.reached == .closed && scene.counts == [0, 0, 0])
    }

    @Test("where an event leaves a state as it is, the client is served as if it had not been")
    func goesOn() throws {
        for state in [State.idle, .readingHead] {
            for event in Event.allCases where Self.ends[state]?.contains(event) != true {
                let scene = try Scene(state)
                event.happen(to: scene.session)
                scene.client.send(state == .idle ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : ": a\r\n\r\n")
                #expect(scene.client.text.hasSuffix("\r\n\r\nx"), "\(state), \(event)")
            }
        }
    }
}
