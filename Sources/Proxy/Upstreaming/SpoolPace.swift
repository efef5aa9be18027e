internal import Core

/// How fast a file may be filled with content that its client is too slow for.
///
/// A gateway near by gives 100 MB in as little as 60 ms, and as long as that takes it and the worker have a
/// processor each: whoever else is on the machine, or in the worker, waits behind them. Filled evenly, the
/// file holds the content as soon as any client wants it, and a fifth of the worker's time is enough.
struct SpoolPace {
    /// Bytes that it may take in a millisecond.
    private static var perMs: Int { 256 << 10 }

    /// Content must be taken as it is: nobody would tell when its time has come.
    private let isOff: Bool
    private var takenMs: Int64 = 0
    /// In that millisecond, in bytes.
    private var takenCount = 0

    /// - Parameter isOff: all is allowed at once.
    init(isOff: Bool = false) { self.isOff = isOff }

    /// Bytes that may come now; none or fewer: a millisecond later.
    func allowance(nowMs: Int64) -> Int64 {
        if isOff { return .max }
        return Int64(nowMs == takenMs ? SpoolPace.perMs - takenCount : SpoolPace.perMs)
    }

    /// Bytes have come.
    mutating func took(_ count: Int, nowMs: Int64) {
        takenCount = nowMs == takenMs ? takenCount.saturatingSum(count) : count
        takenMs = nowMs
    }
}
