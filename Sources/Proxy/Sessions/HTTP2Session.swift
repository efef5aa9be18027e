internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// One client connection that speaks HTTP/2: frames in and out, and a stream for each request.
///
///     serving ──the end is announced──▶ leaving ──no stream is left──▶ lingering ──▶ closed
///        │                                 └──────────lost─────────────────────────────▲
///        └────────────────no stream is left after the end──────────────▶ lingering     │
///        └──────────────────────────────────────lost───────────────────────────────────┘
///
/// What the protocol says is `HTTP2Connection`'s; here are the socket, time, and whose content goes out.
/// Frames of a turn leave at its end, together. A connection without streams holds no buffers but for a
/// frame that has begun.
final class HTTP2Session {
    enum State {
        case serving
        /// GOAWAY was sent, but not yet which stream is the last: the timer leads to that.
        case leaving
        /// The socket takes nothing any more: all is lost at the end of the turn.
        case broken
        /// All is said; what still arrives is dropped.
        case lingering(deadlineMs: Int64)
        case closed
    }

    /// Most bytes that are received in one turn before others have theirs.
    private static var receivedMax: Int { 256 << 10 }
    /// Bytes that the kernel may hold before it can send them: two turns' worth.
    private static var unsentMax: Int32 { 128 << 10 }
    /// Beyond so many unsent bytes nothing is read: a client that asks has to listen.
    private static var unreadMax: Int { 256 << 10 }
    /// From the announcement of the end to the end: what is on its way by then is still served.
    private static var farewellMs: Int { 1000 }

    let worker: Worker
    let connection: ClientConnection
    /// Whose settings hold for the connection as a whole: the client's handshake has named it.
    private(set) var server: VirtualServer
    let link: HTTP2Connection
    var state = State.serving
    /// Received, and not a whole frame yet.
    var input: ByteBuffer?
    /// Frames that the socket did not take yet.
    var out: ByteBuffer?
    /// Records of TLS that the socket did not take yet.
    var records: ByteBuffer?
    /// By slot.
    private(set) var streams: [HTTP2Stream?] = []
    private(set) var streamCount = 0
    /// Until then streams are held to be beside others, though they are alone.
    var companyUntilMs: Int64 = 0
    /// Content that waits in streams, in bytes.
    var heldCount = 0
    /// Memory that content of responses waits in, here and behind that, in bytes.
    var heldMemory = 0
    /// Content of requests that is kept whole in memory, in bytes.
    var keptCount = 0
    /// Streams whose gateways may send far ahead of the client, and nothing but memory keeps that.
    var aheadCount = 0
    /// It goes on at the end of the turn.
    private var isPosted = false
    /// A request's head has begun, and must be whole in its time. Content has its stream's.
    var isWaitingForHead = false
    var keepaliveTimeoutMs: Int
    /// How fast the client takes what is sent.
    var pace = PaceLimit()
    var sentCount: Int64 = 0
    /// How much content all streams moved, either way, while one of them waited for the client.
    var contentPace = PaceLimit()
    var movedCount: Int64 = 0
    let readTimer: TimerID
    let writeTimer: TimerID

    /// Takes over from an opening, whose timer goes on until the first request.
    init(worker: Worker, connection: ClientConnection, readTimer: TimerID) {
        self.worker = worker
        self.connection = connection
        self.readTimer = readTimer
        let server = connection.presumedServer
        self.server = server
        keepaliveTimeoutMs = server.base.settings.core.keepaliveTimeoutMs
        writeTimer = worker.timers.create(connection.token, kind: Session.TimerKind.write.rawValue)
        let first = worker.takeBuffer()
        link = HTTP2Connection(
            limits: server.http2.limits, nowMs: worker.clock.nowMs, out: first, scratch: worker.fieldScratch)
        out = first
        // Who comes next is decided here, and not by what the kernel has already.
        Socket.limitUnsent(connection.transport.fd, HTTP2Session.unsentMax)
        worker.add(.http2Active, 1)
        post()
    }

    var transport: Transport { connection.transport }

    /// Frames go in and out.
    var isServing: Bool {
        switch state {
        case .serving, .leaving: true
        case .broken, .lingering, .closed: false
        }
    }

    /// Content of a stream that can leave now or wait, in bytes; 0: it gets it in small pieces from now on,
    /// and leaves what is more to its source.
    ///
    /// Where nothing can leave, a part of what may be held has to do: who reads nothing, or opens no window,
    /// gets little memory for it.
    func holdable(for stream: HTTP2Stream) -> Int {
        let most = max(HTTP2Session.leastMemory, spareMemory - keptCount)
        let forSocket = (transport.isWritable ? most : most / 8) - heldMemory
        let forWindows = max(link.allowance(of: stream.slot) - stream.heldMemory, most / 16 - heldMemory)
        return max(0, min(forSocket, forWindows))
    }

    /// Memory that is there for content beside what requests take themselves, the little that each has in
    /// any case, and frames.
    private var spareMemory: Int {
        let own = HTTP2Session.outMax + HTTP2Session.ownMemory
        let taken = link.requestsSize + streamCount * HTTP2Stream.leastPiece + own
        return server.http2.bodyBuffers - taken
    }
    /// A connection's tables, its buffers and what TLS keeps for it, in bytes.
    private static var ownMemory: Int { 64 << 10 }
    /// That much is never too much for the content of responses.
    private static var leastMemory: Int { 128 << 10 }

    /// Heads of requests take so much memory together that none of it is to be wasted.
    var sparesHeads: Bool { link.headCount > HTTP2Session.easyHeads }
    private static var easyHeads: Int { 64 << 10 }
    /// A buffer of so many bytes is not worth being made smaller.
    static var leastHead: Int { 256 }

    /// So much content of requests is kept whole in memory that files take what is more.
    var keepsMuch: Bool {
        let spare = max(HTTP2Session.leastMemory / 2, spareMemory - heldMemory)
        return keptCount >= min(server.http2.bodyBuffers / 4, spare)
    }

    /// Content of a stream that its client takes now, in bytes, behind what others have for it.
    func takable(of slot: Int) -> Int { max(0, min(link.allowance(of: slot), room - heldCount)) }

    // MARK: Events

    /// The socket became readable or writable, or the other end hung up.
    func ready() {
        switch state {
        case .serving, .leaving:
            send()
            receive()
        case .lingering:
            linger()
        case .broken, .closed:
            break
        }
    }

    /// Goes on at the end of this turn, when all others had their events.
    func post() {
        guard !isPosted else { return }
        isPosted = true
        worker.post(connection.token)
    }

    func runPosted() {
        isPosted = false
        switch state {
        case .lingering: return linger()
        case .broken: return clientLeft()
        case .closed: return
        case .serving, .leaving: break
        }
        send()
        receive()
    }

    /// What holds for the connection as a whole.
    var core: CoreSettings { server.base.settings.core }

    /// Requests that begin from now on are served by the configuration in force.
    func adoptSnapshot() {
        connection.adopt(worker.snapshot)
        server = connection.presumedServer
    }

    // MARK: Receiving

    private func receive() {
        var received = 0
        while isServing, transport.isReadable, unsentCount < HTTP2Session.unreadMax {
            guard received < HTTP2Session.receivedMax else {
                post()
                break
            }
            let buffer = input ?? worker.takeBuffer()
            input = buffer
            switch transport.receive(into: buffer, atLeast: buffer.isEmpty ? 4096 : 20 << 10) {
            case .bytes(let count):
                received += count
                process(buffer)
            case .wouldBlock:
                break
            case .closed:
                return clientLeft()
            case .failed(let errno):
                worker.log(
                    .info, connection, "recv() failed \(errno.logText) while processing HTTP/2 connection")
                return clientLeft()
            }
        }
        if let input, input.isEmpty { releaseInput() }
    }

    private func releaseInput() {
        if let buffer = input.take() { worker.giveBuffer(buffer) }
    }

    /// Takes the frames that are here whole.
    private func process(_ buffer: ByteBuffer) {
        // Whether what was waited for is here: a head that is not whole now is another one.
        var isAnother = !isWaitingForHead
        while isServing {
            let event = link.receive(buffer, out: pendingOut, nowMs: worker.clock.nowMs)
            if case .incomplete = event {
                if out?.isEmpty ?? true { releaseOut() } else { post() }
                settleWindows()
                return settleHeadTime(buffer, isAnother: isAnother)
            }
            if !link.isWithinBlock { isAnother = true }
            take(event, buffer)
        }
    }

    private func take(_ event: HTTP2Event, _ buffer: ByteBuffer) {
        switch event {
        case .incomplete, .handled:
            break
        case .head(let slot, _):
            begin(slot, buffer)
        case .content(let slot, let content, let isLast):
            stream(slot)?.received(content, of: buffer, isLast: isLast)
        case .trailers(let slot):
            stream(slot)?.ended(with: link.takeTrailers())
        case .lost(let slot):
            stream(slot)?.lost(status: 499)
        case .mayContinue(let slot):
            stream(slot)?.windowOpened()
        case .mayContinueAll:
            for stream in streams { stream?.windowOpened() }
        case .answered(let count):
            answered(count)
        case .failed(let code):
            fail(code)
        }
    }

    func stream(_ slot: Int) -> HTTP2Stream? { slot < streams.count ? streams[slot] : nil }

    /// More or less of what clients sent is held: windows follow.
    func settleWindows() {
        guard isServing, link.owesWindows else { return }
        link.settleWindows(out: pendingOut)
        post()
    }

    // MARK: Requests

    private func begin(_ slot: Int, _ buffer: ByteBuffer) {
        if connection.snapshot !== worker.snapshot { adoptSnapshot() }
        let stream = worker.takeStream(for: self, slot: slot)
        let exchange = worker.takeExchange(for: .http2(stream), of: connection)
        let limits = server.arrivalLimits
        exchange.arrival.byteCount = Int64(link.blockCount)
        let outcome = link.readHead(
            exchange.head, in: stream.headBytes, limits: limits,
            from: .init(buffer: buffer, out: pendingOut, nowMs: worker.clock.nowMs))
        switch outcome {
        case .complete, .refused:
            stream.headBytes.trim(above: sparesHeads ? HTTP2Session.leastHead : HTTP2Stream.usualHeadMax)
            while streams.count <= slot { streams.append(nil) }
            streams[slot] = stream
            arrived()
            exchange.arrival.number = connection.requestCount
            stream.begin(exchange)
            prioritise(slot, exchange)
            if case .refused(let error) = outcome { stream.refuse(error) } else { stream.serve() }
            if sparesHeads, stream.exchange === exchange { exchange.uri.trim(above: HTTP2Session.leastHead) }
        case .reset:
            worker.log(
                .info, connection, "client sent invalid request headers while processing HTTP/2 connection")
            logMalformed(exchange, stream.headBytes)
            worker.giveBack(exchange)
            worker.giveBack(stream)
        case .failed(let code):
            worker.giveBack(exchange)
            worker.giveBack(stream)
            fail(code)
        }
    }

    /// A request that got no answer but a reset is counted and logged as a bad one.
    private func logMalformed(_ exchange: Exchange, _ bytes: ByteBuffer) {
        worker.add(.requests, 1)
        worker.add(.http2Requests, 1)
        connection.requestCount += 1
        connection.quietSinceMs = worker.clock.nowMs
        exchange.arrival.number = connection.requestCount
        exchange.headBytes = bytes
        exchange.response.status = 400
        exchange.advance(.ended)
        exchange.finished()
        worker.account(for: exchange)
    }

    private func arrived() {
        if streamCount == 0 {
            worker.add(.waiting, -1)
            if case .serving = state { worker.cancel(readTimer) }
            if let tls = transport.tls, worker.clock.nowMs - connection.quietSinceMs > 1000 { tls.wasIdle() }
        }
        streamCount += 1
        if streamCount > 1 { noteCompany() }
        worker.add(.writing, 1)
        worker.add(.requests, 1)
        worker.add(.http2Requests, 1)
        connection.requestCount += 1
    }

    /// RFC 9218 §5.
    private func prioritise(_ slot: Int, _ exchange: Exchange) {
        for field in exchange.head.fields where field.known == .other && field.name.count == 8 {
            guard exchange.headBytes.equalsIgnoringCase(field.name, "priority") else { continue }
            link.prioritise(slot, exchange.headBytes.withBytes(of: field.value) { StreamPriority($0) })
        }
    }

    /// A stream's exchange is over: it makes room for others.
    func finished(_ stream: HTTP2Stream, _ exchange: Exchange) {
        guard self.stream(stream.slot) === stream else { return }
        settleKeepalive(exchange)
        worker.giveBack(exchange)
        left(stream)
        worker.giveBack(stream)
    }

    /// A stream is of this connection no more.
    func left(_ stream: HTTP2Stream) {
        streams[stream.slot] = nil
        if streamCount > 1 { noteCompany() }
        streamCount -= 1
        worker.add(.writing, -1)
        connection.quietSinceMs = worker.clock.nowMs
        settleWindows()
        guard streamCount == 0 else { return }
        worker.add(.waiting, 1)
        guard isServing else { return }
        if link.isClosing { return post() }
        if case .serving = state, !isWaitingForHead { awaitRequest() }
    }

    /// `keepalive_requests`, `keepalive_time` and `keepalive_timeout`; a connection that has to go.
    private func settleKeepalive(_ exchange: Exchange) {
        let core = exchange.location.settings.core
        keepaliveTimeoutMs = core.keepaliveTimeoutMs
        let isSpent =
            core.keepaliveTimeoutMs == 0 || connection.requestCount >= core.keepaliveRequests
            || worker.clock.nowMs - connection.startedMs > Int64(core.keepaliveTimeMs)
        let mustGo = isSpent || connection.isReserved || connection.isOutdated || worker.isDraining
        guard mustGo, case .serving = state, !link.isClosing else { return }
        // Who is not to stay at all is not waited for either.
        if core.keepaliveTimeoutMs == 0 || connection.isReserved { endGracefully() } else { drain() }
    }

    // MARK: Ends

    /// The client closed the connection, or it broke.
    func clientLeft() { loseAll(status: 499) }

    func loseAll(status: UInt16) {
        for stream in streams { stream?.lost(status: status) }
        close()
    }

    /// The client broke the protocol: it is told how, and the connection ends.
    private func fail(_ code: HTTP2ErrorCode) {
        worker.log(
            .info, connection, "client sent invalid HTTP/2: \(code.name) while processing HTTP/2 connection")
        for stream in streams { stream?.lost(status: 400) }
        _ = flush()
        guard isServing else { return }
        endConnection()
    }

    /// No stream begins any more; those under way are answered.
    func endGracefully() {
        state = .serving
        worker.cancel(readTimer)
        link.end(out: pendingOut)
        post()
    }

    /// The worker is to finish: says so, and serves what is on its way by then.
    func drain() {
        guard case .serving = state, !link.isClosing else { return }
        state = .leaving
        link.announceEnd(out: pendingOut)
        worker.set(readTimer, afterMs: HTTP2Session.farewellMs)
        post()
    }

    /// All is said: closes so that the client gets to read it.
    func endConnection() {
        transport.shutdownWrite()
        releaseInput()
        state = .lingering(deadlineMs: worker.clock.nowMs + Int64(core.lingeringTimeMs))
        linger()
    }

    private func linger() {
        guard case .lingering(let deadlineMs) = state else { return }
        switch worker.dropReceived(from: transport) {
        case .pauses: break
        case .goesOn: post()
        case .ends: return close()
        }
        let left = Int(deadlineMs - worker.clock.nowMs)
        guard left > 0 else { return close() }
        worker.set(readTimer, afterMs: min(core.lingeringTimeoutMs, left))
    }

    /// It has had its time (`worker_shutdown_timeout`): ends what is under way, as if the client had left.
    func timeIsUp() { loseAll(status: 499) }

    /// Ends the connection now; whatever was under way is dropped and logged.
    func close() {
        if case .closed = state { return }
        state = .closed
        for stream in streams { stream?.lost(status: 499) }
        worker.add(.waiting, -1)
        worker.add(.http2Active, -1)
        releaseInput()
        releaseOut()
        releaseRecords()
        worker.timers.destroy(readTimer)
        worker.timers.destroy(writeTimer)
        worker.closed(connection)
    }
}
