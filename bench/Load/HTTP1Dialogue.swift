import Core
import HTTP

/// HTTP/1.1 as the generator speaks it: answers come in the order of requests.
final class HTTP1Dialogue: LoadDialogue {
    private unowned let generator: LoadGenerator
    private var pending = Queue<PendingRequest>()
    private let head = ResponseHead()
    private var parser = HTTP1ResponseParser()
    /// Awaited from the end of a head to the answer's.
    private var content = ContentReader()
    private var closesAfterAnswer = false
    private(set) var isOver = false

    init(_ generator: LoadGenerator) {
        self.generator = generator
    }

    var pendingCount: Int { pending.count }
    var hasRoom: Bool { pendingCount < generator.pipeline && !closesAfterAnswer }

    func begin(_ output: ByteBuffer) {
        pending.removeAll()
        head.reset()
        parser.reset()
        content.begin(.none)
        closesAfterAnswer = false
        isOver = false
    }

    func ask(_ request: PendingRequest, _ output: ByteBuffer) {
        generator.appendRequest(to: output)
        pending.append(request)
        if !generator.keepsAlive { closesAfterAnswer = true }
    }

    func popPending() -> PendingRequest? { pending.popFirst() }

    func closed() -> LoadEvent {
        guard content.isAwaited, content.closed() else { return .needsMore }
        return answered()
    }

    func next(_ input: ByteBuffer, _ output: ByteBuffer) -> LoadEvent {
        guard !input.isEmpty else { return .needsMore }
        if content.isAwaited { return takeContent(input) }
        guard pendingCount > 0 else { return .broken }
        switch parser.parse(input, into: head, sizeMax: 64 << 10) {
        case .incomplete: return .needsMore
        case .refused: return .broken
        case .complete(let length):
            input.consume(length)
            return headCame()
        }
    }

    private func headCame() -> LoadEvent {
        guard head.status >= 200 else {
            head.reset()
            return .handled
        }
        if !head.keepsConnection { closesAfterAnswer = true }
        content.begin(head.framing(requestMethod: generator.method))
        return content.isEnded ? answered() : .handled
    }

    private func takeContent(_ input: ByteBuffer) -> LoadEvent {
        var position = 0
        while content.isAwaited {
            guard let piece = try? content.next(in: input, from: position) else { return .broken }
            switch piece {
            case .content(let range), .trailers(let range): position = range.upperBound
            case .ended(let end): position = end
            case .needsMore:
                input.removeAll()
                return .needsMore
            }
        }
        input.consume(position)
        return answered()
    }

    private func answered() -> LoadEvent {
        let status = head.status
        head.reset()
        isOver = closesAfterAnswer
        guard let request = pending.popFirst() else { return .broken }
        return .answered(request, status: status)
    }
}
