internal import Core
internal import HTTP
internal import Net

/// Bytes of a response on their way to one HTTP/1 client.
///
/// What the socket does not take is held here; whoever makes the bytes looks at `heldCount` and
/// stops. The buffer is borrowed from the worker's pool, and only while there is something to hold.
final class HTTP1Writer {
    /// How the content is framed for this client. RFC 9112 §6.
    enum Framing {
        /// No content may follow the head.
        case none
        /// As it is: a length was given, or the connection's end ends it.
        case identity
        case chunked
    }

    var framing = Framing.none
    private let pool: BufferPool
    private var held: ByteBuffer?

    init(pool: BufferPool) {
        self.pool = pool
    }

    var isEmpty: Bool { held?.isEmpty ?? true }
    var heldCount: Int { held?.count ?? 0 }

    /// Where heads and framing are written; sent by the next `flush` or `send`.
    var pending: ByteBuffer {
        if let held { return held }
        let fresh = pool.take()
        held = fresh
        return fresh
    }

    /// The same, for who puts it back.
    func takePending() -> ByteBuffer { held.take() ?? pool.take() }

    func putBack(_ buffer: consuming ByteBuffer) { held = consume buffer }

    /// Frames the bytes of `slice` as the client wants them, behind what is pending.
    func append(_ slice: Slice, of content: ByteBuffer) {
        guard !slice.isEmpty else { return }
        switch framing {
        case .none:
            break
        case .identity:
            pending.append(slice, of: content)
        case .chunked:
            let buffer = pending
            ChunkWriter.begin(Int(slice.count), to: buffer)
            buffer.append(slice, of: content)
            buffer.append(ChunkWriter.end)
        }
    }

    /// Appends what ends the content, if its framing needs that, with trailers in lines.
    func end(trailers: ByteBuffer?) {
        if case .chunked = framing { ChunkWriter.appendLast(trailers, to: pending) }
    }

    /// Sends what is pending.
    ///
    /// - Returns: `.bytes` with the count when all of it went, `.wouldBlock` when some is left.
    func flush(_ transport: Transport) -> IOOutcome {
        // Taken out and put back: what stays here while somebody else is called is retained for that.
        guard let pending = held.take() else { return .bytes(0) }
        let outcome = HTTP1Writer.send(pending, over: transport)
        held = pending
        return outcome
    }

    private static func send(_ bytes: ByteBuffer, over transport: Transport) -> IOOutcome {
        var sent = 0
        while !bytes.isEmpty {
            switch transport.send(bytes) {
            case .bytes(let count): sent += count
            case .wouldBlock: return sent > 0 && bytes.isEmpty ? .bytes(sent) : .wouldBlock
            case .closed: return .closed
            case .failed(let errno): return .failed(errno)
            }
        }
        return .bytes(sent)
    }

    /// Lets what is pending leave with what others send; the next `flush` finds it done.
    func sendAhead(over transport: Transport, in batch: SendBatch) {
        guard let pending = held.take() else { return }
        batch.add(transport, pending)
        held = pending
    }

    /// Sends at most `limit` bytes of what is pending, through a buffer of the worker.
    ///
    /// - Returns: `.bytes` with the count when so much or all of it went, `.wouldBlock` when the socket
    ///   took less.
    func flush(_ transport: Transport, limit: Int64, using worker: Worker) -> IOOutcome {
        guard let held else { return .bytes(0) }
        let piece = worker.takeScratch()
        defer { worker.giveScratch(piece) }
        var left = Int(clamping: limit)
        while left > 0, !held.isEmpty {
            let count = min(left, held.count, 16 << 10)
            piece.removeAll()
            piece.append(Slice(from: 0, to: count), of: held)
            let outcome = transport.send(piece)
            guard case .bytes = outcome else { return outcome }
            held.consume(count - piece.count)
            left -= count - piece.count
        }
        return .bytes(Int(clamping: limit) - left)
    }

    /// Sends what is pending and then `content`, in one system call where that is possible.
    ///
    /// All of `content` is consumed: what the socket does not take is held.
    func send(_ content: ByteBuffer, over transport: Transport) -> IOOutcome {
        guard case .identity = framing else {
            append(Slice(from: 0, to: content.count), of: content)
            content.removeAll()
            return flush(transport)
        }
        let first = pending
        while !(first.isEmpty && content.isEmpty) {
            let outcome = transport.send(first, content)
            if case .bytes = outcome { continue }
            first.append(contentsOf: content)
            content.removeAll()
            return outcome
        }
        return .bytes(0)
    }

    /// Gives the buffer back; what is in it is dropped.
    func release() {
        if let buffer = held.take() { pool.give(buffer) }
    }
}
