internal import Core

/// Integers that begin within a byte: RFC 7541 §5.1.
enum HPACKInteger {
    /// No length, index or size that we take is as large.
    private static var valueMax: Int { 1 << 28 }

    /// Reads an integer whose first `prefix` bits end the byte at `cursor`, and moves behind it.
    static func read(
        _ bytes: Span<UInt8>, at cursor: inout Int, prefix: Int
    ) throws(HPACKError) -> Int {
        guard cursor < bytes.count else { throw .truncated }
        let mask = 1 << prefix - 1
        var value = Int(bytes[cursor]) & mask
        cursor += 1
        guard value == mask else { return value }
        // Four bytes say 28 bits; zeros put behind them to keep us busy are not waited for.
        for shift in stride(from: 0, to: 35, by: 7) {
            guard cursor < bytes.count else { throw .truncated }
            let byte = bytes[cursor]
            cursor += 1
            value += Int(byte & 0x7F) << shift
            guard value < valueMax else { throw .integerTooLarge }
            if byte & 0x80 == 0 { return value }
        }
        throw .integerTooLarge
    }

    /// Appends an integer behind the bits of `pattern`, which stand above the first byte's `prefix` bits.
    static func append(_ value: Int, prefix: Int, pattern: UInt8, to out: ByteBuffer) {
        let mask = 1 << prefix - 1
        guard value >= mask else { return out.append(pattern | UInt8(truncatingIfNeeded: value)) }
        out.append(pattern | UInt8(truncatingIfNeeded: mask))
        var rest = value - mask
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(truncatingIfNeeded: rest))
    }
}
