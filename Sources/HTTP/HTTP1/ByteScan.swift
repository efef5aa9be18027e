/// Searches that look at eight bytes a step.
enum ByteScan {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    /// The eight bytes at `position`, the first one lowest.
    @inline(__always)
    static func word(in bytes: Span<UInt8>, at position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// The bytes from `position` on, of which there are fewer than eight, and zeros behind them.
    ///
    /// A search over it needs no loop for the last bytes, which are half of a short head.
    @inline(__always)
    private static func rest(of bytes: Span<UInt8>, from position: Int) -> UInt64 {
        let count = bytes.count &- position
        if bytes.count >= 8 {
            return word(in: bytes, at: bytes.count &- 8) &>> UInt64(truncatingIfNeeded: (8 &- count) &* 8)
        }
        var result: UInt64 = 0
        var index = bytes.count
        while index > position {
            index &-= 1
            result = result << 8 | UInt64(bytes[index])
        }
        return result
    }

    /// Position of the first byte from `start` on for which `hits` has the high bit of the byte set; `count`
    /// if there is none.
    ///
    /// - Parameter hits: asked of eight bytes, the first one lowest; what is above its first hit may be
    ///   false.
    @inline(__always)
    private static func first(in bytes: Span<UInt8>, from start: Int, _ hits: (UInt64) -> UInt64) -> Int {
        var position = start
        while position <= bytes.count &- 8 {
            let found = hits(word(in: bytes, at: position))
            if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
            position &+= 8
        }
        guard position < bytes.count else { return bytes.count }
        let found = hits(rest(of: bytes, from: position))
        return min(position &+ found.trailingZeroBitCount / 8, bytes.count)
    }

    /// Position of the first of these bytes from `start` on, if there is one. `pattern` is the byte, which is
    /// ASCII and not zero, eight times.
    @inline(__always)
    private static func first(_ pattern: UInt64, in bytes: Span<UInt8>, from start: Int) -> Int? {
        let position = first(in: bytes, from: start) { word in
            let other = word ^ pattern
            // Borrows make false hits only above the first true one.
            return (other &- ones) & ~other & highBits
        }
        return position < bytes.count ? position : nil
    }

    /// Position of the first line feed from `start` on, if there is one.
    static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int? {
        first(0x0A0A_0A0A_0A0A_0A0A, in: bytes, from: start)
    }

    /// Position of the first colon from `start` on, if there is one.
    @inline(__always)
    static func colon(in bytes: Span<UInt8>, from start: Int) -> Int? {
        first(0x3A3A_3A3A_3A3A_3A3A, in: bytes, from: start)
    }

    /// Position of the first control character (DEL is one, tab counts as text) from `start` on; `count` if
    /// there is none.
    @inline(__always)
    static func endOfText(in bytes: Span<UInt8>, from start: Int) -> Int {
        let position = control(in: bytes, from: start)
        guard position < bytes.count, bytes[position] == 0x09 else { return position }
        return endOfText(in: bytes, behindTab: position)
    }

    @inline(never)
    private static func endOfText(in bytes: Span<UInt8>, behindTab tab: Int) -> Int {
        var position = tab
        while position < bytes.count, bytes[position] == 0x09 {
            position = control(in: bytes, from: position &+ 1)
        }
        return position
    }

    /// Position of the first control character from `start` on, tabs among them; `count` if there is none.
    @inline(__always)
    private static func control(in bytes: Span<UInt8>, from start: Int) -> Int {
        first(in: bytes, from: start) { word in
            let below = (word &- 0x2020_2020_2020_2020) & ~word
            let other = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (other &- ones) & ~other
            return (below | delete) & highBits
        }
    }

    /// Position of the first byte from `start` on that no request target has: a space, a control character,
    /// DEL or `#`; `count` if there is none.
    static func endOfTarget(in bytes: Span<UInt8>, from start: Int) -> Int {
        first(in: bytes, from: start) { word in
            let below = (word &- 0x2121_2121_2121_2121) & ~word
            let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let hash = word ^ 0x2323_2323_2323_2323
            return (below | (delete &- ones) & ~delete | (hash &- ones) & ~hash) & highBits
        }
    }

    /// Position of the first `?` from `start` on, if there is one.
    static func questionMark(in bytes: Span<UInt8>, from start: Int) -> Int? {
        first(0x3F3F_3F3F_3F3F_3F3F, in: bytes, from: start)
    }

    /// Whether `%` is among the bytes, or a slash that a slash or a dot follows.
    static func hasEscapesOrDotSegments(_ bytes: Span<UInt8>) -> Bool {
        var position = 0
        // Each step looks at the last byte of the former one again: it may be a slash.
        while position <= bytes.count &- 8 {
            let word = word(in: bytes, at: position)
            let slashes = exactly(0x2F2F_2F2F_2F2F_2F2F, in: word)
            let follows = slashes | exactly(0x2E2E_2E2E_2E2E_2E2E, in: word)
            if exactly(0x2525_2525_2525_2525, in: word) | slashes & (follows >> 8) != 0 { return true }
            position &+= 7
        }
        var previous: UInt8 = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "%") { return true }
            if previous == UInt8(ascii: "/"), byte == previous || byte == UInt8(ascii: ".") { return true }
            previous = byte
            position &+= 1
        }
        return false
    }

    /// The high bit of each byte that is the one `pattern` has eight times, which is ASCII, and of no other.
    @inline(__always)
    private static func exactly(_ pattern: UInt64, in word: UInt64) -> UInt64 {
        let other = word ^ pattern
        // Sums of seven bits carry nowhere.
        return ~((other & ~highBits) &+ ~highBits | other) & highBits
    }

    /// Position of the first byte that is no letter, digit or `-` from `start` on; `count` if there is none.
    static func endOfPlainName(in bytes: Span<UInt8>, from start: Int) -> Int {
        first(in: bytes, from: start) { ~plainNameBytes($0) & highBits }
    }

    /// Whether all bytes from `start` on are small letters, digits and `-`.
    static func isPlainLowerName(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        // Bit 5 is what large letters lack; digits and `-` have it.
        first(in: bytes, from: start) { word in
            (~plainNameBytes(word) | (~word & 0x2020_2020_2020_2020) << 2) & highBits
        } == bytes.count
    }

    /// Bytes at the front that are letters, digits, `-` and dots that no dot follows: all of them, or some in
    /// eights.
    static func plainHostCount(in bytes: Span<UInt8>) -> Int {
        var position = 0
        var dotBefore: UInt64 = 0
        while position <= bytes.count &- 8 {
            let word = word(in: bytes, at: position)
            let dots = exactly(0x2E2E_2E2E_2E2E_2E2E, in: word)
            let isPlain = (plainNameBytes(word) | dots) & highBits == highBits
            guard isPlain, dots & (dots << 8 | dotBefore) == 0 else { return position }
            dotBefore = dots >> 56
            position &+= 8
        }
        guard position > 0, position < bytes.count else { return position }
        // The last eight, some of which have been looked at already.
        let last = word(in: bytes, at: bytes.count &- 8)
        let dots = exactly(0x2E2E_2E2E_2E2E_2E2E, in: last)
        let isPlain = (plainNameBytes(last) | dots) & highBits == highBits
        return isPlain && dots & (dots << 8) == 0 ? bytes.count : position
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
            if count < 4 {
                for index in 0..<count where !isSame(UInt64(bytes[index]), UInt64(buffer[index])) {
                    return false
                }
                return true
            }
            if count < 8 {
                // The second half looks at some bytes again rather than past the end.
                let ends = (
                    given.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self),
                    given.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                )
                let wantedEnds = (
                    wanted.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self),
                    wanted.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                )
                return isSame(
                    UInt64(ends.0) << 32 | UInt64(ends.1),
                    UInt64(wantedEnds.0) << 32 | UInt64(wantedEnds.1))
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
