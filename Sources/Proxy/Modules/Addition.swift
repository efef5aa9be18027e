internal import Config
internal import Core
internal import HTTP

/// `add_before_body`, `add_after_body`: puts what other locations answer around a response.
///
/// They are asked before the response begins, one after the other, and what they say is kept: mostly before
/// it is known whether the response is one that something is put around.
enum Addition {
    /// Asks for what is missing of what the location puts around its responses.
    ///
    /// - Returns: whether it is waited for: `Exchange.added` goes on as `next` says.
    static func isAwaited(_ exchange: Exchange, then next: Additions.Next) -> Bool {
        guard exchange.location.settings.addition.isUsed else { return false }
        guard exchange.givesContent, !exchange.isSubrequest, exchange.worker.trace == nil else {
            return false
        }
        if next == .respond, !isEligible(exchange) { return false }
        let settings = exchange.location.settings.addition
        let additions: Additions
        if let known = exchange.additions, known.before == settings.before, known.after == settings.after {
            additions = known
        } else {
            additions = Additions(before: settings.before, after: settings.after, exchange.worker)
            exchange.additions = additions
        }
        guard let path = additions.nextPath else { return false }
        additions.next = next
        exchange.askForAddition(at: path)
        return true
    }

    /// Called once for a response that `isForeseen`, behind all that looks into its own content.
    static func surround(_ exchange: Exchange) {
        let response = exchange.response
        let scratch = exchange.worker.takeScratch()
        response.recode(nil, using: scratch)
        exchange.worker.giveScratch(scratch)
        guard exchange.givesContent, let additions = exchange.additions else { return }
        if case .none = response.contentKind { response.contentKind = .buffered }
        exchange.add { $0.begin(additions) }
    }

    /// Whether something will be put around the response, as it stands; of a file no ranges are served then.
    static func isForeseen(for exchange: Exchange) -> Bool {
        exchange.location.settings.addition.isUsed && !exchange.isSubrequest && isEligible(exchange)
    }

    private static func isEligible(_ exchange: Exchange) -> Bool {
        let response = exchange.response
        // What is coded cannot be added to, nor can a call's answer that is made here.
        guard response.status == 200, !exchange.isGRPCCall,
            !response.fields.contains(where: { $0.known == .contentEncoding && !$0.value.isEmpty })
        else { return false }
        return ContentType.withBare(of: exchange) {
            exchange.location.settings.addition.types.contains($0)
        }
    }
}

/// What is put around one response.
final class Additions {
    /// What is done when all of it is here.
    enum Next { case serve, respond }

    /// What a worker keeps of such contents.
    struct Budget {
        /// Bytes of all of them.
        var held = 0

        /// Most bytes that one location may answer, and that all may have together.
        private static var sizeMax: Int { 256 << 10 }
        private static var heldMax: Int { 64 << 20 }

        /// Whether so much is kept.
        func admits(_ content: ByteBuffer) -> Bool {
            content.count <= Budget.sizeMax && held <= Budget.heldMax
        }
    }

    private let worker: Worker
    /// Bytes that the worker counts.
    private var heldCount = 0
    let before: [UInt8]
    let after: [UInt8]
    var next = Next.serve
    private let first = ByteBuffer(capacity: 0)
    private let last = ByteBuffer(capacity: 0)
    private var askedCount = 0

    init(before: [UInt8], after: [UInt8], _ worker: Worker) {
        self.before = before
        self.after = after
        self.worker = worker
    }

    deinit { worker.additions.held -= heldCount }

    /// The path to be asked next; `nil`: all that there is to put around is here.
    var nextPath: [UInt8]? {
        while askedCount < 2 {
            let path = askedCount == 0 ? before : after
            if !path.isEmpty { return path }
            askedCount += 1
        }
        return nil
    }

    /// The path that was asked has answered.
    func take(_ content: ByteBuffer) {
        (askedCount == 0 ? first : last).append(contentsOf: content)
        heldCount += content.count
        worker.additions.held += content.count
        askedCount += 1
    }

    /// Moves a piece of the content, and of what stands around it.
    ///
    /// - Returns: whether there is no more to move of what is here.
    func surround(_ content: ByteBuffer, isLast: Bool, into out: ByteBuffer, atMost count: Int) -> Bool {
        for source in isLast ? [first, content, last] : [first, content] {
            let piece = min(source.count, count - out.count)
            out.append(Slice(from: 0, to: piece), of: source)
            source.consume(piece)
            if !source.isEmpty { return false }
        }
        return true
    }
}
