/// One number that several processes count in. Single steps are atomic; nothing orders them.
public struct SharedCounter {
    let memory: SharedMemory
    let index: Int

    /// One more.
    public func add() { memory.add(index, 1) }

    /// More by an amount; wraps around.
    public func add(_ amount: Int) { memory.add(index, amount) }

    /// One less.
    public func subtract() { memory.add(index, -1) }
}

extension SharedMemory {
    /// The number at `index` as something to count in.
    public func counter(_ index: Int) -> SharedCounter {
        precondition(index >= 0 && index < count, "shared counter out of range")
        return SharedCounter(memory: self, index: index)
    }
}
