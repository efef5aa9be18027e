/// Places in shared memory that are found by name, so that a reload and a new binary find them again.
extension SharedMemory {
    /// What a name is known by: its FNV-1a hash, never 0.
    public static func mark(of name: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(bitPattern: UInt(hash | 1))
    }

    /// The place of a name among `capacity` places; whoever comes first takes a free one for it.
    ///
    /// - Parameters:
    ///   - claims: false: only a place that the name has already.
    ///   - index: where the mark of a place stands; 0 there: nobody has it.
    /// - Returns: `nil`: all are taken, or the name has none.
    public func place(
        of name: String, among capacity: Int, claims: Bool = true, markedAt index: (Int) -> Int
    ) -> (place: Int, isNew: Bool)? {
        let mark = SharedMemory.mark(of: name)
        for step in 0..<capacity {
            let place = (Int(UInt(bitPattern: mark) % UInt(capacity)) + step) % capacity
            let found = load(index(place))
            if found == mark { return (place, false) }
            guard found == 0 else { continue }
            guard claims else { return nil }
            if exchange(index(place), expected: 0, with: mark) { return (place, true) }
            // Another process was faster; perhaps for the same name.
            if load(index(place)) == mark { return (place, false) }
        }
        return nil
    }
}
