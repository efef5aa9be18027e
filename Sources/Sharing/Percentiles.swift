/// How long 50, 95 and 99 of 100 requests took at most, in microseconds; 0: there was none.
public struct Percentiles: Sendable, Equatable {
    /// Half of the requests took no longer.
    public var p50 = 0
    /// 95 of 100 took no longer.
    public var p95 = 0
    /// 99 of 100 took no longer.
    public var p99 = 0

    /// As memory holds them, side by side.
    package var numbers: [Int] { [p50, p95, p99] }

    /// Three numbers.
    package init(p50: Int = 0, p95: Int = 0, p99: Int = 0) {
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
    }

    init(_ latency: LatencyHistogram) {
        func of(_ share: Double) -> Int { Int(latency.percentile(share) ?? 0) }
        self.init(p50: of(0.5), p95: of(0.95), p99: of(0.99))
    }
}
