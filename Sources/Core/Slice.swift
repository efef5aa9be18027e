/// Bytes `start ..< start + count` of the buffer that they were parsed from.
///
/// Valid until that buffer is compacted or cleared; growing keeps it valid.
public struct Slice: Equatable, Sendable {
    /// Index of the first byte among the readable ones.
    public var start: UInt32
    /// Bytes that it takes.
    public var count: UInt32

    /// A slice by its first byte and its length.
    @inlinable
    public init(start: UInt32 = 0, count: UInt32 = 0) {
        self.start = start
        self.count = count
    }

    /// The slice from `start` up to, not including, `end`.
    @inlinable
    public init(from start: Int, to end: Int) {
        precondition(0 <= start && start <= end && end <= Int(UInt32.max))
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: end &- start)
    }

    /// Whether it takes no byte.
    @inlinable public var isEmpty: Bool { count == 0 }
    /// Index after the last byte.
    @inlinable public var end: Int { Int(start) + Int(count) }
    /// The same as indices.
    @inlinable public var range: Range<Int> { Int(start)..<end }
}
