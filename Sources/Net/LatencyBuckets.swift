/// Buckets of a latency histogram over microseconds, log-linear: eight to each doubling, so that what is
/// read from them is off by at most an eighth, whatever the magnitude.
public enum LatencyBuckets {
    /// 0 to 7 µs one by one, then eight for each doubling up to 2³⁵ µs (nine hours).
    public static var count: Int { 264 }

    /// The bucket of a duration; negative ones count as 0, and longer ones than the last belong to it.
    public static func bucket(ofMicroseconds us: Int64) -> Int {
        guard us >= 8 else { return max(0, Int(us)) }
        let exponent = 63 - us.leadingZeroBitCount
        return min((exponent - 2) * 8 + Int((us >> Int64(exponent - 3)) & 7), count - 1)
    }

    /// The longest duration of a bucket, in microseconds.
    public static func upperBound(_ bucket: Int) -> Int64 {
        guard bucket >= 8 else { return Int64(bucket) }
        let exponent = Int64(bucket / 8 + 2)
        return (1 << exponent) + Int64(bucket % 8 + 1) * (1 << (exponent - 3)) - 1
    }
}

/// Durations as they were counted.
public struct LatencyHistogram: Sendable, Equatable {
    /// How many fell into each bucket.
    public private(set) var counts: [Int]
    /// The sum of all durations in microseconds.
    public private(set) var sumUs: Int

    /// None yet.
    public init() {
        counts = [Int](repeating: 0, count: LatencyBuckets.count)
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

    /// How many there are.
    public var total: Int { counts.reduce(0, +) }

    /// What was counted since an earlier look at the same numbers.
    public func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
        var result = self
        for index in counts.indices { result.counts[index] = max(0, counts[index] - earlier.counts[index]) }
        result.sumUs = max(0, sumUs - earlier.sumUs)
        return result
    }

    /// The duration in microseconds that `part` (0…1) of them do not exceed; `nil`: there are none.
    public func percentile(_ part: Double) -> Int64? {
        let total = total
        guard total > 0 else { return nil }
        let rank = max(1, Int((part * Double(total)).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return LatencyBuckets.upperBound(bucket) }
        }
        return nil
    }

    /// How many took no longer than this many microseconds, to the precision of the buckets.
    public func count(upTo us: Int64) -> Int {
        var sum = 0
        for (bucket, count) in counts.enumerated() where LatencyBuckets.upperBound(bucket) <= us {
            sum += count
        }
        return sum
    }
}
