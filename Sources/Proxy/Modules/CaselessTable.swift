internal import Core

/// Finds a number by a name whose ASCII letters are compared without case. By hash, without a `String`.
struct CaselessTable: Sendable {
    private struct Entry: Sendable {
        let name: [UInt8]
        var value: Int
    }

    private var entries: [Entry] = []
    /// Open addressing, a power of two, at most half full; index into `entries` plus one, 0 is free.
    private var slots: [Int32] = Array(repeating: 0, count: 16)

    var count: Int { entries.count }

    subscript(name: Span<UInt8>) -> Int? {
        let found = slots[slot(of: name)]
        return found == 0 ? nil : entries[Int(found) - 1].value
    }

    /// Sets the value of `name`; the last word counts.
    ///
    /// - Returns: whether it had none before.
    @discardableResult
    mutating func insert(_ name: [UInt8], _ value: Int) -> Bool {
        let lower = name.map { $0.asciiLowercased }
        let slot = slot(of: lower.span)
        if slots[slot] != 0 {
            entries[Int(slots[slot]) - 1].value = value
            return false
        }
        entries.append(Entry(name: lower, value: value))
        slots[slot] = Int32(entries.count)
        if entries.count * 2 > slots.count { grow() }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for (index, entry) in entries.enumerated() { slots[slot(of: entry.name.span)] = Int32(index + 1) }
    }

    /// The slot that holds `name`, or the free one where it belongs. Ends: half of the slots are free.
    private func slot(of name: Span<UInt8>) -> Int {
        var hash: UInt32 = 2_166_136_261
        for index in name.indices { hash = (hash ^ UInt32(name[index].asciiLowercased)) &* 16_777_619 }
        var slot = Int(hash ^ (hash >> 15)) & (slots.count - 1)
        while slots[slot] != 0 && !matches(entries[Int(slots[slot]) - 1].name, name) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func matches(_ known: [UInt8], _ name: Span<UInt8>) -> Bool {
        guard known.count == name.count else { return false }
        for index in name.indices where known[index] != name[index].asciiLowercased { return false }
        return true
    }
}
