internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// From HTTP to a tunnel.
extension HTTP1Session {
    /// The peer agreed to switch protocols: passes its 101 on, then bytes both ways.
    func startTunnel(peer: PeerConnection, request: UpstreamRequest, early: ByteBuffer) {
        guard let exchange else { return }
        keepsAlive = false
        exchange.delivery.limitRate = 0
        HeaderFilter.apply(to: exchange)
        exchange.startResponse()
        flush()
        guard case .exchanging = state else { return }
        state = .tunnelling
        worker.cancel(readTimer)
        let started = Tunnel(session: self, peer: peer, request: request)
        tunnel = started
        request.tunnelBegan()
        // What of the 101 the socket did not take yet goes first.
        started.begin(fromClient: input, from: usedCount, fromPeer: early, head: writer)
    }

    func pumpTunnel() { tunnel?.pump() }
    func tunnelTimedOut() { tunnel?.timedOut() }

    var sendTimeoutMs: Int { exchange?.location.settings.core.sendTimeoutMs ?? 60_000 }

    /// The tunnel is closed: the exchange is over.
    func tunnelEnded() {
        guard case .tunnelling = state, let exchange else { return }
        finishLog(exchange)
        close()
    }
}
