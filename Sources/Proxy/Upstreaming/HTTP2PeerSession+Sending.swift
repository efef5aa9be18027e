internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Frames on their way to the peer's socket.
extension HTTP2PeerSession {
    /// Most bytes that wait for the socket before no more content is framed: what a turn sends at once.
    private static var outMax: Int { 64 << 10 }

    /// Where frames are written; sent at the end of the turn.
    var pendingOut: ByteBuffer {
        if let out { return out }
        let fresh = worker.takeBuffer()
        out = fresh
        return fresh
    }

    /// Writes what streams have to say, in their turns, and sends it.
    func send() {
        for _ in 0..<4 {
            guard state == .open else { return }
            writeTurns()
            guard flush() else { return }
            guard link.hasTurns else { return }
        }
        post()
    }

    private func writeTurns() {
        while transport.isWritable, (out?.count ?? 0) < HTTP2PeerSession.outMax, let slot = link.takeTurn() {
            guard let stream = stream(slot), stream.writeTurn(self) else { continue }
            link.queue(slot)
        }
    }

    /// - Returns: whether the socket took all there was.
    private func flush() -> Bool {
        guard let out, !out.isEmpty else { return true }
        while !out.isEmpty {
            guard transport.isWritable else {
                isStuck()
                return false
            }
            switch transport.send(out) {
            case .bytes(let count):
                took(count)
                stuckMs = .max
            case .wouldBlock:
                isStuck()
                return false
            case .closed, .failed:
                // What it has said before it closed is still to be read.
                transport.assumeReadable()
                stuckMs = .max
                out.removeAll()
                return false
            }
        }
        releaseOut()
        return true
    }

    /// Bytes that the peer's system has taken of those that were sent, once the connection has ended; no less
    /// than that.
    ///
    /// RFC 9293 §3.10.7.4: what ends a connection in order says what was taken before it; a reset does not,
    /// and what its sender had read may look as if it had not come.
    /// - Parameter unknown: bytes that the peer's system has not acknowledged.
    static func takenCount(of sentCount: Int64, at end: IOOutcome, unknown: @autoclosure () -> Int) -> Int64 {
        guard case .closed = end else { return .max }
        return sentCount - Int64(unknown())
    }

    private func isStuck() {
        guard stuckMs == .max else { return }
        stuckMs = worker.clock.nowMs + Int64(terms.sendTimeoutMs)
        watch(stuckMs)
    }
}

/// What becomes of the connection that its requests wait for.
extension HTTP2PeerSession: ConnectionSharer {
    typealias Endpoint = Worker.Endpoint
    typealias Request = UpstreamRequest

    var connectTimeoutMs: Int { terms.connectTimeoutMs }
}
