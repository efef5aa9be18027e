public import Core

/// Where a decoded field's name and value stand.
public struct HPACKField: Equatable, Sendable {
    /// In the buffer that was decoded into.
    public var name: Slice
    /// In the same buffer.
    public var value: Slice
    /// It may be in no table, on no further connection either: RFC 7541 §6.2.3.
    public var isNeverIndexed: Bool
    /// Whether it was judged already: it stands in the static table, or was vetted.
    public var isVetted = false
    /// The number of its entry in the dynamic table; below zero: it is in none.
    var entry = -1
}

/// Decodes the field blocks of one connection: RFC 7541.
///
/// A block is decoded when all of it is there; how large that may be is its reader's matter. All blocks of a
/// connection must be decoded, in order, wanted or not. Time and memory: linear in the block and in what it
/// decodes to, which the reader sees field by field.
public struct HPACKDecoder {
    /// SETTINGS_HEADER_TABLE_SIZE as long as nothing else was said: RFC 9113 §6.5.2.
    public static var defaultTableSize: Int { 4096 }
    /// The smallest and the last size of an interval have to be said, no more: RFC 7541 §4.2.
    private static var sizeUpdatesMax: Int { 2 }
    /// Most bytes that the unwanted fields of a block may decode to, unless its reader says otherwise:
    /// entries that repeat a long name would cost the table's size for each two bytes.
    public static var unwantedMax: Int { 256 << 10 }

    private var table: HPACKTable
    private let tableSizeMax: Int
    private let unwantedMax: Int
    private var sizeUpdateCount = 0
    private var isAtStart = true
    private var unwantedCount = 0
    /// Bytes that the block has been decoded to, wanted or not.
    public private(set) var decodedCount = 0

    /// A decoder for a connection that begins.
    ///
    /// - Parameter tableSizeMax: what our settings say that the table may take.
    public init(
        tableSizeMax: Int = HPACKDecoder.defaultTableSize, unwantedMax: Int = HPACKDecoder.unwantedMax
    ) {
        self.tableSizeMax = min(tableSizeMax, HPACKTable.largestSize)
        self.unwantedMax = unwantedMax
        table = HPACKTable(sizeMax: self.tableSizeMax)
    }

    /// What the dynamic table's entries cost: RFC 7541 §4.1.
    public var tableSize: Int { table.size }

    /// Whoever judges what fields are made of finds this one sound: where it comes again, from the table,
    /// it is marked as vetted.
    public mutating func vet(_ field: HPACKField) {
        if field.entry >= 0 { table.vet(field.entry) }
    }

    /// A new block begins.
    public mutating func begin() {
        isAtStart = true
        sizeUpdateCount = 0
        unwantedCount = 0
        decodedCount = 0
    }

    /// Decodes a block that nobody wants, for the table alone.
    public mutating func pass(
        over block: Span<UInt8>, using scratch: ByteBuffer
    ) throws(HPACKError) {
        var cursor = 0
        begin()
        while try next(block, at: &cursor, into: scratch, isWanted: false) != nil {}
    }

    /// Decodes the next field of `block` and moves `cursor` behind it.
    ///
    /// - Parameters:
    ///   - out: gets name and value, one behind the other.
    ///   - isWanted: otherwise `out` stays as it was, the field is empty, and nothing is copied but what goes
    ///     into the table: a byte of a block may stand for all of it.
    /// - Returns: `nil` at the end of the block.
    public mutating func next(
        _ block: Span<UInt8>, at cursor: inout Int, into out: ByteBuffer, isWanted: Bool = true
    ) throws(HPACKError) -> HPACKField? {
        while cursor < block.count {
            let first = block[cursor]
            if first & 0xE0 == 0x20 {
                try updateSize(block, &cursor)
                continue
            }
            isAtStart = false
            let start = out.count
            let field: HPACKField
            if first & 0x80 != 0 {
                let index = try HPACKInteger.read(block, at: &cursor, prefix: 7)
                field = try indexed(index, out, isWanted)
            } else {
                field = try literal(first, block, &cursor, out, isWanted)
            }
            decodedCount += out.count - start
            if isWanted { return field }
            unwantedCount += out.count - start
            guard unwantedCount <= unwantedMax else { throw .tooMuch }
            out.truncate(to: start)
            return self.field(start, start, out)
        }
        return nil
    }

    /// RFC 7541 §6.3: only before the first field.
    private mutating func updateSize(_ block: Span<UInt8>, _ cursor: inout Int) throws(HPACKError) {
        let size = try HPACKInteger.read(block, at: &cursor, prefix: 5)
        sizeUpdateCount += 1
        guard isAtStart, sizeUpdateCount <= HPACKDecoder.sizeUpdatesMax else { throw .misplacedSizeUpdate }
        guard size <= tableSizeMax else { throw .tableTooLarge }
        table.limit(to: size)
    }

    /// RFC 7541 §6.1.
    private func indexed(
        _ index: Int, _ out: ByteBuffer, _ isWanted: Bool
    ) throws(HPACKError) -> HPACKField {
        let start = out.count
        if let entry = HPACKStaticTable.entry(index) {
            guard isWanted else { return field(start, start, out) }
            out.append(entry.name)
            let middle = out.count
            out.append(entry.value)
            var field = field(start, middle, out)
            field.isVetted = true
            return field
        }
        let number = table.next - 1 - (index - HPACKStaticTable.count - 1)
        guard let entry = table.find(number) else { throw .unknownIndex }
        guard isWanted else { return field(start, start, out) }
        // They stand together.
        out.append(Slice(from: Int(entry.name.start), to: entry.value.end), of: table.bytes)
        var field = field(start, start + Int(entry.name.count), out)
        field.entry = number
        field.isVetted = table.isVetted(number)
        return field
    }

    /// RFC 7541 §6.2.
    private mutating func literal(
        _ first: UInt8, _ block: Span<UInt8>, _ cursor: inout Int, _ out: ByteBuffer, _ isWanted: Bool
    ) throws(HPACKError) -> HPACKField {
        let isIndexing = first & 0x40 != 0
        let isNameNeeded = isWanted || isIndexing
        let index = try HPACKInteger.read(block, at: &cursor, prefix: isIndexing ? 6 : 4)
        let start = out.count
        if index == 0 {
            try string(block, &cursor, out)
        } else if let entry = HPACKStaticTable.entry(index) {
            if isNameNeeded { out.append(entry.name) }
        } else if let entry = table.find(table.next - 1 - (index - HPACKStaticTable.count - 1)) {
            if isNameNeeded { out.append(entry.name, of: table.bytes) }
        } else {
            throw .unknownIndex
        }
        let middle = out.count
        try string(block, &cursor, out)
        var field = field(start, middle, out)
        field.isNeverIndexed = first & 0xF0 == 0x10
        if isIndexing, table.insert(name: field.name, value: field.value, of: out) {
            field.entry = table.next - 1
        }
        return field
    }

    /// RFC 7541 §5.2.
    private func string(
        _ block: Span<UInt8>, _ cursor: inout Int, _ out: ByteBuffer
    ) throws(HPACKError) {
        guard cursor < block.count else { throw .truncated }
        let isHuffman = block[cursor] & 0x80 != 0
        let count = try HPACKInteger.read(block, at: &cursor, prefix: 7)
        guard count <= block.count - cursor else { throw .truncated }
        let bytes = block.extracting(cursor..<(cursor + count))
        cursor += count
        guard isHuffman else { return out.append(bytes) }
        guard HuffmanCode.decode(bytes, to: out) else { throw .badHuffman }
    }

    private func field(_ start: Int, _ middle: Int, _ out: ByteBuffer) -> HPACKField {
        HPACKField(
            name: Slice(from: start, to: middle), value: Slice(from: middle, to: out.count),
            isNeverIndexed: false)
    }
}
