public import Core

/// Encodes the field blocks of one connection: RFC 7541.
///
/// What is said a second time goes into the dynamic table, and costs a byte from the third time on; names
/// that seldom change their value go in at once. Equal fields are found by hash. No allocation once the table
/// was full.
public struct HPACKEncoder {
    /// What becomes of a field in the tables.
    public enum Indexing: Sendable {
        /// It is put into the table when it comes again.
        case adaptive
        /// It is put into the table at once.
        case immediate
        /// No table may hold it, here or further on: RFC 7541 §7.1.3.
        case never
    }

    /// We use no larger table, whatever the other side would hold.
    private static var tableSizeMax: Int { 4096 }

    private var table = HPACKTable(sizeMax: tableSizeMax)
    /// Where entries are found by the hash of name and value, and of the name alone: the low bits of their
    /// numbers, in one of a few places for each hash. A table of 4096 bytes has at most 128 entries.
    ///
    /// What is found may be another entry, or one that is gone: whoever asks compares. With one place for
    /// each hash two fields of every response drove each other out, and were said in full, for as long as
    /// their connection lasted.
    private var byField = InlineArray<64, UInt8>(repeating: 0)
    private var byName = InlineArray<64, UInt8>(repeating: 0)
    /// Parts of the hashes of fields that were said and are not in the table. One that is taken for another
    /// gets into the table a little early.
    private var said = InlineArray<64, UInt8>(repeating: 0)
    private var saidCount = 0
    /// The field under way: its name in lower case, then its value.
    private let scratch: ByteBuffer
    /// The smallest size of the table since the last block; `nil`: it was not changed.
    private var smallestSize: Int?

    /// An encoder for a connection that begins.
    ///
    /// - Parameter scratch: where a field is put together; others may use it between two calls.
    public init(scratch: ByteBuffer = ByteBuffer(capacity: 128)) {
        self.scratch = scratch
    }

    /// The other side's SETTINGS_HEADER_TABLE_SIZE.
    public mutating func peerAllows(tableSize: Int) {
        let size = min(tableSize, HPACKEncoder.tableSizeMax)
        guard size != table.sizeMax else { return }
        smallestSize = min(size, smallestSize ?? size)
        table.limit(to: size)
    }

    /// A new block begins: says sizes of the table that changed, the smallest and the last. RFC 7541 §4.2.
    public mutating func begin(_ out: ByteBuffer) {
        guard let smallest = smallestSize.take() else { return }
        if smallest < table.sizeMax {
            HPACKInteger.append(smallest, prefix: 5, pattern: 0x20, to: out)
        }
        HPACKInteger.append(table.sizeMax, prefix: 5, pattern: 0x20, to: out)
    }

    /// Appends `:status`.
    public func append(status: UInt16, to out: ByteBuffer) {
        let index = HPACKStaticTable.index(ofStatus: status)
        guard index == 0 else {
            return HPACKInteger.append(index, prefix: 7, pattern: 0x80, to: out)
        }
        // A literal without indexing, by the name of `:status: 200`.
        HPACKInteger.append(8, prefix: 4, pattern: 0, to: out)
        out.append(3)
        out.append(status: status)
    }

    /// Appends a field whose name, in any case, and value stand in `source`.
    public mutating func append(
        _ field: Field, of source: ByteBuffer, _ indexing: Indexing, to out: ByteBuffer
    ) {
        scratch.removeAll()
        scratch.append(lowercased: field.name, of: source)
        let nameCount = scratch.count
        scratch.append(field.value, of: source)
        append(nameCount, indexing, out)
    }

    /// Appends a field with a constant name; `value` writes its value to the buffer it is given.
    public mutating func append(
        _ name: StaticString, _ indexing: Indexing, to out: ByteBuffer, value: (ByteBuffer) -> Void
    ) {
        scratch.removeAll()
        scratch.append(name)
        let nameCount = scratch.count
        value(scratch)
        append(nameCount, indexing, out)
    }

    /// Appends what stands in `scratch`.
    private mutating func append(_ nameCount: Int, _ indexing: Indexing, _ out: ByteBuffer) {
        let name = Slice(from: 0, to: nameCount)
        let value = Slice(from: nameCount, to: scratch.count)
        let hash = scratch.withReadable { FieldHash.of($0, seed: UInt32(truncatingIfNeeded: nameCount)) }
        if indexing != .never, let index = fieldIndex(name, hash) {
            return HPACKInteger.append(index, prefix: 7, pattern: 0x80, to: out)
        }
        let nameHash = scratch.withBytes(of: name) { FieldHash.of($0) }
        let nameIndex = nameIndex(name, nameHash)
        switch indexing {
        case .never:
            HPACKInteger.append(nameIndex, prefix: 4, pattern: 0x10, to: out)
        case .adaptive, .immediate:
            if takesIn(hash, indexing) {
                HPACKInteger.append(nameIndex, prefix: 6, pattern: 0x40, to: out)
                insert(name, value, hash, nameHash)
            } else {
                HPACKInteger.append(nameIndex, prefix: 4, pattern: 0, to: out)
            }
        }
        if nameIndex == 0 { string(name, out) }
        string(value, out)
    }

    // MARK: The table

    /// The index of an entry that is what stands in `scratch`.
    private func fieldIndex(_ name: Slice, _ hash: UInt32) -> Int? {
        for probe in 0..<HPACKEncoder.probeCount {
            let number = number(byField[HPACKEncoder.place(hash, probe)])
            guard let entry = table.find(number), entry.name.count == name.count else { continue }
            let whole = Slice(from: Int(entry.name.start), to: entry.value.end)
            guard scratch.isEqual(to: whole, of: table.bytes) else { continue }
            return HPACKStaticTable.count + table.next - number
        }
        return nil
    }

    /// The index of an entry with the name that stands in `scratch`; 0: there is none.
    private func nameIndex(_ name: Slice, _ hash: UInt32) -> Int {
        let known = scratch.withBytes(of: name) { HPACKStaticTable.index(of: $0, hash: hash) }
        guard known == 0 else { return known }
        for probe in 0..<HPACKEncoder.probeCount {
            let number = number(byName[HPACKEncoder.place(hash, probe)])
            guard let entry = table.find(number), scratch.isEqual(name, to: entry.name, of: table.bytes)
            else { continue }
            return HPACKStaticTable.count + table.next - number
        }
        return 0
    }

    private static var probeCount: Int { 4 }
    /// Places that have nothing to do with each other: of neighbours, whole runs would be taken.
    private static func place(_ hash: UInt32, _ probe: Int) -> Int { Int(hash >> UInt32(probe &* 8)) & 63 }

    /// The number of an entry that these low bits may stand for; that of one that is gone, if of none.
    private func number(_ low: UInt8) -> Int {
        let age = UInt8(truncatingIfNeeded: table.next) &- low
        return table.next - (age == 0 ? 1 << 8 : Int(age))
    }

    /// Which of a hash's places has the oldest entry, or none.
    private func oldest(_ number: (Int) -> Int) -> Int {
        var oldest = 0
        for probe in 1..<HPACKEncoder.probeCount where number(probe) < number(oldest) { oldest = probe }
        return oldest
    }

    private mutating func takesIn(_ hash: UInt32, _ indexing: Indexing) -> Bool {
        // One that would drive out most of the others is not worth it.
        let cost = HPACKTable.cost(nameCount: scratch.count, valueCount: 0)
        guard cost <= table.sizeMax / 2 else { return false }
        if case .immediate = indexing { return true }
        let part = UInt8(truncatingIfNeeded: (hash &* 0x9E37_79B1) >> 24) | 1
        var free = -1
        for probe in 0..<HPACKEncoder.probeCount {
            let place = HPACKEncoder.place(hash, probe)
            if said[place] == part {
                said[place] = 0
                return true
            }
            if free < 0, said[place] == 0 { free = place }
        }
        // Another one is forgotten if it must be; each time in another place, so that no two forget each
        // other for ever.
        saidCount &+= 1
        let turn = HPACKEncoder.place(hash, saidCount % HPACKEncoder.probeCount)
        said[free >= 0 ? free : turn] = part
        return false
    }

    private mutating func insert(_ name: Slice, _ value: Slice, _ hash: UInt32, _ nameHash: UInt32) {
        guard table.insert(name: name, value: value, of: scratch) else { return }
        let low = UInt8(truncatingIfNeeded: table.next - 1)
        let field = oldest { number(byField[HPACKEncoder.place(hash, $0)]) }
        byField[HPACKEncoder.place(hash, field)] = low
        let name = oldest { number(byName[HPACKEncoder.place(nameHash, $0)]) }
        byName[HPACKEncoder.place(nameHash, name)] = low
    }

    // MARK: Strings

    private func string(_ place: Slice, _ out: ByteBuffer) {
        scratch.withBytes(of: place) { bytes in
            let count = HuffmanCode.encodedCount(bytes)
            if count < bytes.count {
                HPACKInteger.append(count, prefix: 7, pattern: 0x80, to: out)
                HuffmanCode.encode(bytes, to: out)
            } else {
                HPACKInteger.append(bytes.count, prefix: 7, pattern: 0, to: out)
                out.append(bytes)
            }
        }
    }
}
