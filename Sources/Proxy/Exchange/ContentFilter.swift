internal import Core
internal import Net

/// What the content of one response goes through between whoever makes it and its client: `gzip`, `gunzip`.
///
///     maker ──give──▶ held ──coder──▶ stream
///
/// The client's readiness is asked before each piece: what it does not take yet stays in front of the
/// coder, where makers see it as content that is held. Recycled by its worker.
final class ContentFilter {
    /// Most bytes that one response has coded in a turn of the worker, by what was taken or what was made of
    /// it, whichever is more: some 5 ms at level 6. Others have their turn first then.
    private static var turnMax: Int { 128 << 10 }

    private let worker: Worker
    /// Content that was taken, and not coded yet.
    private let held = ByteBuffer(capacity: 4096)
    private var kind = ContentCoder.Kind.inflate
    /// Taken when there is content, given back at its end.
    private var coder: ContentCoder?
    /// Most bytes that are made before the client is asked again.
    private var pieceMax = 0
    private var flush = ContentCoder.Flush.none
    /// What came so far may wait for more.
    private var mayWait = false
    private var state = State.idle
    /// How the response ends when all is coded.
    private var ending = ResponseStream.Ending.none
    /// It goes on in a later turn.
    private(set) var isQueued = false
    /// When the turn began in which so many bytes were coded.
    private var turnUs: Int64 = 0
    private var turnCount = 0
    /// Bytes of content that came, and that were made of them.
    private(set) var takenCount: Int64 = 0
    private(set) var madeCount: Int64 = 0

    private enum State {
        /// No response has it.
        case idle
        /// At the beginning of a content, or of one that follows another (RFC 1952 §2.2).
        case between
        case within
        /// Nothing more is made.
        case over
    }

    init(worker: Worker) {
        self.worker = worker
    }

    /// A response begins.
    ///
    /// - Parameter mayWait: nobody waits for a part of it: it need not be readable when its maker pauses.
    func begin(_ kind: ContentCoder.Kind, pieceMax: Int, mayWait: Bool) {
        self.kind = kind
        self.mayWait = mayWait
        self.pieceMax = pieceMax
        flush = .none
        state = .between
        ending = .none
        isQueued = false
        takenCount = 0
        madeCount = 0
    }

    /// The response has ended, or was given up: what it took is free for others.
    func end(for client: ClientConnection) {
        guard state != .idle else { return }
        client.codedCount -= 1
        worker.coders.release()
        giveCoder()
        state = .idle
        flush = .none
        ending = .none
        isQueued = false
        held.removeAll()
        held.shrink(toCapacity: 64 << 10)
    }

    private func giveCoder() {
        if let coder = coder.take() { worker.coders.give(coder) }
    }

    /// Bytes that wait in front of the coder.
    var heldCount: Int { held.count }

    /// It has something to code that the client has no room for.
    var isHolding: Bool { !held.isEmpty || flush != .none }

    /// How many times smaller the content became, in hundredths; `nil`: it was not compressed.
    var ratio: Int64? {
        guard kind != .inflate, madeCount > 0 else { return nil }
        return (takenCount * 1000 / madeCount + 5) / 10
    }

    // MARK: What the maker gives

    /// Content has come.
    func take(_ slice: Slice, of content: ByteBuffer, for exchange: Exchange) {
        guard isOpen else { return }
        takenCount += Int64(slice.count)
        held.append(slice, of: content)
        goOn(for: exchange)
    }

    /// No more content comes for now: the client gets what there is, unless that may wait.
    func pause(for exchange: Exchange) {
        if mayWait { return }
        if case .within = state, flush == .none, ending == .none {
            flush = .sync
            goOn(for: exchange)
        }
        if isRunning(exchange) { exchange.stream.flush() }
    }

    /// No more content comes.
    func finish(_ ending: ResponseStream.Ending, for exchange: Exchange) {
        guard isOpen, self.ending == .none else { return }
        self.ending = ending
        flush = ending == .whole ? .finish : .sync
        goOn(for: exchange)
    }

    /// The turn that it waited for has come.
    func takeTurn(for exchange: Exchange) {
        guard isQueued else { return }
        isQueued = false
        exchange.clientCanTakeMore()
    }

    // MARK: Coding

    private func isRunning(_ exchange: Exchange) -> Bool {
        guard exchange.filter === self, case .responding = exchange.phase else { return false }
        return state != .idle
    }

    private var isOpen: Bool {
        switch state {
        case .between, .within: true
        case .idle, .over: false
        }
    }

    /// Codes what there is, as far as the client takes it, and then ends the response if it is to end.
    func goOn(for exchange: Exchange) {
        if turnUs != worker.clock.nowUs {
            turnUs = worker.clock.nowUs
            turnCount = 0
        }
        while isHolding, isOpen {
            if exchange.stream.isBlocked { return }
            guard turnCount < ContentFilter.turnMax else { return goOnLater(exchange) }
            guard let coder = readyCoder() else { return fail("no memory is left for zlib", exchange) }
            let out = worker.coded
            out.removeAll()
            let before = held.count
            let step = coder.code(held, flush, into: out, atMost: pieceMax)
            if held.count < before { state = .within }
            let count = out.count
            madeCount += Int64(count)
            turnCount += max(count, before - held.count)
            let complaint = settle(step, coder)
            if count > 0 {
                let isLast = state == .over && ending == .whole && complaint == nil
                exchange.stream.send(out, of: exchange, isLast: isLast)
                guard isRunning(exchange) else { return }
            }
            if let complaint { return fail(complaint, exchange) }
        }
        endIfDue(exchange)
    }

    private func readyCoder() -> ContentCoder? {
        if let coder { return coder }
        coder = worker.coders.take(kind)
        return coder
    }

    /// - Returns: what is wrong.
    private func settle(_ step: ContentCoder.Step, _ coder: ContentCoder) -> StaticString? {
        switch (step, kind) {
        case (.wantsRoom, _): return nil
        case (.wantsInput, .deflate):
            flush = .none
            return nil
        case (.wantsInput, .inflate):
            // All that was taken is given at once.
            let isAtEnd = flush == .finish
            flush = .none
            guard isAtEnd else { return nil }
            let isWhole = state == .between
            state = .over
            return isWhole ? nil : "inflate() found no end of the content"
        case (.ended, .deflate):
            flush = .none
            state = .over
            return nil
        case (.ended, .inflate):
            coder.restart()
            state = .between
            return nil
        case (.failed, .deflate): return "deflate() failed"
        case (.failed, .inflate): return "inflate() failed: the content is not what Content-Encoding says"
        }
    }

    /// Others are served first.
    private func goOnLater(_ exchange: Exchange) {
        guard !isQueued else { return }
        isQueued = true
        worker.makeLater(exchange)
    }

    private func endIfDue(_ exchange: Exchange) {
        guard ending != .none else { return }
        let ending = ending
        self.ending = .none
        state = .over
        flush = .none
        giveCoder()
        switch ending {
        case .none: break
        case .whole: exchange.stream.end(exchange)
        case .cut: exchange.stream.cut(exchange)
        }
    }

    /// The client sees that this is not all.
    private func fail(_ complaint: StaticString, _ exchange: Exchange) {
        worker.log(.error, exchange, "\(complaint)")
        exchange.accounting.fault = kind == .inflate ? .upstreamCut : .internalError
        state = .over
        ending = .none
        flush = .none
        held.removeAll()
        exchange.dropSource()
        exchange.upstream?.abandon()
        exchange.stream.cut(exchange)
    }
}
