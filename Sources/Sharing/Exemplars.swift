internal import Net

/// Requests that stand for others: of each range of durations the last that was noted, with what logs know it
/// by. All workers note them.
public final class Exemplars {
    /// A request, and how long it took.
    public struct Exemplar: Sendable, Equatable {
        /// When it ended, in milliseconds of the wall clock.
        public let atMs: Int
        /// How long it took, in microseconds.
        public let us: Int
        /// `$request_id`
        public let requestID: String

        /// One request.
        public init(atMs: Int, us: Int, requestID: String) {
            self.atMs = atMs
            self.us = us
            self.requestID = requestID
        }
    }

    /// Where ranges end, in microseconds; the last range has no end.
    public static var bounds: [Int64] {
        [
            500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
            5_000_000, 10_000_000, 60_000_000,
        ]
    }
    /// The range of a duration, in which a histogram counts it as well: buckets count where their middle is.
    public static func range(ofMicroseconds us: Int64) -> Int {
        let counted = max(us, LatencyBuckets.middle(LatencyBuckets.bucket(ofMicroseconds: us)))
        return bounds.firstIndex { counted <= $0 } ?? bounds.count
    }

    /// Characters of a request's number.
    private static var idMax: Int { 32 }
    /// A place: whose turn it is to write, then when, how long, how many characters, and these.
    private static var placeSize: Int { 4 + idMax / 8 }
    /// A writer that has not come to its end by then has died.
    private static var patienceMs: Int { 5000 }

    private let memory: SharedMemory

    /// None was noted.
    convenience init() throws(Errno) {
        self.init(try SharedMemory(count: (Exemplars.bounds.count + 1) * Exemplars.placeSize))
    }

    /// - Parameter memory: with room for all ranges.
    init(_ memory: SharedMemory) { self.memory = memory }

    /// Puts one in the place of its range's; where another worker does at this moment, that one stays.
    public func note(_ exemplar: Exemplar, in range: Int) {
        guard (0...Exemplars.bounds.count).contains(range) else { return }
        let place = range * Exemplars.placeSize
        let turn = memory.loadOrdered(place)
        if turn & 1 != 0, exemplar.atMs - memory.loadOrdered(place + 1) < Exemplars.patienceMs { return }
        let mine = turn &+ (turn & 1 == 0 ? 1 : 2)
        guard memory.exchange(place, expected: turn, with: mine) else { return }
        let id = Array(exemplar.requestID.utf8.prefix(Exemplars.idMax))
        memory.storeOrdered(place + 1, exemplar.atMs)
        memory.storeOrdered(place + 2, exemplar.us)
        memory.storeOrdered(place + 3, id.count)
        memory.store(id, at: place + 4)
        memory.storeOrdered(place, mine &+ 1)
    }

    /// One for each range, as far as there are.
    package var all: [Exemplar?] {
        (0...Exemplars.bounds.count).map { range in
            let place = range * Exemplars.placeSize
            let found = Seqlock(memory, place).read { turn -> Exemplar? in
                guard turn > 0 else { return nil }
                let count = min(max(memory.loadOrdered(place + 3), 0), Exemplars.idMax)
                return Exemplar(
                    atMs: memory.loadOrdered(place + 1), us: memory.loadOrdered(place + 2),
                    requestID: String(decoding: memory.bytes(at: place + 4, count: count), as: UTF8.self))
            }
            return found ?? nil
        }
    }
}
