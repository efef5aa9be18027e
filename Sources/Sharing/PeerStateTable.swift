public import Net

/// Places for peers' state in shared memory, found by identity: a reload finds the same place again, and one
/// that no process uses any more becomes another peer's.
public final class PeerStateTable {
    private let rows: SharedMemory
    /// Who has which place, and who uses it.
    private let places: PlaceTable
    /// Whose group's each row is.
    private let groups: SharedMemory
    /// How many workers have written to the ledger; for each worker, what it has with each peer.
    private let ledger: SharedMemory
    private let capacity: Int
    /// Behind the rows.
    private let journal: ChangeJournal
    /// Whose column of the ledger is written; `nil` in processes that do not serve.
    private var worker: Int?
    private let clock = Clock()
    /// The whole service begins: nobody's load has to be taken over slowly.
    public var isServiceStart = false

    /// A table that no other process can use.
    ///
    /// - Parameters:
    ///   - capacity: peers of all groups with a `zone`.
    ///   - workers: workers that may live at one time.
    public convenience init(capacity: Int, workers: Int) throws(Errno) {
        try self.init(places: try PlaceTable(capacity: capacity, workers: workers), workers: workers)
    }

    /// A table with a place for each that `places` has.
    public convenience init(places: PlaceTable, workers: Int) throws(Errno) {
        self.init(
            places, rows: try SharedMemory(count: PeerStateTable.count(places.capacity)),
            groups: try SharedMemory(count: places.capacity),
            ledger: try SharedMemory(count: PeerStateTable.ledgerCount(places.capacity, workers)))
    }

    private init(_ places: PlaceTable, rows: SharedMemory, groups: SharedMemory, ledger: SharedMemory) {
        capacity = places.capacity
        self.places = places
        self.rows = rows
        self.groups = groups
        self.ledger = ledger
        journal = ChangeJournal(rows, at: capacity * PeerState.numbersEach)
    }

    private static func count(_ capacity: Int) -> Int {
        capacity * PeerState.numbersEach + ChangeJournal.numbers
    }

    /// What a new binary needs to go on with the same table.
    public var descriptors: [Int32] { [rows, groups, ledger].compactMap(\.descriptor) }

    /// The numbers of a table of this build; another build's table may be laid out otherwise.
    public static var layout: String { "\(PeerState.numbersEach)+\(ChangeJournal.numbers)+7" }

    /// The table behind descriptors that a former binary left.
    public convenience init(
        places: PlaceTable, workers: Int, adopting descriptors: [Int32]
    ) throws(Errno) {
        guard descriptors.count == 3 else { throw .invalidArgument }
        let capacity = places.capacity
        self.init(
            places, rows: try SharedMemory(adopting: descriptors[0], count: PeerStateTable.count(capacity)),
            groups: try SharedMemory(adopting: descriptors[1], count: capacity),
            ledger: try SharedMemory(
                adopting: descriptors[2], count: PeerStateTable.ledgerCount(capacity, workers)))
    }

    // MARK: Workers

    private static func ledgerCount(_ capacity: Int, _ workers: Int) -> Int {
        1 + capacity * workers * OwnCounters.count
    }

    private func ledgerIndex(_ worker: Int, _ slot: Int) -> Int {
        1 + (worker * capacity + slot) * OwnCounters.count
    }

    private var workersMax: Int { (ledger.count - 1) / max(capacity, 1) / OwnCounters.count }
    private var workersUsed: Int { min(max(ledger.load(0), 0), workersMax) }

    /// This process serves as `worker`: what it counts can be taken back should it die.
    public func serve(as worker: Int) {
        guard worker >= 0, worker < workersMax else { return }
        self.worker = worker
        while case let known = ledger.load(0), known <= worker {
            if ledger.exchange(0, expected: known, with: worker + 1) { break }
        }
        forget(worker: worker)
    }

    /// A worker is gone, however it ended, and with it its connections.
    public func forget(worker: Int) {
        guard worker >= 0, worker < workersUsed else { return }
        // A place that changes hands meanwhile must not be told what another peer had.
        _ = places.exclusively {
            for slot in 0..<capacity where places.isTaken(slot) {
                let own = ledgerIndex(worker, slot)
                let counts = (0..<OwnCounters.count).map { ledger.load(own + $0) }
                guard counts.contains(where: { $0 != 0 }) else { continue }
                for index in counts.indices { ledger.store(own + index, 0) }
                state(slot, nil).forget(
                    connections: counts[0], unfinished: counts[1], starts: counts[2])
            }
        }
    }

    // MARK: Places

    /// The state of the peer with this identity, and whether nobody used it before.
    ///
    /// - Parameters:
    ///   - group: whose it is.
    ///   - beginning: how a peer begins that nobody used before.
    /// - Returns: `nil`: the table is full.
    public func state(
        for identity: String, in group: String = "", beginning: PeerBeginning = PeerBeginning()
    ) -> (state: PeerState, isNew: Bool)? {
        var isNew = false
        let lease = places.take(named: identity) { slot, _ in
            isNew = true
            reset(slot, group, beginning)
        }
        return lease.map { (state($0.place, $0), isNew) }
    }

    /// Does several things while no other process gives out or takes places.
    public func exclusively<Result>(_ body: () -> Result) -> Result { places.exclusively(body) ?? body() }

    /// Nothing is left of who had the place before.
    private func reset(_ slot: Int, _ group: String, _ beginning: PeerBeginning) {
        for number in 0..<PeerState.numbersEach { rows.store(slot * PeerState.numbersEach + number, 0) }
        for worker in 0..<workersUsed {
            for index in 0..<OwnCounters.count { ledger.store(ledgerIndex(worker, slot) + index, 0) }
        }
        groups.store(slot, SharedMemory.mark(of: group))
        clock.update()
        let isSlow = beginning.isSlow && !isServiceStart
        let state = state(slot, nil)
        if beginning.isMandatory { _ = state.wentOut(nowMs: clock.nowMs) }
        state.begin(
            isMandatory: beginning.isMandatory, slowStartMs: isSlow ? max(clock.nowMs, 1) : 0,
            wallMs: clock.wallMs)
    }

    /// Peers of a group that have requests now, those with these numbers not counted.
    /// - Complexity: looks at the whole table.
    public func busyCount(in group: String, besides known: [Int]) -> Int {
        let mark = SharedMemory.mark(of: group)
        let known = Set(known)
        return (0..<capacity).count { slot in
            groups.load(slot) == mark && !known.contains(slot) && state(slot, nil).connections > 0
        }
    }

    private func state(_ slot: Int, _ lease: PlaceLease?) -> PeerState {
        let own = worker.map { OwnCounters(ledger, at: ledgerIndex($0, slot)) }
        return PeerState(rows, slot: slot, own: own, journal: journal, number: slot, lease: lease)
    }
}

/// How a peer begins that no process knew before: at a reload, by the API, or as a name's new address.
public struct PeerBeginning: Sendable {
    /// A check must pass before it is used.
    public var isMandatory = false
    /// Its weight grows from nothing.
    public var isSlow = false

    /// At once, with all of its weight.
    public init() {}
}

extension PeerStateTable {
    /// Places of all peers of a group, and what is to be let go of when others use them.
    public typealias Reservation = [PeerState]

    /// What checks said of peers that nobody checks any more is forgotten.
    public static func forgetChecks(_ states: Reservation) {
        for state in states where !state.health.takesRequests { state.health = .unchecked }
    }
}
