public import Net

/// Places in shared memory that are found by name, so that a reload and a new binary find them again, and
/// that are another's when nobody uses them any more.
///
/// Places stand where their names' hashes lead to, or behind. One that nobody uses keeps its name and what is
/// in it until the table is three quarters full.
public final class PlaceTable {
    /// What a place was that a name is given, for whoever has to make it ready.
    public enum Vacancy {
        /// It is the name's own, and nobody used it.
        case abandoned
        /// It was another's.
        case foreign
        /// Nobody ever had it: its memory is untouched.
        case unused
    }

    /// Stands for the mark of a place while it changes hands; marks are odd.
    private static var changingHands: Int { 2 }

    /// Places of the table.
    public let capacity: Int
    private let tenants: Tenants
    /// Where the number of places that were ever given out stands, then the marks.
    private let start: Int
    /// Where the table's bits begin in a row.
    private let words: Int
    /// Uses of each place by this process.
    private var uses: [Int: Int] = [:]
    private var epoch: Int

    init(_ tenants: Tenants, capacity: Int, marks: Int, words: Int) {
        self.tenants = tenants
        self.capacity = capacity
        start = marks
        self.words = words
        epoch = tenants.epoch
    }

    /// A table of its own, used by this process.
    public convenience init(capacity: Int, workers: Int = 1) throws(Errno) {
        let tenants = try Tenants(workers: workers, capacities: [capacity])
        tenants.enter()
        self.init(tenants, capacity: capacity, marks: 8, words: 2)
    }

    private var memory: SharedMemory { tenants.memory }
    private func mark(_ place: Int) -> Int { memory.loadOrdered(start + 1 + place) }
    private func setMark(_ place: Int, _ mark: Int) { memory.storeOrdered(start + 1 + place, mark) }
    private func home(_ mark: Int) -> Int { Int((UInt(bitPattern: mark) >> 1) % UInt(max(capacity, 1))) }

    /// Whether the place has ever been given out.
    public func isTaken(_ place: Int) -> Bool { mark(place) != 0 }

    /// Where a name's place is now, for one look at it: it may be another's at any time.
    ///
    /// - Returns: `nil`: it has none.
    public func find(_ wanted: Int) -> Int? {
        var place = home(wanted)
        for _ in 0..<capacity {
            let found = mark(place)
            if found == wanted { return place }
            if found == 0 { return nil }
            place = place + 1 == capacity ? 0 : place + 1
        }
        return nil
    }

    /// The same, by name.
    public func find(named name: String) -> Int? { find(SharedMemory.mark(of: name)) }

    /// A name's place, for this process to use until it lets go of what is returned.
    ///
    /// - Parameters:
    ///   - wanted: the name's mark: odd.
    ///   - claims: false: only a place that the name has already.
    ///   - prepare: makes a place ready that nobody uses, before anybody can find it.
    /// - Returns: `nil`: all places are used, or the name has none, or this process is not entered.
    public func take(
        _ wanted: Int, claims: Bool = true, prepare: (Int, Vacancy) -> Void = { _, _ in }
    ) -> PlaceLease? {
        guard tenants.isEntered else { return nil }
        return tenants.locked { () -> PlaceLease? in
            if let place = find(wanted) {
                if !isUsed(place) { prepare(place, .abandoned) }
                return use(place)
            }
            guard claims, let place = vacantPlace(for: wanted) ?? placeOfTheDead(for: wanted) else {
                return nil
            }
            let isUnused = mark(place) == 0
            if isUnused { memory.add(start, 1) }
            // Not 0 in between: those behind it must be found.
            setMark(place, PlaceTable.changingHands)
            prepare(place, isUnused ? .unused : .foreign)
            defer { setMark(place, wanted) }
            return use(place)
        } ?? nil
    }

    /// The same, by name.
    public func take(
        named name: String, claims: Bool = true, prepare: (Int, Vacancy) -> Void = { _, _ in }
    ) -> PlaceLease? {
        take(SharedMemory.mark(of: name), claims: claims, prepare: prepare)
    }

    /// The first place behind a name's home that nobody has, or, if the table is rather full, uses.
    private func vacantPlace(for wanted: Int) -> Int? {
        let isSpacious = memory.load(start) < capacity / 4 * 3
        var place = home(wanted)
        for _ in 0..<capacity {
            if mark(place) == 0 || (!isSpacious && !isUsed(place)) { return place }
            place = place + 1 == capacity ? 0 : place + 1
        }
        return nil
    }

    private func placeOfTheDead(for wanted: Int) -> Int? {
        tenants.clearDead()
        return vacantPlace(for: wanted)
    }

    /// Does what no process may do while another one gives out or takes places.
    ///
    /// - Returns: `nil`: another process had the lock all the time.
    public func exclusively<Result>(_ body: () -> Result) -> Result? { tenants.locked(body) }

    private func isUsed(_ place: Int) -> Bool { tenants.isUsed(word: words + place / 64, bit: place % 64) }

    private func use(_ place: Int) -> PlaceLease {
        if epoch != tenants.epoch {
            epoch = tenants.epoch
            uses = [:]
        }
        if uses[place] == nil { tenants.beginUse(word: words + place / 64, bit: place % 64) }
        uses[place, default: 0] += 1
        return PlaceLease(self, place, epoch: epoch)
    }

    fileprivate func isCurrent(_ epoch: Int) -> Bool { epoch == tenants.epoch }

    fileprivate func release(_ place: Int, epoch: Int) {
        guard epoch == tenants.epoch, tenants.isEntered, let count = uses[place] else { return }
        uses[place] = count > 1 ? count - 1 : nil
        if count == 1 { tenants.endUse(word: words + place / 64, bit: place % 64) }
    }
}

/// A place that this process uses: it is nobody else's as long as this object lives.
public final class PlaceLease {
    /// Which place of the table.
    public let place: Int
    private let table: PlaceTable
    private let epoch: Int

    fileprivate init(_ table: PlaceTable, _ place: Int, epoch: Int) {
        self.table = table
        self.place = place
        self.epoch = epoch
    }

    /// It is this process's, not its parent's.
    fileprivate var isOwn: Bool { table.isCurrent(epoch) }

    deinit { table.release(place, epoch: epoch) }
}

/// Places that a process uses as long as its configuration names them.
public struct HeldPlaces {
    private var leases: [Int: PlaceLease] = [:]

    /// Nothing is held.
    public init() {}

    /// The place of a name that is held.
    public subscript(mark: Int) -> Int? { own(mark)?.place }

    private func own(_ mark: Int) -> PlaceLease? { leases[mark].flatMap { $0.isOwn ? $0 : nil } }

    /// Holds the places that `take` gives for these names, and lets go of others'.
    ///
    /// - Returns: whether all names have a place.
    public mutating func hold(_ marks: [Int], _ take: (Int) -> PlaceLease?) -> Bool {
        var next: [Int: PlaceLease] = [:]
        for mark in marks where next[mark] == nil { next[mark] = own(mark) ?? take(mark) }
        leases = next
        return marks.allSatisfy { next[$0] != nil }
    }

    /// Holds one more.
    public mutating func add(_ mark: Int, _ lease: PlaceLease) { leases[mark] = lease }
}
