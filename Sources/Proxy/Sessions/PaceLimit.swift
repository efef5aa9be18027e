/// `client_min_rate`: a client that sends or takes bytes slower than this, after some grace, is cut off.
///
/// A gap between two bytes is bounded by timeouts of its own; this is for those who keep just under them.
struct PaceLimit {
    /// How long anybody may be slow.
    static var graceMs: Int64 { 5000 }

    private var startedMs: Int64?
    private var startCount: Int64 = 0
    /// When the gap itself ends the wait.
    private(set) var gapEndsMs: Int64 = 0

    /// Waiting begins, or goes on after progress.
    ///
    /// - Parameters:
    ///   - count: bytes sent or taken so far.
    ///   - gapMs: longest wait for the next one.
    /// - Returns: milliseconds after which to look again.
    mutating func wait(nowMs: Int64, count: Int64, gapMs: Int) -> Int {
        if startedMs == nil {
            startedMs = nowMs
            startCount = count
        }
        gapEndsMs = nowMs + Int64(gapMs)
        return min(gapMs, Int(PaceLimit.graceMs))
    }

    /// Nothing is waited for any more.
    mutating func end() {
        startedMs = nil
    }

    /// Whether the bytes since the wait began came slower than `rate` a second; 0: any pace will do.
    func isTooSlow(nowMs: Int64, count: Int64, rate: Int) -> Bool {
        guard rate > 0, let startedMs, nowMs - startedMs > PaceLimit.graceMs else { return false }
        let (due, isEndless) = Int64(rate).multipliedReportingOverflow(by: nowMs - startedMs)
        return isEndless || (count - startCount) * 1000 < due
    }
}
