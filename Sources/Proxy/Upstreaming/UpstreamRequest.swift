internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// The upstream's side of one exchange: attempts at peers until one of them answers.
///
///     idle ──start──▶ trying ──response──▶ relaying ──▶ done
///                      ▲  │ │                            ▲
///           waiting ◀──┴──┘ └──101──▶ tunnelling ────────┘
///
/// Choosing peers is in `UpstreamRequest+Attempts.swift`, waiting for one in `+Waiting.swift`, what becomes
/// of a response in `+Responding.swift`, its content's way in `+Relaying.swift`. Of the peer's protocol it
/// knows nothing: that is its `PeerStream`'s matter. Recycled with its exchange.
final class UpstreamRequest {
    enum State {
        case idle
        /// For a server, or for its turn to be tried again.
        case waiting
        /// An attempt is under way; no usable response has come.
        case trying
        /// The response's content passes to the client.
        case relaying
        /// The connection left HTTP; the session's tunnel moves its bytes.
        case tunnelling
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

    /// One attempt at a peer.
    struct Attempt {
        /// The peer's place in the group; `nil`: none is chosen.
        var peer: Int?
        var carrier = Attempts.Carrier.newConnection
        var activity = Activity.connecting
        /// It is counted in the group's budget.
        var isRetry = false
        /// Bytes of the hints that came.
        var hintsLength = 0
        /// Why it failed, as far as it is known before it ends.
        var cause = FailureCause.unknown

        var isReused: Bool { carrier == .pooledConnection }
    }

    /// The way of the content to the client.
    struct Passage {
        /// Content that the client is too slow for; never empty, so that nothing waits behind it for a client
        /// that has caught up.
        var spool: ResponseSpool?
        /// No more content comes: how the response ends when the client has what is spooled.
        var ending = ResponseStream.Ending.none
        /// `proxy_buffering`, and what the peer says of it.
        var isBuffered = true
        /// `proxy_limit_rate`
        var rate = RateLimit()
        /// Of what is spooled.
        var pace = SpoolPace()
    }

    /// Both live as long as the worker keeps the exchange for reuse.
    let exchange: Exchange
    let worker: Worker
    /// The request's content.
    let body: RequestBody
    var state = State.idle

    // MARK: Where to

    var group: PeerGroup?
    /// Where it is counted, from its start to its end.
    var queue: RequestQueue?
    var waitingSinceMs: Int64 = 0
    /// How long it waited for a server; `nil`: it did not have to.
    var queuedMs: Int64?
    let selection = Selection()
    /// What `sticky` has to do with the request; kept for the next one once there was something.
    var binding: StickyBinding?
    /// What may follow when an attempt fails.
    var tries = Attempts()
    var attempt = Attempt()

    // MARK: Request and response

    /// Status and fields of the last response that came, for `$upstream_http_…` and for those to be passed.
    let response: ResponseHead
    /// What stood behind the response's content; kept for the next one once there was something.
    private(set) var trailers: TrailerSection?
    /// Until when a gRPC call is of use to its client.
    var deadline: CallDeadline?
    let stream: PeerStream
    var passage = Passage()

    init(exchange: Exchange, worker: Worker) {
        self.exchange = exchange
        self.worker = worker
        body = exchange.body
        let response = ResponseHead()
        self.response = response
        stream = PeerStream(exchange, worker: worker, response: response)
    }

    var proxy: ProxySettings { exchange.location.settings.proxy }

    /// Takes the protocol that the location speaks with its gateways; a tunnel is opened in none.
    ///
    /// - Parameter peer: what it has chosen where both were offered counts; `nil`: none is known yet.
    func settleStream(for target: ProxyTarget, at peer: Peer? = nil) {
        let isOlder = (peer?.http1UntilMs ?? 0) > worker.clock.nowMs && target.isTLS && !proxy.needsHTTP2
        stream.settle(isShared: proxy.httpVersion == .http2 && !target.isTunnel && !isOlder)
    }

    /// The client waits for it.
    var isActive: Bool {
        switch state {
        case .waiting, .trying, .relaying, .tunnelling: true
        case .idle, .done: false
        }
    }

    /// Nothing has happened since `reset`: it is called before and after each use.
    private var isFresh = true

    /// A target is about to be asked, the first one of the request or another one.
    func begin() {
        if binding != nil { keepCookie() }
        reset()
        isFresh = false
    }

    func reset() {
        guard !isFresh else { return }
        abandon()
        isFresh = true
        endDeadline()
        leaveGroup()
        state = .idle
        queuedMs = nil
        group = nil
        attempt = Attempt()
        selection.reset()
        binding?.reset()
        stream.reset()
        trailers?.reset()
        passage = Passage()
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard worker.errorLog(of: exchange).isEnabled(level) else { return }
        worker.log(level, exchange, "\(message()) while \(attempt.activity.text)")
    }

    /// Where lines of trailers are put.
    var receivedTrailers: TrailerSection {
        if let trailers { return trailers }
        let fresh = TrailerSection()
        trailers = fresh
        return fresh
    }

    // MARK: The request's content

    /// More of it came from the client (`proxy_request_buffering off`).
    func bodyAdvanced() { stream.contentAdvanced() }

    /// The peer keeps up with the client: more content may be read.
    var wantsMoreBody: Bool {
        body.streamedCount + stream.unsentCount < body.streamMax
    }

    // MARK: Ends

    /// The client is gone or another answer is given: ends the attempt without one.
    func abandon() {
        guard isActive else { return }
        if case .waiting = state { queue?.leave(self) }
        state = .done
        endAttempt(.neutral)
    }

    /// What a TLS session with the peer under way may be resumed for; `nil`: it is not kept.
    ///
    /// A name, or a certificate, made of variables may be another one next time: such sessions are not kept.
    var sessionKey: TLSSessionKey? {
        guard let group, let target = exchange.proxying.target, target.isTLS,
            exchange.snapshot.groups.isCurrent(group)
        else { return nil }
        let proxy = exchange.location.settings.proxy
        guard proxy.sslSessionReuse, !proxy.hasMadeCertificate, proxy.sslName?.isConstant ?? true,
            !target.hasVariables,
            let index = attempt.peer
        else { return nil }
        return TLSSessionKey(group: group.index, peer: index, settings: exchange.location.proxyPlan.tlsKey)
    }

    /// The response passed completely: the peer's connection goes back to the pool, if it may.
    func completed() {
        state = .done
        if !attempt.isReused, let key = sessionKey,
            let session = stream.connection?.transport.tls?.currentSession
        {
            exchange.snapshot.groups.keep(session, for: key)
        }
        endAttempt(.success, keepsConnection: mayKeepConnection)
    }

    /// The connection is in step, and may be kept as the configuration in force has it.
    private var mayKeepConnection: Bool {
        guard let group, stream.isInStep, let connection = stream.connection else { return false }
        // One that waited over a reload was sent by the settings of a former configuration.
        guard exchange.snapshot === worker.snapshot || !worker.snapshot.groups.isCurrent(group) else {
            return false
        }
        return !worker.isDraining && connection.mayServeMore(group.settings.keepalive)
    }

    /// The content that was kept cannot be read: the peer is not to blame for it.
    func contentIsUnreadable() {
        let path = exchange.location.settings.core.clientBodyTempFolder.path
        log(.crit, "reading a temporary file of the request body in \"\(path)\" failed")
        exchange.stream.mustClose()
        exchange.bodyFailed(status: 500)
    }

    /// Bytes go both ways from now on, as they come.
    func tunnelBegan() { state = .tunnelling }

    /// Either end closed the tunnel.
    func tunnelEnded() {
        state = .done
        endAttempt(.success)
    }

    func exchangeFinished() {
        abandon()
        endDeadline()
        leaveGroup()
        passage = Passage()
    }
}
