/// Searches that look at eight bytes a step.
enum ByteScan {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    /// The eight bytes at `position`, the first one lowest.
    static func word(in bytes: Span<UInt8>, at position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

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

    /// Position of the first byte that is no letter, digit or `-` from `start` on; `count` if there is none.
    static func endOfPlainName(in bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        let raw = bytes.bytes
        while position <= bytes.count - 8 {
            let word = UInt64(
                littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            let others = ~plainNameBytes(word) & highBits
            if others != 0 { return position + others.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            guard (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x2D else { return position }
            position += 1
        }
        return position
    }

    /// Bytes at the front, in eights, that are letters, digits, `-` and dots that no dot follows.
    static func plainHostCount(in bytes: Span<UInt8>) -> Int {
        var position = 0
        var dotBefore: UInt64 = 0
        while position <= bytes.count - 8 {
            let word = word(in: bytes, at: position)
            let other = word ^ 0x2E2E_2E2E_2E2E_2E2E
            // Sums of seven bits carry nowhere: exactly the bytes that are dots.
            let dots = ~((other & ~highBits) &+ ~highBits | other) & highBits
            let isPlain = (plainNameBytes(word) | dots) & highBits == highBits
            guard isPlain, dots & (dots << 8 | dotBefore) == 0 else { break }
            dotBefore = dots >> 56
            position += 8
        }
        return position
    }

    /// The high bit of each byte that is a letter, digit or `-`. Sums of seven bits carry nowhere.
    private static func plainNameBytes(_ word: UInt64) -> UInt64 {
        let low = word & ~highBits
        let folded = low | 0x2020_2020_2020_2020
        let letters = (folded &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(folded &+ 0x0505_0505_0505_0505)
        let digits = (low &+ 0x5050_5050_5050_5050) & ~(low &+ 0x4646_4646_4646_4646)
        let dashes = highBits &- (low ^ 0x2D2D_2D2D_2D2D_2D2D)
        return (letters | digits | dashes) & ~word
    }

    /// Whether `bytes` are `name` but for the case of letters. `name` is letters, digits and `-`.
    ///
    /// Inlined, so that a name becomes one or two numbers in the code: a fifth of what comparing it costs.
    @inline(__always)
    static func isName(_ bytes: Span<UInt8>, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { buffer in
            let wanted = buffer.span.bytes
            let given = bytes.bytes
            let count = bytes.count
            if count < 8 {
                for index in 0..<count where !isSame(UInt64(bytes[index]), UInt64(buffer[index])) {
                    return false
                }
                return true
            }
            var position = 0
            while true {
                let left = given.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                let right = wanted.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
                guard isSame(left, right) else { return false }
                guard position < count - 8 else { return true }
                // The last step looks at some bytes again rather than past the end.
                position = min(position + 8, count - 8)
            }
        }
    }

    /// Only where `wanted` has a letter (bit 6) may bit 5, its case, differ.
    @inline(__always)
    private static func isSame(_ word: UInt64, _ wanted: UInt64) -> Bool {
        (word ^ wanted) & ~((wanted & 0x4040_4040_4040_4040) >> 1) == 0
    }
}
