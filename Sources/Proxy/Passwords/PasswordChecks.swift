internal import Net

/// Costly password hashes: worked out in children of the worker, so that its other clients do not wait.
final class PasswordChecks {
    /// What became of a claim that was handed in.
    enum Admission {
        /// The exchange is told later: `Exchange.passwordChecked`.
        case waits
        case settled(PasswordFile.Verdict)
        /// Too many wait already.
        case refused
    }

    /// Children of one worker at a time. One would let a single slow hash hold up all who log in; more would
    /// take the processors from those who serve.
    static var runningMax: Int { 2 }
    /// Claims that wait for a child. At a quarter of a second each (bcrypt, cost 12) the last one waits 4 s.
    static var waitingMax: Int { 32 }

    private unowned let worker: Worker
    private var running: [PasswordCheck] = []
    private var waiting: [PasswordCheck] = []

    init(worker: Worker) {
        self.worker = worker
    }

    /// Takes a claim in; the same claim that is under way already is not worked out twice.
    func admit(_ claim: PasswordClaim, from exchange: Exchange, _ attempt: AuthBasic.Attempt) -> Admission {
        let waiter = PasswordCheck.Waiter(exchange: exchange, attempt: attempt)
        if let same = (running + waiting).first(where: { !$0.isSettled && $0.claim == claim }) {
            same.add(waiter)
            return .waits
        }
        let isBusy = running.count >= PasswordChecks.runningMax
        guard !isBusy || waiting.count < PasswordChecks.waitingMax else { return .refused }
        let check = PasswordCheck(claim, worker)
        if isBusy {
            waiting.append(check)
        } else if let verdict = start(check) {
            return .settled(verdict)
        }
        check.add(waiter)
        return .waits
    }

    /// - Returns: `nil`: it is under way; or the verdict, if there can be no child.
    private func start(_ check: PasswordCheck) -> PasswordFile.Verdict? {
        do throws(Errno) {
            try check.start()
            running.append(check)
            return nil
        } catch {
            worker.log(.warn, "fork() failed \(error.logText): a password is checked in the worker itself")
            return check.decide(isRight: check.claim.isRight)
        }
    }

    /// Nobody waits for `check` any more. One that runs goes on: the client may come again.
    func abandoned(_ check: PasswordCheck) {
        waiting.removeAll { $0 === check }
    }

    /// The child of `check` is gone: the next one's turn.
    func ended(_ check: PasswordCheck) {
        running.removeAll { $0 === check }
        while running.count < PasswordChecks.runningMax, !waiting.isEmpty {
            let next = waiting.removeFirst()
            if let verdict = start(next) { next.settle(verdict) }
        }
    }

    /// The worker ends: so do its children.
    func end() {
        waiting.removeAll()
        for check in running { check.end() }
        running.removeAll()
    }
}

/// One hash that is worked out, and the requests that wait for it.
final class PasswordCheck {
    struct Waiter {
        let exchange: Exchange
        let attempt: AuthBasic.Attempt
    }

    let claim: PasswordClaim
    /// Those who waited were told.
    private(set) var isSettled = false
    private let worker: Worker
    private var waiters: [Waiter] = []
    private var answer: AwaitedAnswer?

    private static var kind: AwaitedAnswer.Kind {
        AwaitedAnswer.Kind(name: "portico-passwd", secondsMax: 30)
    }
    private static var rightAnswer: UInt8 { 1 }

    init(_ claim: PasswordClaim, _ worker: Worker) {
        self.claim = claim
        self.worker = worker
    }

    func add(_ waiter: Waiter) {
        waiters.append(waiter)
        waiter.exchange.passwordCheck = self
    }

    /// The exchange is over, however it came to that.
    func leave(_ exchange: Exchange) {
        waiters.removeAll { $0.exchange === exchange }
        exchange.passwordCheck = nil
        if waiters.isEmpty { worker.passwordChecks.abandoned(self) }
    }

    func start() throws(Errno) {
        answer = try AwaitedAnswer(PasswordCheck.kind, for: self, of: worker) {
            [self.claim.isRight ? PasswordCheck.rightAnswer : 0]
        }
    }

    /// The verdict; right credentials are remembered, whether or not somebody still waits.
    func decide(isRight: Bool) -> PasswordFile.Verdict {
        claim.file.settle(claim, isRight: isRight, nowMs: worker.clock.nowMs)
    }

    /// Tells those who wait, once.
    func settle(_ verdict: PasswordFile.Verdict) {
        guard !isSettled else { return }
        isSettled = true
        // One who is told may end others.
        while let waiter = waiters.popLast() {
            waiter.exchange.passwordCheck = nil
            waiter.exchange.passwordChecked(verdict, waiter.attempt)
        }
    }

    /// Ends the child, if there is one.
    func end() { answer.take()?.end() }
}

extension PasswordCheck: AnswerWaiting {
    func heard(_ bytes: [UInt8]) { settle(decide(isRight: bytes == [PasswordCheck.rightAnswer])) }

    func tookTooLong() {
        settle(.undecided("the password was not checked in \(PasswordCheck.kind.secondsMax) seconds"))
    }

    func ended(_ ending: String) {
        let pid = answer.take()?.pid ?? 0
        settle(.undecided("the process \(pid) that checked the password exited \(ending)"))
        worker.passwordChecks.ended(self)
    }
}
