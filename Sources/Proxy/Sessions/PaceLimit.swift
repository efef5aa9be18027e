/// How long a client may take: for the next byte, and for all since the wait for it began.
///
/// Timeouts (`send_timeout`, `client_body_timeout`) bound the gap between two bytes. `client_min_rate` is for
/// those who keep just under them: who sends or takes bytes slower than that, after some grace, is cut off.
struct PaceLimit {
    /// What a look at the wait comes to.
    enum Verdict: Equatable {
        /// It goes on, and is looked at again after so many milliseconds.
        case waits(ms: Int)
        /// The next byte did not come in its time.
        case timedOut
        /// Bytes come slower than `client_min_rate`.
        case tooSlow
    }

    /// How long anybody may be slow.
    static var graceMs: Int64 { 5000 }
    /// From one look to the next.
    private static var intervalMs: Int64 { 1000 }

    private var startedMs: Int64?
    private var startCount: Int64 = 0
    /// Bytes when there was progress last.
    private var lastCount: Int64 = 0
    /// When the gap itself ends the wait.
    private(set) var gapEndsMs: Int64 = 0
    /// When the pace is looked at next, whatever happens by then.
    private var lookMs: Int64 = 0

    /// Waiting begins, or goes on. Only progress moves the gap's end, and nothing postpones the next look:
    /// events that bring no byte are for the client to make.
    ///
    /// - Parameters:
    ///   - count: bytes sent or taken so far.
    ///   - gapMs: longest wait for the next one.
    /// - Returns: milliseconds after which to look again.
    mutating func wait(nowMs: Int64, count: Int64, gapMs: Int) -> Int {
        if startedMs == nil {
            startedMs = nowMs
            startCount = count
            lookMs = nowMs + PaceLimit.graceMs
            progress(nowMs, count, gapMs)
        } else if count > lastCount {
            progress(nowMs, count, gapMs)
        }
        return untilLook(nowMs)
    }

    private mutating func progress(_ nowMs: Int64, _ count: Int64, _ gapMs: Int) {
        lastCount = count
        gapEndsMs = nowMs + Int64(gapMs)
    }

    private func untilLook(_ nowMs: Int64) -> Int { Int(max(min(gapEndsMs, lookMs) - nowMs, 1)) }

    /// Somebody is waited for.
    var isWaiting: Bool { startedMs != nil }

    /// Nothing is waited for any more.
    mutating func end() {
        startedMs = nil
    }

    /// Judges the wait when its time for that has come.
    mutating func look(nowMs: Int64, count: Int64, rate: Int) -> Verdict {
        guard nowMs < gapEndsMs else { return .timedOut }
        if isTooSlow(nowMs: nowMs, count: count, rate: rate) { return .tooSlow }
        lookMs = nowMs + PaceLimit.intervalMs
        return .waits(ms: untilLook(nowMs))
    }

    /// Whether the bytes since the wait began came slower than `rate` a second; 0: any pace will do.
    func isTooSlow(nowMs: Int64, count: Int64, rate: Int) -> Bool {
        guard rate > 0, let startedMs, nowMs - startedMs > PaceLimit.graceMs else { return false }
        let (due, isEndless) = Int64(rate).multipliedReportingOverflow(by: nowMs - startedMs)
        return isEndless || (count - startCount) * 1000 < due
    }
}
