internal import Core
internal import HTTP
internal import Net
internal import Proxy
internal import Upstream

/// One server being asked, again and again, by one health check.
///
///     waiting ──timer──▶ connecting ──▶ handshaking ──▶ asking ──verdict──▶ waiting
///        ▲                                                │
///        └───────────── (a kept connection) ◀─────────────┘
final class Probe {
    private enum State {
        case waiting
        case connecting
        case handshaking
        /// The request is being sent, the answer read.
        case asking
    }

    /// How soon a server is asked that could not be asked for want of descriptors or ports.
    private static var shortageMs: Int { 1000 }
    /// Most reads in a turn.
    private static var readsMax: Int { 16 }

    private let checker: Checker
    let check: HealthCheck
    private(set) var health: GroupHealth
    /// Which server of the group, and which of its records is this check's.
    private(set) var peer: Int
    let record: Int
    let token: Token
    private let timer: TimerID
    private var state = State.waiting
    private var transport: Transport?
    private var isReused = false
    private var connectedMs: Int64 = 0
    private let outgoing = ByteBuffer(capacity: 512)
    private let incoming = ByteBuffer(capacity: 4096)
    private let head = ResponseHead()
    private var parser = HTTP1ResponseParser()
    private var hasHead = false
    private var informationalCount = 0
    private var body: [UInt8] = []
    private var content = ContentReader()
    /// Where HTTP/2 is spoken: the connection's frames.
    private var call: HTTP2Call?

    init(
        _ checker: Checker, _ check: HealthCheck, _ health: GroupHealth, peer: Int, record: Int, token: Token
    ) {
        self.checker = checker
        self.check = check
        self.health = health
        self.peer = peer
        self.record = record
        self.token = token
        timer = checker.timers.create(token, kind: 0)
    }

    private var address: SocketAddress {
        let own = health.group.peers[peer].settings.address
        return check.settings.port.flatMap { own.with(port: $0) } ?? own
    }

    private func arm(afterMs: Int) {
        checker.timers.set(timer, deadlineMs: checker.clock.nowMs + Int64(afterMs))
    }

    /// Waits before the first question: servers are not asked all at one time.
    func begin(afterMs: Int) { arm(afterMs: afterMs) }

    /// The group has changed around the server.
    func move(to health: GroupHealth, peer: Int) {
        self.health = health
        self.peer = peer
    }

    /// It is never asked again.
    func end() {
        disconnect()
        checker.timers.destroy(timer)
    }

    // MARK: Events

    func timedOut() {
        switch state {
        case .waiting: start()
        case .connecting: fail("connect: timeout after \(check.settings.deadlineMs.asTime)")
        case .handshaking, .asking: fail("timeout after \(check.settings.deadlineMs.asTime)")
        }
    }

    func ready(_ event: ReadyEvent) {
        guard let transport else { return }
        transport.note(event)
        switch state {
        case .waiting: if !isQuiet(transport) { disconnect() }
        case .connecting: connectionAnswered(transport)
        case .handshaking: handshake(transport)
        case .asking: ask(transport)
        }
    }

    /// A kept connection has not ended, and says nothing unasked.
    private func isQuiet(_ transport: Transport) -> Bool {
        guard !transport.isHangup else { return false }
        guard transport.isReadable else { return true }
        if case .wouldBlock = transport.receive(into: incoming, atLeast: 1) { return !transport.isHangup }
        return false
    }

    // MARK: Steps

    private func start() {
        arm(afterMs: check.settings.deadlineMs)
        head.reset()
        parser.reset()
        hasHead = false
        informationalCount = 0
        body.removeAll(keepingCapacity: true)
        incoming.removeAll()
        let isYoung = checker.clock.nowMs - connectedMs < Int64(check.settings.keepaliveTimeMs)
        if let transport, isYoung {
            isReused = true
            return connected(transport)
        }
        connect()
    }

    private func connect() {
        disconnect()
        isReused = false
        state = .connecting
        let descriptor: Int32
        var isConnected = false
        switch Socket.connect(address, from: nil) {
        case .failed(let errno): return unconnected("connect()", errno)
        case .connected(let fd):
            descriptor = fd
            isConnected = true
        case .inProgress(let fd): descriptor = fd
        }
        let tls = check.tls.map {
            TLSConnection(
                client: $0, fd: descriptor, serverName: check.serverName, verifyName: check.verifyName,
                session: nil)
        }
        let made = Transport(fd: descriptor, tls: tls)
        transport = made
        connectedMs = checker.clock.nowMs
        do {
            try checker.loop.poller.addConnection(descriptor, token)
        } catch {
            return unconnected("epoll_ctl()", error)
        }
        if isConnected { connectionEstablished(made) }
    }

    /// What this machine lacks says nothing of the server: it is asked again soon.
    private func unconnected(_ call: String, _ errno: Errno) {
        guard errno.isOurs else { return fail("connect: \(errno.shortText)") }
        postpone(call, errno)
    }

    /// It says nothing about the server: it is asked again soon.
    private func postpone(_ call: String, _ errno: Errno) {
        disconnect()
        state = .waiting
        checker.logShortage(call, errno)
        arm(afterMs: min(check.settings.intervalMs, Probe.shortageMs))
    }

    private func connectionAnswered(_ transport: Transport) {
        if let errno = Socket.pendingError(transport.fd) { return unconnected("connect()", errno) }
        guard transport.isWritable || transport.isHangup else { return }
        connectionEstablished(transport)
    }

    private func connectionEstablished(_ transport: Transport) {
        // The probe is no client's, and the header says so. A port of its own serves nothing but probes.
        if let version = health.group.settings.proxyProtocol, check.settings.port == nil {
            let header = ProxyProtocolHeader.bytes(version, from: nil, to: nil)
            guard case .bytes(header.count) = Socket.sendFirst(transport.fd, header) else {
                return fail("closed while it was asked")
            }
        }
        guard transport.tls != nil else { return connected(transport) }
        state = .handshaking
        handshake(transport)
    }

    private func handshake(_ transport: Transport) {
        guard let tls = transport.tls else { return }
        switch tls.handshake() {
        case .done: connected(transport)
        case .wantsRead, .wantsWrite, .wantsContext:
            if transport.isHangup { fail("TLS: closed in the handshake") }
        case .plainHTTP: fail("TLS: not a TLS answer")
        case .failed(let error): fail("TLS: \(error.upstreamLogText)")
        }
    }

    private func connected(_ transport: Transport) {
        if check.settings.kind == .tcp { return finish(.passed, "connected") }
        state = .asking
        outgoing.removeAll()
        guard check.speaksHTTP2 else {
            outgoing.append(check.request)
            return ask(transport)
        }
        let nowMs = checker.clock.nowMs
        let call = call ?? HTTP2Call(headMax: check.headMax, nowMs: nowMs, out: outgoing)
        self.call = call
        let isSecure = transport.tls != nil
        guard call.begin(check.request, content: check.message, isSecure: isSecure, out: outgoing) else {
            return broken("it takes no further requests")
        }
        ask(transport)
    }

    /// Sends what is left of the request; reads what came.
    private func ask(_ transport: Transport) {
        guard sendsOn(transport) else { return broken("closed while it was asked") }
        var budget = Probe.readsMax
        while transport.isReadable {
            // Others, and the clock, have their turn with a server that never stops talking.
            guard budget > 0 else { return checker.loop.post(token) }
            budget -= 1
            switch transport.receive(into: incoming, atLeast: 4096) {
            case .bytes:
                if take() { return }
            case .wouldBlock: continue
            case .closed: return closed(isCut: transport.tls?.wasTruncated == true)
            case .failed(let errno): return broken("recv: \(errno.shortText)")
            }
        }
        // HTTP/2 answers what it is told.
        if !sendsOn(transport) { broken("closed while it was asked") }
    }

    /// - Returns: `false`: the server takes nothing more.
    private func sendsOn(_ transport: Transport) -> Bool {
        while !outgoing.isEmpty, transport.isWritable {
            switch transport.send(outgoing) {
            case .bytes, .wouldBlock: continue
            case .closed, .failed: return false
            }
        }
        return true
    }

    /// It had more to read when its turn was over.
    func goOn() {
        if case .asking = state, let transport { ask(transport) }
    }

    /// - Parameter isCut: TLS was not ended by the server (RFC 9112 §9.8).
    private func closed(isCut: Bool) {
        if hasHead, !isCut, content.isUntilClose { return judge(keeps: false) }
        broken(hasHead ? "closed in the middle of the answer" : "closed without an answer")
    }

    /// A kept connection that had gone stale says nothing about the server.
    private func broken(_ reason: String) {
        if isReused && !hasHead { return connect() }
        fail(reason)
    }

    // MARK: The answer

    /// - Returns: whether the verdict is there.
    private func take() -> Bool {
        if let call { return take(from: call) }
        while !hasHead {
            switch parser.parse(incoming, into: head, sizeMax: check.headMax) {
            case .incomplete: return false
            case .refused(let error):
                fail("invalid answer: \(error.reason)")
                return true
            case .complete(let length):
                incoming.consume(length)
                // 1xx: the answer is yet to come.
                if head.status < 200 {
                    informationalCount += 1
                    guard informationalCount <= HTTP1ResponseParser.informationalMax else {
                        fail("invalid answer: too many informational ones")
                        return true
                    }
                    head.reset()
                    if incoming.isEmpty { return false }
                    continue
                }
                hasHead = true
                content.begin(head.framing(requestMethod: .get))
            }
        }
        let isEnded = takeContent()
        let needsMore = check.match?.needsBody == true || check.settings.keepaliveTimeMs > 0
        guard isEnded || !needsMore || body.count >= MatchBlock.bodyMax else { return false }
        judge(keeps: isEnded)
        return true
    }

    /// - Returns: whether the verdict is there.
    private func take(from call: HTTP2Call) -> Bool {
        switch call.receive(incoming, out: outgoing, nowMs: checker.clock.nowMs) {
        case .incomplete:
            return false
        case .failed(let reason):
            broken(reason)
        case .answered:
            if let transport { _ = sendsOn(transport) }
            if check.settings.keepaliveTimeMs == 0 { disconnect() }
            judge(call)
        }
        return true
    }

    private func judge(_ call: HTTP2Call) {
        if check.settings.kind == .http { return judge(call.head, call.content) }
        let (answer, reason) = GRPCVerdict.of(call, expected: check.settings.grpcStatus)
        finish(answer, "\(reason) from \(check.title)")
    }

    /// - Returns: whether all content came.
    private func takeContent() -> Bool {
        var position = 0
        defer { incoming.consume(position) }
        while true {
            guard let piece = try? content.next(in: incoming, from: position) else {
                // Wrongly framed: what came of it is judged, and the connection not used again.
                content.begin(.untilClose)
                return false
            }
            switch piece {
            case .content(let range):
                keep(range)
                position = range.upperBound
            case .trailers(let range):
                position = range.upperBound
            case .needsMore:
                position = incoming.count
                return false
            case .ended(let end):
                position = end
                return true
            }
        }
    }

    private func keep(_ range: Range<Int>) {
        let count = min(range.count, max(0, MatchBlock.bodyMax - body.count))
        body += incoming.bytes(of: Slice(from: range.lowerBound, to: range.lowerBound + count))
    }

    private func judge(keeps isEnded: Bool) {
        let mayKeep =
            isEnded && check.settings.keepaliveTimeMs > 0 && head.keepsConnection
            && incoming.isEmpty
        if !mayKeep { disconnect() }
        judge(head, body)
    }

    private func judge(_ head: ResponseHead, _ body: [UInt8]) {
        let plain = "\(head.status) from \(check.title)"
        guard let match = check.match else {
            return finish((200..<400).contains(head.status) ? .passed : .failed, plain)
        }
        let (outcome, complaint) = match.judge(ProbeAnswer(head: head, body: body))
        finish(outcome, complaint.flatMap { UInt16($0) == nil ? $0 : nil } ?? plain)
    }

    private func fail(_ reason: String) {
        disconnect()
        finish(.failed, reason)
    }

    private func finish(_ answer: HealthRecord.Answer, _ reason: String) {
        if check.settings.kind == .tcp { disconnect() }
        state = .waiting
        checker.settled(self, answer, reason)
        let isChanging = health.isChanging(peer, record)
        arm(afterMs: check.pauseMs(isChanging: isChanging, random: .random(in: 0 ... .max)))
    }

    private func disconnect() {
        transport?.close()
        transport = nil
        call = nil
    }
}

extension Int {
    /// Milliseconds as people write them: "5s", "200ms".
    fileprivate var asTime: String { self % 1000 == 0 ? "\(self / 1000)s" : "\(self)ms" }
}

extension Errno {
    /// "refused", "timed out"; otherwise the system's text.
    fileprivate var shortText: String {
        switch self {
        case .connectionRefused: "refused"
        case .connectionReset: "reset"
        case .timedOut: "timed out"
        default: message
        }
    }
}
