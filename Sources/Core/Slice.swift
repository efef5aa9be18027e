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
    ///
    /// What is no run of bytes, or lies beyond 4 GiB, becomes a slice that no buffer has.
    @inlinable
    public init(from start: Int, to end: Int) {
        let isRun = 0 <= start && start <= end && end <= Int(UInt32.max)
        self.start = isRun ? UInt32(truncatingIfNeeded: start) : .max
        self.count = isRun ? UInt32(truncatingIfNeeded: end &- start) : .max
    }

    /// Whether it takes no byte.
    @inlinable public var isEmpty: Bool { count == 0 }
    /// Index after the last byte.
    @inlinable public var end: Int { Int(start) + Int(count) }
    /// The same as indices.
    @inlinable public var range: Range<Int> { Int(start)..<end }
}
