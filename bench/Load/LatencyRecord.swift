import Net

/// Latencies in microseconds to three significant digits, as HDR histograms keep them: 1,024 steps to each
/// doubling. In memory that the generating process writes and the reporting one reads.
struct LatencyRecord {
    private static var steps: Int { 1024 }
    /// Up to 2³² µs, over an hour.
    private static var doublings: Int { 22 }
    /// Numbers that one takes: buckets, the sum, and the longest.
    static var numbers: Int { bucketCount + 2 }
    static var bucketCount: Int { steps * (doublings + 1) }

    private let memory: SharedMemory
    private let base: Int

    init(_ memory: SharedMemory, at base: Int) {
        self.memory = memory
        self.base = base
    }

    static func bucket(_ us: Int64) -> Int {
        guard us >= Int64(2 * steps) else { return max(0, Int(us)) }
        let shift = 63 - us.leadingZeroBitCount - 10
        return min(steps * shift + Int(us >> Int64(shift)), bucketCount - 1)
    }

    /// The longest duration of a bucket.
    static func upperBound(_ bucket: Int) -> Int64 {
        guard bucket >= 2 * steps else { return Int64(bucket) }
        let shift = bucket / steps - 1
        return (Int64(bucket - steps * shift) + 1) << Int64(shift) - 1
    }

    func add(_ us: Int64) {
        let index = base + LatencyRecord.bucket(us)
        memory.store(index, memory.load(index) + 1)
        memory.store(
            base + LatencyRecord.bucketCount, memory.load(base + LatencyRecord.bucketCount) + Int(us))
        if us > Int64(memory.load(base + LatencyRecord.bucketCount + 1)) {
            memory.store(base + LatencyRecord.bucketCount + 1, Int(us))
        }
    }

    func add(to summary: inout LatencySummary) {
        for bucket in 0..<LatencyRecord.bucketCount {
            let count = memory.load(base + bucket)
            if count > 0 { summary.counts[bucket] += count }
        }
        summary.sumUs += memory.load(base + LatencyRecord.bucketCount)
        summary.maxUs = max(summary.maxUs, Int64(memory.load(base + LatencyRecord.bucketCount + 1)))
    }
}

/// Latencies of all processes.
struct LatencySummary {
    var counts = [Int](repeating: 0, count: LatencyRecord.bucketCount)
    var sumUs = 0
    var maxUs: Int64 = 0

    var total: Int { counts.reduce(0, +) }
    var meanUs: Double { total > 0 ? Double(sumUs) / Double(total) : 0 }

    /// What `part` of them (0…1) do not exceed, in microseconds.
    func percentile(_ part: Double) -> Int64 {
        let total = total
        guard total > 0 else { return 0 }
        let rank = max(1, Int((part * Double(total)).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= rank { return min(LatencyRecord.upperBound(bucket), maxUs) }
        }
        return maxUs
    }
}
