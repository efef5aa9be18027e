/// What epoll hands back: a slot and the generation it had when it was registered.
///
/// An event for a connection that was closed earlier in the same batch no longer matches, so no
/// pointer and no reference count travels through the kernel.
public struct Token: Equatable, Sendable, BitwiseCopyable {
    /// Where in the table.
    public let slot: UInt32
    /// How often the slot had been used before, plus one.
    public let generation: UInt32

    /// A token made by hand, for places that are filled later and for tests.
    @inlinable
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// What the kernel gives back.
    @inlinable
    public init(rawValue: UInt64) {
        slot = UInt32(truncatingIfNeeded: rawValue)
        generation = UInt32(truncatingIfNeeded: rawValue >> 32)
    }

    /// What the kernel is given.
    @inlinable public var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}
