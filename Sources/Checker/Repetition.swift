internal import Net

/// What the checker asks for again and again: when the next time comes, and what went wrong last.
struct Repetition {
    let checker: Checker
    let token: Token
    private let timer: TimerID
    private var lastFailure: String?

    init(_ checker: Checker, _ token: Token) {
        self.checker = checker
        self.token = token
        timer = checker.timers.create(token, kind: 0)
    }

    /// The next time comes after so many milliseconds.
    func begin(afterMs: Int) { wait(untilMs: checker.clock.nowMs + Int64(afterMs)) }

    /// The timer goes off at a time of the loop's clock.
    func wait(untilMs: Int64) { checker.timers.set(timer, deadlineMs: untilMs) }

    /// Logs a failure, unless it is that of the last time.
    mutating func failed(_ level: LogLevel, _ reason: String, _ message: @autoclosure () -> String) {
        if lastFailure != reason { checker.log(level, message()) }
        lastFailure = reason
    }

    mutating func succeeded() { lastFailure = nil }

    /// There is no next time.
    func end() { checker.timers.destroy(timer) }
}
