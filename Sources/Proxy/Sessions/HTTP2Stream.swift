internal import Core
internal import HTTP
internal import Net

/// One request and its response on an HTTP/2 connection.
///
/// Recycled by the worker, with its timers and its place in the loop; between uses it belongs to nobody.
/// The request's content is in `HTTP2Stream+Body.swift`, the response in `HTTP2Stream+Response.swift`.
final class HTTP2Stream {
    /// How much of the response is framed.
    enum Sent {
        case nothing
        case head
        /// END_STREAM was written: nothing can follow.
        case last
    }

    /// Whether content waits until the client has read more of what it was sent.
    enum Pausing {
        case none
        case short
        case long
    }

    /// A head that is longer takes no more memory than it has bytes.
    static var usualHeadMax: Int { 4096 }
    /// Memory that a request under way takes beside its head, with its exchange and its connection to a
    /// gateway, in bytes.
    static var ownSize: Int { 5632 }

    let worker: Worker
    let token: Token
    let readTimer: TimerID
    let writeTimer: TimerID
    /// Between uses: none.
    private(set) var session: HTTP2Session?
    private(set) var slot = 0
    private(set) var exchange: Exchange?
    /// The parts of the request's head.
    let headBytes = ByteBuffer(capacity: 128)
    /// Content for the client that no frame has taken.
    var pending: ByteBuffer?
    /// What of it the session counts.
    private var notedCount = 0
    /// Memory that its content waits in, in bytes: what the session counts.
    private(set) var heldMemory = 0
    /// What of that is behind `pending`.
    private var spooledMemory = 0
    /// What of the request's content the session counts as kept in memory.
    private var notedKept = 0
    /// The same of `aheadCount`: 0 or 1.
    private var notedAhead = 0
    /// Content from the client that nobody has taken.
    var held: ByteBuffer?
    /// Nothing more comes from the client.
    var isRequestWhole = false
    var ending = ResponseStream.Ending.none
    var sent = Sent.nothing
    var pausing = Pausing.none
    /// It left HTTP.
    var tunnel: StreamTunnel?

    init(worker: Worker, token: Token) {
        self.worker = worker
        self.token = token
        readTimer = worker.timers.create(token, kind: Session.TimerKind.read.rawValue)
        writeTimer = worker.timers.create(token, kind: Session.TimerKind.write.rawValue)
    }

    // MARK: A use

    /// A request begins to arrive.
    func take(_ session: HTTP2Session, _ slot: Int) {
        self.session = session
        self.slot = slot
    }

    /// The request's head is here.
    func begin(_ exchange: Exchange) {
        guard let session else { return }
        self.exchange = exchange
        exchange.headBytes = headBytes
        isRequestWhole = session.link.stream(slot).state == .halfClosedRemote
    }

    func serve() { exchange?.begin() }

    /// The head cannot be served.
    func refuse(_ error: HeadError) {
        exchange?.refuse(head: error, in: "headers")
    }

    /// The client reset the stream, or the connection is gone.
    ///
    /// - Parameter status: for the log.
    func lost(status: UInt16) {
        guard let exchange else { return }
        // `proxy_ignore_client_abort`: the work goes on, its answer is dropped.
        guard mayGoOnAlone(exchange) else {
            takeBack(exchange)
            return exchange.clientLeft(status: status)
        }
        session?.left(self)
        leaveSession()
    }

    /// Nothing of it is the session's from here on.
    private func leaveSession() {
        spooledMemory = 0
        releasePending()
        noteKept(0)
        noteAhead(0)
        session = nil
        releaseHeld()
    }

    private func mayGoOnAlone(_ exchange: Exchange) -> Bool {
        guard let upstream = exchange.upstream, upstream.isActive, exchange.body.isComplete, tunnel == nil
        else { return false }
        return !exchange.cancelsWhenClientLeaves
    }

    /// The response is out, or will never be: logs it, and is free for another.
    func finish() {
        guard let exchange = exchange.take() else { return }
        exchange.advance(.ended)
        exchange.finished()
        worker.account(for: exchange)
        guard let session else {
            worker.giveBack(exchange)
            return worker.giveBack(self)
        }
        session.finished(self, exchange)
    }

    /// Forgets its use; keeps the memory of a usual head.
    func reset() {
        worker.cancel(readTimer)
        worker.cancel(writeTimer)
        headBytes.removeAll()
        headBytes.shrink(toCapacity: Self.usualHeadMax)
        leaveSession()
        isRequestWhole = false
        ending = .none
        sent = .nothing
        pausing = .none
        tunnel = nil
    }

    func releasePending() {
        guard let buffer = pending.take() else { return noteHeld() }
        if buffer.capacity >= Self.wideBuffer {
            worker.contentBuffers.give(buffer)
        } else if buffer.capacity >= BufferPool.freshCapacity {
            worker.giveBuffer(buffer)
        }
        noteHeld()
    }

    /// What waits here has changed.
    func noteHeld() {
        session?.heldCount += heldCount - notedCount
        notedCount = heldCount
        let memory = (pending?.capacity ?? 0) + spooledMemory
        session?.heldMemory += memory - heldMemory
        heldMemory = memory
    }

    /// So much memory holds content that is to follow what waits here, in bytes.
    func noteSpooled(_ memory: Int) {
        spooledMemory = memory
        noteHeld()
    }

    /// So much of the request's content is kept in memory now, in bytes.
    func noteKept(_ count: Int) {
        session?.keptCount += count - notedKept
        notedKept = count
    }

    /// Its gateway may send far ahead of the client from now on: 1, or not any more: 0.
    func noteAhead(_ count: Int) {
        session?.aheadCount += count - notedAhead
        notedAhead = count
    }

    func releaseHeld() {
        if let buffer = held.take() { worker.giveBuffer(buffer) }
    }

    // MARK: Time

    func timedOut(_ kind: Session.TimerKind) {
        guard let exchange else { return }
        switch kind {
        case .read: readTimedOut(exchange)
        case .write: writeTimedOut(exchange)
        }
    }

    /// Waits before the exchange goes on (`auth_delay`, `limit_req`).
    func delay(ms: Int) { worker.set(readTimer, afterMs: ms) }

    /// `client_min_rate`: this one holds a stream for next to nothing.
    func cutSlowClient(_ exchange: Exchange) {
        worker.log(.info, exchange, "client is slower than \"client_min_rate\"")
        cutLateClient(exchange)
    }

    /// The client was too late or too slow for this stream, and may be for its connection.
    func cutLateClient(_ exchange: Exchange) {
        let rate = exchange.location.settings.core.clientMinRate
        let session = session
        exchange.clientLeft(status: 408)
        session?.streamWasSlow(rate: rate)
    }

    /// Called from the loop's queue: whoever takes the content has room again.
    func runPosted() {
        if let tunnel { return tunnel.pump() }
        guard let exchange, exchange.isReadingBody else { return }
        advance(exchange)
    }
}
