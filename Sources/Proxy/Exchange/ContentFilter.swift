internal import Config
internal import Core
internal import Net

/// What the content of one response goes through between whoever makes it and its client: `gzip`, `gunzip`,
/// `sub_filter`, `charset_map`.
///
///     maker ──give──▶ held ──stage──▶ next filter, or stream
///
/// The client's readiness is asked before each piece: what it does not take yet stays in front of the
/// coder, where makers see it as content that is held. Recycled by its worker.
final class ContentFilter {
    /// Most bytes that one response has coded in a turn of the worker, by what was taken or what was made of
    /// it, whichever is more: some 5 ms at level 6. Others have their turn first then.
    private static var turnMax: Int { 128 << 10 }
    /// Of a content that may wait, so many bytes are not worth a step of their own.
    private static var gatheredMax: Int { 4096 }
    /// Of what was coded, less is not worth a send of its own while nobody waits for it, as in nginx
    /// (`postpone_output`): gzip's head leaves with the content, and with the response's head.
    private static var sentMin: Int { 1460 }

    private let worker: Worker
    /// Content that was taken, and not coded yet.
    private let held = ByteBuffer(capacity: 4096)
    /// What was coded, and waits for more of it.
    private let withheld = ByteBuffer(capacity: 0)
    private var stage = Stage.coding(.inflate)
    /// What comes out of this one goes through it.
    private var next: ContentFilter?
    private lazy var substitution = Substitution()
    /// Bytes to be left out, and after them to be given: all behind is left out.
    private var skippedCount: Int64 = 0
    private var wantedCount: Int64 = 0
    /// Bytes of what is held that are the beginning of a character.
    private var partCount = 0
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
    private var isQueued = false
    /// When the turn began in which so many bytes were coded.
    private var turnUs: Int64 = 0
    private var turnCount = 0
    /// Bytes of content that came, and that were made of them.
    private(set) var takenCount: Int64 = 0
    private(set) var madeCount: Int64 = 0

    private enum Stage {
        case coding(ContentCoder.Kind)
        case substituting
        case recoding(CharsetRecoding)
        case cutting
        /// Messages of gRPC become those of gRPC-Web.
        case translating(GRPCWeb.Form)
        /// Something stands before it, or behind it.
        case surrounding(Additions)
    }

    private enum State {
        /// No response has it.
        case idle
        /// At the beginning of a content, or of one that follows another (RFC 1952 §2.2).
        case between
        case within
        /// All was made; the response has not ended yet.
        case complete
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
        begin(.coding(kind), pieceMax)
        self.mayWait = mayWait
    }

    /// A response begins in which texts are replaced.
    func begin(
        _ plan: SubstitutionPlan, _ table: SearchTable, _ replacements: [Template<Variable>]
    ) {
        begin(.substituting, CompressionSettings.largestPiece)
        substitution.begin(plan, table, replacements)
    }

    /// A response begins whose text becomes one in another charset.
    func begin(_ recoding: CharsetRecoding) {
        begin(.recoding(recoding), CompressionSettings.largestPiece)
        partCount = 0
    }

    /// A response begins of which a range is given.
    func begin(_ range: Range<Int64>) {
        begin(.cutting, CompressionSettings.largestPiece)
        skippedCount = range.lowerBound
        wantedCount = range.upperBound - range.lowerBound
    }

    /// A response begins whose messages are written in this form.
    func begin(_ form: GRPCWeb.Form) { begin(.translating(form), CompressionSettings.largestPiece) }

    /// A response begins that other contents stand around.
    func begin(_ additions: Additions) { begin(.surrounding(additions), CompressionSettings.largestPiece) }

    private func begin(_ stage: Stage, _ pieceMax: Int) {
        self.stage = stage
        self.pieceMax = pieceMax
        mayWait = false
        next = nil
        flush = .none
        state = .between
        ending = .none
        isQueued = false
        turnCount = 0
        takenCount = 0
        madeCount = 0
    }

    /// What comes out of this filter, or of those behind it, is to go through another.
    func lead(to filter: ContentFilter) {
        if let next { next.lead(to: filter) } else { next = filter }
    }

    /// The response has ended, or was given up: what it took is free for others.
    func end(for client: ClientConnection) {
        next?.end(for: client)
        guard state != .idle else { return }
        switch stage {
        case .coding:
            client.codedCount -= 1
            worker.coders.release()
            giveCoder()
        case .substituting: substitution.end()
        case .cutting, .recoding, .translating, .surrounding: break
        }
        state = .idle
        flush = .none
        ending = .none
        isQueued = false
        held.removeAll()
        held.shrink(toCapacity: 64 << 10)
        withheld.removeAll()
    }

    /// Nobody has it any more.
    func giveBack() {
        if let last = next.take() { last.giveBack() }
        worker.giveBack(self)
    }

    private func giveCoder() {
        if let coder = coder.take() { worker.giveBack(coder) }
    }

    /// Bytes that wait in front of this filter and of those behind it.
    var heldCount: Int { held.count + (next?.heldCount ?? 0) }

    /// It has something to work on that the client has no room for.
    var isHolding: Bool { hasWork || (next?.isHolding ?? false) }

    private var hasWork: Bool {
        if flush != .none { return true }
        if case .recoding = stage { return held.count > partCount }
        if !held.isEmpty { return !isGathering }
        guard case .substituting = stage else { return false }
        return substitution.isBehind
    }

    /// So little has come that more, or the end, is waited for: a short content is compressed in one step,
    /// and leaves in one piece.
    private var isGathering: Bool {
        guard mayWait, state == .between, case .coding(.deflate) = stage else { return false }
        return held.count < ContentFilter.gatheredMax
    }

    /// It goes on in a later turn, or one behind it does.
    var isAwaitingTurn: Bool { isQueued || (next?.isAwaitingTurn ?? false) }

    /// How many times smaller the content became, in hundredths; `nil`: it was not compressed.
    var ratio: Int64? {
        guard case .coding(.deflate) = stage, madeCount > 0 else { return next?.ratio }
        return (takenCount * 1000 / madeCount + 5) / 10
    }

    // MARK: What the maker gives

    /// Content has come.
    ///
    /// - Parameter isLast: no content follows it: one step codes all of it.
    func take(_ slice: Slice, of content: ByteBuffer, isLast: Bool = false, for exchange: Exchange) {
        guard isOpen else { return }
        takenCount += Int64(slice.count)
        held.append(slice, of: content)
        if isLast, case .coding(.deflate) = stage { flush = .finish }
        goOn(for: exchange)
    }

    /// No more content comes for now: the client gets what there is, unless that may wait.
    func pause(for exchange: Exchange) {
        if mayWait { return }
        if case .within = state, flush == .none, ending == .none {
            flush = .sync
            goOn(for: exchange)
        }
        guard isRunning(exchange) else { return }
        if let next { next.pause(for: exchange) } else { exchange.stream.flush() }
    }

    /// No more content comes.
    func finish(_ ending: ResponseStream.Ending, for exchange: Exchange) {
        guard isOpen || state == .complete, self.ending == .none else { return }
        self.ending = ending
        if isOpen { flush = ending == .whole ? .finish : .sync }
        goOn(for: exchange)
    }

    /// The turn that it waited for has come.
    func takeTurn(for exchange: Exchange) {
        guard isAwaitingTurn else { return }
        forgetTurn()
        exchange.clientCanTakeMore()
    }

    private func forgetTurn() {
        isQueued = false
        next?.forgetTurn()
    }

    // MARK: Coding

    private func isRunning(_ exchange: Exchange) -> Bool {
        guard exchange.filter?.leads(to: self) ?? false, case .responding = exchange.phase else {
            return false
        }
        return state != .idle
    }

    private func leads(to filter: ContentFilter) -> Bool {
        self === filter || (next?.leads(to: filter) ?? false)
    }

    private var isOpen: Bool {
        switch state {
        case .between, .within: true
        case .idle, .complete, .over: false
        }
    }

    /// Codes what there is, as far as the client takes it, and then ends the response if it is to end.
    func goOn(for exchange: Exchange) {
        if let next, next.isHolding {
            next.goOn(for: exchange)
            guard isRunning(exchange), !next.isHolding else { return }
        }
        if turnUs != worker.clock.nowUs {
            turnUs = worker.clock.nowUs
            turnCount = 0
        }
        while hasWork, isOpen {
            if exchange.stream.isBlocked || (next?.isHolding ?? false) { return }
            guard turnCount < ContentFilter.turnMax else { return goOnLater(exchange) }
            let out = worker.coded
            out.removeAll()
            out.append(contentsOf: withheld)
            let (before, withheldBefore, isAwaited) = (held.count, withheld.count, flush != .none)
            withheld.removeAll()
            let complaint = work(into: out, for: exchange)
            let made = out.count - withheldBefore
            madeCount += Int64(made)
            turnCount += max(made, before - held.count, lookedCount)
            if !isAwaited { withhold(out) }
            if !out.isEmpty {
                give(out, isLast: state == .complete && complaint == nil, exchange)
                guard isRunning(exchange) else { return }
            }
            if let complaint { return fail(complaint, exchange) }
        }
        endIfDue(exchange)
    }

    /// Keeps what was coded until there is more of it, or somebody waits for it.
    private func withhold(_ out: ByteBuffer) {
        guard case .coding(.deflate) = stage, out.count < ContentFilter.sentMin else { return }
        withheld.append(contentsOf: out)
        out.removeAll()
    }

    private func give(_ out: ByteBuffer, isLast: Bool, _ exchange: Exchange) {
        guard let next else { return exchange.stream.send(out, of: exchange, isLast: isLast) }
        next.take(Slice(from: 0, to: out.count), of: out, for: exchange)
    }

    /// Bytes that the last piece cost, where each may be looked at more than once.
    private var lookedCount: Int {
        if case .substituting = stage { substitution.lookedCount } else { 0 }
    }

    /// Makes a piece of what is held.
    ///
    /// - Returns: what is wrong.
    private func work(into out: ByteBuffer, for exchange: Exchange) -> StaticString? {
        let before = held.count
        let step: ContentCoder.Step
        switch stage {
        case .coding(let kind):
            guard let coder = readyCoder(kind) else { return "no memory is left for zlib" }
            step = coder.code(held, flush, into: out, atMost: pieceMax)
            if held.count < before { state = .within }
            return settle(step, kind, coder)
        case .cutting:
            cut(into: out)
            return nil
        case .recoding(let recoding):
            recode(recoding, into: out)
            return nil
        case .translating(let form):
            translate(form, into: out, for: exchange)
            return nil
        case .surrounding(let additions):
            surround(additions, into: out)
            return nil
        case .substituting:
            step = substitution.replace(
                held, isLast: flush == .finish, into: out, atMost: pieceMax, for: exchange)
            if held.count < before { state = .within }
            switch step {
            case .wantsRoom: break
            case .wantsInput, .failed: flush = .none
            case .ended:
                flush = .none
                state = .complete
            }
            return nil
        }
    }

    private func cut(into out: ByteBuffer) {
        let skipped = min(Int64(held.count), skippedCount)
        held.consume(Int(skipped))
        skippedCount -= skipped
        let count = min(Int64(held.count), wantedCount, Int64(pieceMax))
        out.append(Slice(from: 0, to: Int(count)), of: held)
        held.consume(Int(count))
        wantedCount -= count
        if wantedCount == 0 { held.removeAll() }
        guard held.isEmpty else { return }
        if flush == .finish { state = .complete } else { state = .within }
        flush = .none
    }

    private func recode(_ recoding: CharsetRecoding, into out: ByteBuffer) {
        let isLast = flush == .finish
        let taken = held.withReadable { recoding.recode($0, isLast: isLast, into: out, atMost: pieceMax) }
        held.consume(taken)
        if taken > 0 { state = .within }
        partCount = 0
        guard out.count < pieceMax else { return }
        partCount = held.count
        flush = .none
        if isLast { state = .complete }
    }

    private func surround(_ additions: Additions, into out: ByteBuffer) {
        let isLast = flush == .finish
        guard additions.surround(held, isLast: isLast, into: out, atMost: pieceMax) else { return }
        if isLast { state = .complete } else { state = .within }
        flush = .none
    }

    private func translate(_ form: GRPCWeb.Form, into out: ByteBuffer, for exchange: Exchange) {
        let count = min(held.count, pieceMax)
        GRPCWeb.append(Slice(from: 0, to: count), of: held, form, to: out)
        held.consume(count)
        guard held.isEmpty else { return }
        if flush == .finish {
            GRPCWeb.appendTrailers(exchange, form, to: out)
            state = .complete
        } else {
            state = .within
        }
        flush = .none
    }

    private func readyCoder(_ kind: ContentCoder.Kind) -> ContentCoder? {
        if let coder { return coder }
        coder = worker.coders.take(kind)
        return coder
    }

    /// - Returns: what is wrong.
    private func settle(
        _ step: ContentCoder.Step, _ kind: ContentCoder.Kind, _ coder: ContentCoder
    ) -> StaticString? {
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
            state = .complete
            return isWhole ? nil : "inflate() found no end of the content"
        case (.ended, .deflate):
            flush = .none
            state = .complete
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
        if let next { return next.finish(ending, for: exchange) }
        switch ending {
        case .none: break
        case .whole: exchange.stream.end(exchange)
        case .cut: exchange.stream.cut(exchange)
        }
    }

    /// The client sees that this is not all.
    private func fail(_ complaint: StaticString, _ exchange: Exchange) {
        worker.log(.error, exchange, "\(complaint)")
        if case .coding(.inflate) = stage {
            exchange.accounting.fault = .upstreamCut
        } else {
            exchange.accounting.fault = .internalError
        }
        state = .over
        ending = .none
        flush = .none
        held.removeAll()
        exchange.dropSource()
        exchange.upstream?.abandon()
        exchange.stream.cut(exchange)
    }
}
