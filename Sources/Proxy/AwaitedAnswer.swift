internal import Net

/// Who waits for what a child of the worker works out.
protocol AnswerWaiting: AnyObject {
    /// The child has said so much more.
    func heard(_ bytes: [UInt8])
    /// The child has taken as long as it may; it is about to be ended.
    func tookTooLong()
    /// The child is gone, and with it what the loop knew it by: nothing more is told.
    ///
    /// - Parameter ending: how it ended, for people.
    func ended(_ ending: String)
}

/// A child that works something out while its worker's loop turns: the child, its place in the loop and the
/// time that it has, until it has been collected.
final class AwaitedAnswer {
    /// The child's number.
    var pid: Int32 { process.pid }

    private let worker: Worker
    private let process: AnswerProcess
    /// `nil`: the child was collected.
    private var place: (token: Token, timer: TimerID)?
    private var waiter: (any AnswerWaiting)?

    /// What kind of child it is.
    struct Kind {
        let name: StaticString
        /// A child that takes longer is ended, whether it computes or waits.
        let secondsMax: Int
        var view = AnswerProcess.View.shared
    }

    /// Forks; `waiter` is told later, and is kept until the child is gone.
    ///
    /// - Parameter work: runs in the child, and makes the answer.
    /// - Throws: why there can be no child.
    init(
        _ kind: Kind, for waiter: some AnswerWaiting, of worker: Worker, _ work: () -> [UInt8]
    ) throws(Errno) {
        process = try AnswerProcess(kind.name, cpuSecondsMax: kind.secondsMax, view: kind.view, work)
        self.worker = worker
        let token = worker.loop.enroll(.answer(self))
        do throws(Errno) {
            try worker.loop.poller.addControl(process.fd, token)
        } catch {
            worker.loop.dismiss(token)
            process.end()
            throw error
        }
        let timer = worker.timers.create(token, kind: 0)
        worker.set(timer, afterMs: kind.secondsMax * 1000)
        place = (token, timer)
        self.waiter = waiter
    }

    /// The child has something to say, or is gone.
    func ready() {
        while true {
            switch process.read() {
            case .nothing: return
            case .answer(let bytes): waiter?.heard(bytes)
            case .ended: return collect()
            }
        }
    }

    func timedOut() {
        guard process.fd >= 0 else { return collect() }
        waiter?.tookTooLong()
        process.kill()
    }

    /// Its pipe is closed: it is about to be gone.
    private func collect() {
        guard let place else { return }
        guard let status = process.reap() else { return worker.set(place.timer, afterMs: 1) }
        let waiter = waiter
        end()
        waiter?.ended(
            status & 0x7F == 0 ? "with code \(status >> 8 & 0xFF)" : "on signal \(status & 0x7F)")
    }

    /// Ends the child at once. It is collected when it is gone, and `waiter` told.
    func kill() { process.kill() }

    /// Ends the child, and waits until it is gone; nobody is told.
    func end() {
        guard let place else { return }
        self.place = nil
        waiter = nil
        worker.timers.destroy(place.timer)
        worker.loop.dismiss(place.token)
        process.end()
    }
}
