import Foundation
import Glibc
import Sharing
import Testing
import Upstream

@testable import Proxy

/// Each state of a request to a gateway, brought about by a client and a gateway, and each thing that may
/// happen to it. A state is that of three machines: `UpstreamRequest`, `HTTP1PeerStream`, `PeerConnection`.
@Suite("Requests to gateways: each pair of state and event") struct UpstreamRequestPairTests {
    enum State: String, CaseIterable {
        case waiting, connecting, handshaking, head, content, tunnel, spooled
    }

    enum Event: String, CaseIterable {
        case ready, readTimer, writeTimer, attemptFailed, gatewayLeaves, tunnelEnds, serverFreed
        case clientLeaves, clientCanTakeMore, bodyAdvanced, abandon
    }

    enum Outcome: Equatable {
        /// Nothing came of it.
        case stays
        /// The attempt is over, and the client has a response of ours.
        case answered(UInt16)
        /// The attempt is over, and the client sees that the response is not whole.
        case cut
        /// The attempt is over, and the client is not told: another answer is on its way to it.
        case dropped
        /// The attempt is over, and so is the client's connection.
        case ended
        /// Nobody brings it about, and why.
        case impossible(String)
    }

    private static let noAttempt = "no attempt is under way, so there is no connection to tell of"

    static let outcomes: [State: [Event: Outcome]] = [
        .waiting: [
            .ready: .impossible(noAttempt), .readTimer: .impossible(noAttempt),
            .writeTimer: .impossible(noAttempt), .attemptFailed: .impossible(noAttempt),
            .gatewayLeaves: .impossible(noAttempt), .serverFreed: .answered(502),
        ],
        .connecting: [
            .ready: .impossible("only an event says that connect(2) has come to something"),
            .readTimer: .answered(504), .writeTimer: .answered(504), .attemptFailed: .answered(504),
            .gatewayLeaves: .impossible("nobody took the connection"),
        ],
        .handshaking: [
            .readTimer: .answered(504), .writeTimer: .answered(504), .attemptFailed: .answered(504),
            .gatewayLeaves: .answered(502),
        ],
        .head: [
            .readTimer: .answered(504), .writeTimer: .answered(504), .attemptFailed: .answered(504),
            .gatewayLeaves: .answered(502),
        ],
        .content: [.readTimer: .cut, .writeTimer: .cut, .attemptFailed: .cut, .gatewayLeaves: .cut],
        .tunnel: [
            .readTimer: .ended, .writeTimer: .ended, .gatewayLeaves: .ended, .tunnelEnds: .ended,
            .attemptFailed: .impossible("what fails a tunnel ends it"),
        ],
        .spooled: [
            .ready: .impossible(noAttempt), .readTimer: .impossible(noAttempt),
            .writeTimer: .impossible(noAttempt), .attemptFailed: .impossible(noAttempt),
            .abandon: .stays,
        ],
    ]

    static func outcome(_ state: State, _ event: Event) -> Outcome {
        if let outcome = outcomes[state]?[event] { return outcome }
        switch event {
        case .clientLeaves: return .ended
        case .abandon: return .dropped
        case .tunnelEnds: return .impossible("there is no tunnel")
        case .ready, .clientCanTakeMore, .bodyAdvanced, .serverFreed: return .stays
        // The gateway's connection is in the pool: it is gone from there.
        case .gatewayLeaves where state == .spooled: return .stays
        case .readTimer, .writeTimer, .attemptFailed, .gatewayLeaves: return .impossible("not listed")
        }
    }

    @Test("leads where it is to", arguments: State.allCases, Event.allCases)
    func pair(state: State, event: Event) throws {
        let expected = Self.outcome(state, event)
        if case .impossible(let reason) = expected {
            #expect(reason != "not listed", "\(state), \(event)")
            return
        }
        let scene = try PeerScene(state)
        scene.happen(event)
        #expect(scene.outcome == expected, "\(scene.client.text.prefix(200))")
        guard expected != .stays else { return }
        #expect(scene.connection.map { $0.state == .closed } ?? true)
        // The one that waits does so for a client before it, which goes on.
        #expect(scene.activeCount == (state == .waiting ? 1 : 0))
    }
}

/// A request in a state, and all that keeps it there.
private final class PeerScene {
    private static let large = 4 << 20

    private let gateway: ScriptedGateway
    private let full: FullListener
    private let scripted: ScriptedWorker
    private let state: UpstreamRequestPairTests.State
    /// Whom another one waits for.
    private var first: ScriptedClient?
    private var peer: ScriptedGateway.Connection?
    private(set) var client: ScriptedClient
    private var hasLeft = false
    private var request: UpstreamRequest?
    /// The connection of the attempt, while there is one.
    private(set) var connection: Proxy.PeerConnection?

    init(_ state: UpstreamRequestPairTests.State) throws {
        self.state = state
        gateway = try ScriptedGateway()
        full = try FullListener()
        let server = """
            proxy_http_version 1.1; proxy_buffers 8 1m; send_timeout 60s;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
            location /waiting { proxy_pass http://queued; }
            location /connecting { proxy_pass http://127.0.0.1:\(full.port); }
            location /handshaking { proxy_pass https://gateway; }
            location / { proxy_pass http://gateway; }
            """
        let queued = "upstream queued { server unix:\(gateway.path) max_conns=1; queue 5 timeout=60s; }"
        scripted = try ScriptedWorker(serving: server, beside: gateway.upstream() + queued)
        client = try ScriptedClient(of: scripted, sendBuffer: 4096)
        try bring()
        if case .http1(let session)? = client.session { request = session.exchange?.upstream }
        connection = request?.stream.connection
        #expect(isAsBrought, "\(state)")
    }

    private func bring() throws {
        switch state {
        case .waiting:
            let first = try ScriptedClient(of: scripted)
            first.send("GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n")
            peer = gateway.accept()
            self.first = first
            try ask()
        case .connecting: try ask()
        case .handshaking, .head: try ask(accepting: true)
        case .content:
            try ask(accepting: true)
            say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            client.read()
        case .tunnel:
            try ask("Connection: upgrade\r\nUpgrade: x\r\n", accepting: true)
            say("HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
            client.read()
        case .spooled:
            try ask(accepting: true)
            say("HTTP/1.1 200 OK\r\nContent-Length: \(PeerScene.large)\r\n\r\n")
            let content = [UInt8](repeating: 0x61, count: PeerScene.large)
            var sent = 0
            while sent < content.count, let count = peer?.send(content[sent...]), count > 0 {
                sent += count
                scripted.turn()
            }
            #expect(sent == content.count)
        }
    }

    private func ask(_ fields: String = "", accepting: Bool = false) throws {
        client.send("GET /\(state) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        guard accepting else { return }
        let taken: ScriptedGateway.Connection = try #require(gateway.accept())
        taken.read()
        peer = taken
    }

    private func say(_ text: String) {
        peer?.send(text.utf8)
        scripted.turn()
    }

    private var isAsBrought: Bool {
        guard let request, !request.stream.isShared else { return false }
        let stream = request.stream.http1
        return switch (state, request.state, stream.stage, connection?.state) {
        case (.waiting, .waiting, .idle, nil), (.connecting, .trying, .opening, .connecting?),
            (.handshaking, .trying, .opening, .handshaking?), (.head, .trying, .head, .inUse?),
            (.content, .relaying, .content, .inUse?), (.tunnel, .tunnelling, .tunnel, .inUse?):
            true
        case (.spooled, .done, .idle, nil): request.passage.spool != nil
        default: false
        }
    }

    func happen(_ event: UpstreamRequestPairTests.Event) {
        switch event {
        case .ready: connection?.ready()
        case .readTimer: connection?.timedOut(.read)
        case .writeTimer: connection?.timedOut(.write)
        case .attemptFailed: request?.attemptFailed(.timeout)
        case .gatewayLeaves: peer?.close()
        case .tunnelEnds: if case .http1(let session)? = client.session { session.tunnel?.end() }
        case .serverFreed: _ = request?.serverFreed(isLate: true)
        case .clientLeaves:
            client.leave()
            hasLeft = true
        case .clientCanTakeMore: request?.clientCanTakeMore()
        case .bodyAdvanced: request?.bodyAdvanced()
        case .abandon: request?.abandon()
        }
        scripted.turn()
    }

    var outcome: UpstreamRequestPairTests.Outcome? {
        if isAsBrought, client.session != nil { return .stays }
        guard request?.stream.connection == nil else { return nil }
        if case .done? = request?.state, client.session != nil { return .dropped }
        if hasLeft { return client.session == nil ? .ended : nil }
        client.read()
        let response = ReadResponse(client.received, isEnded: client.isEnded)
        if response.status >= 500, response.isWhole { return .answered(response.status) }
        guard client.session == nil else { return nil }
        return response.status == 200 && !response.isWhole && state == .content && client.isEnded
            ? .cut : .ended
    }

    /// Requests that groups believe to be under way.
    var activeCount: Int {
        scripted.worker.snapshot.groups.groups.flatMap(\.peers).reduce(0) { $0 + $1.state.connections }
    }
}

/// A listener that has no room for one more connection: whoever connects waits.
private final class FullListener {
    let port: UInt16
    private let fds: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        fds = [listener, filler]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let results = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                [
                    bind(listener, address, length), listen(listener, 0),
                    getsockname(listener, address, &length), connect(filler, address, length),
                ]
            }
        }
        try #require(results == [0, 0, 0, 0])
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { for fd in fds { close(fd) } }
}
