/// Searches that look at eight bytes a step.
enum ByteScan {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    /// Position of the first line feed from `start` on, if there is one.
    static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
        var position = start
        let raw = bytes.bytes
        while position <= bytes.count - 8 {
            let word = UInt64(
                littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let other = word ^ 0x0A0A_0A0A_0A0A_0A0A
            let hits = (other &- ones) & ~other & highBits
            // Borrows make false hits only above the first true one.
            if hits != 0 { return position + hits.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            if bytes[position] == 0x0A { return position }
            position += 1
        }
        return nil
    }

    /// Position of the first control character (DEL is one, tab counts as text) from `start` on; `count` if
    /// there is none.
    static func endOfText(in bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        let raw = bytes.bytes
        while position <= bytes.count - 8 {
            let word = UInt64(
                littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let below = (word &- 0x2020_2020_2020_2020) & ~word
            let other = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (other &- ones) & ~other
            let hits = (below | delete) & highBits
            guard hits != 0 else {
                position += 8
                continue
            }
            position += hits.trailingZeroBitCount / 8
            guard bytes[position] == 0x09 else { return position }
            position += 1
        }
        while position < bytes.count {
            let byte = bytes[position]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return position }
            position += 1
        }
        return position
    }
}
