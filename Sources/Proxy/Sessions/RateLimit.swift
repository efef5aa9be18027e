/// `limit_rate`, `limit_rate_after`: how much of a response may have been sent by now.
struct RateLimit {
    /// More than any network carries: keeps the arithmetic in range.
    private static var bytesMax: Int64 { 1 << 40 }

    /// Bytes a second; 0: no limit.
    private(set) var bytesPerSecond: Int64 = 0
    /// Bytes that do not count.
    private var free: Int64 = 0
    private var startSeconds: Int64 = 0
    private var burstMs: Int64 = -1
    private var burstSent: Int64 = 0

    /// No limit.
    init() {}

    /// A limit for a request that began at `startMs`.
    init(bytesPerSecond: Int64, after free: Int64, startMs: Int64) {
        self.bytesPerSecond = min(max(bytesPerSecond, 0), RateLimit.bytesMax)
        self.free = min(max(free, 0), RateLimit.bytesMax)
        startSeconds = startMs / 1000
    }

    var isOn: Bool { bytesPerSecond > 0 }

    /// Bytes that had been sent before those that are sent at this very moment.
    mutating func burstStart(nowMs: Int64, sent: Int64) -> Int64 {
        if burstMs != nowMs {
            burstMs = nowMs
            burstSent = sent
        }
        return burstSent
    }

    /// Bytes that may be sent now; none or fewer: not yet any.
    ///
    /// Each second begun allows the bytes of a second, as in nginx.
    func allowance(nowMs: Int64, sent: Int64) -> Int64 {
        let seconds = min(max(nowMs / 1000 - startSeconds, 0) + 1, 1 << 20)
        return bytesPerSecond * seconds - (sent - free)
    }

    /// Milliseconds until something may be sent, where `allowance` says that nothing may.
    func wait(allowance: Int64) -> Int {
        Int(min(max(-allowance, 0), RateLimit.bytesMax) * 1000 / max(bytesPerSecond, 1) + 1)
    }

    /// Milliseconds that bytes take which were sent when `before` had been sent already.
    func time(from before: Int64, to after: Int64) -> Int {
        let count = max(after - free, 0) - max(before - free, 0)
        return Int(min(count, RateLimit.bytesMax) * 1000 / max(bytesPerSecond, 1))
    }
}
