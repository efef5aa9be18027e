public import Net

/// Which peers' states have changed lately in what choosing goes by: failures, health, slow starts, full or
/// not. A worker that chooses among a thousand peers looks at those alone.
///
/// In memory that processes share: how many changes there were, then the last of them, each in the place
/// of its number: that number and the peer's.
public final class ChangeJournal {
    /// Numbers of shared memory that it takes. The count has a cache line of its own.
    public static var numbers: Int { 8 + length }

    private static var length: Int { 64 }
    private static var peerBits: Int { 24 }

    private let memory: SharedMemory
    private let start: Int
    /// Numbers given out to peers of this process alone.
    private var given = 0

    /// Changes that are noted in `memory`, from its number `start` on.
    public init(_ memory: SharedMemory, at start: Int) {
        self.memory = memory
        self.start = start
    }

    /// Numbers for peers that no other process sees.
    public func newPeers(_ count: Int) -> Int {
        defer { given += count }
        return given
    }

    /// Says that a peer's state has changed. Called behind the change.
    public func note(_ peer: Int) {
        let number = memory.addOrdered(start, 1)
        let entry = number << ChangeJournal.peerBits | ChangeJournal.mark(of: peer)
        memory.storeOrdered(place(number), entry)
    }

    /// Changes so far.
    public var count: Int { memory.loadOrdered(start) }

    /// Whose change a number stands for: the mark of a peer.
    ///
    /// - Returns: `nil`: it is not written yet, or not any more.
    public func peer(ofChange number: Int) -> Int? {
        let entry = memory.loadOrdered(place(number))
        guard (entry ^ number << ChangeJournal.peerBits) >> ChangeJournal.peerBits == 0 else { return nil }
        return ChangeJournal.mark(of: entry)
    }

    /// What is written of a peer's number. That two may have the same after many reloads costs a look.
    public static func mark(of peer: Int) -> Int { peer & (1 << peerBits - 1) }

    private func place(_ number: Int) -> Int { start + 8 + number & (ChangeJournal.length - 1) }
}
