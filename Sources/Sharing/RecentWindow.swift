/// The service, or one thing, over a while that ends now.
public struct RecentWindow: Sendable, Equatable {
    /// How long it is meant to be, in milliseconds.
    public let meantMs: Int
    /// How long it is.
    public let lengthMs: Int
    /// Requests that ended within it.
    public var requests = 0
    /// Those of them that were answered with 4xx.
    public var clientErrors = 0
    /// Those of them that were answered with 5xx.
    public var serverErrors = 0
    /// Attempts that failed.
    public var failures = 0
    /// What they took together, in microseconds.
    public var responseUs = 0
    /// What most of them took at most.
    public var latency = Percentiles()
    /// What the percentiles were taken of, where it is kept.
    private var kept = KeptLatency()

    init(meantMs: Int, lengthMs: Int) {
        self.meantMs = meantMs
        self.lengthMs = lengthMs
    }

    /// Several things over the same while.
    ///
    /// - Parameter windows: those of each thing; all of them have as many, or none.
    public static func sums(_ windows: some Sequence<[RecentWindow]>) -> [RecentWindow] {
        var sums: [RecentWindow] = []
        for each in windows where !each.isEmpty {
            guard sums.count == each.count else {
                sums = each
                continue
            }
            for index in sums.indices { sums[index].add(each[index]) }
        }
        for index in sums.indices { sums[index].findPercentiles() }
        return sums
    }

    private mutating func add(_ other: RecentWindow) {
        guard other.requests > 0 || other.failures > 0 else { return }
        requests += other.requests
        clientErrors += other.clientErrors
        serverErrors += other.serverErrors
        failures += other.failures
        responseUs += other.responseUs
        kept.add(other.kept)
    }

    /// Keeps what was counted within it, and says what that comes to.
    mutating func take(_ latency: KeptLatency) {
        kept = latency
        findPercentiles()
    }

    private mutating func findPercentiles() {
        guard requests > 0 else { return latency = Percentiles() }
        func part(_ part: Double) -> Int { Int(kept.percentile(part) ?? Int64(meanUs)) }
        latency = Percentiles(p50: part(0.5), p95: part(0.95), p99: part(0.99))
    }

    /// What a request took on average, in microseconds.
    public var meanUs: Int { requests > 0 ? responseUs / requests : 0 }

    /// Requests in ten seconds: tenths of requests per second.
    public var tenthsPerSecond: Int { lengthMs > 0 ? (requests * 10_000 + lengthMs / 2) / lengthMs : 0 }
}
