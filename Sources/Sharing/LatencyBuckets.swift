/// Buckets of a latency histogram over microseconds, log-linear: sixteen to each doubling.
///
/// A bucket is at most a sixteenth as wide as the durations in it, so its middle is off by at most a
/// thirty-second, whatever the magnitude.
public enum LatencyBuckets {
    /// 0 to 31 µs one by one, then sixteen for each doubling up to 2³⁵ µs (nine hours).
    public static var count: Int { 512 }
    private static var longest: Int64 { (1 << 35) - 1 }

    /// The bucket of a duration; negative ones count as 0, and longer ones than the last belong to it.
    /// - Complexity: a dozen instructions without a branch.
    public static func bucket(ofMicroseconds us: Int64) -> Int {
        let value = UInt64(truncatingIfNeeded: min(max(us, 0), longest))
        let shift = 59 &- (value | 16).leadingZeroBitCount
        return shift &* 16 &+ Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: shift))
    }

    /// The shortest duration of a bucket, in microseconds.
    public static func lowerBound(_ bucket: Int) -> Int64 {
        bucket < 32 ? Int64(bucket) : Int64(bucket % 16 + 16) << Int64(bucket / 16 - 1)
    }

    /// The longest duration of a bucket, in microseconds.
    public static func upperBound(_ bucket: Int) -> Int64 {
        bucket < 32 ? Int64(bucket) : (Int64(bucket % 16 + 17) << Int64(bucket / 16 - 1)) - 1
    }

    /// What stands for all durations of a bucket.
    public static func middle(_ bucket: Int) -> Int64 {
        let lower = lowerBound(bucket)
        return lower + (upperBound(bucket) - lower) / 2
    }
}

/// Durations as they were counted.
public struct LatencyHistogram: Sendable, Equatable {
    /// How many fell into each bucket.
    public private(set) var counts: [Int]
    /// The sum of all durations in microseconds.
    public private(set) var sumUs: Int

    /// Shared by all that nothing was added to: most servers of a large group.
    private static let noCounts = [Int](repeating: 0, count: LatencyBuckets.count)

    /// None yet.
    public init() {
        counts = LatencyHistogram.noCounts
        sumUs = 0
    }

    /// Adds numbers of the same layout: all that were counted elsewhere.
    mutating func add(bucket: Int, _ amount: Int) { counts[bucket] += amount }
    mutating func add(sumUs amount: Int) { sumUs += amount }

    /// Counts one duration.
    public mutating func add(microseconds us: Int64) {
        counts[LatencyBuckets.bucket(ofMicroseconds: us)] += 1
        sumUs += Int(us)
    }

    /// As it is kept for a while.
    var kept: KeptLatency { KeptLatency(buckets: { counts[$0] }) }

    /// How many there are.
    public var total: Int { counts.reduce(0, +) }

    /// What was counted since an earlier look at the same numbers.
    public func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        var result = self
        for index in counts.indices { result.counts[index] = max(0, counts[index] - earlier.counts[index]) }
        result.sumUs = max(0, sumUs - earlier.sumUs)
        return result
    }

    /// The duration in microseconds that `part` (0…1) of them do not exceed, right to a thirty-second;
    /// `nil`: there are none.
    public func percentile(_ part: Double) -> Int64? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, Int((part * Double(total)).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return LatencyBuckets.middle(bucket) }
        }
        return nil
    }

    /// How many took no longer than each of the bounds, which rise; with one look at all buckets.
    ///
    /// Right to a thirty-second of a bound: a bucket counts where its middle does.
    public func counts(upTo bounds: [Int64]) -> [Int] {
        var result = bounds.map { _ in 0 }
        var sum = 0
        var next = 0
        for (bucket, count) in counts.enumerated() where count != 0 {
            let middle = LatencyBuckets.middle(bucket)
            while next < bounds.count, bounds[next] < middle {
                result[next] = sum
                next += 1
            }
            sum += count
        }
        for rest in next..<bounds.count { result[rest] = sum }
        return result
    }
}
