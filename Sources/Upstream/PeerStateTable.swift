public import Net

/// Places for peers' state in shared memory, found by identity: a reload finds the same place again.
///
/// Identities are kept as 64-bit hashes; the table is filled by whoever comes first.
public final class PeerStateTable {
    private let rows: SharedMemory
    /// Who each row is, then whose group's.
    private let identities: SharedMemory
    /// For each worker, how many connections it has with each peer.
    private let ledger: SharedMemory
    private let capacity: Int
    /// Behind the rows.
    private let journal: ChangeJournal
    /// Whose column of the ledger is written; `nil` in processes that do not serve.
    private var worker: Int?

    /// - Parameters:
    ///   - capacity: peers of all groups with a `zone`, over all reloads.
    ///   - workers: workers that may live at one time.
    public convenience init(capacity: Int, workers: Int) throws(Errno) {
        self.init(
            capacity: capacity, rows: try SharedMemory(count: PeerStateTable.count(capacity)),
            identities: try SharedMemory(count: 2 * capacity),
            ledger: try SharedMemory(count: capacity * workers))
    }

    private init(capacity: Int, rows: SharedMemory, identities: SharedMemory, ledger: SharedMemory) {
        self.capacity = capacity
        self.rows = rows
        self.identities = identities
        self.ledger = ledger
        journal = ChangeJournal(rows, at: capacity * PeerState.numbersEach)
    }

    private static func count(_ capacity: Int) -> Int {
        capacity * PeerState.numbersEach + ChangeJournal.numbers
    }

    /// What a new binary needs to go on with the same table.
    public var descriptors: [Int32] { [rows, identities, ledger].compactMap(\.descriptor) }

    /// The numbers of a table of this build; another build's table may be laid out otherwise.
    public static var layout: String { "\(PeerState.numbersEach)+\(ChangeJournal.numbers)+2" }

    /// The table behind descriptors that a former binary left.
    public convenience init(capacity: Int, workers: Int, adopting descriptors: [Int32]) throws(Errno) {
        guard descriptors.count == 3 else { throw .invalidArgument }
        self.init(
            capacity: capacity,
            rows: try SharedMemory(adopting: descriptors[0], count: PeerStateTable.count(capacity)),
            identities: try SharedMemory(adopting: descriptors[1], count: 2 * capacity),
            ledger: try SharedMemory(adopting: descriptors[2], count: capacity * workers))
    }

    /// This process serves as `worker`: what it counts can be taken back should it die.
    public func serve(as worker: Int) {
        self.worker = worker
        forget(worker: worker)
    }

    /// A worker is gone, however it ended, and with it its connections.
    public func forget(worker: Int) {
        guard worker >= 0, (worker + 1) * capacity <= ledger.count else { return }
        for slot in 0..<capacity where identities.load(slot) != 0 {
            let count = ledger.load(worker * capacity + slot)
            guard count != 0 else { continue }
            ledger.store(worker * capacity + slot, 0)
            state(slot).forget(connections: count)
        }
    }

    /// The state of the peer with this identity, and whether nobody had it before.
    ///
    /// - Parameter group: whose it is.
    /// - Returns: `nil`: the table is full.
    public func state(for identity: String, in group: String = "") -> (state: PeerState, isNew: Bool)? {
        guard let (slot, isNew) = identities.place(of: identity, among: capacity, markedAt: { $0 }) else {
            return nil
        }
        if isNew { identities.store(capacity + slot, SharedMemory.mark(of: group)) }
        return (state(slot), isNew)
    }

    /// Peers of a group that have requests now, those with these numbers not counted.
    /// - Complexity: looks at the whole table.
    func busyCount(in group: String, besides known: [Int]) -> Int {
        let mark = SharedMemory.mark(of: group)
        return (0..<capacity).count { slot in
            identities.load(capacity + slot) == mark && !known.contains(slot) && state(slot).connections > 0
        }
    }

    private func state(_ slot: Int) -> PeerState {
        let own = worker.map { ledger.counter($0 * capacity + slot) }
        return PeerState(rows, slot: slot, own: own, journal: journal, number: slot)
    }
}
