internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The upstream's side of one exchange: attempts at peers until one of them answers.
///
///     idle ──start──▶ connecting ──▶ handshaking ──▶ awaitingHead ──▶ relaying ──▶ done
///                        ▲  │            │               │ │
///                        └──┴── next ◀───┴───────────────┘ └──101──▶ (a tunnel of the session)
///
/// Choosing the next peer is in `UpstreamRequest+Attempts.swift`, sending in `+Sending.swift`, the
/// response in `+Receiving.swift`. Recycled with its exchange.
final class UpstreamRequest {
    enum State {
        case idle
        /// For a server, or for its turn to be tried again.
        case waiting
        case connecting
        case handshaking
        /// The request is being sent, or was; no complete response head has come.
        case awaitingHead
        /// The response's content passes to the client.
        case relaying
        case done
    }

    /// What is said of an attempt in the error log: nginx's words.
    enum Activity {
        case connecting, handshaking, sendingRequest, readingHead, readingContent, proxyingUpgrade

        var text: StaticString {
            switch self {
            case .connecting: "connecting to upstream"
            case .handshaking: "SSL handshaking to upstream"
            case .sendingRequest: "sending request to upstream"
            case .readingHead: "reading response header from upstream"
            case .readingContent: "reading upstream"
            case .proxyingUpgrade: "proxying upgraded connection"
            }
        }
    }

    /// Both live as long as the worker keeps the exchange for reuse.
    let exchange: Exchange
    let worker: Worker
    var state = State.idle
    var activity = Activity.connecting

    // MARK: Where to

    var group: PeerGroup?
    /// Where it is counted, from its start to its end.
    var traffic: GroupTraffic?
    var waitingSinceMs: Int64 = 0
    /// How long it waited for a server; `nil`: it did not have to.
    var queuedMs: Int64?
    /// The attempt under way is counted as a retry.
    var isRetrying = false
    let selection = Selection()
    var peer: PeerConnection?
    /// What may follow when an attempt fails.
    var tries = Attempts()
    /// The attempt under way was made on a connection from the pool.
    var isReused = false

    // MARK: The request

    /// The head as sent to the peer; kept for the next attempt.
    let requestHead = ByteBuffer(capacity: 1024)
    /// The peer took no more of the request; it may still have answered.
    var hasSendFailed = false
    /// The peer that the attempt under way is made at.
    var chosenPeer: Int?
    /// A byte of the request may have reached the peer.
    var wasRequestSent = false
    /// All of the request, and of the content that it promised, was taken by the socket.
    var isRequestComplete = false

    // MARK: The response

    /// Kept for `$upstream_http_…` and for the fields to be passed.
    let responseHead = ResponseHead()
    var informationalCount = 0
    var content = ContentReader()
    /// Content that the client is too slow for; never empty, so that nothing waits behind it for a client
    /// that has caught up.
    var spool: ResponseSpool?
    /// No more content comes: how the response ends when the client has what is spooled.
    var pendingEnd: ResponseStream.Ending = .none
    /// The connection may serve another request after this response.
    var keepsPeer = false
    var isBuffered = true
    /// The connection left HTTP; the session's tunnel moves its bytes.
    var isTunnelling = false

    init(exchange: Exchange, worker: Worker) {
        self.exchange = exchange
        self.worker = worker
    }

    var proxy: ProxySettings { exchange.location.settings.proxy }

    /// The peer has said something in the attempt under way.
    var hasResponseByte: Bool { exchange.attempts.currentBytesReceived > 0 }

    /// An attempt is under way: the client waits for it.
    var isActive: Bool {
        switch state {
        case .waiting, .connecting, .handshaking, .awaitingHead, .relaying: true
        case .idle, .done: false
        }
    }

    /// Nothing has happened since `reset`: it is called before and after each use.
    private var isFresh = true

    /// A target is about to be asked, the first one of the request or another one.
    func begin() {
        reset()
        isFresh = false
    }

    func reset() {
        guard !isFresh else { return }
        abandon()
        isFresh = true
        leaveTraffic()
        state = .idle
        queuedMs = nil
        group = nil
        peer = nil
        selection.reset()
        requestHead.removeAll()
        responseHead.reset()
        informationalCount = 0
        content.begin(.none)
        spool = nil
        wasRequestSent = false
        isRequestComplete = false
        isReused = false
        keepsPeer = false
        isTunnelling = false
        pendingEnd = .none
    }

    // MARK: Events of the peer's connection

    func isReady(_ peer: PeerConnection) {
        guard self.peer === peer else { return }
        if isTunnelling { return exchange.stream.pumpTunnel() }
        switch state {
        case .connecting:
            connectionAnswered(peer)
        case .handshaking:
            continueHandshake(peer)
        case .awaitingHead:
            sendMore(peer)
            if case .awaitingHead = state { receiveHead(peer) }
        case .relaying:
            sendMore(peer)
            relay()
        case .idle, .waiting, .done:
            break
        }
    }

    func peerTimedOut(_ kind: PeerConnection.TimerKind) {
        if isTunnelling { return exchange.stream.tunnelTimedOut() }
        switch state {
        case .connecting, .handshaking:
            connectTimedOut()
        case .awaitingHead:
            log(.error, "upstream timed out (110: Connection timed out)")
            next(.timeout)
        case .relaying:
            log(.error, "upstream timed out (110: Connection timed out)")
            failRelaying()
        case .idle, .waiting, .done:
            break
        }
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard worker.errorLog(of: exchange).isEnabled(level) else { return }
        worker.log(level, exchange, "\(message()) while \(activity.text)")
    }

    // MARK: Ends

    /// The client is gone or another answer is given: ends the attempt without one.
    func abandon() {
        guard isActive else { return }
        if case .waiting = state { traffic?.leave(self) }
        state = .done
        endAttempt(.neutral)
    }

    /// What a TLS session with the peer under way may be resumed for; `nil`: it is not kept.
    ///
    /// A name made of variables may be another one next time: such sessions are not kept.
    var sessionKey: TLSSessionKey? {
        guard let group, let target = exchange.proxyTarget, target.isTLS,
            exchange.snapshot.groups.isCurrent(group)
        else { return nil }
        let proxy = exchange.location.settings.proxy
        guard proxy.sslSessionReuse, proxy.sslName?.isConstant ?? true, !target.hasVariables,
            let index = chosenPeer
        else { return nil }
        return TLSSessionKey(group: group.index, peer: index, settings: exchange.location.proxyPlan.tlsKey)
    }

    /// The response passed completely: the peer's connection goes back to the pool, if it may.
    func completed() {
        state = .done
        guard let group, let peer else { return }
        if !isReused, let key = sessionKey, let session = peer.transport.tls?.currentSession {
            exchange.snapshot.groups.keep(session, for: key)
        }
        endAttempt(.success, keepsPeer: mayKeep(peer, group))
    }

    /// A pooled connection must be in step: nothing left unsent, nothing more than its response come.
    private func mayKeep(_ peer: PeerConnection, _ group: PeerGroup) -> Bool {
        let keepalive = group.settings.keepalive
        // One that waited over a reload was sent by the settings of a former configuration.
        guard exchange.snapshot === worker.snapshot || !worker.snapshot.groups.isCurrent(group) else {
            return false
        }
        return keepsPeer && isRequestComplete && !peer.hasUnsent && keepalive.count > 0 && !worker.isDraining
            && !peer.transport.isHangup && peer.requestCount < keepalive.requests
            && worker.clock.nowMs - peer.startedMs < Int64(keepalive.timeMs)
    }

    /// Either end closed the tunnel.
    func tunnelEnded() {
        isTunnelling = false
        state = .done
        endAttempt(.success)
    }

    func exchangeFinished() {
        abandon()
        leaveTraffic()
        spool = nil
        pendingEnd = .none
    }
}
