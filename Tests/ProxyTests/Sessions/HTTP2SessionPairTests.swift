import HTTP
import Sharing
import Testing

@testable import Proxy

/// Each state of a session of HTTP/2, brought about by a client and a gateway, and each thing that may happen
/// to it.
@Suite("HTTP/2 session: each pair of state and event") struct HTTP2SessionPairTests {
    enum State: String, CaseIterable {
        case idle, readingHead, exchanging
        /// GOAWAY was sent, and which stream is the last is not said.
        case leaving
        /// The last stream is said, and not over.
        case ending
        case broken, lingering, closed
    }

    typealias Event = SessionEvent

    /// What does not stay as it is, before the worker's next turn.
    static let changes: [State: [Event: State]] = [
        .idle: [.readTimer: .ending, .drain: .leaving],
        .readingHead: [.readTimer: .ending, .drain: .leaving],
        .exchanging: [.drain: .leaving],
        .leaving: [.readTimer: .ending],
        .ending: [:],
        .broken: [.posted: .closed],
        .lingering: [.readTimer: .closed, .writeTimer: .closed],
        .closed: [:],
    ]

    /// Pairs that nobody brings about, and why. They do no harm.
    static let impossible: [State: [Event: String]] = [
        .idle: [.writeTimer: "it runs while the socket does not take what there is, and it took all"],
        .readingHead: [.writeTimer: "as in `idle`"],
        .exchanging: [
            .readTimer: "it is stopped when the first stream begins", .writeTimer: "as in `idle`",
            .giveWay: "only who has nothing under way is asked (`idleSinceMs`)",
        ],
        .leaving: [.writeTimer: "as in `idle`", .giveWay: "as in `exchanging`"],
        .ending: [
            .readTimer: "it is stopped when the end is said", .writeTimer: "as in `idle`",
            .giveWay: "as in `exchanging`",
        ],
        .broken: [
            .ready: "the end of the turn, which closes, comes before the next event",
            .readTimer: "as for `ready`", .writeTimer: "as for `ready`", .snapshotChanged: "as for `ready`",
            .drain: "as for `ready`", .timeIsUp: "as for `ready`", .giveWay: "as for `ready`",
        ],
        .lingering: [.writeTimer: "it is stopped when all is sent"],
        .closed: [
            .ready: "the loop does not know the connection any more", .readTimer: "as for `ready`",
            .writeTimer: "as for `ready`", .posted: "as for `ready`", .snapshotChanged: "as for `ready`",
            .drain: "as for `ready`", .timeIsUp: "as for `ready`", .giveWay: "as for `ready`",
        ],
    ]

    static func outcome(_ state: State, _ event: Event) -> State {
        if let change = changes[state]?[event] { return change }
        switch event {
        case .timeIsUp, .giveWay, .close: return .closed
        // No wait is under way, so it is over: who waits no more is late.
        case .writeTimer where state != .broken && state != .closed: return .closed
        case .ready, .readTimer, .writeTimer, .posted, .snapshotChanged, .drain: return state
        }
    }

    private struct Scene {
        let gateway: ScriptedGateway
        let play: ScriptedFrames
        let session: HTTP2Session
        private var connection: ScriptedGateway.Connection?

        init(_ state: State) throws {
            gateway = try ScriptedGateway()
            play = try ScriptedFrames(
                serving: "location /g { proxy_pass http://gateway; } location / { return 200 x; }",
                beside: gateway.upstream())
            guard case .http2(let session)? = play.client.session else { throw Unplayed() }
            self.session = session
            switch state {
            case .idle: play.client.send(ScriptedFrames.request(1))
            case .readingHead: play.client.send(ScriptedFrames.request(1).prefix(12))
            case .exchanging: try ask()
            case .leaving:
                try ask()
                session.drain()
            case .ending:
                try ask()
                session.drain()
                session.timedOut(.read)
            // Sending has failed for whoever had the turn.
            case .broken: session.state = .broken
            case .lingering: session.endConnection()
            case .closed: session.close()
            }
            #expect(reached == state)
        }

        private mutating func ask() throws {
            play.client.send(ScriptedFrames.request(1, "/g"))
            let taken: ScriptedGateway.Connection = try #require(gateway.accept())
            connection = taken
        }

        var reached: State {
            switch session.state {
            case .serving where session.link.isClosing: .ending
            case .serving where session.streamCount > 0: .exchanging
            case .serving: session.isWaitingForHead ? .readingHead : .idle
            case .leaving: .leaving
            case .broken: .broken
            case .lingering: .lingering
            case .closed: .closed
            }
        }

        /// Connections in each of the states that are counted, and those of HTTP/2.
        var counts: [Int] {
            [Counter.reading, .writing, .waiting, .http2Active].map {
                play.scripted.worker.counters.total($0)
            }
        }
    }

    private struct Unplayed: Error {}

    @Test("leads where it is to", arguments: State.allCases, Event.allCases)
    func pair(state: State, event: Event) throws {
        let scene = try Scene(state)
        event.happen(to: scene.session)
        let reason = Self.impossible[state]?[event].map { "it cannot happen: \($0)" } ?? ""
        #expect(scene.reached == Self.outcome(state, event), "\(reason)")
        let session = scene.session
        guard scene.reached == .closed else {
            #expect(scene.play.client.session != nil)
            return
        }
        #expect(scene.play.client.session == nil && session.input == nil && session.out == nil)
        #expect(session.streamCount == 0 && session.heldCount == 0 && scene.counts == [0, 0, 0, 0])
        // What is late for it does no harm.
        for event in Event.allCases { event.happen(to: session) }
        scene.play.scripted.turn()
        #expect(scene.reached == .closed && scene.counts == [0, 0, 0, 0])
    }

    @Test("whose end is said is closed when its last stream is over", arguments: [State.idle, .readingHead])
    func ends(state: State) throws {
        let scene = try Scene(state)
        scene.session.timedOut(.read)
        scene.play.scripted.turn()
        #expect(scene.reached == .lingering)
        scene.play.client.read()
        #expect(scene.play.has(.goAway, 0))
        scene.play.client.leave()
        #expect(scene.reached == .closed)
    }

    @Test("where an event leaves a state as it is, the client is served as if it had not been")
    func goesOn() throws {
        for state in [State.idle, .readingHead] {
            for event in Event.allCases where Self.outcome(state, event) == state {
                let scene = try Scene(state)
                event.happen(to: scene.session)
                let stream: UInt32 = state == .idle ? 3 : 1
                let request = ScriptedFrames.request(stream)
                scene.play.client.send(state == .idle ? request[...] : request.dropFirst(12))
                #expect(scene.play.has(.data, stream), "\(state), \(event)")
            }
        }
    }
}
