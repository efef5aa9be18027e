/// Values one behind the other in memory that nobody shares: an array that is not asked, before each change,
/// whether somebody else has it as well.
///
/// One of the few types that touch raw memory: every index is checked here. It grows like an array, and keeps
/// its memory until it goes.
public struct UniqueArray<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline internal var base: UnsafeMutablePointer<Element>
    @usableFromInline internal var capacity: Int
    /// Values in it.
    @inlinable public var count: Int { used }
    @usableFromInline internal var used = 0

    /// - Parameter capacity: values to hold before the first growth.
    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 8)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// Whether there is no value in it.
    @inlinable public var isEmpty: Bool { used == 0 }

    /// The value at `index`; traps where none is.
    @inlinable
    public subscript(index: Int) -> Element {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: used), "index out of range")
            return base[index]
        }
        _modify {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: used), "index out of range")
            yield &base[index]
        }
    }

    /// Puts a value behind the last one.
    @inlinable
    public mutating func append(_ element: Element) {
        if used == capacity { grow() }
        // In bounds: there is room, or it was just made.
        (base + used).initialize(to: element)
        used &+= 1
    }

    @usableFromInline
    @inline(never)
    internal mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.initialize(from: base, count: used)
        base.deallocate()
        base = larger
        capacity *= 2
    }

    /// Takes the last value out; `nil`: there is none.
    @inlinable
    public mutating func popLast() -> Element? {
        guard used > 0 else { return nil }
        used &-= 1
        return base[used]
    }

    /// Forgets the values; keeps the memory.
    @inlinable public mutating func removeAll() { used = 0 }
}
