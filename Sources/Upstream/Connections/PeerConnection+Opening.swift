internal import Net
internal import Sharing

/// Connecting and TLS, before the first request is sent.
extension PeerConnection {
    /// connect(2) has come to something.
    func answered() {
        guard transport.isWritable || transport.isHangup || transport.isReadable else { return }
        if let errno = Socket.pendingError(transport.fd) { owner?.openingFailed(.connect(errno)); return }
        connected()
    }

    /// The other end took the connection.
    public func connected() {
        if group.settings.proxyProtocol != nil, let owner, !introduces(owner) { return }
        guard transport.tls != nil else { return open() }
        state = .handshaking
        if let owner {
            owner.handshakeBegan()
            arm(writeTimer, afterMs: owner.connectTimeoutMs)
        }
        shakeHands()
    }

    /// The PROXY header is what the peer reads first, before TLS. A socket that is new takes all of it.
    private func introduces(_ owner: Endpoint.User) -> Bool {
        let header = owner.introduction(to: group)
        switch Socket.sendFirst(transport.fd, header) {
        case .bytes(header.count): return true
        case .failed(let errno): owner.openingFailed(.connect(errno))
        case .bytes, .wouldBlock, .closed: owner.openingFailed(.connect(.brokenPipe))
        }
        return false
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
            owner?.openingFailed(.handshake(error.upstreamLogText))
        }
    }

    private func refuse(_ reason: String?) {
        countHandshake(.handshakeFailures)
        owner?.openingFailed(.handshake(reason))
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
        connector.shared.serverHandshakes.add(what)
        peer.tally?.add(what)
    }
}
