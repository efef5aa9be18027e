/// A histogram as it is kept for a while: four buckets to each doubling, in half words, so that minutes of
/// thousands of things fit in memory. What it says of a duration is right to an eighth.
public struct KeptLatency: Sendable, Equatable {
    private static var bucketsEach: Int { 4 }
    private static var count: Int { LatencyBuckets.count / bucketsEach }
    /// Numbers that it is kept in.
    static var words: Int { count / 2 }

    /// Modulo 2³²: differences are right all the same.
    private var counts: [UInt32]

    /// Shared by all that nothing was added to.
    private static let noCounts = [UInt32](repeating: 0, count: count)

    /// Of no duration.
    public init() { counts = KeptLatency.noCounts }

    /// - Parameter number: the count of a bucket.
    init(buckets number: (Int) -> Int) {
        self.init()
        for bucket in 0..<LatencyBuckets.count {
            let value = number(bucket)
            guard value != 0 else { continue }
            counts[bucket / KeptLatency.bucketsEach] &+= UInt32(truncatingIfNeeded: value)
        }
    }

    /// - Parameter word: one of the numbers that it was kept in.
    init(words word: (Int) -> Int) {
        self.init()
        for index in 0..<KeptLatency.words {
            let value = word(index)
            guard value != 0 else { continue }
            counts[2 * index] = UInt32(truncatingIfNeeded: value)
            counts[2 * index + 1] = UInt32(truncatingIfNeeded: value >> 32)
        }
    }

    /// One of the numbers to keep.
    func word(_ index: Int) -> Int { Int(counts[2 * index]) | Int(counts[2 * index + 1]) << 32 }

    /// What was counted since an earlier look at the same numbers.
    func since(_ earlier: KeptLatency) -> KeptLatency {
        guard counts != earlier.counts else { return KeptLatency() }
        var result = self
        for index in counts.indices { result.counts[index] &-= earlier.counts[index] }
        return result
    }

    /// Takes in what was counted of another thing.
    mutating func add(_ other: KeptLatency) {
        for index in counts.indices where other.counts[index] != 0 {
            counts[index] &+= other.counts[index]
        }
    }

    /// The duration in microseconds that `part` (0…1) of them do not exceed; `nil`: there are none.
    func percentile(_ part: Double) -> Int64? {
        let total = counts.reduce(0) { $0 + Int($1) }
        guard total > 0 else { return nil }
        let rank = max(1, Int((part * Double(total)).rounded(.up)))
        var seen = 0
        for (index, count) in counts.enumerated() {
            seen += Int(count)
            guard seen >= rank else { continue }
            let first = index * KeptLatency.bucketsEach
            let lower = LatencyBuckets.lowerBound(first)
            return lower + (LatencyBuckets.upperBound(first + KeptLatency.bucketsEach - 1) - lower) / 2
        }
        return nil
    }
}
