internal import Net
internal import Sharing
internal import Upstream

/// Connecting and TLS, before the first request is sent.
extension PeerConnection {
    /// connect(2) has come to something.
    func answered() {
        guard transport.isWritable || transport.isHangup || transport.isReadable else { return }
        if let errno = Socket.pendingError(transport.fd) { return fail(errno) }
        connected()
    }

    private func fail(_ errno: Errno) {
        owner?.request?.logUnconnected(errno, "connect()")
        owner?.request?.attemptFailed(AttemptFailure(errno))
    }

    /// The other end took the connection.
    func connected() {
        guard transport.tls != nil else { return open() }
        state = .handshaking
        owner?.request?.attempt.activity = .handshaking
        if let owner { arm(writeTimer, afterMs: owner.proxy.connectTimeoutMs) }
        shakeHands()
    }

    /// Goes on with TLS.
    func shakeHands() {
        guard let tls = transport.tls else { return }
        switch tls.handshake(thenSends: true) {
        case .done:
            countHandshake(.handshakes)
            if tls.isSessionReused { countHandshake(.resumptions) }
            open()
        case .wantsRead, .wantsWrite:
            if transport.isHangup { refuse("peer closed connection in SSL handshake") }
        case .plainHTTP:
            refuse(nil)
        case .failed(let error):
            countHandshake(error.failure.count)
            if case .unverified(let reason) = error.failure { countHandshake(reason.count) }
            owner?.request?.log(.error, error.upstreamLogText)
            owner?.request?.attemptFailed(.error)
        }
    }

    private func refuse(_ reason: String?) {
        countHandshake(.handshakeFailures)
        if let reason { owner?.request?.log(.error, reason) }
        owner?.request?.attemptFailed(.error)
    }

    private func open() {
        state = .inUse
        owner?.opened()
    }

    /// The peer took too long, with the connection or with the handshake.
    func openingTimedOut() {
        if case .handshaking = state { countHandshake(.handshakeTimeouts) }
        owner?.timedOut()
    }

    private func countHandshake(_ what: TallyTable.Count) {
        worker.shared.serverHandshakes.add(what)
        peer.tally?.add(what)
    }
}
