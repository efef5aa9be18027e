internal import Core
internal import HTTP
internal import Net

/// A request that is made here for the sake of a client's (`auth_request`, `mirror`, `post_action`,
/// `add_before_body`): what its exchange writes to, and what that leads to.
///
///     free ──begin──▶ awaitingTurn ──▶ underWay ──head──▶ answered ──▶ draining
///      ▲                   │              │                  │            │
///      └───────────────── over ◀──────────┴──────────────────┴────────────┘
///
/// Nobody gets its content, unless it is to stand around a response: that is dropped, as much of it as keeps
/// a gateway's connection in step. It has a copy of the client's head, and so may outlive whoever it was made
/// for. What follows of its head or its end is done at the end of the worker's turn, when nothing of it is
/// being called any more. Recycled by the worker, with its timer and its place in the loop.
final class Subrequest {
    /// What it is made for.
    enum Purpose {
        /// `auth_request`: its answer is waited for.
        case authorization
        /// `mirror`: nobody waits for it.
        case mirror
        /// `add_before_body`, `add_after_body`: its content is waited for.
        case addition
        /// `post_action`: it tells of a request that is over, and nobody waits for it.
        case report
    }

    enum State {
        /// Between uses.
        case free
        /// It begins at the end of this turn.
        case awaitingTurn
        case underWay
        /// The head of its response is known; whoever waits for it is about to be told.
        case answered
        /// Nobody waits for it; the rest of its content is dropped.
        case draining
        /// It has ended; whoever waits for it is about to be told.
        case over(Answer)
    }

    /// What came of it.
    enum Answer {
        /// Its response, whoever made that.
        case response
        /// There is none: it was given up, or closed.
        case none
    }

    /// Most content, in bytes, that is read so that the gateway's connection can serve on.
    private static var drainedMax: Int { 64 << 10 }
    /// How long that may take.
    private static var drainMs: Int { 5000 }

    let worker: Worker
    let token: Token
    /// Of a delay in its phases, and of draining.
    let timer: TimerID
    private(set) var state = State.free
    private var purpose = Purpose.authorization
    /// Between uses: none.
    private(set) var exchange: Exchange?
    /// Whose phases wait for its answer.
    private var parent: Exchange?
    /// The method of the request that it was made for.
    private(set) var mainMethod = Method.get
    /// The request that it tells of was answered to its end.
    private(set) var mainIsComplete = false
    /// The named location that it begins in, if it does.
    private var startName: [UInt8] = []
    /// A copy of the client's head.
    let headBytes = ByteBuffer(capacity: 512)
    private var drainedCount = 0
    /// Its content, where somebody wants that.
    private let kept = ByteBuffer(capacity: 0)
    /// Bytes of content in memory, of a copy.
    private var heldCount = 0

    init(worker: Worker, token: Token) {
        self.worker = worker
        self.token = token
        timer = worker.timers.create(token, kind: 0)
    }

    /// Begins at the end of this turn: with the head, the client and the server of `main`, for another path.
    ///
    /// `main` is told of its answer once, unless it leaves before; of a copy of itself it hears nothing.
    func begin(_ purpose: Purpose, of main: Exchange, path: [UInt8]) {
        self.purpose = purpose
        let count = min(main.head.extent, main.headBytes.count)
        headBytes.append(Slice(from: 0, to: count), of: main.headBytes)
        mainMethod = main.method
        let exchange = worker.takeExchange(for: .inner(self), of: main.client)
        self.exchange = exchange
        exchange.take(over: main, headBytes)
        exchange.uri.append(path)
        switch purpose {
        case .authorization, .addition: parent = main
        case .mirror: mirror(main, exchange)
        case .report: report(main, exchange)
        }
        state = .awaitingTurn
        worker.post(token)
    }

    /// Lends an exchange for what variables say of a client that has asked for nothing yet.
    func lend(to client: ClientConnection, _ server: VirtualServer) -> Exchange {
        let exchange = worker.takeExchange(for: .inner(self), of: client)
        exchange.server = server
        exchange.location = server.base
        exchange.values.makeRoom(for: exchange.snapshot.configuration.userVariableCount)
        return exchange
    }

    /// Makes it a copy: with method, query and content.
    private func mirror(_ main: Exchange, _ exchange: Exchange) {
        exchange.method = main.method
        exchange.arguments.append(contentsOf: main.arguments)
        if main.location.settings.mirror.copiesBody { exchange.body.copy(main.body) }
        heldCount = exchange.body.memory.count
        worker.mirrors.began(holding: heldCount)
    }

    /// Makes it tell of a request that is over: until it has an answer, its variables are that one's.
    private func report(_ main: Exchange, _ exchange: Exchange) {
        exchange.method = main.method
        exchange.arrival = main.arrival
        exchange.response.status = main.loggedStatus
        exchange.delivery.bytesSent = main.delivery.bytesSent
        exchange.delivery.contentBytesSent = main.delivery.contentBytesSent
        mainIsComplete = main.isComplete
        exchange.body.copy(main.body)
        heldCount = exchange.body.memory.count
        if !exchange.uri.isEmpty, exchange.uri[0] == UInt8(ascii: "@") {
            startName = Array(exchange.uri.bytes.dropFirst())
            exchange.uri.removeAll()
            exchange.uri.append(contentsOf: main.uri)
            exchange.arguments.append(contentsOf: main.arguments)
        }
        worker.mirrors.began(holding: heldCount)
    }

    /// Nobody waits for the answer any more: it ends.
    func leave() {
        parent = nil
        switch state {
        case .awaitingTurn, .underWay, .answered, .draining: exchange?.clientLeft(status: 499)
        case .free, .over: break
        }
    }

    // MARK: From the loop

    /// The end of a turn.
    func runPosted() {
        switch state {
        case .awaitingTurn:
            state = .underWay
            if startName.isEmpty {
                exchange?.serve(from: .serverRewrite)
            } else {
                exchange?.redirectInternally(named: startName)
            }
        case .answered:
            state = .draining
            worker.set(timer, afterMs: Self.drainMs)
            tellParent(.response)
        case .over(let answer):
            tellParent(answer)
            recycle()
        case .free, .underWay, .draining: break
        }
    }

    func timedOut() {
        switch state {
        case .underWay:
            if let exchange, case .delayed(let next) = exchange.phase { exchange.delayPassed(next) }
        case .draining: stop()
        case .free, .awaitingTurn, .answered, .over: break
        }
    }

    private func tellParent(_ answer: Answer) {
        guard let parent = parent.take(), let exchange else { return }
        if case .addition = purpose { return parent.added(worker.additions.admits(kept) ? kept : nil) }
        parent.answered(by: exchange, answer)
    }

    private func recycle() {
        worker.cancel(timer)
        state = .free
        headBytes.removeAll()
        headBytes.shrink(toCapacity: 4096)
        drainedCount = 0
        worker.additions.held -= kept.count
        kept.removeAll()
        kept.shrink(toCapacity: 4096)
        switch purpose {
        case .authorization, .addition: break
        case .mirror, .report: worker.mirrors.ended(holding: heldCount)
        }
        heldCount = 0
        mainIsComplete = false
        startName = []
        if let exchange = exchange.take() { worker.giveBack(exchange) }
        worker.giveBack(self)
    }

    // MARK: From its exchange

    /// The head of the response is known: nothing else of it is asked for, unless its content is.
    func start() {
        guard case .underWay = state else { return }
        state = .answered
        if !takesContent { worker.post(token) }
    }

    /// Its content is kept.
    var takesContent: Bool { if case .addition = purpose { true } else { false } }

    /// A piece of its content has come.
    func take(_ slice: Slice, of content: ByteBuffer) {
        guard takesContent else { return drop(Int(slice.count)) }
        kept.append(slice, of: content)
        worker.additions.held += Int(slice.count)
        guard !worker.additions.admits(kept) else { return }
        if let exchange { worker.log(.error, exchange, "too much is to be put around a response") }
        stop()
    }

    /// So much content has come that nobody wants.
    func drop(_ count: Int) {
        drainedCount += count
        if drainedCount > Self.drainedMax { stop() }
    }

    /// No more of its content is worth waiting for.
    private func stop() {
        exchange?.upstream?.abandon()
        finish()
    }

    /// The exchange is over, whether it was answered or given up.
    func finish() {
        let answer: Answer
        switch state {
        case .free, .over: return
        case .awaitingTurn, .underWay: answer = .none
        case .answered, .draining: answer = .response
        }
        guard let exchange else { return }
        state = .over(answer)
        exchange.advance(.ended)
        exchange.finished()
        if exchange.location.settings.logs.logsSubrequests { exchange.writeAccessLogs() }
        worker.post(token)
    }

    /// The content that it has, if any, is here.
    func wantBody() { exchange?.bodyAdvanced() }

    /// Tells the exchange `delayPassed` after a while.
    func delay(ms: Int) { worker.set(timer, afterMs: ms) }
}

/// Sub-requests, which are used again.
extension Worker {
    func takeSubrequest() -> Subrequest {
        recycled.subrequests.take()
            ?? loop.enroll(as: Endpoint.subrequest) { token in Subrequest(worker: self, token: token) }
    }

    func giveBack(_ subrequest: Subrequest) {
        if !recycled.subrequests.keep(subrequest) { letGo(subrequest.token, subrequest.timer) }
    }
}
