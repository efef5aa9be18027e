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
        exchange.phase = .awaitingUpstream
        setKeys(group)
        let configured = proxy.nextUpstreamTries
        triesLeft = configured > 0 ? min(configured, group.triesMax) : group.triesMax
        connectToNextPeer()
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

    func connectToNextPeer() {
        guard let group else { return }
        bodySent = 0
        wasRequestSent = false
        isRequestComplete = false
        isLastChunkWritten = !isRequestChunked
        hasSendFailed = false
        responseHead.reset()
        informationalCount = 0
        activity = .connecting
        switch group.pick(selection, nowMs: worker.clock.nowMs) {
        case .none:
            exchange.attempts.begin(address: group.nameBytes, nowMs: worker.clock.nowMs)
            exchange.attempts.setStatus(502)
            log(.error, "no live upstreams")
            state = .done
            exchange.upstreamFailed(status: 502)
        case .peer(let index):
            exchange.attempts.begin(address: group.peers[index].nameBytes, nowMs: worker.clock.nowMs)
            connect(to: index, group)
        }
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
            log(.error, "connect() to \(group.peers[index].settings.name) failed \(errno.logText)")
            failedBeforeConnection(index)
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
    private func failedBeforeConnection(_ index: Int) {
        state = .connecting
        peer = nil
        failedPeer = index
        next(.error)
    }

    func connectionAnswered(_ peer: PeerConnection) {
        guard peer.transport.isWritable || peer.transport.isHangup || peer.transport.isReadable else {
            return
        }
        if let errno = Socket.pendingError(peer.transport.fd) {
            log(.error, "connect() failed \(errno.logText)")
            return next(.error)
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

    func continueHandshake(_ peer: PeerConnection) {
        guard let tls = peer.transport.tls else { return }
        switch tls.handshake() {
        case .done:
            exchange.attempts.connected(nowMs: worker.clock.nowMs)
            peer.state = .inUse
            beginSending(peer)
        case .wantsRead, .wantsWrite:
            guard peer.transport.isHangup else { return }
            log(.error, "peer closed connection in SSL handshake")
            next(.error)
        case .plainHTTP:
            next(.error)
        case .failed(let error):
            log(.error, error.upstreamLogText)
            next(.error)
        }
    }

    /// Why an attempt ended without a usable response.
    enum Failure {
        case error, timeout, invalidHeader
        /// A status that `proxy_next_upstream` may name.
        case status(UInt16)

        var condition: NextUpstream {
            switch self {
            case .error: .error
            case .timeout: .timeout
            case .invalidHeader: .invalidHeader
            case .status(let status): NextUpstream(status: status) ?? []
            }
        }

        /// What the client gets when no other peer is tried.
        var answer: UInt16 {
            switch self {
            case .timeout: 504
            case .error, .invalidHeader: 502
            case .status(let status): status
            }
        }
    }

    /// The attempt failed: the next peer, or the end. The one place where that is decided.
    func next(_ failure: Failure) {
        exchange.attempts.finish(nowMs: worker.clock.nowMs)
        let stale = isReused && failure.isPlainError ? peer?.peer : nil
        let mayRetry = endAttempt(failure)
        guard mayRetry else {
            state = .done
            return exchange.upstreamFailed(status: failure.answer)
        }
        if let stale {
            // Its peer was not really tried: a fresh connection may do.
            selection.forgetTried(stale)
            exchange.attempts.forgetLast()
        }
        connectToNextPeer()
    }

    /// Accounts for the failed attempt.
    ///
    /// - Returns: whether another peer may be tried. RFC 9110 §9.2.2: a request that may have been
    ///   acted on is sent again only if its method is idempotent, or `non_idempotent` allows it.
    private func endAttempt(_ failure: Failure) -> Bool {
        account(for: failure)
        let wasSent = wasRequestSent
        let staleFromPool = isReused && failure.isPlainError
        closePeer()
        failedPeer = nil
        // A connection from the pool that had gone stale says nothing about the peer.
        if !staleFromPool { triesLeft -= 1 }
        let settings = proxy
        var needed = failure.condition
        if wasSent && !exchange.head.method.isIdempotent { needed.insert(.nonIdempotent) }
        guard triesLeft > 0, !settings.nextUpstream.contains(.off), settings.nextUpstream.contains(needed)
        else { return false }
        if wasSent && !settings.isRequestBuffered && exchange.body.isPresent { return false }
        let timeout = settings.nextUpstreamTimeoutMs
        return timeout == 0 || worker.clock.nowMs - startedMs < Int64(timeout)
    }

    private func account(for failure: Failure) {
        guard let group, let index = peer?.peer ?? failedPeer else { return }
        let outcome: AttemptOutcome
        switch failure {
        case .error, .timeout, .invalidHeader:
            outcome = isReused && failure.isPlainError ? .neutral : .failure
        case .status(403), .status(404): outcome = .neutral
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
        case .timeout, .invalidHeader, .status: false
        }
    }
}
