import HTTP
import Sharing
import Testing

@testable import Proxy

/// Each state of what comes before a session, brought about by a client, and each thing that may happen to
/// it. `checkingStatus` wants a responder: `ClientStatusTests` plays it from outside.
@Suite("Before a session: each pair of state and event") struct ClientOpeningPairTests {
    enum State: String, CaseIterable {
        /// What is awaited behind the header follows from what the address listens for.
        case readingHeader, readingHeaderBeforeTLS, readingHeaderBeforePreface
        case shakingHands, awaitingPreface, over
    }

    enum Event: String, CaseIterable {
        case ready, timer, snapshotChanged, drain, timeIsUp, giveWay, close
        case header, request, preface, clientLeaves
    }

    enum Outcome: Equatable {
        case stays
        /// The next thing is awaited.
        case becomes(State)
        case http1
        case http2
        case closed
    }

    /// What does not stay as it is.
    static let outcomes: [State: [Event: Outcome]] = [
        .readingHeader: [.header: .http1, .request: .closed, .preface: .closed],
        .readingHeaderBeforeTLS: [
            .header: .becomes(.shakingHands), .request: .closed, .preface: .closed,
        ],
        .readingHeaderBeforePreface: [
            .header: .becomes(.awaitingPreface), .request: .closed, .preface: .closed,
        ],
        // What does not begin as TLS does is taken for plain HTTP, and told so by a session.
        .shakingHands: [.header: .http1, .request: .http1, .preface: .http1],
        .awaitingPreface: [.header: .http1, .request: .http1, .preface: .http2],
    ]

    static func outcome(_ state: State, _ event: Event) -> Outcome {
        if state == .over { return .stays }
        if let outcome = outcomes[state]?[event] { return outcome }
        switch event {
        case .ready, .snapshotChanged, .drain: return .stays
        case .timer, .timeIsUp, .giveWay, .close, .clientLeaves: return .closed
        case .header, .request, .preface: return .stays
        }
    }

    /// An opening in a state, and the client that keeps it there.
    private struct Scene {
        private static let header = "PROXY TCP4 203.0.113.7 198.51.100.1 1234 80\r\n"

        let client: ScriptedClient
        let opening: ClientOpening

        init(_ state: State) throws {
            let listening: String
            switch state {
            case .readingHeader, .over: listening = "proxy_protocol"
            case .readingHeaderBeforeTLS: listening = "proxy_protocol ssl"
            case .readingHeaderBeforePreface: listening = "proxy_protocol http2"
            case .shakingHands: listening = "ssl"
            case .awaitingPreface: listening = "http2"
            }
            let scripted = try ScriptedWorker(
                serving: "ssl_certificate self-signed; location / { return 200 x; }", listening: listening)
            client = try ScriptedClient(of: scripted)
            guard case .opening(let opening)? = client.session else {
                throw Unplayed(what: "nothing comes before the session")
            }
            self.opening = opening
            if state == .over { client.send(Self.header) }
        }

        func happen(_ event: Event) {
            switch event {
            case .ready: opening.ready()
            case .timer: opening.timedOut()
            case .snapshotChanged: opening.snapshotChanged()
            case .drain: client.session?.drain()
            case .timeIsUp: client.session?.timeIsUp()
            case .giveWay: _ = opening.giveWay()
            case .close: opening.close()
            case .header: client.send(Self.header)
            case .request: client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            case .preface: client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0")
            case .clientLeaves: client.leave()
            }
        }

        var outcome: Outcome {
            switch client.session {
            case .http2: return .http2
            case .http1: return .http1
            case .opening(let opening):
                // The states look alike from outside but for this.
                return opening.isShakingHands ? .becomes(.shakingHands) : .becomes(.awaitingPreface)
            case nil: return client.text.hasPrefix("HTTP/1.1 400 ") ? .http1 : .closed
            }
        }

        var counts: [Int] {
            [Counter.reading, .writing, .waiting].map { client.scripted.worker.counters.total($0) }
        }
    }

    private struct Unplayed: Error { let what: String }

    @Test("leads where it is to", arguments: State.allCases.filter { $0 != .over }, Event.allCases)
    func pair(state: State, event: Event) throws {
        let scene = try Scene(state)
        scene.happen(event)
        switch Self.outcome(state, event) {
        case .stays:
            guard case .opening(let opening)? = scene.client.session else {
                Issue.record("it did not stay: \(scene.outcome)")
                return
            }
            #expect(opening.isShakingHands == (state == .shakingHands))
            #expect(scene.counts == [0, 0, 1])
        case let expected:
            #expect(scene.outcome == expected, "\(scene.client.text.prefix(100))")
            if expected == .closed { #expect(scene.counts == [0, 0, 0]) }
        }
    }

    @Test(
        "what is late for it does no harm to the session that took over",
        arguments: [Event.ready, .timer, .snapshotChanged, .giveWay, .close])
    func late(event: Event) throws {
        let scene = try Scene(.over)
        #expect(scene.outcome == .http1)
        scene.happen(event)
        #expect(scene.outcome == .http1 && scene.counts == [0, 0, 1])
        scene.happen(.request)
        #expect(scene.client.text.hasSuffix("\r\n\r\nx"))
    }
}
