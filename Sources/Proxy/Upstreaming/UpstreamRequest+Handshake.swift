internal import Net
internal import Sharing
internal import Upstream

/// TLS with a peer, before the request is sent.
extension UpstreamRequest {
    func continueHandshake(_ peer: PeerConnection) {
        guard let tls = peer.transport.tls else { return }
        switch tls.handshake(thenSends: true) {
        case .done:
            countHandshake(.handshakes, peer)
            if tls.isSessionReused { countHandshake(.resumptions, peer) }
            exchange.attempts.connected(nowMs: worker.clock.nowMs)
            peer.state = .inUse
            beginSending(peer)
        case .wantsRead, .wantsWrite:
            guard peer.transport.isHangup else { return }
            countHandshake(.handshakeFailures, peer)
            log(.error, "peer closed connection in SSL handshake")
            next(.error)
        case .plainHTTP:
            countHandshake(.handshakeFailures, peer)
            next(.error)
        case .failed(let error):
            countHandshake(error.failure.count, peer)
            if case .unverified(let reason) = error.failure { countHandshake(reason.count, peer) }
            log(.error, error.upstreamLogText)
            next(.error)
        }
    }

    /// The peer took too long, with the connection or with the handshake.
    func connectTimedOut() {
        if case .handshaking = state, let peer { countHandshake(.handshakeTimeouts, peer) }
        log(.error, "upstream timed out (110: Connection timed out)")
        next(.timeout)
    }

    private func countHandshake(_ what: TallyTable.Count, _ peer: PeerConnection) {
        worker.shared.serverHandshakes.add(what)
        peer.group.peers[peer.peer].tally?.add(what)
    }
}
