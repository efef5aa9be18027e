internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// One request to a peer over HTTP/1, and the response to it.
///
///     idle ──wait───▶ opening ──start──▶ head ──▶ content ──▶ idle
///       └──────────────start──────────────▲  └──101──▶ tunnel ──▶ idle
///
/// It has its connection for itself until `end`. Sending is in `+Sending.swift`, reading in
/// `+Receiving.swift`. Recycled with its request.
final class HTTP1PeerStream {
    enum Stage {
        /// It has no connection.
        case idle
        /// Its connection is being made.
        case opening
        /// The request is being sent, or was; no complete response head has come.
        case head
        /// The response's content is read.
        case content
        /// The connection left HTTP; a tunnel moves its bytes.
        case tunnel
    }

    /// What has become of the request.
    enum Sending {
        case unsent
        /// A byte of it may have reached the peer.
        case underWay
        /// All of it, and of the content that it promised, was taken by the socket.
        case complete
        /// The peer took no more of it; it may still have answered.
        case failed
    }

    /// What is known of one attempt.
    struct Course {
        var sending = Sending.unsent
        var content = ContentReader()
        /// 1xx responses so far.
        var informationalCount = 0
        /// The peer and what it sent leave the connection open for another request.
        var keepsConnection = false
        /// More of the response may be read later, and the timer waits for that.
        var isPaced = false
    }

    /// Both live as long as the worker keeps the exchange for reuse.
    let exchange: Exchange
    let worker: Worker
    private let connector: Connector
    /// The request's content.
    let body: RequestBody
    /// The worker's, to be read into.
    let relay: ByteBuffer
    /// The head as sent to the peer; kept for the next attempt, which writes it anew if it is empty.
    let requestHead = ByteBuffer(capacity: 256)
    /// What is filled with the head of the response.
    let response: ResponseHead
    var parser = HTTP1ResponseParser()
    private(set) var connection: PeerConnection?
    var stage = Stage.idle
    var course = Course()

    init(_ exchange: Exchange, worker: Worker, response: ResponseHead) {
        self.exchange = exchange
        self.worker = worker
        connector = worker.connector
        body = exchange.body
        relay = worker.relay
        self.response = response
    }

    /// What it is a part of.
    var request: UpstreamRequest? { exchange.upstream }

    var proxy: ProxySettings { exchange.location.settings.proxy }

    // MARK: Before it is sent

    func write(for target: ProxyTarget) {
        // Nothing is sent before a tunnel stands.
        if target.isTunnel { return requestHead.removeAll() }
        RequestRewrite.write(exchange, target: target, to: requestHead)
    }

    /// A connection that waits in the pool. Nothing is sent over one before a tunnel stands.
    func pooled(_ group: PeerGroup, peer: Int, for request: UpstreamRequest) -> PeerConnection? {
        if exchange.proxying.target?.isTunnel == true { return nil }
        return exchange.snapshot.groups.takeIdle(group, peer: peer, for: request)
    }

    func prepare() {
        course = Course()
        parser.reset()
        response.reset()
    }

    /// The head was sent, and is not kept.
    func spareHead() {
        requestHead.removeAll()
        requestHead.shrink(toCapacity: 0)
    }

    func reset() {
        prepare()
        requestHead.removeAll()
        requestHead.shrink(toCapacity: HTTP2Stream.usualHeadMax)
    }

    // MARK: Its connection

    func wait(for connection: PeerConnection) {
        self.connection = connection
        connection.owner = self
        stage = .opening
    }

    /// The connection that was waited for is open.
    func opened() {
        guard let connection, let request else { return }
        request.connected()
        if exchange.proxying.target?.isTunnel == true {
            stage = .tunnel
            worker.cancel(connection.writeTimer)
            request.tunnelOpened(over: connection)
        } else if begin(over: connection, for: request) {
            sendMore(over: connection)
        }
    }

    func start(over connection: consuming PeerConnection, for request: UpstreamRequest) {
        connection.owner = self
        let leavesNow = begin(over: connection, for: request)
        guard leavesNow else { return self.connection = consume connection }
        self.connection = connection
        sendMore(over: connection)
    }

    /// Events of its connection, once that is open.
    func ready(over peer: PeerConnection) {
        switch stage {
        case .head:
            sendMore(over: peer)
            if case .head = stage { receiveHead(from: peer) }
        case .content:
            sendMore(over: peer)
            readOn(from: peer)
        case .tunnel: exchange.stream.pumpTunnel()
        case .idle, .opening: break
        }
    }

    func timedOut() {
        if course.isPaced { return readOn() }
        switch stage {
        case .opening, .head, .content:
            request?.log(.error, "upstream timed out (110: Connection timed out)")
            fail(.timeout)
        case .tunnel: exchange.stream.tunnelTimedOut()
        case .idle: break
        }
    }

    // MARK: The end

    func fail(_ failure: AttemptFailure) { request?.attemptFailed(failure) }

    var progress: Attempts.Progress {
        if hasResponseByte { return .answered }
        if case .unsent = course.sending { return .unsent }
        return .sent
    }

    /// The peer has said something in the attempt under way.
    var hasResponseByte: Bool { exchange.attempts.currentBytesReceived > 0 }

    /// The peer has ended the connection in order, and its system had not acknowledged a byte of the request.
    ///
    /// RFC 9293 §3.10.7.4: a reset does not say what had come before it.
    var isUntaken: Bool {
        guard let transport = connection?.transport, transport.breach == nil else { return false }
        let sent = Int(exchange.attempts.currentBytesSent) + transport.owedCount
        // A record of TLS adds at least 22 bytes.
        let overhead = transport.tls == nil ? 0 : 22 * (1 + sent / 16384)
        return transport.unacknowledgedCount >= sent + overhead
    }

    /// Nothing is left unsent, and nothing more than its response has come.
    var isInStep: Bool {
        guard let connection, case .complete = course.sending else { return false }
        return course.keepsConnection && !connection.hasUnsent && !connection.transport.isHangup
    }

    func end(keepsConnection: Bool) {
        stage = .idle
        guard let connection = connection.take() else { return }
        if keepsConnection { connector.keep(connection) } else { connection.close() }
    }
}
