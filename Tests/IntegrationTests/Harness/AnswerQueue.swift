import Synchronization

/// Answers that several gateways take from, each once, in order.
final class AnswerQueue: Sendable {
    private let answers: Mutex<[GatewayAnswer]>

    init(_ answers: [GatewayAnswer]) {
        self.answers = Mutex(answers)
    }

    func next() -> GatewayAnswer? {
        answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
