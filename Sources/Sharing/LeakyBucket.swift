/// The arithmetic of `limit_req`, as nginx does it: how far a key's requests are ahead of its rate.
///
/// Requests and rates count in thousandths, so that a request a minute is 16 a second; times in milliseconds.
/// A bucket runs out at the rate, and each request but a key's first fills it by 1000.
package enum LeakyBucket {
    /// One request.
    package static var request: Int { 1000 }
    /// Clocks of two processes may be apart by less; by more, and the bucket is one whose clock was set back.
    private static var skewMaxMs: Int { 60_000 }

    /// Time for which a bucket has run out since it was filled last.
    package static func elapsedMs(since lastMs: Int, nowMs: Int) -> Int {
        let elapsed = nowMs &- lastMs
        if elapsed < -skewMaxMs { return 1 }
        return max(elapsed, 0)
    }

    /// What is left of an excess after a time.
    package static func left(of excess: Int, afterMs: Int, rate: Int) -> Int {
        let (leaked, isAll) = rate.multipliedReportingOverflow(by: afterMs)
        return isAll ? 0 : max(excess &- leaked / 1000, 0)
    }

    /// The excess with one request more.
    package static func filled(_ excess: Int, afterMs: Int, rate: Int) -> Int {
        let (leaked, isAll) = rate.multipliedReportingOverflow(by: afterMs)
        return isAll ? 0 : max(excess &- leaked / 1000 &+ request, 0)
    }

    /// How long a request waits until no more than `free` is left of its bucket.
    package static func delayMs(excess: Int, free: Int, rate: Int) -> Int {
        guard excess > free, rate > 0 else { return 0 }
        let (product, isTooLong) = (excess &- free).multipliedReportingOverflow(by: 1000)
        return (isTooLong ? Int.max : product) / rate
    }
}
