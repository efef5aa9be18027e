public import Net

/// What is counted of requests, for each of many things: a server of an upstream, a zone, the whole service.
///
/// A place for each thing, found by its name, so that a reload and a new binary find it again; in each
/// place a row for each worker, so that workers do not wait for each other's memory. Rows are summed when
/// somebody looks. Nothing in it ever falls, except what says how many there are now, and when a place that
/// no process counts in any more becomes another thing's.
public final class TallyTable {
    /// One number of a row.
    public enum Count: Int, CaseIterable, Sendable {
        /// Requests that ended, and those under way.
        case requests, processing
        /// By the class of their status.
        case informational, successful, redirected, clientErrors, serverErrors
        /// Ended without a response.
        case discarded
        /// Bytes from and to the other end.
        case received, sent
        /// Failed attempts.
        case failures
        /// Sums in microseconds: until the response's head, and until its end.
        case headerUs, responseUs
        /// When the last one began, in milliseconds of the wall clock.
        case selectedMs
        /// TLS handshakes that succeeded, and those of them that resumed a session.
        case handshakes, resumptions
        /// Those that failed, each in one way.
        case handshakeFailures, handshakeTimeouts, noSharedProtocol, noSharedCipher, rejectedCertificates
        /// Certificates of the other end that were missing or did not hold.
        case noCertificate, expiredCertificates, revokedCertificates, otherNames, badCertificates
        /// Connections that are kept idle, requests that wait, and those that found no place to wait.
        case idle, waiting, overflows
        /// When an attempt failed last, with its `FailureCause`, and when one succeeded, in milliseconds of
        /// the clock that never goes back.
        case failed, succeededMs
        /// Failed attempts that another one followed.
        case retries

        /// Say how many there are now, not how many there were.
        static let gauges: [Count] = [.processing, .idle, .waiting]
        /// Which of the gauges it is; `nil`: it is none.
        var gauge: Int? {
            switch self {
            case .processing: 0
            case .idle: 1
            case .waiting: 2
            default: nil
            }
        }

        /// Says when something was: the latest of all workers counts.
        fileprivate var isMoment: Bool {
            self == .selectedMs || self == .failed || self == .succeededMs
        }
    }

    /// Statuses that are counted one by one; others are seen in their class only.
    public static var statuses: [UInt16] {
        [
            100, 101, 103, 200, 201, 202, 203, 204, 205, 206, 207, 300, 301, 302, 303, 304, 307, 308, 400,
            401, 402,
            403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 425,
            426, 428,
            429, 431, 444, 451, 495, 496, 497, 499, 500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521,
            522,
        ]
    }

    fileprivate static var statusStart: Int { 32 }
    fileprivate static var bucketStart: Int { statusStart + 64 }
    private static var rowSize: Int { bucketStart + LatencyBuckets.count }
    /// All but the last belong to one worker each, which adds to them without locking the bus: that was a
    /// third of a microsecond a request. Workers beyond so many share the last, atomically; how many there
    /// are now, each of them says in cells of its own, which end with it.
    private static var rowsEach: Int { 16 }
    /// The first worker that shares a row.
    private static var firstSharing: Int { rowsEach - 1 }
    /// Cells of one thing, for the gauges of all workers that share a row.
    private static var cellsEach: Int { (workersMax - firstSharing) * Count.gauges.count }

    /// Behind how many workers there have been.
    private static var start: Int { 1 }
    /// Most workers that have cells of their own.
    private static var workersMax: Int { 1024 }

    fileprivate let memory: SharedMemory
    private let places: PlaceTable
    private let capacity: Int
    /// What had been counted a while ago.
    let history: TallyHistory
    /// Whose rows are written.
    private var worker = 0
    /// Where a status is counted in a row; 0: nowhere.
    fileprivate let statusPlaces: [UInt8]

    /// A table with a place for each that `places` has.
    public convenience init(places: PlaceTable) throws(Errno) {
        try self.init(places, try SharedMemory(count: TallyTable.count(places.capacity)))
    }

    /// The table that a former binary used.
    public convenience init(places: PlaceTable, adopting descriptor: Int32) throws(Errno) {
        let count = TallyTable.count(places.capacity)
        try self.init(places, try SharedMemory(adopting: descriptor, count: count))
    }

    private init(_ places: PlaceTable, _ memory: SharedMemory) throws(Errno) {
        capacity = places.capacity
        history = try TallyHistory(capacity: places.capacity)
        self.places = places
        self.memory = memory
        var places = [UInt8](repeating: 0, count: 600)
        for (index, status) in TallyTable.statuses.enumerated() { places[Int(status)] = UInt8(index + 1) }
        statusPlaces = places
    }

    private static func count(_ capacity: Int) -> Int {
        start + (capacity + 1) * (rowsEach * rowSize + cellsEach)
    }

    /// What must be the same in a binary that goes on with it.
    public static var layout: String { "\(rowSize)/\(rowsEach)/\(workersMax)/6" }

    /// The file behind it.
    public var descriptor: Int32? { memory.descriptor }

    private func start(_ place: Int, row: Int) -> Int {
        TallyTable.start + (place * TallyTable.rowsEach + row) * TallyTable.rowSize
    }

    private static func row(of worker: Int) -> Int { min(worker, firstSharing) }

    /// Where the gauges of a worker that shares a row stand, in the order of `Count.gauges`.
    private func cells(_ place: Int, worker: Int) -> Int {
        TallyTable.start + (capacity + 1) * TallyTable.rowsEach * TallyTable.rowSize
            + place * TallyTable.cellsEach
            + (min(worker, TallyTable.workersMax - 1) - TallyTable.firstSharing) * Count.gauges.count
    }

    /// Workers that there have ever been: the others' memory is not even looked at, which would allot it.
    private var workersUsed: Int { min(max(memory.load(0), 1), TallyTable.workersMax) }
    private var rowsUsed: Int { min(workersUsed, TallyTable.rowsEach) }

    // MARK: Counting

    /// This process serves as `worker`: its rows are that one's.
    public func serve(as worker: Int) {
        self.worker = worker
        let used = worker + 1
        while case let known = memory.load(0), known < used {
            if memory.exchange(0, expected: known, with: used) { break }
        }
        forget(worker: worker)
    }

    /// Does what no process may do while another one gives out or takes places: once for many rows.
    public func exclusively<Result>(_ body: () -> Result) -> Result { places.exclusively(body) ?? body() }

    /// This worker's row of a thing; of one that no place was left for: a row that nobody looks at.
    public func row(named name: String) -> Tally {
        let lease = places.take(named: name) { place, vacancy in
            guard case .foreign = vacancy else { return }
            for row in 0..<rowsUsed {
                let start = start(place, row: row)
                for number in 0..<TallyTable.rowSize { memory.store(start + number, 0) }
            }
            for worker in sharing { clearCells(place, worker: worker) }
            history.forget(place)
        }
        let place = lease?.place ?? capacity
        let own = start(place, row: TallyTable.row(of: worker))
        let isAlone = worker < TallyTable.firstSharing
        return Tally(self, start: own, gauges: isAlone ? nil : cells(place, worker: worker), lease)
    }

    /// Workers that share a row.
    private var sharing: Range<Int> { TallyTable.firstSharing..<max(workersUsed, TallyTable.firstSharing) }

    private func clearCells(_ place: Int, worker: Int) {
        let start = cells(place, worker: worker)
        for index in Count.gauges.indices { memory.store(start + index, 0) }
    }

    /// A worker is gone: what was under way in it is not any more.
    public func forget(worker: Int) {
        guard worker < workersUsed else { return }
        for place in 0..<capacity where places.isTaken(place) {
            guard worker < TallyTable.firstSharing else {
                clearCells(place, worker: worker)
                continue
            }
            for count in Count.gauges { memory.store(start(place, row: worker) + count.rawValue, 0) }
        }
    }

    // MARK: Looking

    /// Whether something is or was counted in a place.
    func isTaken(_ place: Int) -> Bool { places.isTaken(place) }

    /// Where something is counted; `nil`: nowhere.
    func place(named name: String) -> Int? { places.find(named: name) }

    /// What all workers counted: of a number that grows.
    func total(of count: Count, at place: Int) -> Int {
        (0..<rowsUsed).reduce(0) { $0 &+ memory.load(start(place, row: $1) + count.rawValue) }
    }

    /// How long requests of all workers took.
    func keptLatency(at place: Int) -> KeptLatency {
        KeptLatency(buckets: { bucket in
            (0..<rowsUsed).reduce(0) {
                $0 &+ memory.load(start(place, row: $1) + TallyTable.bucketStart + bucket)
            }
        })
    }

    /// What all workers counted of a thing.
    public func sum(named name: String) -> TallySum {
        var sum = TallySum()
        guard let place = places.find(named: name) else { return sum }
        for row in 0..<rowsUsed {
            let start = start(place, row: row)
            for count in Count.allCases {
                let value = memory.load(start + count.rawValue)
                if count.isMoment {
                    sum.counts[count.rawValue] = max(sum.counts[count.rawValue], value)
                } else {
                    sum.counts[count.rawValue] += value
                }
            }
            for (index, status) in TallyTable.statuses.enumerated() {
                let value = memory.load(start + TallyTable.statusStart + index)
                if value > 0 { sum.statuses[status, default: 0] += value }
            }
            addHistogram(start, to: &sum.latency)
        }
        for worker in sharing {
            let start = cells(place, worker: worker)
            for (index, gauge) in Count.gauges.enumerated() {
                sum.counts[gauge.rawValue] += memory.load(start + index)
            }
        }
        sum.latency.add(sumUs: sum[.responseUs])
        // It may have become another's meanwhile.
        return places.find(named: name) == place ? sum : TallySum()
    }

    /// What all workers together say of a gauge.
    fileprivate func total(_ count: Count, at place: Int) -> Int {
        var sum = 0
        for row in 0..<rowsUsed { sum &+= memory.load(start(place, row: row) + count.rawValue) }
        guard let gauge = count.gauge else { return sum }
        for worker in sharing { sum &+= memory.load(cells(place, worker: worker) + gauge) }
        return sum
    }

    private func addHistogram(_ start: Int, to histogram: inout LatencyHistogram) {
        for bucket in 0..<LatencyBuckets.count {
            let value = memory.load(start + TallyTable.bucketStart + bucket)
            if value != 0 { histogram.add(bucket: bucket, value) }
        }
    }
}

/// One worker's numbers of one thing, which has its place as long as somebody counts. Adding takes a few
/// nanoseconds and never waits.
public final class Tally {
    private let table: TallyTable
    private let memory: SharedMemory
    private let start: Int
    /// Where its gauges stand; `nil`: no other process adds to the row, and they stand there.
    private let gauges: Int?
    private let lease: PlaceLease?

    fileprivate init(_ table: TallyTable, start: Int, gauges: Int?, _ lease: PlaceLease?) {
        self.table = table
        self.start = start
        self.gauges = gauges
        self.lease = lease
        memory = table.memory
    }

    /// There was a place for it, so that somebody sees what is counted.
    public var isSeen: Bool { lease != nil }

    @inline(__always)
    private func add(_ place: Int, _ amount: Int) {
        if gauges == nil {
            memory.store(start + place, memory.load(start + place) &+ amount)
        } else {
            memory.add(start + place, amount)
        }
    }

    /// Adds to a number.
    @_effects(releasenone)
    public func add(_ count: TallyTable.Count, _ amount: Int = 1) {
        guard let gauges, let gauge = count.gauge else { return add(count.rawValue, amount) }
        memory.store(gauges + gauge, memory.load(gauges + gauge) &+ amount)
    }

    /// A number that says how many there are now, over all workers.
    /// - Complexity: a look at each worker's.
    public func total(_ gauge: TallyTable.Count) -> Int {
        lease.map { table.total(gauge, at: $0.place) } ?? 0
    }

    /// Sets a number that is no sum.
    @_effects(releasenone)
    public func set(_ count: TallyTable.Count, _ value: Int) {
        guard let gauges, let gauge = count.gauge else {
            return memory.store(start + count.rawValue, value)
        }
        memory.store(gauges + gauge, value)
    }

    /// A response with this status, by its class and by itself.
    @_effects(releasenone)
    public func add(status: UInt16) {
        guard status >= 100, status < 600 else { return }
        // The classes stand in their order.
        add(TallyTable.Count.informational.rawValue + Int(status / 100) - 1, 1)
        let place = Int(table.statusPlaces[Int(status)])
        if place > 0 { add(TallyTable.statusStart + place - 1, 1) }
    }

    /// How long a request took.
    @_effects(releasenone)
    public func add(microseconds us: Int64) {
        add(TallyTable.bucketStart + LatencyBuckets.bucket(ofMicroseconds: us), 1)
        add(.responseUs, Int(max(0, us)))
    }
}

/// What was counted of one thing, over all workers.
public struct TallySum: Sendable {
    fileprivate var counts = [Int](repeating: 0, count: TallyTable.Count.allCases.count)
    /// Responses by status.
    public fileprivate(set) var statuses: [UInt16: Int] = [:]
    /// How long requests took.
    public fileprivate(set) var latency = LatencyHistogram()

    /// Nothing.
    public init() {}

    /// One of the numbers.
    public subscript(count: TallyTable.Count) -> Int { counts[count.rawValue] }

    /// Responses of any status.
    public var responses: Int {
        self[.informational] + self[.successful] + self[.redirected] + self[.clientErrors]
            + self[.serverErrors]
    }

    /// TLS handshakes that failed in any way.
    public var failedHandshakes: Int {
        self[.handshakeFailures] + self[.handshakeTimeouts] + self[.noSharedProtocol]
            + self[.noSharedCipher] + self[.rejectedCertificates]
    }
}
