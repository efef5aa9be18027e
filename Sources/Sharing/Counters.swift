public import Net

/// What is counted for `stub_status` and the status page, by every worker in a slab of its own.
public enum Counter: Int, CaseIterable {
    /// Connections accepted, and those of them that are served.
    case accepts, handled
    /// Requests begun.
    case requests
    /// Client connections now; of these, heads being read, requests being served, idle ones.
    case active, reading, writing, waiting
    /// Wrong passwords, and names that nobody has.
    case failedLogins
    /// Plain HTTP came to a TLS port.
    case plainOnTLS
    /// Idle clients closed so that others could be served, and requests refused where there was none.
    case closedForRoom, refusedForRoom
    /// Requests that a regular expression would have taken too long for.
    case patternExcesses
    /// Client connections that speak HTTP/2 now, and requests begun on such.
    case http2Active, http2Requests
    /// Copies of requests that were not sent because there were too many.
    case mirrorsDropped

    /// Says how many there are now, not how many there were.
    package var isGauge: Bool {
        switch self {
        case .active, .reading, .writing, .waiting, .http2Active: true
        case .accepts, .handled, .requests, .failedLogins, .plainOnTLS, .closedForRoom, .refusedForRoom,
            .patternExcesses, .http2Requests, .mirrorsDropped:
            false
        }
    }
}

/// The counters of all workers in shared memory: the master holds them, so they outlive workers and
/// reloads.
public final class Counters {
    private let memory: SharedMemory
    private let slots: Int
    /// Numbers a slab takes: whole cache lines, so that workers do not slow each other.
    private static var slabSize: Int { 32 }

    /// - Parameter slots: most workers that may live at one time.
    public init(slots: Int) throws(Errno) {
        self.slots = slots
        memory = try SharedMemory(count: slots * Counters.slabSize)
    }

    /// The memory that a former binary used.
    package init(slots: Int, adopting descriptor: Int32) throws(Errno) {
        self.slots = slots
        memory = try SharedMemory(adopting: descriptor, count: slots * Counters.slabSize)
    }

    /// What must be the same in a binary that goes on with it.
    static var layout: String { "\(Counter.allCases.count)/\(slabSize)" }

    /// What a binary that takes over finds the memory by; `nil`: it cannot.
    package var descriptor: Int32? { memory.descriptor }

    /// - Returns: whose the slot is; `nil`: it has become `master`'s.
    func claim(slot: Int, for master: Int32) -> Int32? {
        let place = slot * Counters.slabSize + Counters.ownerPlace
        if memory.exchange(place, expected: 0, with: Int(master)) { return nil }
        return Int32(truncatingIfNeeded: memory.load(place))
    }

    func release(slot: Int) { memory.store(slot * Counters.slabSize + Counters.ownerPlace, 0) }

    /// Where in a slab the number of the master stands whose worker has it.
    private static var ownerPlace: Int { slabSize - 1 }

    /// The slab of the worker in `slot`.
    package func slab(_ slot: Int) -> CounterSlab {
        CounterSlab(counters: self, slot: slot, memory, start: index(.accepts, slot))
    }

    /// A worker is gone, however it ended: its connections are too. What it had counted stays.
    public func workerEnded(slot: Int) {
        for counter in Counter.allCases where counter.isGauge { memory.store(index(counter, slot), 0) }
    }

    /// One worker's.
    package func load(_ counter: Counter, slot: Int) -> Int { memory.load(index(counter, slot)) }

    /// The sum over all workers.
    package func total(_ counter: Counter) -> Int {
        var sum = 0
        for slot in 0..<slots { sum += memory.load(index(counter, slot)) }
        return sum
    }

    private func index(_ counter: Counter, _ slot: Int) -> Int {
        precondition(slot >= 0 && slot < slots, "no such counter slab")
        return slot * Counters.slabSize + counter.rawValue
    }
}

/// One worker's counters, and the sums of all.
public final class CounterSlab {
    private let counters: Counters
    private let slot: Int
    private let memory: SharedMemory
    /// Where its numbers begin.
    private let start: Int

    fileprivate init(counters: Counters, slot: Int, _ memory: SharedMemory, start: Int) {
        self.counters = counters
        self.slot = slot
        self.memory = memory
        self.start = start
    }

    /// A worker begins: whoever had the slab before left no connection behind.
    package func beginLife() {
        counters.workerEnded(slot: slot)
    }

    /// Called by the worker that has the slot alone: nothing is locked for it.
    @_effects(releasenone)
    public func add(_ counter: Counter, _ amount: Int) {
        let index = start + counter.rawValue
        memory.store(index, memory.load(index) &+ amount)
    }

    /// The sum over all workers.
    package func total(_ counter: Counter) -> Int {
        counters.total(counter)
    }
}
