internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// A stream of HTTP/2 that became a tunnel to a peer which left HTTP/1 by its 101: RFC 8441.
///
/// What the client sends is held by the stream until the peer takes it, and its window opens by that; what
/// the peer sends is read as long as the stream is not blocked.
final class StreamTunnel {
    /// Most pieces of a turn.
    private static var piecesMax: Int { 16 }

    private let stream: HTTP2Stream
    private let exchange: Exchange
    private let peer: PeerConnection
    private let request: UpstreamRequest
    /// The client said that it was done, and the peer was told.
    private var isHalfClosed = false

    init(_ stream: HTTP2Stream, _ exchange: Exchange, peer: PeerConnection, request: UpstreamRequest) {
        self.stream = stream
        self.exchange = exchange
        self.peer = peer
        self.request = request
    }

    /// Moves what can be moved, in both directions.
    func pump() {
        guard moveToPeer(), moveToClient() else { return }
        let proxy = request.proxy
        peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        if stream.held?.isEmpty ?? true {
            stream.worker.cancel(peer.writeTimer)
        } else {
            peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs)
        }
    }

    /// - Returns: `false` when the tunnel has ended.
    private func moveToPeer() -> Bool {
        while let held = stream.held, !held.isEmpty {
            let before = held.count
            switch peer.transport.send(held) {
            case .bytes:
                exchange.attempts.sent(before - held.count)
                stream.consumed(before - held.count)
            case .wouldBlock:
                return true
            case .closed, .failed:
                end(isWhole: false)
                return false
            }
        }
        stream.releaseHeld()
        if stream.isRequestWhole, !isHalfClosed {
            isHalfClosed = true
            peer.transport.shutdownWrite()
        }
        return true
    }

    /// - Returns: `false` when the tunnel has ended.
    private func moveToClient() -> Bool {
        var pieces = 0
        while peer.transport.isReadable, !stream.isBlocked {
            pieces += 1
            guard pieces <= StreamTunnel.piecesMax else {
                stream.worker.post(stream.token)
                return true
            }
            let shared = stream.worker.emptyRelay()
            switch peer.transport.receive(into: shared, atLeast: 16 << 10, limit: stream.pieceMax) {
            case .bytes(let count):
                exchange.attempts.received(count)
                stream.send(shared, of: exchange, isLast: false)
            case .wouldBlock:
                return true
            case .closed:
                end(isWhole: true)
                return false
            case .failed:
                end(isWhole: false)
                return false
            }
        }
        return true
    }

    func timedOut() {
        request.log(.info, "connection timed out (110: Connection timed out)")
        end(isWhole: false)
    }

    /// The peer has ended it: the client gets what was sent, and the end, or sees that it broke.
    private func end(isWhole: Bool) {
        request.tunnelEnded()
        stream.tunnelEnded(exchange, isWhole: isWhole)
    }
}

/// From a request to a tunnel.
extension HTTP2Stream {
    /// The peer agreed to switch protocols: the client is told so by 200, then bytes go both ways.
    func startTunnel(peer: PeerConnection, request: UpstreamRequest, early: ByteBuffer) {
        guard let exchange, let session else { return }
        exchange.delivery.limitRate = 0
        exchange.response.status = 200
        HeaderFilter.apply(to: exchange)
        exchange.startResponse()
        worker.cancel(readTimer)
        session.link.wants(slot, mayStop: true, out: session.pendingOut)
        let started = StreamTunnel(self, exchange, peer: peer, request: request)
        tunnel = started
        request.tunnelBegan()
        send(early, of: exchange, isLast: false)
        started.pump()
    }

    func pumpTunnel() { tunnel?.pump() }
    func tunnelTimedOut() { tunnel?.timedOut() }

    /// The peer's side is closed.
    func tunnelEnded(_ exchange: Exchange, isWhole: Bool) {
        tunnel = nil
        if isWhole { end(exchange) } else { abandon() }
    }
}
