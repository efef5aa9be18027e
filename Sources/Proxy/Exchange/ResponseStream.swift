internal import Core

/// What an exchange writes its response to, and has its request's content from: one client's protocol, or
/// nobody, for a request that was made here.
///
/// A closed set: a protocol is one more case, and every call here stops compiling until it answers. What
/// goes down is content and what is known of its end; framing, connection fields and keep-alive are the
/// protocol's. What comes back up are the exchange's `bodyAdvanced`, `bodyFailed`, `clientCanTakeMore`,
/// `clientLeft`, `delayPassed` and `finished`. The exchange is handed along so that a stream that is over,
/// or serves another one by now, takes nothing more of it.
enum ResponseStream {
    case http1(HTTP1Session)
    case http2(HTTP2Stream)
    /// There is no client that gets it.
    case inner(Subrequest)

    /// Most content, in bytes, that may wait for the client before its source is stopped.
    static var heldMax: Int { 64 << 10 }

    /// What becomes of a response once the client took all that was given.
    enum Ending {
        /// More content comes.
        case none
        case whole
        /// It has broken off: the client sees it end before its content does.
        case cut
    }

    // MARK: The response

    /// Sends the status and the fields of `exchange.response` as an interim response: another one follows.
    func inform(_ exchange: Exchange) {
        switch self {
        case .http1(let session): session.inform(exchange)
        case .http2(let stream): stream.inform(exchange)
        case .inner: break
        }
    }

    /// Writes the head of `exchange.response`; it leaves with the first content or at the end.
    func start(_ exchange: Exchange) {
        switch self {
        case .http1(let session): session.start(exchange)
        case .http2(let stream): stream.start(exchange)
        case .inner(let subrequest): subrequest.start()
        }
    }

    /// Frames and holds content; sent by `flush`.
    func append(_ slice: Slice, of content: ByteBuffer) {
        switch self {
        case .http1(let session): session.append(slice, of: content)
        case .http2(let stream): stream.append(slice, of: content)
        case .inner(let subrequest): subrequest.take(slice, of: content)
        }
    }

    /// Sends content on; all of it is consumed, what is not taken is held.
    ///
    /// - Parameter isLast: no content follows it.
    func send(_ content: ByteBuffer, of exchange: Exchange, isLast: Bool = false) {
        switch self {
        case .http1(let session): session.send(content, of: exchange, isLast: isLast)
        case .http2(let stream): stream.send(content, of: exchange, isLast: isLast)
        case .inner(let subrequest):
            subrequest.take(Slice(from: 0, to: content.count), of: content)
            content.removeAll()
        }
    }

    /// Sends what is held.
    func flush() {
        switch self {
        case .http1(let session): session.flush()
        case .http2(let stream): stream.flush()
        case .inner: break
        }
    }

    /// All content was given: the response is whole.
    func end(_ exchange: Exchange) {
        switch self {
        case .http1(let session): session.end(exchange)
        case .http2(let stream): stream.end(exchange)
        case .inner(let subrequest): subrequest.finish()
        }
    }

    /// No more content will come, though it is not at its end: what was given is still the client's.
    func cut(_ exchange: Exchange) {
        switch self {
        case .http1(let session): session.cut(exchange)
        case .http2(let stream): stream.cut(exchange)
        case .inner(let subrequest): subrequest.finish()
        }
    }

    /// Gives the response up: it ends before its content does, or there is none.
    func abandon() {
        switch self {
        case .http1(let session): session.abandon()
        case .http2(let stream): stream.abandon()
        case .inner(let subrequest): subrequest.finish()
        }
    }

    /// Most content that may wait for this client now, in bytes, before its source is stopped.
    var heldMax: Int {
        switch self {
        case .http1: Self.heldMax
        case .http2(let stream): stream.heldMax
        case .inner: Self.heldMax
        }
    }

    /// So much memory holds content behind what waits for this client, in bytes.
    func noteSpooled(_ memory: Int) {
        if case .http2(let stream) = self { stream.noteSpooled(memory) }
    }

    /// The client has so many requests under way that a second copy of a head is not kept.
    var sparesHeads: Bool {
        if case .http2(let stream) = self { stream.session?.sparesHeads ?? false } else { false }
    }

    /// Whether one more gateway may send ahead of this client as much as a wide window takes.
    var mayRunAhead: Bool {
        switch self {
        case .http1, .inner: true
        case .http2(let stream): stream.mayRunAhead
        }
    }

    /// One more gateway does: 1, or not any more: 0.
    func noteAhead(_ count: Int) {
        if case .http2(let stream) = self { stream.noteAhead(count) }
    }

    /// Content that is worth reading at once, in bytes.
    var pieceMax: Int {
        switch self {
        case .http1: Self.heldMax
        case .http2(let stream): stream.pieceMax
        case .inner: Self.heldMax
        }
    }

    /// Others of its client wait for small answers: its content goes on in small portions.
    func letsOthersThrough(_ exchange: Exchange) -> Bool {
        if case .http2(let stream) = self { stream.session?.isDownload(exchange) ?? false } else { false }
    }

    /// Somebody gets the content, and not only the head.
    var takesContent: Bool {
        switch self {
        case .http1, .http2: true
        case .inner(let subrequest): subrequest.takesContent
        }
    }

    /// The client is behind: no more content should be given.
    var isBlocked: Bool {
        switch self {
        case .http1(let session): session.isBlocked
        case .http2(let stream): stream.isBlocked
        case .inner: false
        }
    }

    /// Content waits for a client that will take it in a moment.
    var isPaused: Bool {
        switch self {
        case .http1, .inner: false
        case .http2(let stream): stream.isPaused
        }
    }

    /// Bytes that wait for the client in memory.
    var heldCount: Int {
        switch self {
        case .http1(let session): session.heldCount
        case .http2(let stream): stream.heldCount
        case .inner: 0
        }
    }

    // MARK: The request's content

    /// Somebody wants the content: a client that waits for leave is told to go on, and it is read.
    func wantBody() {
        switch self {
        case .http1(let session): session.wantBody()
        case .http2(let stream): stream.wantBody()
        case .inner(let subrequest): subrequest.wantBody()
        }
    }

    /// Takes, or drops, the content that came together with the head: nobody asks for more.
    ///
    /// - Returns: what is wrong with it, as far as its framing tells.
    func takeBody() -> BodyError? {
        switch self {
        case .http1(let session): return session.takeBody()
        case .http2(let stream):
            stream.takeBody()
            return nil
        case .inner: return nil
        }
    }

    /// Whoever takes the content has room again: it is read on in this turn of the loop, after the others.
    func readMoreBody() {
        switch self {
        case .http1(let session): session.readMoreBody()
        case .http2(let stream): stream.readMoreBody()
        case .inner: break
        }
    }

    // MARK: The connection

    /// No further request is served on this connection: the one under way may be out of step with it, or has
    /// used up what one connection may ask for.
    func mustClose() {
        switch self {
        case .http1(let session): session.mustClose()
        // Frames of other streams are in step whatever became of this one's.
        case .http2: break
        // The client's connection is not its own.
        case .inner: break
        }
    }

    /// The connection serves further requests, as far as is known by now.
    var keepsAlive: Bool {
        switch self {
        case .http1(let session): session.keepsAlive
        case .http2: true
        case .inner: true
        }
    }

    // MARK: Time

    /// Tells the exchange `delayPassed` after a while (`auth_delay`, `limit_req`).
    func delay(ms: Int) {
        switch self {
        case .http1(let session): session.delay(ms: ms)
        case .http2(let stream): stream.delay(ms: ms)
        case .inner(let subrequest): subrequest.delay(ms: ms)
        }
    }

    // MARK: Tunnels

    /// The peer agreed to switch protocols: passes that on, then bytes both ways.
    func startTunnel(peer: PeerConnection, request: UpstreamRequest, early: ByteBuffer) {
        switch self {
        case .http1(let session): session.startTunnel(peer: peer, request: request, early: early)
        case .http2(let stream): stream.startTunnel(peer: peer, request: request, early: early)
        // Nobody asked for another protocol.
        case .inner(let subrequest): subrequest.finish()
        }
    }

    /// The peer of the tunnel has something to say, or to take.
    func pumpTunnel() {
        switch self {
        case .http1(let session): session.pumpTunnel()
        case .http2(let stream): stream.pumpTunnel()
        case .inner: break
        }
    }

    /// The peer of the tunnel was silent for too long.
    func tunnelTimedOut() {
        switch self {
        case .http1(let session): session.tunnelTimedOut()
        case .http2(let stream): stream.tunnelTimedOut()
        case .inner: break
        }
    }
}
