internal import CLinux
internal import Glibc
import Synchronization

/// Memory that a master and all processes it forks see alike: rows of 64-bit numbers.
///
/// Every number is an atomic; nothing is ever freed, and every index is checked. It is a file without a
/// name, so that a running worker can be handed memory that is younger than itself, and a new binary
/// what its forerunner counted.
public final class SharedMemory {
    private let base: UnsafeMutableRawPointer
    private let byteCount: Int
    /// Numbers that it holds.
    public let count: Int

    /// The file behind it, for whoever it is handed to; `nil`: no other process sees this memory.
    public let descriptor: Int32?

    /// - Parameter count: how many numbers; all are 0 at first.
    public convenience init(count: Int) throws(Errno) {
        let bytes = try SharedMemory.byteCount(count)
        let descriptor = portico_memory_file("portico")
        guard descriptor >= 0 else { throw Errno.current }
        guard ftruncate(descriptor, off_t(bytes)) == 0 else {
            let errno = Errno.current
            close(descriptor)
            throw errno
        }
        try self.init(adopting: descriptor, count: count)
    }

    /// The memory behind a descriptor that another process handed over; it is closed with this object.
    ///
    /// - Throws: also if it holds fewer than `count` numbers.
    public init(adopting descriptor: Int32, count: Int) throws(Errno) {
        self.descriptor = descriptor
        self.count = count
        var status = stat()
        guard let bytes = try? SharedMemory.byteCount(count), fstat(descriptor, &status) == 0,
            status.st_size >= bytes
        else {
            close(descriptor)
            throw .invalidArgument
        }
        byteCount = bytes
        guard let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, Int32(MAP_SHARED), descriptor, 0),
            mapped != MAP_FAILED
        else {
            let errno = Errno.current
            close(descriptor)
            throw errno
        }
        base = mapped
    }

    /// Memory of the same kind that this process alone sees.
    public init(privateCount: Int) throws(Errno) {
        descriptor = nil
        count = privateCount
        byteCount = try SharedMemory.byteCount(privateCount)
        let flags = Int32(MAP_PRIVATE) | Int32(MAP_ANONYMOUS)
        guard let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), mapped != MAP_FAILED
        else { throw Errno.current }
        base = mapped
    }

    private static func byteCount(_ count: Int) throws(Errno) -> Int {
        let (bytes, isTooLarge) = max(count, 1).multipliedReportingOverflow(
            by: MemoryLayout<Atomic<Int>>.stride)
        guard count >= 0, !isTooLarge else { throw .outOfMemory }
        return bytes
    }

    /// As many numbers as fit in `byteCount` bytes.
    public convenience init(byteCount: Int) throws(Errno) {
        try self.init(count: max(byteCount, 0) / MemoryLayout<Atomic<Int>>.stride)
    }

    deinit {
        munmap(base, byteCount)
        if let descriptor { close(descriptor) }
    }

    /// The number at `index`.
    @inline(__always)
    private func atomic(_ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        precondition(index >= 0 && index < count, "shared number out of range")
        return (base + index * MemoryLayout<Atomic<Int>>.stride).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Where `count` numbers stand.
    func pointer(to index: Int, count wanted: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && wanted >= 0 && index <= count - wanted, "shared numbers out of range")
        return base + index * MemoryLayout<Atomic<Int>>.stride
    }

    /// The number at `index` as it is now.
    @_effects(releasenone)
    public func load(_ index: Int) -> Int { atomic(index).pointee.load(ordering: .relaxed) }

    /// The number, seen after everything that its writer wrote before it.
    @_effects(releasenone)
    public func loadOrdered(_ index: Int) -> Int {
        atomic(index).pointee.load(ordering: .sequentiallyConsistent)
    }

    /// Puts `value` there for readers that then see everything written before it.
    @_effects(releasenone)
    public func storeOrdered(_ index: Int, _ value: Int) {
        atomic(index).pointee.store(value, ordering: .sequentiallyConsistent)
    }

    /// Puts `value` at `index`.
    @_effects(releasenone)
    public func store(_ index: Int, _ value: Int) { atomic(index).pointee.store(value, ordering: .relaxed) }

    /// Adds; wraps around on overflow, as nothing may trap on what another process wrote.
    ///
    /// - Returns: the new value.
    @discardableResult
    @_effects(releasenone)
    public func add(_ index: Int, _ amount: Int) -> Int {
        atomic(index).pointee.wrappingAdd(amount, ordering: .relaxed).newValue
    }

    /// Adds; whoever sees the new value sees everything that was written before.
    ///
    /// - Returns: the new value.
    @discardableResult
    @_effects(releasenone)
    public func addOrdered(_ index: Int, _ amount: Int) -> Int {
        atomic(index).pointee.wrappingAdd(amount, ordering: .sequentiallyConsistent).newValue
    }

    /// Puts the numbers at `places[range]` into `values[range]`: a loop over many that calls nothing.
    public func load(_ places: [Int], _ range: Range<Int>, into values: inout [Int]) {
        var values = values.mutableSpan
        for index in range { values[index] = atomic(places[index]).pointee.load(ordering: .relaxed) }
    }

    /// Stores `value` if `expected` stands there.
    @_effects(releasenone)
    public func exchange(_ index: Int, expected: Int, with value: Int) -> Bool {
        atomic(index).pointee.compareExchange(
            expected: expected, desired: value, ordering: .acquiringAndReleasing
        ).exchanged
    }
}
