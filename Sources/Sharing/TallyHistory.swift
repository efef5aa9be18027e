internal import Net

/// What had been counted of each thing of a `TallyTable` every few seconds of the last minutes: how fast it
/// goes now, and how it went. Written by one process, read by all; whoever counts has nothing to do with it.
public final class TallyHistory {
    /// Time between two looks.
    public static var everyMs: Int64 { 5000 }
    private static var looksMax: Int { 62 }
    /// The numbers that are kept.
    private static var kept: [TallyTable.Count] { [.requests, .serverErrors, .failures, .responseUs] }
    /// Steps of a course, each of so many looks.
    private static var course: (steps: Int, looks: Int) { (20, 3) }

    private let memory: SharedMemory
    private let capacity: Int

    /// Nothing was looked at yet.
    init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        let size = TallyHistory.looksMax * TallyHistory.kept.count
        memory = try SharedMemory(count: 1 + TallyHistory.looksMax + capacity * size)
    }

    private func base(_ place: Int, look: Int) -> Int {
        1 + TallyHistory.looksMax
            + (place * TallyHistory.looksMax + look % TallyHistory.looksMax) * TallyHistory.kept.count
    }

    private func atMs(look: Int) -> Int { memory.load(1 + look % TallyHistory.looksMax) }

    /// Looks that there are: the number of the next one.
    private var next: Int { max(0, memory.loadOrdered(0)) }

    // MARK: Looking

    /// Keeps what has been counted until now. Called by one process alone.
    ///
    /// - Parameter number: of what is in a place; `nil`: nothing is.
    func look(nowMs: Int64, _ number: (Int, TallyTable.Count) -> Int?) {
        let look = next
        memory.store(1 + look % TallyHistory.looksMax, Int(nowMs))
        for place in 0..<capacity {
            guard let first = number(place, TallyHistory.kept[0]) else { continue }
            let base = base(place, look: look)
            memory.store(base, first)
            for (offset, count) in TallyHistory.kept.enumerated().dropFirst() {
                memory.store(base + offset, number(place, count) ?? 0)
            }
        }
        memory.storeOrdered(0, look + 1)
    }

    /// The place becomes another thing's.
    func forget(_ place: Int) {
        let first = base(place, look: 0)
        for index in 0..<TallyHistory.looksMax * TallyHistory.kept.count { memory.store(first + index, 0) }
    }

    // MARK: What it says

    /// The oldest look that is certainly whole while the next one is being taken.
    private var oldest: Int { max(0, next - TallyHistory.looksMax + 1) }

    /// A place over the last while, up to `sum`.
    func windows(_ place: Int, _ sum: TallySum, nowMs: Int64) -> [RecentWindow] {
        let (next, oldest) = (next, oldest)
        guard next > oldest else { return [] }
        return RecentWindows.lengthsMs.map { length in
            var look = next - 1
            while look > oldest, Int(nowMs) - atMs(look: look) < length { look -= 1 }
            var window = RecentWindow(meantMs: length, lengthMs: max(1, Int(nowMs) - atMs(look: look)))
            let base = base(place, look: look)
            let then = TallyHistory.kept.indices.map { memory.load(base + $0) }
            let grown = zip(TallyHistory.kept, then).map { max(0, sum[$0] - $1) }
            (window.requests, window.serverErrors, window.failures) = (grown[0], grown[1], grown[2])
            if grown[0] > 0 {
                let mean = grown[3] / grown[0]
                window.latency = Percentiles(p50: mean, p95: mean, p99: mean)
            }
            return window
        }
    }

    /// Requests in equal steps of the last minutes, the oldest first.
    func course(_ place: Int) -> [Int] {
        let (next, oldest) = (next, oldest)
        let (steps, looks) = TallyHistory.course
        let last = next - 1
        return (0..<steps).reversed().compactMap { back in
            let (from, to) = (last - (back + 1) * looks, last - back * looks)
            guard from >= oldest else { return nil }
            return max(0, memory.load(base(place, look: to)) - memory.load(base(place, look: from)))
        }
    }
}

extension TallyTable {
    /// Keeps what has been counted until now. Called by one process alone.
    func look(nowMs: Int64) {
        history.look(nowMs: nowMs) { place, count in
            isTaken(place) ? total(of: count, at: place) : nil
        }
    }

    /// A thing over the last while, and its requests in equal steps of the last minutes.
    ///
    /// - Parameter sum: what has been counted of it.
    public func recent(named name: String, _ sum: TallySum, nowMs: Int64) -> RecentCourse {
        guard let place = place(named: name) else { return RecentCourse() }
        return RecentCourse(
            windows: history.windows(place, sum, nowMs: nowMs), requests: history.course(place))
    }
}

/// How a thing has gone lately.
public struct RecentCourse: Sendable {
    /// The shortest first; none at all in the first seconds.
    public var windows: [RecentWindow] = []
    /// Requests in equal steps of the last five minutes, the oldest first.
    public var requests: [Int] = []

    /// Nothing is known.
    public init() {}

    init(windows: [RecentWindow], requests: [Int]) {
        self.windows = windows
        self.requests = requests
    }
}
