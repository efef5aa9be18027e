import Glibc
import Testing

@testable import Proxy

/// Each state of a request that is made here, and each thing that may happen to it.
@Suite("Sub-requests: each pair of state and event") struct SubrequestPairTests {
    enum State: String, CaseIterable { case free, awaitingTurn, underWay, answered, draining, over }

    enum Event: String, CaseIterable { case posted, timer, leave, start, muchContent, finish, wantBody }

    /// What does not stay as it is, before the worker's next turn.
    static let changes: [State: [Event: State]] = [
        .free: [:],
        .awaitingTurn: [.posted: .underWay, .leave: .over, .finish: .over],
        .underWay: [.leave: .over, .start: .answered, .muchContent: .over, .finish: .over],
        .answered: [.posted: .draining, .leave: .over, .muchContent: .over, .finish: .over],
        .draining: [.timer: .over, .leave: .over, .muchContent: .over, .finish: .over],
        .over: [.posted: .free],
    ]

    /// Pairs that nobody brings about, and why. But for those with content they do no harm.
    static let impossible: [State: [Event: String]] = [
        .free: [
            .posted: "whoever was posted is not free before it had its turn",
            .timer: "it is stopped before", .leave: "whoever waits was told, and forgot it",
            .start: "it has no exchange", .muchContent: "as for `start`", .finish: "as for `start`",
            .wantBody: "as for `start`",
        ],
        .awaitingTurn: [
            .timer: "nothing has set it", .start: "its exchange has not begun",
            .muchContent: "as for `start`",
            .wantBody: "as for `start`",
        ],
        .underWay: [.muchContent: "content comes behind the head"],
        .answered: [
            .timer: "it is set when draining begins", .start: "a response has one head",
            .wantBody: "its content was read before it was answered",
        ],
        .draining: [.posted: "nothing posts it", .start: "as in `answered`", .wantBody: "as in `answered`"],
        .over: [
            .start: "its exchange is over", .muchContent: "as for `start`", .wantBody: "as for `start`",
            .leave: "whoever waited is told in this turn",
        ],
    ]

    private struct Scene {
        let scene: ScriptedScene
        let client: ScriptedClient
        let subrequest: Subrequest
        private var connections: [ScriptedGateway.Connection] = []

        init(_ state: State) throws {
            scene = try ScriptedScene(server: "location / { proxy_pass http://gateway; }")
            let (client, first) = try scene.ask()
            self.client = client
            connections.append(first)
            guard case .http1(let session)? = client.session, let main = session.exchange else {
                throw Unplayed()
            }
            subrequest = scene.worker.worker.takeSubrequest()
            subrequest.begin(.mirror, of: main, path: Array("/copy".utf8))
            try bring(to: state)
            #expect(reached == state)
        }

        private mutating func bring(to state: State) throws {
            if state == .awaitingTurn { return }
            scene.worker.turn()
            connections.append(try #require(scene.gateway.accept()))
            switch state {
            case .awaitingTurn, .underWay: break
            case .answered: subrequest.start()
            case .draining:
                subrequest.start()
                subrequest.runPosted()
            case .over: subrequest.leave()
            case .free:
                subrequest.leave()
                scene.worker.turn()
            }
        }

        func answerMain() {
            guard let first = connections.first else { return }
            scene.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".utf8, first, to: client)
        }

        var reached: State {
            switch subrequest.state {
            case .free: .free
            case .awaitingTurn: .awaitingTurn
            case .underWay: .underWay
            case .answered: .answered
            case .draining: .draining
            case .over: .over
            }
        }

        func happen(_ event: Event) {
            switch event {
            case .posted: subrequest.runPosted()
            case .timer: subrequest.timedOut()
            case .leave: subrequest.leave()
            case .start: subrequest.start()
            case .muchContent: subrequest.drop(1 << 20)
            case .finish: subrequest.finish()
            case .wantBody: subrequest.wantBody()
            }
        }
    }

    private struct Unplayed: Error {}

    @Test("leads where it is to", arguments: State.allCases, Event.allCases)
    func pair(state: State, event: Event) throws {
        let reason = Self.impossible[state]?[event]
        // Content that nobody can have sent would count against the next use.
        if event == .muchContent, state == .free || state == .awaitingTurn { return }
        let scene = try Scene(state)
        scene.happen(event)
        #expect(scene.reached == Self.changes[state]?[event] ?? state, "\(reason ?? "")")
        guard scene.reached == .over else { return }
        scene.scene.worker.turn()
        #expect(scene.reached == .free && scene.subrequest.exchange == nil)
        #expect(scene.scene.worker.worker.mirrors.underWay == 0)
    }

    @Test(
        "the content that a copy, or a report of what is over, keeps in memory is counted until its end",
        arguments: ["mirror", "post_action"])
    func heldContent(directive: String) throws {
        let scene = try ScriptedScene(
            server: """
                location /copy { internal; proxy_pass http://gateway; }
                location / { \(directive) /copy; proxy_pass http://gateway; }
                """)
        let (client, main) = try scene.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8
        scene.say(answer, main, to: client)
        let worker = scene.worker.worker
        #expect(worker.mirrors.underWay == 1 && worker.mirrors.heldCount == 5)
        scene.say(answer, scene.gateway.accept() ?? main, to: client)
        #expect(worker.mirrors.underWay == 0 && worker.mirrors.heldCount == 0)
    }

    @Test("what it was made for is answered, whatever became of it", arguments: State.allCases)
    func mainGoesOn(state: State) throws {
        let scene = try Scene(state)
        scene.answerMain()
        #expect(scene.client.text.hasSuffix("\r\n\r\nx"))
        scene.client.leave()
        #expect(scene.client.session == nil)
    }
}

@Suite("Sub-requests that wait for a name") struct SubrequestNameTests {
    /// A UDP socket that answers nothing.
    private final class Silence {
        let port: UInt16
        private let fd: Int32

        init() throws {
            fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = fd
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(isBound)
            port = UInt16(bigEndian: address.sin_port)
        }

        deinit { close(fd) }
    }

    @Test("one that is over waits no more, also before its turn to be used again")
    func leaves() throws {
        let silence = try Silence()
        let scene = try ScriptedScene(
            server: """
                resolver 127.0.0.1:\(silence.port) ipv6=off;
                location /copy { set $name a.example; proxy_pass http://$name; }
                location / { proxy_pass http://gateway; }
                """)
        let (client, connection) = try scene.ask()
        guard case .http1(let session)? = client.session, let main = session.exchange else {
            Issue.record("no request is under way")
            return
        }
        let subrequest = scene.worker.worker.takeSubrequest()
        subrequest.begin(.mirror, of: main, path: Array("/copy".utf8))
        scene.worker.turn()
        let exchange = try #require(subrequest.exchange)
        #expect(exchange.nameWait != nil)
        subrequest.leave()
        guard case .over = subrequest.state else {
            Issue.record("it is not over")
            return
        }
        #expect(exchange.nameWait == nil)
        scene.worker.turn()
        connection.close()
    }
}
