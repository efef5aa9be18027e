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
    /// A child that takes longer is ended.
    private static var secondsMax: Int { 2 }
    /// Longest explanation.
    private static var byteMax: Int { 40 << 10 }
    /// What an explanation begins with, and what a refusal does.
    private static var foundMark: UInt8 { 1 }
    private static var refusedMark: UInt8 { 0 }

    private let worker: Worker
    private let process: AnswerProcess
    /// Who is told; `nil`: it was, or has left.
    private var exchange: Exchange?
    private var said: [UInt8] = []
    /// What the loop knows it by.
    private var place: (token: Token, timer: TimerID)?

    /// Forks; `ExplainAnswers.conclude` is called later.
    ///
    /// - Throws: why there can be no child.
    static func start(
        _ question: ExplainQuestion, asJSON isJSON: Bool, for exchange: Exchange
    ) throws(Errno) {
        let worker = exchange.worker
        let process = try AnswerProcess("portico-explain", cpuSecondsMax: secondsMax, view: .own) {
            answer(question, isJSON, worker)
        }
        let explaining = ExplainProcess(process, exchange)
        let token = worker.loop.enroll(.explaining(explaining))
        do throws(Errno) {
            try worker.loop.poller.addControl(process.fd, token)
        } catch {
            worker.loop.dismiss(token)
            process.end()
            throw error
        }
        let timer = worker.timers.create(token, kind: 0)
        worker.timers.set(timer, deadlineMs: worker.clock.nowMs + Int64(secondsMax) * 1000)
        explaining.place = (token, timer)
        worker.explaining += 1
        exchange.source = .explaining(explaining)
    }

    private init(_ process: AnswerProcess, _ exchange: Exchange) {
        self.process = process
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

    /// The child has something to say, or is gone.
    func ready() {
        while true {
            switch process.read() {
            case .nothing: return
            case .answer(let bytes):
                said += bytes
                guard said.count > 2 * ExplainProcess.byteMax else { continue }
                said = []
                process.kill()
            case .ended: return collect()
            }
        }
    }

    func timedOut() {
        guard process.fd >= 0 else { return collect() }
        tell(.failed("it was not found out in \(ExplainProcess.secondsMax) seconds"))
        process.kill()
    }

    /// Its pipe is closed: it is about to be gone.
    private func collect() {
        guard let place else { return }
        guard let status = process.reap() else {
            return worker.timers.set(place.timer, deadlineMs: worker.clock.nowMs + 1)
        }
        self.place = nil
        worker.timers.destroy(place.timer)
        worker.loop.dismiss(place.token)
        worker.explaining -= 1
        let ending = status & 0x7F == 0 ? "with code \(status >> 8 & 0xFF)" : "on signal \(status & 0x7F)"
        switch said.first {
        case ExplainProcess.foundMark: tell(.found(Array(said.dropFirst())))
        case ExplainProcess.refusedMark: tell(.refused(Array(said.dropFirst())))
        default: tell(.failed("the process that was to find it out exited \(ending)"))
        }
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
        process.kill()
    }
}
