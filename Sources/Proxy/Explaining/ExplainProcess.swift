internal import Config
internal import Core
internal import Net

/// A request that is explained for somebody who looks at the status, in a child of the worker.
///
/// A child, since whatever the configuration does with a request is done for it, and other clients must not
/// wait: it has so much time, and if it traps, nobody is harmed. Forked and not started anew: it
/// then finds what this worker serves by, health, limits and sessions as they are, and reads no file that
/// a worker may not read.
final class ExplainProcess {
    /// What came of it.
    enum Result {
        case found([UInt8])
        /// There is something wrong with the question.
        case refused([UInt8])
        /// Why nothing was found out.
        case failed(String)
    }

    /// Children of one worker at a time.
    static var runningMax: Int { 2 }
    private static var kind: AwaitedAnswer.Kind {
        AwaitedAnswer.Kind(name: "portico-explain", secondsMax: 2, view: .own)
    }
    /// Longest explanation.
    private static var byteMax: Int { 40 << 10 }
    /// What an explanation begins with, and what a refusal does.
    private static var foundMark: UInt8 { 1 }
    private static var refusedMark: UInt8 { 0 }

    private let worker: Worker
    private var answer: AwaitedAnswer?
    /// Who is told; `nil`: it was, or has left.
    private var exchange: Exchange?
    private var said: [UInt8] = []

    /// Forks; `ExplainAnswers.conclude` is called later.
    ///
    /// - Throws: why there can be no child.
    static func start(
        _ question: ExplainQuestion, asJSON isJSON: Bool, for exchange: Exchange
    ) throws(Errno) {
        let explaining = ExplainProcess(exchange)
        let worker = exchange.worker
        explaining.answer = try AwaitedAnswer(kind, for: explaining, of: worker) {
            answer(question, isJSON, worker)
        }
        worker.explaining += 1
        exchange.source = .explaining(explaining)
    }

    private init(_ exchange: Exchange) {
        self.exchange = exchange
        worker = exchange.worker
    }

    /// In the child.
    private static func answer(_ question: ExplainQuestion, _ isJSON: Bool, _ worker: Worker) -> [UInt8] {
        do throws(ConfigError) {
            let explanation = try Explainer.explain(question, inPlaceOf: worker)
            if isJSON {
                let json = Array(explanation.json.utf8)
                guard json.count <= byteMax else {
                    throw ConfigError("the explanation has more than \(byteMax) bytes: ask for it as text")
                }
                return [foundMark] + json
            }
            return [foundMark] + shortened(Array((explanation.text + "\n").utf8))
        } catch {
            return [refusedMark] + Array(error.lines.joined(separator: "\n").utf8.prefix(byteMax))
        }
    }

    /// Whole lines, as many as there may be.
    private static func shortened(_ text: [UInt8]) -> [UInt8] {
        guard text.count > byteMax else { return text }
        let end = text[..<byteMax].lastIndex(of: UInt8.lineFeed) ?? 0
        return text[..<end] + Array("\nand more, which is left out here\n".utf8)
    }

    private func tell(_ result: Result) {
        guard let exchange else { return }
        self.exchange = nil
        exchange.dropSource()
        exchange.conclude(ExplainAnswers.conclude(result, exchange))
    }

    /// Nobody wants it any more. The child is collected when it is gone.
    func leave() {
        guard exchange != nil else { return }
        exchange = nil
        answer?.kill()
    }
}

extension ExplainProcess: AnswerWaiting {
    func heard(_ bytes: [UInt8]) {
        said += bytes
        guard said.count > 2 * ExplainProcess.byteMax else { return }
        said = []
        answer?.kill()
    }

    func tookTooLong() { tell(.failed("it was not found out in \(ExplainProcess.kind.secondsMax) seconds")) }

    func ended(_ ending: String) {
        answer = nil
        worker.explaining -= 1
        switch said.first {
        case ExplainProcess.foundMark: tell(.found(Array(said.dropFirst())))
        case ExplainProcess.refusedMark: tell(.refused(Array(said.dropFirst())))
        default: tell(.failed("the process that was to find it out exited \(ending)"))
        }
    }
}
