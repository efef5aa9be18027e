internal import Net

/// Numbers of shared memory with one writer and any number of readers, who never wait for it: the number in
/// front is odd while they are being written, and another one afterwards, so that nobody takes half of
/// one state and half of the next for one.
struct Seqlock {
    let memory: SharedMemory
    /// Index of the number in front.
    let place: Int

    /// How often a reader looks before it gives up: a writer may have died in the middle.
    private static var patience: Int { 100 }

    init(_ memory: SharedMemory, _ place: Int) {
        self.memory = memory
        self.place = place
    }

    /// Changes what stands behind the number. Only one process may.
    func write(_ body: () -> Void) {
        let sequence = memory.load(place) | 1
        memory.storeOrdered(place, sequence)
        body()
        memory.storeOrdered(place, sequence &+ 1)
    }

    /// What `body` reads while nothing changes; it is given the number.
    ///
    /// - Parameter alternates: the number says which of two copies holds, and both parities are good.
    /// - Returns: `nil`: it is being written all the time.
    func read<Value>(alternates: Bool = false, _ body: (Int) -> Value) -> Value? {
        for _ in 0..<Seqlock.patience {
            let before = memory.loadOrdered(place)
            guard alternates || before & 1 == 0 else { continue }
            let value = body(before)
            if memory.loadOrdered(place) == before { return value }
        }
        return nil
    }
}

/// Bytes in numbers, eight in each, the first of them lowest.
extension SharedMemory {
    func store(_ bytes: [UInt8], at start: Int) {
        for word in 0..<(bytes.count + 7) / 8 {
            var number: UInt64 = 0
            for index in 0..<8 where word * 8 + index < bytes.count {
                number |= UInt64(bytes[word * 8 + index]) << UInt64(index * 8)
            }
            storeOrdered(start + word, Int(bitPattern: UInt(number)))
        }
    }

    func bytes(at start: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        for word in 0..<(count + 7) / 8 {
            let number = UInt64(UInt(bitPattern: loadOrdered(start + word)))
            for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
        }
        return Array(bytes.prefix(count))
    }
}
