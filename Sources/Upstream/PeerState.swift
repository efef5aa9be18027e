public import Net

/// What is known of one peer at run time: failures, connections, totals.
///
/// Eight numbers in memory that workers share when the group has a `zone`.
public struct PeerState {
    private enum Place: Int {
        case fails, accessed, checked, connections, requests, failures, sent, received
    }

    static var numbersEach: Int { 8 }

    private let memory: SharedMemory
    private let base: Int

    init(_ memory: SharedMemory, slot: Int) {
        self.memory = memory
        base = slot * PeerState.numbersEach
    }

    private func read(_ place: Place) -> Int { memory.load(base + place.rawValue) }
    private func write(_ place: Place, _ value: Int) { memory.store(base + place.rawValue, value) }
    private func add(_ place: Place, _ amount: Int) { memory.add(base + place.rawValue, amount) }

    /// Failures in the window that runs.
    public var fails: Int {
        get { read(.fails) }
        nonmutating set { write(.fails, newValue) }
    }

    /// When it failed last, in seconds.
    var accessed: Int64 {
        get { Int64(read(.accessed)) }
        nonmutating set { write(.accessed, Int(newValue)) }
    }

    /// When its window began, or when it was last tried after a ban, in seconds.
    var checked: Int64 {
        get { Int64(read(.checked)) }
        nonmutating set { write(.checked, Int(newValue)) }
    }

    /// Requests that are with it now.
    public var connections: Int { read(.connections) }
    func connectionBegan() { add(.connections, 1) }
    func connectionEnded() { if connections > 0 { add(.connections, -1) } }

    func countFailure() {
        write(.fails, fails + 1)
        add(.failures, 1)
    }

    /// An attempt is over: its numbers go into the totals.
    public func count(sent: Int64, received: Int64) {
        add(.requests, 1)
        add(.sent, Int(sent))
        add(.received, Int(received))
    }
}

/// Places for peers' state in shared memory, found by identity: a reload finds the same place again.
///
/// Identities are kept as 64-bit hashes; the table is filled by whoever comes first.
public final class PeerStateTable {
    private let memory: SharedMemory
    private let identities: SharedMemory
    private let capacity: Int

    /// - Parameter capacity: peers of all groups with a `zone`, over all reloads.
    public init(capacity: Int) throws(Errno) {
        self.capacity = capacity
        memory = try SharedMemory(count: capacity * PeerState.numbersEach)
        identities = try SharedMemory(count: capacity)
    }

    /// The state of the peer with this identity; `nil`: the table is full.
    public func state(for identity: String) -> PeerState? {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in identity.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let mark = Int(bitPattern: UInt(truncatingIfNeeded: hash | 1))
        for step in 0..<capacity {
            let slot = (Int(hash % UInt64(capacity)) + step) % capacity
            let found = identities.load(slot)
            if found == mark || (found == 0 && identities.exchange(slot, expected: 0, with: mark)) {
                return PeerState(memory, slot: slot)
            }
            if identities.load(slot) == mark { return PeerState(memory, slot: slot) }
        }
        return nil
    }
}
