/// Some neighbouring numbers of a `SharedMemory`; their indices begin at 0.
public struct SharedRegion {
    let memory: SharedMemory
    let start: Int
    /// Numbers in it.
    public let count: Int

    /// The counter at `index`.
    public subscript(index: Int) -> SharedCounter {
        precondition(index >= 0 && index < count, "shared counter out of range")
        return SharedCounter(memory: memory, index: start + index)
    }

    /// A part of it.
    public func part(from first: Int, count partCount: Int) -> SharedRegion {
        precondition(first >= 0 && partCount >= 0 && partCount <= count - first, "shared part out of range")
        return SharedRegion(memory: memory, start: start + first, count: partCount)
    }
}

/// One number that several processes count in. Single steps are atomic; nothing orders them.
public struct SharedCounter {
    let memory: SharedMemory
    let index: Int

    /// The number as it is now.
    public func load() -> Int { memory.load(index) }
    /// Replaces the number.
    public func store(_ value: Int) { memory.store(index, value) }

    /// - Returns: the new value.
    @discardableResult
    public func add(_ amount: Int = 1) -> Int { memory.add(index, amount) }

    /// - Returns: the new value.
    @discardableResult
    public func subtract(_ amount: Int = 1) -> Int { memory.add(index, 0 &- amount) }

    /// Replaces the number by `value` if it is `expected`.
    ///
    /// - Returns: whether it was.
    public func compareExchange(expected: Int, desired value: Int) -> Bool {
        memory.exchange(index, expected: expected, with: value)
    }
}

extension SharedMemory {
    /// The number at `index` as something to count in.
    public func counter(_ index: Int) -> SharedCounter {
        precondition(index >= 0 && index < count, "shared counter out of range")
        return SharedCounter(memory: self, index: index)
    }
}
