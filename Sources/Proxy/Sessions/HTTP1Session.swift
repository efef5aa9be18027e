internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// One client connection that speaks HTTP/1: requests in, one after the other, and responses out.
///
///     idle ──byte──▶ readingHead ──head──▶ exchanging ──end──▶ idle
///                         │                    │  │
///                         ▼                    │  └──101──▶ tunnelling ──▶ closed
///                     lingering ◀──────────────┘
///                         │
///                         ▼
///                       closed
///
/// An idle connection holds no buffer and no exchange. Writing is in `HTTP1Session+Writing.swift`,
/// the request's content in `HTTP1Session+Body.swift`, closing in `HTTP1Session+Closing.swift`.
final class HTTP1Session {
    enum State {
        /// Between requests: nothing was received yet.
        case idle
        case readingHead
        /// A request is being served; the rest of its content may be arriving.
        case exchanging
        /// The response is out; the rest of the request's content is dropped before the next one.
        case skippingBody
        case tunnelling
        /// The last response is out and our half closed; what still arrives is dropped.
        case lingering(deadlineMs: Int64)
        case closed
    }

    let worker: Worker
    let connection: ClientConnection
    /// The connection's. A constant of one's own costs no reference count while that of another object does.
    let transport: Transport
    let writer: HTTP1Writer
    var exchange: Exchange?
    var tunnel: Tunnel?
    /// What was received and not yet used up. While a request is served its head stands in front.
    var input: ByteBuffer?
    /// Bytes of `input` that belong to the exchange under way: its head, and content taken so far.
    var usedCount = 0

    // What is small stands together, behind what is not: every idle connection has a session.

    var state = State.idle
    /// The connection may serve another request after the one under way.
    var keepsAlive = false
    /// A plain request came to a TLS port: it is read only to be refused (497, sent as 400).
    var isPlainOnTLS = false
    /// What becomes of the response once the socket took all that was given to the writer.
    var ending = ResponseStream.Ending.none
    let readTimer: TimerID
    let writeTimer: TimerID
    private var parser = HTTP1RequestParser()
    /// Longest gap in what a client sends that is only listened to.
    var lingeringTimeoutMs: Int32 = 5000
    /// The last request's settings rule the wait for the next one.
    private var keepaliveTimeoutMs: Int32 = 75_000
    private var keepaliveMinTimeoutMs: Int32 = 0

    /// Takes over from an opening, whose timer goes on until the first request.
    init(worker: Worker, connection: ClientConnection, readTimer: TimerID) {
        self.worker = worker
        self.connection = connection
        transport = connection.transport
        self.readTimer = readTimer
        writer = HTTP1Writer(pool: worker.buffers)
        writeTimer = worker.timers.create(connection.token, kind: Session.TimerKind.write.rawValue)
    }

    /// Begins on a connection that was just accepted.
    convenience init(worker: Worker, connection: ClientConnection) {
        let timer = worker.timers.create(connection.token, kind: Session.TimerKind.read.rawValue)
        self.init(worker: worker, connection: connection, readTimer: timer)
        arm(timer, afterMs: connection.presumedServer.clientHeaderTimeoutMs)
        worker.add(.waiting, 1)
    }

    func arm(_ timer: TimerID, afterMs: Int) {
        worker.set(timer, afterMs: afterMs)
    }

    // MARK: Events

    /// The socket became readable or writable, or the other end hung up.
    func ready() {
        switch state {
        case .idle:
            readHead()
        case .readingHead:
            // A pipelined head may be here whole, and nothing behind it but the end of the connection.
            if let input, !input.isEmpty, parseHead(input) { return }
            readHead()
        case .exchanging:
            resumeWriting()
            if case .exchanging = state { exchangeIsReadable() }
        case .skippingBody:
            skipBody()
        case .tunnelling:
            tunnel?.pump()
        case .lingering:
            linger()
        case .closed:
            break
        }
    }

    func timedOut(_ kind: Session.TimerKind) {
        switch (state, kind) {
        case (.idle, _):
            close()
        case (.readingHead, _):
            headTimedOut()
        case (.exchanging, .read):
            exchangeTimedOut()
        case (.exchanging, .write):
            sendTimedOut()
        case (.skippingBody, _), (.lingering, _):
            close()
        case (.tunnelling, _):
            tunnel?.timedOut()
        case (.closed, _):
            break
        }
    }

    // MARK: The head

    /// Reads until a head is complete; serves it.
    func readHead() {
        let buffer = input ?? worker.takeBuffer()
        if input == nil { input = buffer }
        while transport.isReadable {
            let outcome = transport.receive(into: buffer, atLeast: 1024)
            switch outcome {
            case .bytes:
                guard case .idle = state else {
                    if parseHead(buffer) { return }
                    continue
                }
                if parseHead(buffer, of: beginExchange()) { return }
                // The time for the whole head begins with its first byte.
                arm(readTimer, afterMs: connection.presumedServer.clientHeaderTimeoutMs)
            case .wouldBlock:
                break
            case .closed, .failed:
                return clientLeftBeforeHead(outcome)
            }
        }
        if buffer.isEmpty { releaseInput() }
    }

    /// The first byte of a request: an exchange begins.
    private func beginExchange() -> Exchange {
        if connection.snapshot !== worker.snapshot { connection.adopt(worker.snapshot) }
        let started = worker.takeExchange(for: .http1(self), of: connection)
        exchange = started
        if case .idle = state {
            worker.add(.waiting, -1)
            worker.add(.reading, 1)
        }
        state = .readingHead
        return started
    }

    /// - Returns: whether the session went on to something else than reading this head.
    private func parseHead(_ buffer: ByteBuffer) -> Bool {
        guard let exchange else { return false }
        return parseHead(buffer, of: exchange)
    }

    private func parseHead(_ buffer: ByteBuffer, of exchange: Exchange) -> Bool {
        let limits = connection.arrivalLimits
        switch parser.parse(buffer, into: exchange.head, limits: limits) {
        case .incomplete:
            return false
        case .complete(let length):
            usedCount = length
            exchange.headBytes = buffer
            headArrived(exchange, length)
        case .refused(let error):
            usedCount = buffer.count
            exchange.headBytes = buffer
            headRefused(exchange, error)
        }
        return true
    }

    private func headArrived(_ exchange: Exchange, _ length: Int) {
        worker.cancel(readTimer)
        worker.add(.reading, -1)
        worker.add(.writing, 1)
        worker.add(.requests, 1)
        connection.requestCount += 1
        noteQuiet()
        state = .exchanging
        exchange.arrival.number = connection.requestCount
        exchange.arrival.byteCount = Int64(length)
        keepsAlive = mayKeepAlive(exchange.head)
        if isPlainOnTLS {
            keepsAlive = false
            worker.log(
                .info, exchange,
                "client sent plain HTTP request to HTTPS port while reading client request headers")
            return exchange.refuse(head: .plainHTTPOnTLS)
        }
        exchange.begin()
    }

    /// After a second without a response the next one begins as on a new connection.
    private func noteQuiet() {
        guard let tls = transport.tls else { return }
        if worker.clock.nowMs - connection.quietSinceMs > 1000 { tls.wasIdle() }
    }

    private func mayKeepAlive(_ head: RequestHead) -> Bool {
        if head.connection.contains(.close) { return false }
        return head.version >= .http11 || head.connection.contains(.keepAlive)
    }

    private func headRefused(_ exchange: Exchange, _ error: HeadError) {
        worker.cancel(readTimer)
        worker.add(.reading, -1)
        worker.add(.writing, 1)
        worker.add(.requests, 1)
        connection.requestCount += 1
        state = .exchanging
        keepsAlive = false
        exchange.arrival.number = connection.requestCount
        exchange.arrival.byteCount = Int64(usedCount)
        exchange.refuse(head: error, in: readPart(of: exchange))
    }

    /// What of a head is being read, for the log.
    private func readPart(of exchange: Exchange) -> StaticString {
        exchange.head.hasLine ? "headers" : "line"
    }

    /// No more of a head comes: what is there of it is what the log tells.
    private func giveUpHead(_ exchange: Exchange, _ input: ByteBuffer, _ why: StaticString) {
        usedCount = input.count
        exchange.headBytes = input
        parser.settleLine(of: exchange.head, in: input)
        let part = readPart(of: exchange)
        worker.log(.info, exchange, "\(why) while reading client request \(part)")
    }

    private func headTimedOut() {
        guard let exchange, let input else { return close() }
        giveUpHead(exchange, input, "client timed out (110: Connection timed out)")
        keepsAlive = false
        exchange.response.status = 408
        finishLog(exchange)
        worker.add(.reading, -1)
        worker.add(.writing, 1)
        state = .exchanging
        close()
    }

    private func clientLeftBeforeHead(_ outcome: IOOutcome) {
        if let exchange, let input, !input.isEmpty {
            giveUpHead(exchange, input, "client prematurely closed connection")
            exchange.response.status = 400
            finishLog(exchange)
        } else if case .failed(let errno) = outcome {
            worker.log(.info, connection, "recv() failed \(errno.logText) while waiting for request")
        } else if connection.requestCount == 0 {
            worker.log(.info, connection, "client closed connection while waiting for request")
        } else {
            worker.log(
                .info, connection,
                "client \(ByteBuffer.shown { connection.remoteAddress.append(addressTo: $0) })"
                    + " closed keepalive connection")
        }
        close()
    }

    func releaseInput() {
        if let buffer = input.take() { worker.giveBuffer(consume buffer) }
        usedCount = 0
    }

    // MARK: Between requests

    /// The response is out and logged; the next request's turn.
    func nextRequest() {
        recycleExchange()
        if let input {
            input.consume(usedCount)
            usedCount = 0
            if input.isEmpty { releaseInput() }
        }
        worker.add(.writing, -1)
        if input != nil {
            // Pipelined: served from the loop's queue so that one client cannot starve the others.
            worker.add(.reading, 1)
            state = .readingHead
            beginPipelined()
            return
        }
        worker.add(.waiting, 1)
        state = .idle
        let waitMs = Int(keepaliveTimeoutMs)
        arm(readTimer, afterMs: worker.isDraining ? min(waitMs, drainGraceMs) : waitMs)
        if transport.isReadable || transport.isHangup { worker.post(connection.token) }
    }

    /// How long an idle connection may still send a request when the worker is to finish; no longer than it
    /// would have been kept.
    var drainGraceMs: Int {
        let leftMs = Int(keepaliveTimeoutMs) - Int(clamping: worker.clock.nowMs - connection.quietSinceMs)
        return min(max(0, leftMs), max(Worker.drainGraceMs, Int(keepaliveMinTimeoutMs)))
    }

    func recycleExchange() {
        guard let finished = exchange.take() else { return }
        keepsAlive = false
        keepaliveTimeoutMs = Int32(clamping: finished.location.settings.core.keepaliveTimeoutMs)
        keepaliveMinTimeoutMs = Int32(clamping: finished.location.settings.core.keepaliveMinTimeoutMs)
        connection.quietSinceMs = worker.clock.nowMs
        worker.giveBack(finished)
    }

    private func beginPipelined() {
        if connection.snapshot !== worker.snapshot { connection.adopt(worker.snapshot) }
        let started = worker.takeExchange(for: .http1(self), of: connection)
        started.arrival.isPipelined = true
        exchange = started
        arm(readTimer, afterMs: connection.presumedServer.clientHeaderTimeoutMs)
        worker.post(connection.token)
    }

    /// Called from the loop's queue: bytes of the next request may be here already.
    func runPosted() { ready() }
}
