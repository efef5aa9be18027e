public import Net

/// How many requests of each key of a `limit_conn_zone` are under way, over all processes.
///
/// Each worker keeps in a row of its own how many of a key's it has, so that those of a worker that died are
/// given back. A key with none is forgotten; when there is no room for one more, it is refused, as in nginx.
public final class ConnectionCounts: ZoneTable {
    /// What a request finds.
    package enum Look: Equatable {
        /// It is counted in this slot until it is given back.
        case counted(slot: Int)
        /// As many are under way as may be.
        case tooMany
        case noRoom
        /// The zone cannot be looked at: a process stands still in the middle of a change.
        case unavailable
    }

    /// What the zone has done with requests.
    package enum Count: Int, CaseIterable, Sendable {
        case passed, rejected, rejectedDryRun
    }

    /// Most requests of one key: four workers' numbers stand in one of 64 bits.
    package static var countMax: Int { 65_535 }
    private static var slotSize: Int { 8 }
    private static var workersMax: Int { KeySlots.usersMax }

    private static func rowSize(_ capacity: Int) -> Int { capacity / 4 + 1 }

    private static var shape: KeySlots.Shape {
        KeySlots.Shape(slotSize: slotSize, valueCount: 1) { workersMax * rowSize($0) }
    }

    private let slots: KeySlots
    private let memory: SharedMemory
    /// What could not be given back in its time.
    private var owed: [(slot: Int, worker: Int)] = []

    /// A table of so many bytes, or the one that a former binary has left under the label.
    ///
    /// - Parameter descriptor: of that one; `nil`: a new one is made.
    public init(label: String, byteCount: Int, adopting descriptor: Int32?) throws(Errno) {
        slots = try KeySlots(
            ConnectionCounts.shape, label: label, byteCount: byteCount, adopting: descriptor)
        memory = slots.memory
    }

    /// What a binary that takes over finds its memory by; `nil`: it cannot.
    public var descriptor: Int32? { memory.descriptor }

    /// Keys that have requests under way, if they are short.
    package var keyCount: Int { slots.takenCount }
    /// Keys that there is room for, if they are short.
    package var capacity: Int { slots.capacity }

    /// Counts a request of this key, if fewer than `most` are under way.
    package func take(_ key: Span<UInt8>, most: Int, worker: Int) -> Look {
        // Worked out before others have to wait.
        let meta = slots.meta(of: key)
        guard enter() else { return .unavailable }
        defer { slots.leave() }
        var slot = slots.find(key, meta)
        if slot > 0 {
            guard total(slot) < min(most, ConnectionCounts.countMax) else { return .tooMany }
        } else {
            slot = slots.insert(key, meta)
            guard slot > 0 else { return .noRoom }
        }
        let worker = number(worker)
        if !slots.isUser(worker) { slots.noteUser(worker) }
        change(slot, worker, by: 1)
        return .counted(slot: slot)
    }

    /// A request that was counted is over.
    package func giveBack(_ slot: Int, worker: Int) {
        guard enter() else { return owed.append((slot, worker)) }
        defer { slots.leave() }
        release(slot, number(worker))
    }

    /// A worker is gone, and its requests with it.
    package func forget(worker: Int) {
        guard enter() else { return }
        defer { slots.leave() }
        let worker = number(worker)
        guard slots.isUser(worker) else { return }
        for slot in stride(from: 1, through: slots.used, by: 1) {
            let count = count(slot, worker)
            guard count > 0 else { continue }
            change(slot, worker, by: -count)
            if total(slot) <= 0 { slots.remove(slot) }
        }
    }

    /// Requests of a key that are under way.
    package func count(_ key: Span<UInt8>) -> Int {
        guard enter() else { return 0 }
        defer { slots.leave() }
        let slot = slots.find(key, slots.meta(of: key))
        return slot > 0 ? total(slot) : 0
    }

    private func enter() -> Bool {
        guard slots.enter({ recount() }) else { return false }
        guard !owed.isEmpty else { return true }
        for entry in owed { release(entry.slot, number(entry.worker)) }
        owed = []
        return true
    }

    private func number(_ worker: Int) -> Int { min(max(worker, 0), ConnectionCounts.workersMax - 1) }

    // MARK: Numbers

    private func total(_ slot: Int) -> Int { memory.load(slots.value(0, of: slot)) }

    private func release(_ slot: Int, _ worker: Int) {
        guard slot > 0, slot <= slots.capacity, count(slot, worker) > 0 else { return }
        change(slot, worker, by: -1)
        if total(slot) <= 0 { slots.remove(slot) }
    }

    private func change(_ slot: Int, _ worker: Int, by amount: Int) {
        let cell = cell(slot, worker)
        memory.store(cell, memory.load(cell) &+ amount << shift(slot))
        memory.store(slots.value(0, of: slot), total(slot) + amount)
    }

    private func cell(_ slot: Int, _ worker: Int) -> Int {
        slots.extraStart + worker * ConnectionCounts.rowSize(slots.capacity) + slot / 4
    }

    private func shift(_ slot: Int) -> Int { slot % 4 * 16 }

    private func count(_ slot: Int, _ worker: Int) -> Int {
        memory.load(cell(slot, worker)) >> shift(slot) & ConnectionCounts.countMax
    }

    /// A process died between two numbers: the workers' own are the true ones.
    private func recount() {
        let workers = (0..<ConnectionCounts.workersMax).filter { slots.isUser($0) }
        for slot in stride(from: 1, through: slots.used, by: 1) where slots.isKey(slot) {
            let sum = workers.reduce(0) { $0 + count(slot, $1) }
            memory.store(slots.value(0, of: slot), sum)
            if sum == 0 { slots.remove(slot) }
        }
    }

    // MARK: Counts

    /// Counts what became of a request.
    package func count(_ count: Count) { memory.add(slots.count(count.rawValue), 1) }

    /// How many requests that became of, in all processes since the zone was made.
    package func total(_ count: Count) -> Int { memory.load(slots.count(count.rawValue)) }
}
