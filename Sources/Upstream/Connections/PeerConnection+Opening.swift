internal import Net
internal import Sharing

/// Connecting and TLS, before the first request is sent.
extension PeerConnection {
    /// connect(2) has come to something.
    func answered() {
        guard transport.isWritable || transport.isHangup || transport.isReadable else { return }
        if let errno = Socket.pendingError(transport.fd) { failed(.connect(errno)); return }
        connected()
    }

    /// The other end took the connection.
    public func connected() {
        if group.settings.proxyProtocol != nil, !introduces() { return }
        guard transport.tls != nil else { return open() }
        state = .handshaking
        if let owner {
            owner.handshakeBegan()
            arm(writeTimer, afterMs: owner.connectTimeoutMs)
        } else if let sharer {
            sharer.handshakeBegan()
            arm(writeTimer, afterMs: sharer.connectTimeoutMs)
        }
        shakeHands()
    }

    /// The PROXY header is what the peer reads first, before TLS. A socket that is new takes all of it.
    private func introduces() -> Bool {
        let header = owner?.introduction(to: group) ?? sharer?.introduction(to: group) ?? []
        switch Socket.sendFirst(transport.fd, header) {
        case .bytes(header.count): return true
        case .failed(let errno): failed(.connect(errno))
        case .bytes, .wouldBlock, .closed: failed(.connect(.brokenPipe))
        }
        return false
    }

    private func failed(_ failure: OpeningFailure) {
        if let owner { owner.openingFailed(failure) } else { sharer?.openingFailed(failure) }
    }

    /// Goes on with TLS.
    func shakeHands() {
        guard let tls = transport.tls else { return }
        switch tls.handshake(thenSends: true) {
        case .done:
            countHandshake(.handshakes)
            if tls.isSessionReused { countHandshake(.resumptions) }
            open()
        case .wantsRead, .wantsWrite, .wantsContext:
            if transport.isHangup { refuse("peer closed connection in SSL handshake") }
        case .plainHTTP:
            refuse(nil)
        case .failed(let error):
            countHandshake(error.failure.count)
            if case .unverified(let reason) = error.failure { countHandshake(reason.count) }
            failed(.handshake(error.upstreamLogText, error.failure))
        }
    }

    private func refuse(_ reason: String?) {
        countHandshake(.handshakeFailures)
        failed(.handshake(reason, .other))
    }

    private func open() {
        if let owner {
            state = .inUse
            owner.opened()
        } else if let sharer {
            state = .shared
            sharer.opened()
        }
    }

    /// The peer took too long, with the connection or with the handshake.
    func openingTimedOut() {
        if case .handshaking = state { countHandshake(.handshakeTimeouts) }
        if let owner { owner.timedOut() } else { sharer?.timedOut() }
    }

    private func countHandshake(_ what: TallyTable.Count) {
        connector.shared.serverHandshakes.add(what)
        peer.tally?.add(what)
    }
}
