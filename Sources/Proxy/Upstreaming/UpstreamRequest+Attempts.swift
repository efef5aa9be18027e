internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Choosing peers, connecting, and the one decision what follows a failure.
extension UpstreamRequest {
    /// Begins: the request's content is at hand, or will be streamed.
    func start(_ group: PeerGroup) {
        self.group = group
        startedMs = worker.clock.nowMs
        enter(exchange.snapshot.groups.traffic(of: group))
        isFirstAttempt = true
        exchange.phase = .awaitingUpstream
        setKeys(group)
        countTries(group)
        connectToNextPeer(of: group)
    }

    func countTries(_ group: PeerGroup) {
        let configured = proxy.nextUpstreamTries
        triesLeft = configured > 0 ? min(configured, group.triesMax) : group.triesMax
    }

    private func setKeys(_ group: PeerGroup) {
        if case .ipHash = group.settings.method {
            exchange.remoteAddress.withAddressBytes { selection.setClientAddress($0) }
        }
        guard let key = exchange.snapshot.configuration.hashKey(of: group) else { return }
        let scratch = worker.takeScratch()
        key.append(for: exchange, to: scratch)
        scratch.withReadable { selection.setHashKey($0) }
        worker.giveScratch(scratch)
    }

    private func prepareAttempt() {
        exchange.body.restart()
        wasRequestSent = false
        isRequestComplete = false
        hasSendFailed = false
        responseHead.reset()
        informationalCount = 0
        activity = .connecting
    }

    func connectToNextPeer() {
        if let group { connectToNextPeer(of: group) }
    }

    private func connectToNextPeer(of group: PeerGroup) {
        prepareAttempt()
        // Those who wait for a server came first.
        if isFirstAttempt, traffic?.isServerAwaited == true {
            if !waitForServer() { noServer(group) }
            return
        }
        switch group.pick(selection, nowMs: worker.clock.nowMs) {
        case .none:
            if !waitForServer() { noServer(group) }
        case .peer(let index):
            begin(at: index, group)
        }
    }

    func noServer(_ group: PeerGroup) {
        exchange.beginAttempt(at: group.nameBytes)
        exchange.attempts.setStatus(502)
        log(.error, "no live upstreams")
        exchange.fault = .noLiveUpstream
        state = .done
        exchange.upstreamFailed(status: 502)
    }

    func begin(at index: Int, _ group: PeerGroup) {
        isFirstAttempt = false
        exchange.beginAttempt(at: group.peers[index])
        connect(to: index, group)
    }

    private func connect(to index: Int, _ group: PeerGroup) {
        chosenPeer = index
        if let pooled = worker.takeIdle(group, peer: index, for: exchange) {
            isReused = true
            peer = pooled
            pooled.owner = self
            pooled.state = .inUse
            exchange.attempts.connected(nowMs: worker.clock.nowMs)
            return beginSending(pooled)
        }
        isReused = false
        let outcome = worker.connect(group, peer: index, for: exchange)
        switch outcome {
        case .failed(let errno):
            logUnconnected(errno, "connect() to \(group.peers[index].settings.name)")
            failedBeforeConnection(index, errno)
        case .inProgress(let connection):
            adopt(connection)
            connection.arm(connection.writeTimer, afterMs: proxy.connectTimeoutMs)
        case .connected(let connection):
            adopt(connection)
            connected(connection)
        }
    }

    private func adopt(_ connection: PeerConnection) {
        peer = connection
        connection.owner = self
        state = .connecting
    }

    /// `connect` itself failed: there is no connection that events could come from.
    private func failedBeforeConnection(_ index: Int, _ errno: Errno) {
        state = .connecting
        peer = nil
        failedPeer = index
        next(Failure(errno))
    }

    /// What this machine lacks is said once a second: every request would say it.
    private func logUnconnected(_ errno: Errno, _ call: String) {
        guard errno.isOurs else { return log(.error, "\(call) failed \(errno.logText)") }
        guard let count = worker.shortageLog.admit(nowMs: worker.clock.nowMs) else { return }
        let more = count > 0 ? ", and \(count) more before it" : ""
        log(.crit, "\(call) failed \(errno.logText)\(more); it is not counted against the server")
    }

    func connectionAnswered(_ peer: PeerConnection) {
        guard peer.transport.isWritable || peer.transport.isHangup || peer.transport.isReadable else {
            return
        }
        if let errno = Socket.pendingError(peer.transport.fd) {
            logUnconnected(errno, "connect()")
            return next(Failure(errno))
        }
        connected(peer)
    }

    private func connected(_ peer: PeerConnection) {
        guard peer.transport.tls != nil else {
            exchange.attempts.connected(nowMs: worker.clock.nowMs)
            peer.state = .inUse
            return beginSending(peer)
        }
        peer.state = .handshaking
        state = .handshaking
        activity = .handshaking
        peer.arm(peer.writeTimer, afterMs: proxy.connectTimeoutMs)
        continueHandshake(peer)
    }

    /// Why an attempt ended without a usable response.
    enum Failure {
        case error, timeout, invalidHeader
        /// It is this machine that could not: the peer is not to blame.
        case shortage(Errno)
        /// A status that `proxy_next_upstream` may name.
        case status(UInt16)

        init(_ errno: Errno) { self = errno.isOurs ? .shortage(errno) : .error }

        var condition: NextUpstream {
            switch self {
            case .error, .shortage: .error
            case .timeout: .timeout
            case .invalidHeader: .invalidHeader
            case .status(let status): NextUpstream(status: status) ?? []
            }
        }

        var kind: EndReason.UpstreamFailure {
            switch self {
            case .error: .error
            case .timeout: .timeout
            case .invalidHeader: .invalid
            case .shortage: .shortage
            case .status: .status
            }
        }

        /// What the client gets when no other peer is tried.
        var answer: UInt16 {
            switch self {
            case .timeout: 504
            case .error, .invalidHeader: 502
            // As nginx: without a socket there was no gateway.
            case .shortage(let errno): errno.isShortage ? 500 : 502
            case .status(let status): status
            }
        }
    }

    /// The attempt failed: the next peer, or the end. The one place where that is decided.
    func next(_ failure: Failure) {
        exchange.attempts.finish(nowMs: worker.clock.nowMs)
        exchange.lastFailure = failure.kind
        endRetry()
        if let group, let stale = staleAttempt(failure) {
            // Its peer was not really tried: another connection may do.
            account(for: failure)
            closePeer()
            exchange.attempts.forgetLast()
            exchange.lastFailure = nil
            prepareAttempt()
            group.retake(stale)
            return begin(at: stale, group)
        }
        guard endAttempt(failure) else {
            state = .done
            return exchange.upstreamFailed(status: failure.answer)
        }
        retry(after: failure)
    }

    /// A connection from the pool turned out to have been given up by the peer, and the request can be
    /// sent again: it is idempotent, or not one byte of it can have been taken.
    ///
    /// - Returns: the peer's index.
    private func staleAttempt(_ failure: Failure) -> Int? {
        guard isReused, failure.isPlainError, !hasResponseByte, let peer,
            exchange.body.canBeSentAgain
        else { return nil }
        return exchange.method.isIdempotent || isUntaken(peer) ? peer.peer : nil
    }

    /// RFC 9112 §9.3.1: what the peer's system has not acknowledged, the peer cannot have read.
    private func isUntaken(_ peer: PeerConnection) -> Bool {
        guard wasRequestSent else { return true }
        let sent = Int(exchange.attempts.currentBytesSent) + peer.transport.owedCount
        // A record of TLS adds at least 22 bytes.
        let overhead = peer.transport.tls == nil ? 0 : 22 * (1 + sent / 16384)
        return peer.transport.unacknowledgedCount >= sent + overhead
    }

    /// Accounts for the failed attempt.
    ///
    /// - Returns: whether another peer may be tried. RFC 9110 §9.2.2: a request that may have been
    ///   acted on is sent again only if its method is idempotent, or `non_idempotent` allows it.
    private func endAttempt(_ failure: Failure) -> Bool {
        account(for: failure)
        let wasSent = wasRequestSent
        closePeer()
        failedPeer = nil
        triesLeft -= 1
        let settings = proxy
        var needed = failure.condition
        if wasSent && !exchange.method.isIdempotent { needed.insert(.nonIdempotent) }
        guard triesLeft > 0, exchange.body.canBeSentAgain, !settings.nextUpstream.contains(.off),
            settings.nextUpstream.contains(needed)
        else { return false }
        let timeout = settings.nextUpstreamTimeoutMs
        return timeout == 0 || worker.clock.nowMs - startedMs < Int64(timeout)
    }

    private func account(for failure: Failure) {
        guard let group, let index = peer?.peer ?? failedPeer else { return }
        let outcome: AttemptOutcome
        switch failure {
        case .error, .timeout, .invalidHeader:
            // A connection from the pool that had gone stale says nothing about the peer.
            outcome = isReused && failure.isPlainError && !hasResponseByte ? .neutral : .failure
        case .shortage, .status(403), .status(404): outcome = .neutral
        case .status: outcome = .failure
        }
        group.finished(index, outcome, nowMs: worker.clock.nowMs)
        if exchange.attempts.currentStatus == 0 { exchange.attempts.setStatus(failure.answer) }
        worker.attemptEnded(exchange)
    }
}

extension UpstreamRequest.Failure {
    var isPlainError: Bool {
        switch self {
        case .error: true
        case .timeout, .invalidHeader, .shortage, .status: false
        }
    }
}
