internal import Net

/// What had been counted of each thing of a `TallyTable` every few seconds of the last minutes: how fast it
/// goes now, and how it went. Written by one process, read by all; whoever counts has nothing to do with it.
public final class TallyHistory {
    /// Time between two looks.
    public static var everyMs: Int64 { 5000 }
    private static var looksMax: Int { 62 }
    /// The numbers that are kept.
    private static var kept: [TallyTable.Count] {
        [.requests, .serverErrors, .failures, .responseUs, .clientErrors]
    }
    /// Latencies are kept of the newest looks, and of every so many that came before.
    private static var newest: Int { 4 }
    private static var every: Int { 6 }
    private static var latencies: Int { newest + 12 }
    /// Steps of a course, each of so many looks.
    private static var course: (steps: Int, looks: Int) { (20, 3) }

    private let memory: SharedMemory
    private let capacity: Int

    /// Nothing was looked at yet.
    init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: 1 + TallyHistory.looksMax + capacity * TallyHistory.size)
    }

    /// Numbers of a place: those that are kept, look by look, and latencies behind them.
    private static var size: Int { looksMax * kept.count + latencies * KeptLatency.words }

    private func base(_ place: Int, look: Int) -> Int {
        1 + TallyHistory.looksMax + place * TallyHistory.size
            + look % TallyHistory.looksMax * TallyHistory.kept.count
    }

    /// Where latencies stand.
    private func latencyBase(_ place: Int, slot: Int) -> Int {
        base(place, look: 0) + TallyHistory.looksMax * TallyHistory.kept.count + slot * KeptLatency.words
    }

    private static func newSlot(_ look: Int) -> Int { look % newest }
    private static func oldSlot(_ look: Int) -> Int { newest + look / every % (latencies - newest) }

    private func atMs(look: Int) -> Int { memory.load(1 + look % TallyHistory.looksMax) }

    /// Looks that there are: the number of the next one.
    private var next: Int { max(0, memory.loadOrdered(0)) }

    // MARK: Looking

    /// Keeps what has been counted until now. Called by one process alone.
    ///
    /// - Parameters:
    ///   - number: of what is in a place; `nil`: nothing is.
    ///   - latency: of what is in a place.
    func look(
        nowMs: Int64, _ number: (Int, TallyTable.Count) -> Int?, latency: (Int) -> KeptLatency
    ) {
        let look = next
        memory.store(1 + look % TallyHistory.looksMax, Int(nowMs))
        for place in 0..<capacity {
            guard let first = number(place, TallyHistory.kept[0]) else { continue }
            let base = base(place, look: look)
            memory.store(base, first)
            for (offset, count) in TallyHistory.kept.enumerated().dropFirst() {
                memory.store(base + offset, number(place, count) ?? 0)
            }
            keep(place, look, latency)
        }
        memory.storeOrdered(0, look + 1)
    }

    /// Latencies of a thing that nothing has come to since the last look are what they were.
    private func keep(_ place: Int, _ look: Int, _ latency: (Int) -> KeptLatency) {
        let offset = TallyHistory.kept.firstIndex(of: .responseUs) ?? 0
        let isIdle =
            look > 0
            && memory.load(base(place, look: look) + offset)
                == memory.load(base(place, look: look - 1) + offset)
        let slot = latencyBase(place, slot: TallyHistory.newSlot(look))
        if isIdle {
            copy(latencyBase(place, slot: TallyHistory.newSlot(look - 1)), to: slot)
        } else {
            let now = latency(place)
            for index in 0..<KeptLatency.words { memory.store(slot + index, now.word(index)) }
        }
        if look % TallyHistory.every == 0 {
            copy(slot, to: latencyBase(place, slot: TallyHistory.oldSlot(look)))
        }
    }

    private func copy(_ from: Int, to: Int) {
        for index in 0..<KeptLatency.words { memory.store(to + index, memory.load(from + index)) }
    }

    private func kept(_ place: Int, slot: Int) -> KeptLatency {
        let base = latencyBase(place, slot: slot)
        return KeptLatency(words: { memory.load(base + $0) })
    }

    /// As it was at a look, or shortly before: one that is not being written now.
    private func latency(_ place: Int, look: Int) -> KeptLatency {
        let isNew = next - look < TallyHistory.newest
        return kept(place, slot: isNew ? TallyHistory.newSlot(look) : TallyHistory.oldSlot(look))
    }

    /// The place becomes another thing's.
    func forget(_ place: Int) {
        let first = base(place, look: 0)
        for index in 0..<TallyHistory.size { memory.store(first + index, 0) }
    }

    // MARK: What it says

    /// The oldest look that is certainly whole while the next one is being taken.
    private var oldest: Int { max(0, next - TallyHistory.looksMax + 1) }

    /// A place over the last while, up to `sum`.
    func windows(_ place: Int, _ sum: TallySum, nowMs: Int64) -> [RecentWindow] {
        let (next, oldest) = (next, oldest)
        guard next > oldest else { return [] }
        var now: KeptLatency?
        return RecentWindows.lengthsMs.map { length in
            var look = next - 1
            while look > oldest, Int(nowMs) - atMs(look: look) < length { look -= 1 }
            var window = RecentWindow(meantMs: length, lengthMs: max(1, Int(nowMs) - atMs(look: look)))
            let base = base(place, look: look)
            let then = TallyHistory.kept.indices.map { memory.load(base + $0) }
            let grown = zip(TallyHistory.kept, then).map { max(0, sum[$0] - $1) }
            (window.requests, window.serverErrors, window.failures) = (grown[0], grown[1], grown[2])
            (window.responseUs, window.clientErrors) = (grown[3], grown[4])
            if grown[0] > 0 {
                let latest = now ?? sum.latency.kept
                now = latest
                window.take(latest.since(latency(place, look: look)))
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
        } latency: { place in
            keptLatency(at: place)
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
