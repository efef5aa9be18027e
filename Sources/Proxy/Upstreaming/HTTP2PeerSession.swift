internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// One HTTP/2 connection to a peer, and the requests that share it.
///
///     opening ──▶ open ⇄ (idle, in the pool) ──▶ closed
///
/// What the protocol says is `HTTP2ClientConnection`'s; here are the socket, time, and who waits for what.
/// Frames of a turn leave at its end, together. Requests that found the connection while it was being made,
/// or before its peer has said how many it takes, wait here.
final class HTTP2PeerSession {
    enum State {
        /// connect(2), or TLS.
        case opening
        case open
        case closed
    }

    /// What it goes by: the location's whose request it was made for.
    struct Terms {
        /// `http2_peer_streams`
        let streamsMax: Int
        let connectTimeoutMs: Int
        let sendTimeoutMs: Int
        /// `http2_peer_ping`; 0: none.
        let pingMs: Int
        /// The peer may choose HTTP/1.1.
        let mayBeOlder: Bool
        /// Other requests may go over it.
        let isShared: Bool
    }

    /// Most requests of a connection that broke which get one of their own each.
    private static var aloneMax: Int { 16 }
    /// Most bytes that are received in one turn before others have theirs.
    private static var receivedMax: Int { 256 << 10 }
    /// Beyond so many unsent bytes nothing is read: a peer that wants answers has to listen.
    private static var unreadMax: Int { 256 << 10 }
    private static var inputCapacity: Int { 72 << 10 }

    let worker: Worker
    let connection: PeerConnection
    let link: HTTP2ClientConnection
    let terms: Terms
    private(set) var state = State.opening
    /// No request begins over it any more.
    private(set) var isRetired = false
    /// Streams that it takes: fewer than was said once the peer has refused some.
    private var streamsMax: Int
    /// By slot.
    var streams: [HTTP2PeerStream?] = []
    private(set) var streamCount = 0
    /// Those that have not begun.
    var waiting: [HTTP2PeerStream] = []
    /// Those whose response is here whole, and waits for the client.
    var lingering: [HTTP2PeerStream] = []
    /// Those that had content in what is being read.
    private var touched: [HTTP2PeerStream] = []
    /// Received, and not a whole frame yet.
    private var input: ByteBuffer?
    /// Frames that the socket did not take yet.
    var out: ByteBuffer?
    /// Bytes that the socket took.
    private(set) var sentCount: Int64 = 0
    /// What the peer's system has taken of that, once the peer has closed the connection; no less than that.
    private(set) var takenCount = Int64.max
    var lastReceivedMs: Int64
    /// It goes on at the end of the turn.
    private var isPosted = false
    /// When somebody's time may be over; `.max`: nobody waits.
    var lookMs = Int64.max
    /// When the peer must have said something after our PING; `.max`: there was none.
    var pongMs = Int64.max
    /// When the socket must have taken more.
    var stuckMs = Int64.max

    /// Takes over a connection that is being made.
    init(_ worker: Worker, _ connection: PeerConnection, _ terms: Terms) {
        self.worker = worker
        self.connection = connection
        self.terms = terms
        streamsMax = terms.streamsMax
        lastReceivedMs = worker.clock.nowMs
        let first = worker.takeBuffer()
        link = HTTP2ClientConnection(
            limits: HTTP2PeerLimits(), nowMs: worker.clock.nowMs, out: first, scratch: worker.fieldScratch)
        out = first
        connection.sharer = self
        // Of a group of a former configuration: nobody else will ask for it.
        isRetired = !terms.isShared || !worker.connector.share(connection)
    }

    var transport: Transport { connection.transport }

    // MARK: Requests

    /// Requests that it takes beside those that it has.
    var room: Int {
        guard !isRetired, state != .closed, !link.isLeaving else { return 0 }
        let known = link.isUnsettled ? max(1, connection.sharedMax) : link.streamsMax
        return min(streamsMax, known) - streamCount - waiting.count
    }

    /// Another request is to go over the connection.
    func join(_ stream: HTTP2PeerStream) {
        connection.requestCount += 1
        if mayBegin, waiting.isEmpty { return begin(stream) }
        waiting.append(stream)
        if state == .open { stream.waits(ms: terms.connectTimeoutMs) }
    }

    /// How many streams the peer takes is known, and it is not more, or this is the first.
    private var mayBegin: Bool {
        state == .open && link.mayBegin && (!link.isUnsettled || streamCount == 0)
    }

    private func begin(_ stream: HTTP2PeerStream) {
        guard !stream.isTooLarge(for: link.peer) else { return stream.headIsTooLarge() }
        let out = pendingOut
        let position = sentCount + Int64(out.count)
        let before = out.count
        let slot = stream.writeHead(link, to: out)
        while streams.count <= slot { streams.append(nil) }
        streams[slot] = stream
        streamCount += 1
        stream.begun(at: slot, position: position, byteCount: out.count - before)
        if streamCount == 1, terms.pingMs > 0 { awaitSilence() }
        post()
    }

    /// What came before is no sign of silence since.
    private func awaitSilence() {
        lastReceivedMs = worker.clock.nowMs
        watchSilence(lastReceivedMs)
    }

    private func beginWaiting() {
        while mayBegin, !waiting.isEmpty { begin(waiting.removeFirst()) }
    }

    /// The peer takes fewer than was thought, or no more: those who cannot begin go elsewhere.
    private func moveWaiting() {
        guard state == .open, !link.isUnsettled || link.isLeaving else { return }
        let others = link.isLeaving ? 0 : max(0, min(streamsMax, link.streamsMax) - streamCount)
        guard waiting.count > others else { return }
        let moved = waiting[others...]
        waiting.removeLast(waiting.count - others)
        for stream in moved { stream.turnedAway() }
    }

    /// A stream's request is over for this connection.
    ///
    /// - Parameter code: what the peer is told, if it has not ended the stream itself.
    func left(_ stream: HTTP2PeerStream, _ code: HTTP2ErrorCode) {
        guard let slot = stream.slot else {
            guard !stream.course.isWhole else {
                lingering.removeAll { $0 === stream }
                return post()
            }
            waiting.removeAll { $0 === stream }
            if state == .opening, waiting.isEmpty { close() }
            return
        }
        guard state == .open, slot < streams.count, streams[slot] === stream else { return }
        forget(slot)
        link.end(slot, code, pendingOut)
        post()
    }

    private func forget(_ slot: Int) {
        guard slot < streams.count, streams[slot] != nil else { return }
        streams[slot] = nil
        streamCount -= 1
        post()
    }

    func stream(_ slot: Int) -> HTTP2PeerStream? { slot < streams.count ? streams[slot] : nil }

    // MARK: Events

    /// The connection is open.
    func opened() {
        worker.cancel(connection.writeTimer)
        if let tls = transport.tls, tls.alpn != "h2" { return isOlder() }
        state = .open
        lastReceivedMs = worker.clock.nowMs
        for stream in waiting { stream.opened() }
        beginWaiting()
        for stream in waiting { stream.waits(ms: terms.connectTimeoutMs) }
        post()
    }

    /// The peer has not agreed on HTTP/2: the requests go by HTTP/1.1, the first one over this connection.
    private func isOlder() {
        guard terms.mayBeOlder else {
            return loseAll { $0.cutOff("upstream does not speak HTTP/2", .error) }
        }
        let all = waiting
        worker.connector.unmake(connection)
        closed()
        for stream in all where stream.isOf(self) { stream.turnedAway() }
    }

    /// A connection that tells of a client is found by that client's requests alone.
    func introduction(to group: PeerGroup) -> [UInt8] {
        waiting.first?.exchange.introduction(to: group) ?? []
    }

    /// TLS has begun.
    func handshakeBegan() {
        for stream in waiting { stream.request?.attempt.activity = .handshaking }
    }

    /// It has news, or was posted.
    func ready(over connection: PeerConnection) {
        guard state == .open else { return }
        isPosted = false
        send()
        receive()
        beginWaiting()
        moveWaiting()
        settle()
    }

    /// Goes on at the end of this turn, when all others had their events.
    func post() {
        guard !isPosted, state == .open else { return }
        isPosted = true
        worker.post(connection.token)
    }

    /// Nobody uses it: it waits in the pool, or ends.
    func settle() {
        guard state == .open, streamCount == 0, waiting.isEmpty, lingering.isEmpty, out?.isEmpty ?? true,
            !isPosted
        else { return }
        if case .idle = connection.state { return isRetired ? end() : () }
        worker.connector.unshare(connection)
        lookMs = .max
        guard isRetired || worker.isDraining || link.isLeaving || !worker.connector.rest(connection) else {
            return
        }
        end()
    }

    /// It was idle, and is to carry requests again.
    ///
    /// - Returns: whether it does: what has come in the meantime may have ended it.
    func wake() -> Bool {
        if transport.isReadable || transport.isHangup { receive() }
        return state == .open && room > 0
    }

    /// Ends in good order, with nothing under way.
    private func end() {
        if case .idle = connection.state { return connection.leavePool() }
        takeLeave()
        close()
    }

    /// Tells the peer that there is nothing more: RFC 9113 §6.8.
    func takeLeave() {
        guard state == .open else { return }
        link.endGracefully(out: pendingOut)
        _ = transport.send(pendingOut)
    }

    // MARK: Receiving

    private func receive() {
        var received = 0
        while state == .open, transport.isReadable, (out?.count ?? 0) < HTTP2PeerSession.unreadMax {
            guard received < HTTP2PeerSession.receivedMax else {
                post()
                break
            }
            let buffer = input ?? worker.contentBuffers.take(capacity: HTTP2PeerSession.inputCapacity)
            input = buffer
            switch transport.receive(into: buffer, atLeast: 20 << 10) {
            case .bytes(let count):
                received += count
                lastReceivedMs = worker.clock.nowMs
                pongMs = .max
                process(buffer)
            case .wouldBlock:
                break
            case .closed:
                noteTaken(at: .closed)
                lose("upstream prematurely closed connection", .error)
            case .failed(let errno):
                noteTaken(at: .failed(errno))
                lose("recv() failed \(errno.logText)", AttemptFailure(errno))
            }
        }
        if let input, input.isEmpty { releaseInput() }
        pauseTouched()
    }

    private func noteTaken(at end: IOOutcome) {
        takenCount = HTTP2PeerSession.takenCount(
            of: sentCount, at: end,
            // Records of TLS are longer than what is in them.
            unknown: transport.tls == nil ? transport.unacknowledgedCount : 0)
    }

    /// Takes the frames that are here whole.
    private func process(_ buffer: ByteBuffer) {
        while state == .open {
            let event = link.receive(buffer, out: pendingOut, nowMs: worker.clock.nowMs)
            if case .incomplete = event { break }
            take(event, buffer)
        }
        guard state == .open else { return }
        if out?.isEmpty ?? true { releaseOut() } else { post() }
    }

    private func take(_ event: HTTP2PeerEvent, _ buffer: ByteBuffer) {
        switch event {
        case .incomplete, .handled, .pong: break
        case .head(let slot): takeHead(slot, buffer)
        case .trailers(let slot): takeTrailers(slot, buffer)
        case .content(let slot, let content, let isLast):
            guard let stream = stream(slot) else { break }
            if isLast { ended(slot) }
            stream.received(content, of: buffer, isLast: isLast)
        case .lost(let slot, let loss):
            guard let stream = stream(slot) else { break }
            forget(slot)
            // It has said how many it takes.
            if case .refused = loss {
                streamsMax = max(1, streamCount)
                connection.sharedMax = streamsMax
            }
            stream.lost(loss)
        case .mayContinue(let slot): stream(slot)?.windowOpened()
        case .mayContinueAll: for stream in streams { stream?.windowOpened() }
        case .settled:
            connection.sharedMax = link.streamsMax
            beginWaiting()
            for stream in streams { stream?.windowOpened() }
        case .leaving: leave()
        case .failed(let code):
            let suspects = youngest(HTTP2PeerSession.aloneMax)
            loseAll { stream in
                let isSuspect = suspects.contains { $0 === stream }
                stream.brokenOff("upstream sent invalid HTTP/2: \(code.name)", isAlone: isSuspect)
            }
        }
    }

    private func input(_ buffer: ByteBuffer) -> HTTP2ClientConnection.Input {
        .init(buffer: buffer, out: pendingOut, nowMs: worker.clock.nowMs)
    }

    private func takeHead(_ slot: Int, _ buffer: ByteBuffer) {
        let stream = stream(slot)
        let length = link.blockCount
        let outcome = link.readHead(
            stream?.response ?? ResponseHead(), sizeMax: stream?.proxy.bufferSize ?? 0, from: input(buffer))
        if case .failed(let code) = outcome { return take(.failed(code), buffer) }
        guard let stream else { return }
        stream.exchange.attempts.received(FrameHeader.byteCount + length)
        switch outcome {
        case .complete(isLast: true): ended(slot)
        // §8.1.1; one that is merely too large is not wanted.
        case .refused(let error): drop(slot, error == .tooLarge ? .cancel : .protocolError)
        case .complete, .interim, .failed: break
        }
        stream.headCame(outcome, length: length)
    }

    private func takeTrailers(_ slot: Int, _ buffer: ByteBuffer) {
        let lines = worker.takeScratch()
        defer { worker.giveScratch(lines) }
        let length = link.blockCount
        switch link.readTrailers(into: lines, from: input(buffer)) {
        case .complete, .interim:
            guard let stream = stream(slot) else { return }
            ended(slot)
            stream.exchange.attempts.received(FrameHeader.byteCount + length)
            stream.trailersCame(lines)
        case .refused:
            guard let stream = stream(slot) else { return }
            drop(slot, .protocolError)
            stream.lost(.malformed(.protocolError))
        case .failed(let code):
            take(.failed(code), buffer)
        }
    }

    /// What came on a stream cannot be used, as the peer is told.
    private func drop(_ slot: Int, _ code: HTTP2ErrorCode) {
        stream(slot)?.leftSlot()
        forget(slot)
        link.end(slot, code, pendingOut)
    }

    /// The peer's part of a stream is over, and with it ours.
    private func ended(_ slot: Int) {
        if let stream = stream(slot) {
            stream.ended()
            lingering.append(stream)
        }
        forget(slot)
        link.end(slot, .noError, pendingOut)
    }

    /// The peer begins no more: what it never looked at is asked elsewhere, the rest goes on.
    private func leave() {
        retire()
        while let slot = link.takeUnseen() {
            guard let stream = stream(slot) else { continue }
            forget(slot)
            stream.lost(link.hasSeenNone ? .refused : .unseen)
        }
        let unbegun = waiting
        waiting = []
        for stream in unbegun { stream.turnedAway() }
        post()
    }

    /// A stream has content in what is being read: the client gets it when all of that was read.
    func touch(_ stream: HTTP2PeerStream) { touched.append(stream) }

    private func pauseTouched() {
        guard !touched.isEmpty else { return }
        for stream in touched { stream.pause() }
        touched.removeAll(keepingCapacity: true)
    }

    // MARK: Ends

    func retire() {
        guard !isRetired else { return }
        isRetired = true
        worker.connector.unshare(connection)
        post()
    }

    /// The connection is of no use any more.
    func lose(_ reason: @autoclosure () -> String, _ failure: AttemptFailure) {
        loseAll { $0.cutOff(reason(), failure) }
    }

    /// Those that began last: what breaks a peer does so at once.
    private func youngest(_ count: Int) -> [HTTP2PeerStream] {
        let slots = streams.indices.filter { streams[$0] != nil }
        let young = slots.sorted { link.stream($0).id > link.stream($1).id }.prefix(count)
        return young.compactMap { streams[$0] }
    }

    /// Closes the connection, and then tells everybody: who tries again must not find it.
    func loseAll(_ tell: (HTTP2PeerStream) -> Void) {
        // A GOAWAY of ours, if there is one.
        if state == .open, let out, !out.isEmpty { _ = transport.send(out) }
        var all: [HTTP2PeerStream] = streams.compactMap { $0 }
        all += waiting
        let whole = lingering
        close()
        for stream in all where stream.isOf(self) { tell(stream) }
        for stream in whole where stream.isOf(self) { stream.wasLeftAlone() }
    }

    /// Connecting, or the handshake, came to nothing.
    func openingFailed(_ failure: OpeningFailure) { loseAll { $0.openingFailed(failure) } }

    func close() {
        guard state != .closed else { return }
        if case .idle = connection.state { return connection.leavePool() }
        worker.connector.unshare(connection)
        connection.close()
    }

    /// The connection was closed, by us or for the sake of others.
    func closed() {
        state = .closed
        streams = []
        streamCount = 0
        waiting = []
        lingering = []
        releaseInput()
        releaseOut()
    }

    private func releaseInput() {
        if let buffer = input.take() { worker.contentBuffers.give(buffer) }
    }

    func releaseOut() {
        if let buffer = out.take() { worker.giveBuffer(buffer) }
    }

    /// So many bytes were taken by the socket.
    func took(_ count: Int) { sentCount += Int64(count) }
}
