internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// Choosing peers, connecting, and the one decision what follows a failure.
extension UpstreamRequest {
    /// Begins: the request's content is at hand, or will be streamed.
    func start(_ group: PeerGroup) {
        self.group = group
        enter(exchange.snapshot.groups.queue(of: group))
        exchange.advance(.sentUpstream)
        setKeys(group)
        if group.isSticky { bind(to: group) }
        tries = Attempts(
            proxy.nextUpstream, peers: group.triesMax(for: selection), nowMs: worker.clock.nowMs)
        connectToNextPeer(of: group)
    }

    private func setKeys(_ group: PeerGroup) {
        if group.settings.method.needsAddress {
            exchange.remoteAddress.withAddressBytes { selection.setClientAddress($0) }
        }
        guard let key = exchange.snapshot.configuration.hashKey(of: group) else { return }
        let scratch = worker.takeScratch()
        key.append(for: exchange, to: scratch)
        scratch.withReadable { selection.setHashKey($0) }
        worker.giveScratch(scratch)
    }

    private func prepare(_ next: Attempt) {
        body.restart()
        attempt = next
        trailers?.reset()
        stream.prepare()
    }

    func connectToNextPeer(_ next: Attempt = Attempt()) {
        if let group { connectToNextPeer(of: group, next) }
    }

    private func connectToNextPeer(of group: PeerGroup, _ next: Attempt = Attempt()) {
        prepare(next)
        if tries.isFirst, group.settings.queue.count > 0, let queue, isBehindOthers(in: queue, group) {
            if !waitForServer() { noServer(group, isOverloaded: group.isCrowded) }
            return
        }
        switch group.pick(selection, nowMs: worker.clock.nowMs) {
        case .none:
            if !waitForServer() { noServer(group, isOverloaded: group.isOverloaded) }
        case .peer(let index):
            begin(at: index, group)
        }
    }

    /// Those who wait for a server came first, here and, if it is their turn, in other workers.
    private func isBehindOthers(in queue: RequestQueue, _ group: PeerGroup) -> Bool {
        queue.isServerAwaited || queue.isAboveShare(of: group, newcomers: 1)
    }

    func noServer(_ group: PeerGroup, isOverloaded: Bool) {
        exchange.beginAttempt(at: group.nameBytes)
        let status: UInt16 = isOverloaded ? 503 : 502
        exchange.attempts.setStatus(status)
        exchange.accounting.fault = isOverloaded ? .overloaded : .noLiveUpstream
        if isOverloaded {
            refuse(group)
        } else {
            // The log tells of the group as of an upstream that was tried.
            state = .trying
            log(.error, "no live upstreams")
        }
        state = .done
        exchange.upstreamFailed(status: status)
    }

    /// The servers have as many requests as are good for them: the client may come again when those are
    /// through that wait now.
    private func refuse(_ group: PeerGroup) {
        let nowMs = worker.clock.nowMs
        let waitMs = queue?.longestWaitMs(nowMs: nowMs) ?? 0
        let own = state == .waiting ? nowMs - waitingSinceMs : 0
        exchange.limiting.retryAfterSeconds = Int(min((max(waitMs, own) + 999) / 1000 + 1, 60))
        // One for each of thousands a second would be one more load.
        guard let count = worker.overloadLog.admit(nowMs: nowMs) else { return }
        let more = count > 0 ? ", and \(count) requests before this one" : ""
        let name = group.settings.name
        log(.warn, "the servers of upstream \"\(name)\" have all the requests that they may have\(more)")
    }

    func begin(at index: Int, _ group: PeerGroup) {
        tries.began()
        exchange.beginAttempt(at: group.peers[index])
        if let binding { binding.server = group.stickyID(of: index) }
        connect(to: index, group)
    }

    /// Peers of one group may speak different protocols, where TLS agrees on one.
    private func settleStream(at peer: Peer) {
        guard let target = exchange.proxying.target, target.isTLS else { return }
        let wasShared = stream.isShared
        settleStream(for: target, at: peer)
        guard stream.isShared != wasShared else { return }
        exchange.settleOffer(isFramed: wasShared)
        stream.write(for: target)
        stream.prepare()
    }

    private func connect(to index: Int, _ group: PeerGroup) {
        state = .trying
        if proxy.httpVersion == .http2 { settleStream(at: group.peers[index]) }
        attempt.peer = index
        if let trace = worker.trace { return trace.wouldConnect(self, to: index, of: group) }
        if let pooled = stream.pooled(group, peer: index, for: self) {
            // Others wait for it as well.
            guard pooled.isOpen else { return stream.wait(for: pooled) }
            attempt.carrier = .pooledConnection
            connected()
            return stream.start(over: pooled, for: self)
        }
        switch worker.connector.connect(group, peer: index, for: self) {
        case .failed(let errno):
            logUnconnected(errno, "connect() to \(group.peers[index].settings.name)")
            attempt.cause = FailureCause(connecting: errno)
            next(AttemptFailure(errno))
        case .inProgress(let connection):
            stream.wait(for: connection)
            connection.arm(connection.writeTimer, afterMs: proxy.connectTimeoutMs)
        case .connected(let connection):
            stream.wait(for: connection)
            connection.connected()
        }
    }

    /// The request can be sent.
    func connected() { exchange.attempts.connected(nowMs: worker.clock.nowMs) }

    /// The connection that it waited for came to nothing.
    func openingFailed(_ failure: OpeningFailure) {
        switch failure {
        case .connect(let errno):
            logUnconnected(errno, "connect()")
            attempt.cause = FailureCause(connecting: errno)
            attemptFailed(AttemptFailure(errno))
        case .handshake(let reason, let failure):
            attempt.cause = FailureCause(failure)
            if let reason { log(.error, reason) }
            attemptFailed(.error)
        }
    }

    /// What this machine lacks is said once a second: every request would say it.
    func logUnconnected(_ errno: Errno, _ call: String) {
        guard errno.isOurs else { return log(.error, "\(call) failed \(errno.logText)") }
        guard let count = worker.shortageLog.admit(nowMs: worker.clock.nowMs) else { return }
        let more = count > 0 ? ", and \(count) more before it" : ""
        log(.crit, "\(call) failed \(errno.logText)\(more); it is not counted against the server")
    }

    // MARK: The end of an attempt

    /// The peer, or the way to it, failed.
    func attemptFailed(_ failure: AttemptFailure) {
        if case .relaying = state { failRelaying() } else { next(failure) }
    }

    /// The attempt failed: another one, or the end.
    func next(_ failure: AttemptFailure) {
        let (decision, outcome) = tries.failed(failure, standing, nowMs: worker.clock.nowMs)
        if exchange.attempts.currentStatus == 0 { exchange.attempts.setStatus(failure.answer) }
        let index = attempt.peer
        if attempt.cause == .unknown { attempt.cause = failure.cause }
        endAttempt(outcome)
        if case .samePeer = decision, let group, let index { return again(at: index, group) }
        exchange.accounting.lastFailure = EndReason.UpstreamFailure(failure)
        if case .end(let status) = decision {
            state = .done
            return exchange.upstreamFailed(status: status)
        }
        if let group, let index { group.peers[index].tally?.add(.retries) }
        retry(after: failure)
    }

    /// The peer was not really tried: another connection may do.
    private func again(at index: Int, _ group: PeerGroup) {
        exchange.attempts.forgetLast()
        prepare(Attempt())
        group.retake(index, selection, nowMs: worker.clock.nowMs)
        begin(at: index, group)
    }

    /// How the attempt under way stands, for the decision what may follow it.
    var standing: Attempts.Standing {
        let repetition: Attempts.Repetition =
            !body.canBeSentAgain
            ? .impossible : exchange.proxying.isIdempotent(exchange.method) ? .harmless : .harmful
        var progress = stream.progress
        // Asked only where it matters: it takes a system call.
        if case .sent = progress, attempt.isReused, case .harmful = repetition, stream.isUntaken {
            progress = .untaken
        }
        return Attempts.Standing(progress, over: attempt.carrier, repetition)
    }

    /// The attempt under way is over, however it ended: the peer's account is told, its numbers are counted,
    /// and its connection is let go.
    ///
    /// - Parameter keepsConnection: the connection may serve another request.
    func endAttempt(_ outcome: AttemptOutcome, keepsConnection: Bool = false) {
        endRetry()
        exchange.attempts.finish(nowMs: worker.clock.nowMs)
        // It was not given up for another one: the server goes on with the session.
        if binding != nil, case .done = state { learnSession(atHead: false) }
        guard let group, let index = attempt.peer.take() else { return }
        if group.wantsTimes { noteEnd(outcome, at: index, group) }
        let change = group.finished(index, outcome, attempt.cause, nowMs: worker.clock.nowMs)
        if case .none = change {} else { tell(change, of: group.peers[index], group) }
        guard stream.hasConnection else { return }
        worker.countAttempt(exchange, at: group.peers[index])
        stream.end(keepsConnection: keepsConnection)
    }

    /// The peer is used no more, or again. Who shares its state with nobody speaks for itself alone.
    private func tell(_ change: PeerGroup.StandingChange, of peer: Peer, _ group: PeerGroup) {
        let place = group.isShared ? "" : ", in worker \(worker.slot)"
        var entry: Chronicle.Entry
        switch change {
        case .none: return
        case .out:
            log(.warn, "upstream server temporarily disabled")
            let count = peer.state.fails
            let cause = attempt.cause.text.isEmpty ? "" : ": \(attempt.cause.text)"
            entry = Chronicle.Entry(
                peer.settings.name, "unavailable",
                reason:
                    "\(count) failed attempt\(count == 1 ? "" : "s")\(cause)\(place)"
            )
        case .back(let ms):
            entry = Chronicle.Entry(peer.settings.name, "up", reason: "an attempt succeeded\(place)")
            entry.lastedMs = ms
        }
        entry.upstream = group.settings.name
        worker.shared.chronicle.tell(.server, at: worker.clock.wallMs, entry)
    }

    // MARK: Methods that go by the time that responses take

    /// A head has come that is passed on.
    func noteHeader() {
        guard let group, group.wantsTimes, let index = attempt.peer else { return }
        group.headArrived(index, selection, afterUs: attemptUs, nowMs: worker.clock.nowMs)
    }

    private func noteEnd(_ outcome: AttemptOutcome, at index: Int, _ group: PeerGroup) {
        var outcome = outcome
        // How long a tunnel stays open is no matter of the peer's.
        if case .proxyingUpgrade = attempt.activity, case .success = outcome { outcome = .neutral }
        group.timingEnded(index, outcome, selection, after: (attemptUs, worker.clock.nowMs))
    }

    /// For how long the attempt has lasted, in microseconds.
    private var attemptUs: Int64 { worker.clock.nowUs - exchange.attempts.current.beganUs }
}

extension Worker {
    /// An attempt is over, however it ended: its numbers are counted for the peer.
    func countAttempt(_ exchange: Exchange, at peer: Peer) {
        guard !exchange.attempts.isEmpty else { return }
        exchange.attempts.finish(nowMs: clock.nowMs)
        let attempt = exchange.attempts.current
        guard let tally = peer.tally else { return }
        tally.add(.requests)
        tally.add(.sent, Int(attempt.bytesSent))
        tally.add(.received, Int(attempt.bytesReceived))
        tally.set(.selectedMs, Int(clock.wallMs))
        // An attempt that failed has a status that nobody sent.
        guard attempt.headerMs != nil else { return }
        tally.add(status: attempt.status)
        tally.add(.headerUs, Int(max(0, attempt.headerUs - attempt.beganUs)))
        tally.add(microseconds: clock.nowUs - attempt.beganUs)
    }
}
