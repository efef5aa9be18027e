/// What is counted of requests, for each of many things: a server of an upstream, a zone, the whole service.
///
/// A place for each thing, found by its name, so that a reload and a new binary find it again; in each
/// place a row for each worker, so that workers do not wait for each other's memory. Rows are summed when
/// somebody looks. Nothing in it ever falls, except what says how many there are now.
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

        /// Say how many there are now, not how many there were.
        static var gauges: [Count] { [.processing, .idle, .waiting] }
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

    private static var statusStart: Int { 32 }
    private static var bucketStart: Int { statusStart + 64 }
    private static var rowSize: Int { bucketStart + LatencyBuckets.count }
    /// All but the last belong to one worker each, which adds to them without locking the bus: that was a
    /// third of a microsecond a request. Workers beyond so many share the last, atomically.
    private static var rowsEach: Int { 16 }

    private let memory: SharedMemory
    private let capacity: Int
    /// Whose rows are written.
    private var worker = 0
    /// Where a status is counted in a row; 0: nowhere.
    private let statusPlaces: [UInt8]

    /// - Parameter capacity: things, over all reloads.
    public convenience init(capacity: Int) throws(Errno) {
        self.init(capacity: capacity, try SharedMemory(count: TallyTable.count(capacity)))
    }

    /// The table that a former binary used.
    public convenience init(capacity: Int, adopting descriptor: Int32) throws(Errno) {
        self.init(
            capacity: capacity, try SharedMemory(adopting: descriptor, count: TallyTable.count(capacity)))
    }

    private init(capacity: Int, _ memory: SharedMemory) {
        self.capacity = capacity
        self.memory = memory
        var places = [UInt8](repeating: 0, count: 600)
        for (index, status) in TallyTable.statuses.enumerated() { places[Int(status)] = UInt8(index + 1) }
        statusPlaces = places
    }

    private static func count(_ capacity: Int) -> Int { 1 + capacity + (capacity + 1) * rowsEach * rowSize }

    /// What must be the same in a binary that goes on with it.
    public static var layout: String { "\(rowSize)/\(rowsEach)" }

    /// The file behind it.
    public var descriptor: Int32? { memory.descriptor }

    /// The place of a thing.
    ///
    /// - Returns: `nil`: the table is full.
    public func place(named name: String) -> Int? {
        memory.place(of: name, among: capacity) { 1 + $0 }?.place
    }

    private func start(_ place: Int, row: Int) -> Int {
        1 + capacity + (place * TallyTable.rowsEach + row) * TallyTable.rowSize
    }

    private static func row(of worker: Int) -> Int { min(worker, rowsEach - 1) }

    /// Rows that any worker has ever had: the others' memory is not even looked at, which would allot it.
    private var rowsUsed: Int { min(max(memory.load(0), 1), TallyTable.rowsEach) }

    // MARK: Counting

    /// This process serves as `worker`: its rows are that one's.
    public func serve(as worker: Int) {
        self.worker = worker
        let used = TallyTable.row(of: worker) + 1
        while case let known = memory.load(0), known < used {
            if memory.exchange(0, expected: known, with: used) { break }
        }
        forget(worker: worker)
    }

    /// This worker's row of a thing; of one that no place was left for: a row that nobody looks at.
    public func row(named name: String) -> Tally {
        Tally(table: self, start: start(place(named: name) ?? capacity, row: TallyTable.row(of: worker)))
    }

    @inline(__always)
    private func add(_ index: Int, _ amount: Int) {
        if worker < TallyTable.rowsEach - 1 {
            memory.store(index, memory.load(index) &+ amount)
        } else {
            memory.add(index, amount)
        }
    }

    fileprivate func add(_ start: Int, _ count: Count, _ amount: Int) { add(start + count.rawValue, amount) }

    fileprivate func store(_ start: Int, _ count: Count, _ value: Int) {
        memory.store(start + count.rawValue, value)
    }

    fileprivate func add(_ start: Int, status: UInt16) {
        guard status >= 100, status < 600 else { return }
        // The classes stand in their order.
        add(start + Count.informational.rawValue + Int(status / 100) - 1, 1)
        let place = Int(statusPlaces[Int(status)])
        if place > 0 { add(start + TallyTable.statusStart + place - 1, 1) }
    }

    fileprivate func add(_ start: Int, microseconds us: Int64) {
        add(start + TallyTable.bucketStart + LatencyBuckets.bucket(ofMicroseconds: us), 1)
        add(start + Count.responseUs.rawValue, Int(max(0, us)))
    }

    /// A worker is gone: what was under way in it is not any more.
    public func forget(worker: Int) {
        let row = TallyTable.row(of: worker)
        guard row < rowsUsed else { return }
        for place in 0..<capacity where memory.load(1 + place) != 0 {
            for count in Count.gauges { store(start(place, row: row), count, 0) }
        }
    }

    // MARK: Looking

    /// What all workers counted of a thing.
    public func sum(named name: String) -> TallySum {
        var sum = TallySum()
        guard let place = place(named: name) else { return sum }
        for row in 0..<rowsUsed {
            let start = start(place, row: row)
            for count in Count.allCases {
                let value = memory.load(start + count.rawValue)
                if count == .selectedMs {
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
        sum.latency.add(sumUs: sum[.responseUs])
        return sum
    }

    private func addHistogram(_ start: Int, to histogram: inout LatencyHistogram) {
        for bucket in 0..<LatencyBuckets.count {
            let value = memory.load(start + TallyTable.bucketStart + bucket)
            if value != 0 { histogram.add(bucket: bucket, value) }
        }
    }
}

/// One worker's numbers of one thing. Adding takes a few nanoseconds and never waits.
public struct Tally {
    fileprivate let table: TallyTable
    fileprivate let start: Int

    /// Adds to a number.
    public func add(_ count: TallyTable.Count, _ amount: Int = 1) { table.add(start, count, amount) }

    /// Sets a number that is no sum.
    public func set(_ count: TallyTable.Count, _ value: Int) { table.store(start, count, value) }

    /// A response with this status, by its class and by itself.
    public func add(status: UInt16) { table.add(start, status: status) }

    /// How long a request took.
    public func add(microseconds us: Int64) { table.add(start, microseconds: us) }
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
