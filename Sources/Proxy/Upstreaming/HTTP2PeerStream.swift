internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// One request to a peer over HTTP/2, and the response to it.
///
///     idle ──wait──▶ waiting ──begun──▶ head ──▶ content ──▶ idle
///
/// It shares its connection with others: what becomes of that is its session's matter. Content that the
/// client is too slow for waits here, as much as the stream's window lets the peer send; the window is opened
/// by what was taken. The response is read in `+Receiving.swift`. Recycled with its request.
final class HTTP2PeerStream {
    enum Stage {
        /// It has no connection.
        case idle
        /// Its connection is being made, or the stream cannot begin yet.
        case waiting
        /// The request is being sent, or was; no complete response head has come.
        case head
        /// The response's content is read.
        case content
    }

    /// What has become of the request.
    enum Sending {
        case unsent
        /// Its head is written; content follows.
        case underWay
        /// All of it is written.
        case complete
        /// The peer wants no more of it.
        case stopped
    }

    /// What the response's reading is at.
    enum Reading {
        /// Content is given on as it comes.
        case flows
        /// It is being given on at the moment.
        case gives
        /// More of it may be given on later, and the deadline is for that: `proxy_limit_rate`.
        case isPaced
    }

    /// What is known of one attempt.
    struct Course {
        var sending = Sending.unsent
        var reading = Reading.flows
        /// Bytes that the socket will have taken of the connection before it takes any of this.
        var position: Int64 = 0
        var beganMs: Int64 = 0
        /// When the peer must have let us send more, or sent more itself.
        var sendDeadlineMs = Int64.max
        var readDeadlineMs = Int64.max
        /// 1xx responses so far.
        var informationalCount = 0
        /// The peer may send as much ahead of the client as a wide window takes.
        var isWide = false
        /// The last byte of the response came.
        var isWhole = false
        /// The peer did nothing for it.
        var isUnseen = false
    }

    /// Both live as long as the worker keeps the exchange for reuse.
    let exchange: Exchange
    let worker: Worker
    /// The head as HTTP/1 has it; kept for the next attempt.
    let requestHead = ByteBuffer(capacity: 256)
    /// What is filled with the head of the response.
    let response: ResponseHead
    private(set) var session: HTTP2PeerSession?
    /// Its place among the session's streams; `nil`: it has not begun, or has ended there.
    private(set) var slot: Int?
    var stage = Stage.idle
    var course = Course()
    /// Content that the client was too slow for.
    var held: ByteBuffer?
    /// It has content in what is being read.
    var isTouched = false
    /// A connection broke under it, maybe by what the peer made of it: it gets one that no other shares.
    private var isAlone = false
    /// How often peers have refused the request, and were asked again for it.
    private var refusedCount = 0
    /// Whoever refuses has too much to do already.
    private static var refusalsMax: Int { 1 }
    /// A peer that takes a few requests for each connection turns the others away with each, as many as share
    /// one.
    private static var leavesMax: Int { 100 }
    /// A response of fewer bytes needs no wide window.
    static var shortMax: Int64 { 8 << 10 }

    init(_ exchange: Exchange, worker: Worker, response: ResponseHead) {
        self.exchange = exchange
        self.worker = worker
        self.response = response
    }

    /// What it is a part of.
    var request: UpstreamRequest? { exchange.upstream }

    var proxy: ProxySettings { exchange.location.settings.proxy }

    // MARK: Before it is sent

    func write(for target: ProxyTarget) { RequestRewrite.write(exchange, target: target, to: requestHead) }

    func prepare() {
        course = Course()
        response.reset()
    }

    func reset() {
        prepare()
        requestHead.removeAll()
        requestHead.shrink(toCapacity: HTTP2Stream.usualHeadMax)
        refusedCount = 0
        isAlone = false
    }

    // MARK: Its connection

    /// A connection that can be shared.
    func pooled(_ group: PeerGroup, peer: Int, for request: UpstreamRequest) -> PeerConnection? {
        isAlone ? nil : exchange.snapshot.groups.takeShared(group, peer: peer, for: request)
    }

    func wait(for connection: PeerConnection) {
        let made = HTTP2PeerSession.Terms(
            streamsMax: max(1, proxy.http2PeerStreams), connectTimeoutMs: proxy.connectTimeoutMs,
            sendTimeoutMs: proxy.sendTimeoutMs, pingMs: proxy.http2PeerPingMs,
            mayBeOlder: !proxy.needsHTTP2, isShared: !isAlone)
        join(connection.sharer ?? HTTP2PeerSession(worker, connection, made))
    }

    func start(over connection: PeerConnection) {
        if let session = connection.sharer { join(session) }
    }

    private func join(_ session: HTTP2PeerSession) {
        self.session = session
        stage = .waiting
        session.join(self)
    }

    func isOf(_ session: HTTP2PeerSession) -> Bool { self.session === session }

    /// The connection that was waited for is open.
    func opened() { request?.connected() }

    /// It cannot begin yet.
    func waits(ms: Int) {
        course.sendDeadlineMs = worker.clock.nowMs + Int64(ms)
        session?.watch(course.sendDeadlineMs)
    }

    /// Its stream was begun.
    func begun(at slot: Int, position: Int64, byteCount: Int) {
        self.slot = slot
        stage = .head
        course.position = position
        course.beganMs = worker.clock.nowMs
        course.sendDeadlineMs = .max
        exchange.attempts.sent(byteCount)
        request?.attempt.activity = .sendingRequest
        if hasEnd { return finishSending() }
        course.sending = .underWay
        session?.link.queue(slot)
    }

    /// Writes the head, and begins a stream with it.
    ///
    /// - Returns: the stream's slot.
    func writeHead(_ link: HTTP2ClientConnection, to out: ByteBuffer) -> Int {
        let block = worker.takeScratch()
        defer { worker.giveScratch(block) }
        HTTP2RequestWriter.write(
            requestHead, isSecure: exchange.proxying.target?.isTLS ?? false,
            takesTrailers: exchange.takesTrailers, with: &link.encoder, to: block)
        return link.begin(
            block, isLast: hasEnd, isHead: exchange.proxying.method == .head, out: out)
    }

    // MARK: The request's content

    /// All of the content was given, and nothing stands behind it.
    private var hasEnd: Bool { exchange.body.isGiven && isEndPlain }

    /// Nothing stands behind the content.
    private var isEndPlain: Bool { exchange.body.isEndKnown && exchange.body.passedTrailers == nil }

    /// More of the content is here.
    func contentAdvanced() {
        guard let slot, let session, course.sending == .underWay else { return }
        session.link.queue(slot)
        session.post()
    }

    /// A window was opened; it may be another one that is shut.
    func windowOpened() {
        guard let slot, let session, course.sending == .underWay, session.link.allowance(of: slot) > 0 else {
            return
        }
        session.link.queue(slot)
        session.post()
    }

    /// Writes a frame's worth.
    ///
    /// - Returns: whether it wants another turn.
    func writeTurn(_ session: HTTP2PeerSession) -> Bool {
        guard let slot, course.sending == .underWay else { return false }
        let out = session.pendingOut
        let portion = exchange.body.next(framing: out)
        if case .nothing = portion {
            if exchange.body.isGiven, exchange.body.isEndKnown {
                writeEnd(slot, session)
            } else {
                // Whoever reads it knows whether there is room.
                exchange.stream.readMoreBody()
            }
            return false
        }
        let frameMax = min(session.link.peer.maxFrameSize, HTTP2Session.recordContentMax)
        let most = min(frameMax, session.link.allowance(of: slot))
        guard most > 0 else {
            waitForWindow()
            return false
        }
        switch portion {
        case .nothing: return false
        case .bytes(let slice, of: let buffer):
            let count = min(Int(slice.count), most)
            let isLast = exchange.body.isGiven(with: count) && isEndPlain
            let piece = Slice(from: Int(slice.start), to: Int(slice.start) + count)
            write(piece, of: buffer, slot, session, isLast: isLast)
            exchange.body.gave(count)
        case .stored:
            let piece = worker.emptyRelay()
            guard exchange.body.give(to: piece, atMost: most) else {
                request?.contentIsUnreadable()
                return false
            }
            write(Slice(from: 0, to: piece.count), of: piece, slot, session, isLast: hasEnd)
        }
        return course.sending == .underWay
    }

    private func write(
        _ slice: Slice, of content: ByteBuffer, _ slot: Int, _ session: HTTP2PeerSession, isLast: Bool
    ) {
        FrameWriter.data(
            slice, of: content, on: session.link.stream(slot).id, isLast: isLast, to: session.pendingOut)
        session.link.sent(Int(slice.count), of: slot)
        exchange.attempts.sent(FrameHeader.byteCount + Int(slice.count))
        course.sendDeadlineMs = .max
        guard isLast else { return }
        session.link.sentLast(slot)
        finishSending()
    }

    /// Ends the request: with its trailers, unless the peer does not take that much.
    private func writeEnd(_ slot: Int, _ session: HTTP2PeerSession) {
        let link = session.link
        guard let lines = exchange.body.passedTrailers,
            HTTP2RequestWriter.listSize(of: lines) <= link.peer.maxHeaderListSize ?? .max
        else { return write(Slice(), of: worker.noBytes, slot, session, isLast: true) }
        let block = worker.takeScratch()
        defer { worker.giveScratch(block) }
        HTTP2RequestWriter.write(trailers: lines, with: &link.encoder, to: block)
        let before = session.pendingOut.count
        FrameWriter.headers(
            block, on: link.stream(slot).id, isLast: true, sizeMax: link.peer.maxFrameSize,
            to: session.pendingOut)
        exchange.attempts.sent(session.pendingOut.count - before)
        course.sendDeadlineMs = .max
        link.sentLast(slot)
        finishSending()
    }

    private func finishSending() {
        course.sending = .complete
        guard case .head = stage else { return }
        request?.attempt.activity = .readingHead
        awaitMore()
    }

    /// The peer lets us send nothing more of it.
    private func waitForWindow() {
        guard course.sendDeadlineMs == .max else { return }
        course.sendDeadlineMs = worker.clock.nowMs + Int64(proxy.sendTimeoutMs)
        session?.watch(course.sendDeadlineMs)
    }

    // MARK: Time

    var deadlineMs: Int64 { min(course.sendDeadlineMs, course.readDeadlineMs) }

    /// The peer has the time of `proxy_read_timeout` to send more.
    func awaitMore() {
        course.readDeadlineMs = worker.clock.nowMs + Int64(proxy.readTimeoutMs)
        session?.watch(course.readDeadlineMs)
    }

    func look(_ nowMs: Int64) {
        guard deadlineMs <= nowMs else { return }
        if course.reading == .isPaced { return readOn() }
        session?.wasLate(since: course.beganMs)
        late()
    }

    func late() {
        request?.log(.error, "upstream timed out (110: Connection timed out)")
        fail(.timeout)
    }

    // MARK: The end

    func fail(_ failure: AttemptFailure) { request?.attemptFailed(failure) }

    /// The connection has no room for it after all, and was not really tried.
    func turnedAway() {
        request?.attempt.carrier = .pooledConnection
        fail(.error)
    }

    /// The connection came to nothing.
    func openingFailed(_ failure: OpeningFailure) { request?.openingFailed(failure) }

    /// The connection is gone.
    func cutOff(_ reason: String, _ failure: AttemptFailure) {
        let isStale = (request?.attempt.isReused ?? false) && !hasResponseByte
        request?.log(isStale ? .info : .error, reason)
        fail(failure)
    }

    /// The peer has broken the protocol. Whoever makes peers do that, made again beside others, would cost
    /// those their streams at one peer after the other.
    ///
    /// - Parameter isAlone: it may have a connection of its own; not all of so many may.
    func brokenOff(_ reason: String, isAlone mayBeAlone: Bool) {
        isAlone = isAlone || mayBeAlone && stage != .waiting
        request?.attempt.cause = .invalid
        cutOff(reason, .error)
    }

    /// The peer ended the stream before the response was whole; others on its connection go on.
    func lost(_ loss: StreamLoss) {
        slot = nil
        switch loss {
        case .refused: wasUnseen("upstream refused the stream", stepsMax: HTTP2PeerStream.refusalsMax)
        case .unseen: wasUnseen("upstream ended the connection", stepsMax: HTTP2PeerStream.leavesMax)
        case .reset(let code):
            request?.log(.error, "upstream reset the stream: \(code?.name ?? "unknown error")")
            // The connection is as good as it was: another one would not help.
            request?.attempt.carrier = .newConnection
            request?.attempt.cause = .reset(code.flatMap { UInt8(exactly: $0.rawValue) })
            fail(.error)
        case .malformed(let code):
            request?.log(.error, "upstream sent invalid HTTP/2: \(code.name)")
            request?.attempt.cause = .invalid
            fail(.invalidHeader)
        }
    }

    /// The peer did nothing for it: another connection is tried, but not for ever.
    private func wasUnseen(_ text: StaticString, stepsMax: Int) {
        course.isUnseen = true
        refusedCount += 1
        request?.log(.info, "\(text)")
        guard refusedCount > stepsMax else { return turnedAway() }
        // It counts as tried.
        request?.attempt.carrier = .newConnection
        fail(.error)
    }

    /// The peer has said that it takes no head of that size: it would end the connection, and with it the
    /// requests of others.
    func isTooLarge(for peer: HTTP2Settings) -> Bool {
        guard let most = peer.maxHeaderListSize else { return false }
        return HTTP2RequestWriter.listSize(of: requestHead) > most
    }

    /// The peer is not to blame, and the connection is of use to others.
    func headIsTooLarge() {
        request?.log(.info, "client sent a larger head than upstream takes")
        request?.attempt.carrier = .newConnection
        fail(.status(494))
    }

    var progress: Attempts.Progress {
        if course.isUnseen { return .unsent }
        if hasResponseByte { return .answered }
        // What the socket has not taken nobody has read.
        guard course.beganMs > 0, let session, session.sentCount > course.position else { return .unsent }
        return .sent
    }

    /// The peer closed the connection, and its system had not acknowledged a byte of the request.
    var isUntaken: Bool { session.map { $0.takenCount <= course.position } ?? false }

    /// The peer has said something in the attempt under way.
    private var hasResponseByte: Bool { exchange.attempts.currentBytesReceived > 0 }

    /// The stream ended before the response could be used.
    func leftSlot() { slot = nil }

    /// Both sides of the stream are over.
    func ended() {
        slot = nil
        course.isWhole = true
        if course.sending == .underWay { course.sending = .stopped }
    }

    func end() {
        stage = .idle
        if let session = session.take() { session.left(self, .cancel) }
        if course.isWide { exchange.stream.noteAhead(0) }
        slot = nil
        isTouched = false
        releaseHeld()
    }

    func releaseHeld() {
        if let buffer = held.take() { worker.contentBuffers.give(buffer) }
    }
}
