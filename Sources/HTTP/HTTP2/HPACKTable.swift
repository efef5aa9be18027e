internal import Core

/// The dynamic table of one direction of a connection: RFC 7541 §2.3.2 and §4.
///
/// Names and values stand in one buffer, in the order in which they came; the oldest go first, so that it is
/// a queue. Where each entry stands is a ring of numbers. Both stop growing when the table is full once.
struct HPACKTable {
    /// Where an entry's name and, behind it, its value stand.
    private struct Entry {
        /// Counted from the first byte that ever came in, modulo 2^32: what is in a table is near.
        var start: UInt32 = 0
        var nameCount: UInt16 = 0
        var valueCount: UInt16 = 0
        /// See `HPACKDecoder.vet`.
        var isVetted = false

        var byteCount: Int { Int(nameCount) + Int(valueCount) }
    }

    /// What an entry costs besides its bytes: RFC 7541 §4.1.
    static var overhead: Int { 32 }
    /// The largest table that there may be: its entries are known by small numbers.
    static var largestSize: Int { Int(UInt16.max) }

    /// Names and values of the entries.
    let bytes = ByteBuffer(capacity: 0)
    private var places: [Entry] = []
    /// The numbers of entries: `oldest ..< next` are in the table.
    private(set) var oldest = 0
    private(set) var next = 0
    /// Bytes that have left at the front of `bytes`.
    private var goneCount: UInt32 = 0
    /// The sum of what the entries cost.
    private(set) var size = 0
    /// What it may not exceed.
    private(set) var sizeMax: Int

    init(sizeMax: Int) {
        self.sizeMax = min(sizeMax, HPACKTable.largestSize)
    }

    var count: Int { next - oldest }

    /// What a field costs in a table.
    static func cost(nameCount: Int, valueCount: Int) -> Int {
        nameCount.saturatingSum(valueCount).saturatingSum(overhead)
    }

    /// Sets what the table may hold, and drops what is over it.
    mutating func limit(to newMax: Int) {
        sizeMax = min(newMax, HPACKTable.largestSize)
        evict(to: sizeMax)
    }

    /// Puts a field in front; one that is larger than the table only empties it: RFC 7541 §4.4.
    ///
    /// - Returns: whether it is in the table.
    @discardableResult
    mutating func insert(name: Slice, value: Slice, of source: ByteBuffer) -> Bool {
        let cost = HPACKTable.cost(nameCount: Int(name.count), valueCount: Int(value.count))
        guard cost <= sizeMax else {
            evict(to: 0)
            return false
        }
        evict(to: sizeMax - cost)
        if count == places.count { grow() }
        places[next & (places.count - 1)] = Entry(
            start: goneCount &+ UInt32(truncatingIfNeeded: bytes.count),
            nameCount: UInt16(truncatingIfNeeded: name.count),
            valueCount: UInt16(truncatingIfNeeded: value.count))
        bytes.append(name, of: source)
        bytes.append(value, of: source)
        next += 1
        size += cost
        return true
    }

    /// Where name and value of the entry with this number stand in `bytes`; `nil`: it is not here any more.
    func find(_ number: Int) -> (name: Slice, value: Slice)? {
        guard number >= oldest, number < next else { return nil }
        let entry = places[number & (places.count - 1)]
        let start = Int(entry.start &- goneCount)
        let middle = start + Int(entry.nameCount)
        return (Slice(from: start, to: middle), Slice(from: middle, to: middle + Int(entry.valueCount)))
    }

    /// Whether the entry was vetted.
    func isVetted(_ number: Int) -> Bool { places[number & (places.count - 1)].isVetted }

    /// The entry need not be looked at again.
    mutating func vet(_ number: Int) {
        guard number >= oldest, number < next else { return }
        places[number & (places.count - 1)].isVetted = true
    }

    private mutating func evict(to newSize: Int) {
        var leaving = 0
        while size > newSize, oldest < next {
            let entry = places[oldest & (places.count - 1)]
            leaving += entry.byteCount
            size -= entry.byteCount + HPACKTable.overhead
            oldest += 1
        }
        guard leaving > 0 else { return }
        goneCount &+= UInt32(truncatingIfNeeded: leaving)
        bytes.consume(leaving)
    }

    private mutating func grow() {
        // Most connections say few fields again.
        var larger = [Entry](repeating: Entry(), count: max(4, places.count * 2))
        for number in oldest..<next {
            larger[number & (larger.count - 1)] = places[number & (places.count - 1)]
        }
        places = larger
    }
}
