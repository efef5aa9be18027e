internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Choosing peers, connecting, and the one decision what follows a failure.
extension UpstreamRequest {
    /// Begins: the request's content is at hand, or will be streamed.
    func start(_ group: PeerGroup) {
        self.group = group
        enter(exchange.snapshot.groups.traffic(of: group))
        exchange.phase = .awaitingUpstream
        setKeys(group)
        tries = Attempts(proxy.nextUpstream, peers: group.triesMax, nowMs: worker.clock.nowMs)
        connectToNextPeer(of: group)
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
        if tries.isFirst, traffic?.isServerAwaited == true {
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
        tries.began()
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
            state = .connecting
            next(AttemptFailure(errno))
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
            return next(AttemptFailure(errno))
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

    // MARK: The end of an attempt

    /// The attempt failed: another one, or the end.
    func next(_ failure: AttemptFailure) {
        let (decision, outcome) = tries.failed(
            failure, standing(over: isReused ? .pooledConnection : .newConnection),
            nowMs: worker.clock.nowMs)
        if exchange.attempts.currentStatus == 0 { exchange.attempts.setStatus(failure.answer) }
        let index = chosenPeer
        endAttempt(outcome)
        if case .samePeer = decision, let group, let index { return again(at: index, group) }
        exchange.lastFailure = EndReason.UpstreamFailure(failure)
        if case .end(let status) = decision {
            state = .done
            return exchange.upstreamFailed(status: status)
        }
        retry(after: failure)
    }

    /// The peer was not really tried: another connection may do.
    private func again(at index: Int, _ group: PeerGroup) {
        exchange.attempts.forgetLast()
        prepareAttempt()
        group.retake(index)
        begin(at: index, group)
    }

    /// How the attempt under way stands, for the decision what may follow it.
    func standing(over carrier: Attempts.Carrier) -> Attempts.Standing {
        let repetition: Attempts.Repetition =
            !exchange.body.canBeSentAgain ? .impossible : exchange.method.isIdempotent ? .harmless : .harmful
        return Attempts.Standing(progress(repetition, carrier), over: carrier, repetition)
    }

    private func progress(_ repetition: Attempts.Repetition, _ carrier: Attempts.Carrier) -> Attempts.Progress
    {
        if hasResponseByte { return .answered }
        guard wasRequestSent else { return .unsent }
        // Asked only where it matters: it takes a system call.
        guard case .pooledConnection = carrier, case .harmful = repetition, let peer, isUntaken(peer) else {
            return .sent
        }
        return .untaken
    }

    /// The peer's system has not acknowledged a byte of the request.
    private func isUntaken(_ peer: PeerConnection) -> Bool {
        let sent = Int(exchange.attempts.currentBytesSent) + peer.transport.owedCount
        // A record of TLS adds at least 22 bytes.
        let overhead = peer.transport.tls == nil ? 0 : 22 * (1 + sent / 16384)
        return peer.transport.unacknowledgedCount >= sent + overhead
    }

    /// The attempt under way is over, however it ended: the peer's account is told, its numbers are counted,
    /// and its connection is let go.
    ///
    /// - Parameter keepsPeer: the connection may serve another request.
    func endAttempt(_ outcome: AttemptOutcome, keepsPeer: Bool = false) {
        endRetry()
        exchange.attempts.finish(nowMs: worker.clock.nowMs)
        guard let group, let index = chosenPeer.take() else { return }
        group.finished(index, outcome, nowMs: worker.clock.nowMs)
        guard let peer = peer.take() else { return }
        worker.countAttempt(exchange, at: group.peers[index])
        if keepsPeer { worker.keepIdle(peer) } else { peer.close() }
    }
}
