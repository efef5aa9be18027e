internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// A connection that left HTTP by `101 Switching Protocols`: bytes both ways, as they come.
///
/// Each direction reads only when the other side took what was read before.
final class Tunnel {
    private let session: HTTP1Session
    private let peer: PeerConnection
    private let request: UpstreamRequest
    /// Bytes that the peer, or the client, has not taken yet.
    private let toPeer: ByteBuffer
    private let toClient: ByteBuffer
    private var ending: Ending

    /// What the end of one side means.
    private enum Ending {
        /// The end of all: nobody who left HTTP by an upgrade expects more.
        case whole
        /// The other side is told, and may go on: of tunnels that CONNECT made.
        case byHalves(done: Sides)
    }

    private struct Sides: OptionSet {
        let rawValue: UInt8
        static let peer = Sides(rawValue: 1)
        static let client = Sides(rawValue: 2)
    }

    init(session: HTTP1Session, peer: PeerConnection, request: UpstreamRequest) {
        self.session = session
        self.peer = peer
        self.request = request
        toPeer = session.worker.takeBuffer()
        toClient = session.worker.takeBuffer()
        ending = session.exchange?.method == .connect ? .byHalves(done: []) : .whole
    }

    /// Bytes that came before the tunnel stood: behind the request's head, behind the response's.
    func begin(fromClient: ByteBuffer?, from offset: Int, fromPeer: ByteBuffer, head: HTTP1Writer) {
        if !head.isEmpty {
            toClient.append(contentsOf: head.pending)
            head.pending.removeAll()
        }
        if let fromClient, offset < fromClient.count {
            toPeer.append(Slice(from: offset, to: fromClient.count), of: fromClient)
        }
        toClient.append(contentsOf: fromPeer)
        fromPeer.removeAll()
        pump()
    }

    /// Moves what can be moved, in both directions.
    func pump() {
        guard move(from: peer.transport, to: session.transport, toClient, isToClient: true) else {
            return end()
        }
        guard move(from: session.transport, to: peer.transport, toPeer, isToClient: false) else {
            return end()
        }
        if case .byHalves([.peer, .client]) = ending { return end() }
        let proxy = request.proxy
        peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        if toPeer.isEmpty {
            session.worker.cancel(peer.writeTimer)
        } else {
            peer.arm(peer.writeTimer, afterMs: proxy.sendTimeoutMs)
        }
        if toClient.isEmpty {
            session.worker.cancel(session.writeTimer)
        } else {
            session.arm(session.writeTimer, afterMs: session.sendTimeoutMs)
        }
    }

    /// - Returns: `false` when this direction has ended.
    private func move(from source: Transport, to sink: Transport, _ held: ByteBuffer, isToClient: Bool)
        -> Bool
    {
        var budget = 16
        while true {
            while !held.isEmpty {
                let before = held.count
                switch sink.send(held) {
                case .bytes: count(before - held.count, isToClient: isToClient)
                case .wouldBlock: return true
                case .closed, .failed: return false
                }
            }
            guard source.isReadable, !isDone(isToClient ? .peer : .client) else { return true }
            budget -= 1
            guard budget > 0 else {
                session.worker.post(session.connection.token)
                return true
            }
            switch source.receive(into: held, atLeast: 16 << 10, limit: 64 << 10) {
            case .bytes(let received):
                if isToClient { session.exchange?.attempts.received(received) }
            case .wouldBlock: return true
            case .closed: return goesOn(without: isToClient ? .peer : .client, telling: sink)
            case .failed: return false
            }
        }
    }

    private func isDone(_ side: Sides) -> Bool {
        if case .byHalves(let done) = ending { done.contains(side) } else { false }
    }

    /// One side has ended, and all that it sent was passed on.
    private func goesOn(without side: Sides, telling sink: Transport) -> Bool {
        guard case .byHalves(let done) = ending else { return false }
        ending = .byHalves(done: done.union(side))
        sink.shutdownWrite()
        return true
    }

    private func count(_ sent: Int, isToClient: Bool) {
        guard let exchange = session.exchange else { return }
        if isToClient {
            exchange.delivery.bytesSent += Int64(sent)
            exchange.delivery.contentBytesSent += Int64(sent)
        } else {
            exchange.attempts.sent(sent)
        }
    }

    func timedOut() {
        request.log(.info, "connection timed out (110: Connection timed out)")
        end()
    }

    /// Either side ended it: both connections are closed, the exchange is logged.
    func end() {
        session.worker.giveBuffer(toPeer)
        session.worker.giveBuffer(toClient)
        request.tunnelEnded()
        session.tunnelEnded()
    }
}
