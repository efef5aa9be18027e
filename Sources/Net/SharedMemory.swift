internal import Glibc
import Synchronization

/// Memory that a master and all processes it forks see alike: rows of 64-bit numbers.
///
/// Every number is an atomic; nothing is ever freed, and every index is checked.
public final class SharedMemory {
    private let base: UnsafeMutableRawPointer
    private let byteCount: Int
    /// Numbers that it holds.
    public let count: Int
    /// Numbers that regions have been made of.
    private var allocated = 0

    /// - Parameter count: how many numbers; all are 0 at first.
    public init(count: Int) throws(Errno) {
        self.count = count
        let (bytes, isTooLarge) = max(count, 1).multipliedReportingOverflow(
            by: MemoryLayout<Atomic<Int>>.stride)
        guard count >= 0, !isTooLarge else { throw .outOfMemory }
        byteCount = bytes
        let flags = Int32(MAP_SHARED) | Int32(MAP_ANONYMOUS)
        guard let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), mapped != MAP_FAILED
        else {
            throw Errno.current
        }
        base = mapped
    }

    /// As many numbers as fit in `byteCount` bytes.
    public convenience init(byteCount: Int) throws(Errno) {
        try self.init(count: max(byteCount, 0) / MemoryLayout<Atomic<Int>>.stride)
    }

    /// The same kind of memory, seen by this process alone.
    public static func ownedByProcess(count: Int) -> SharedMemory? {
        try? SharedMemory(count: count)
    }

    deinit { munmap(base, byteCount) }

    /// The number at `index`.
    @inline(__always)
    private func atomic(_ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        precondition(index >= 0 && index < count, "shared number out of range")
        return (base + index * MemoryLayout<Atomic<Int>>.stride).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// The number at `index` as it is now.
    public func load(_ index: Int) -> Int { atomic(index).pointee.load(ordering: .relaxed) }

    /// Puts `value` at `index`.
    public func store(_ index: Int, _ value: Int) { atomic(index).pointee.store(value, ordering: .relaxed) }

    /// Adds; wraps around on overflow, as nothing may trap on what another process wrote.
    ///
    /// - Returns: the new value.
    @discardableResult
    public func add(_ index: Int, _ amount: Int) -> Int {
        atomic(index).pointee.wrappingAdd(amount, ordering: .relaxed).newValue
    }

    /// Stores `value` if `expected` stands there.
    public func exchange(_ index: Int, expected: Int, with value: Int) -> Bool {
        atomic(index).pointee.compareExchange(
            expected: expected, desired: value, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// The next `count` numbers that no region has yet; `nil`: there are not as many left.
    ///
    /// Called before forking: what is given out is not shared, the numbers are.
    public func allocate(count wanted: Int) -> SharedRegion? {
        guard wanted >= 0, wanted <= count - allocated else { return nil }
        defer { allocated += wanted }
        return SharedRegion(memory: self, start: allocated, count: wanted)
    }
}
