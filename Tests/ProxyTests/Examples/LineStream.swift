import Core
import Net

@testable import Proxy

/// A protocol of one line: the client names a path and gets the content, nothing around it; then the
/// connection ends.
final class LineStream {
    let worker: Worker
    let connection: ClientConnection
    private(set) var exchange: Exchange?
    /// Content that the socket has not taken.
    private let out = ByteBuffer(capacity: 4096)
    private var ending = ResponseStream.Ending.none

    init(_ worker: Worker, _ connection: ClientConnection, _ exchange: Exchange) {
        self.worker = worker
        self.connection = connection
        self.exchange = exchange
    }

    // MARK: The response

    func start(_ exchange: Exchange) {}

    func append(_ slice: Slice, of content: ByteBuffer) {
        out.append(slice, of: content)
        exchange?.delivery.contentBytesSent += Int64(slice.count)
        exchange?.delivery.bytesSent += Int64(slice.count)
    }

    func send(_ content: ByteBuffer, of exchange: Exchange, isLast: Bool) {
        append(Slice(from: 0, to: content.count), of: content)
        content.removeAll()
        if !isLast { flush() }
    }

    func flush() {
        while !out.isEmpty, connection.transport.isWritable {
            switch connection.transport.send(out) {
            case .bytes: continue
            case .wouldBlock: return
            case .closed, .failed: return abandon()
            }
        }
        if out.isEmpty, ending != .none { finish() }
    }

    func end(_ exchange: Exchange) { settle(.whole) }
    func cut(_ exchange: Exchange) { settle(.cut) }
    func abandon() { finish() }

    private func settle(_ ending: ResponseStream.Ending) {
        self.ending = ending
        flush()
    }

    var heldMax: Int { ResponseStream.heldMax }
    var pieceMax: Int { ResponseStream.heldMax }
    var mayRunAhead: Bool { true }
    var isBlocked: Bool { out.count >= heldMax }
    var isPaused: Bool { false }
    var heldCount: Int { out.count }

    // MARK: What this protocol has not

    func inform(_ exchange: Exchange) {}
    func wantBody() {}
    func takeBody() {}
    func readMoreBody() {}
    func delay(ms: Int) {}
    func startTunnel(peer: PeerConnection, request: UpstreamRequest, early: ByteBuffer) { abandon() }
    func pumpTunnel() {}
    func tunnelTimedOut() {}

    // MARK: The end

    private func finish() {
        guard let exchange = exchange.take() else { return }
        exchange.advance(.ended)
        exchange.finished()
        worker.account(for: exchange)
        worker.giveBack(exchange)
        worker.closed(connection)
    }
}
