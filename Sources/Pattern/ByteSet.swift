/// A set of bytes: what one place of a pattern may match.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    init() {}

    init(_ byte: UInt8) { insert(byte) }

    init(_ range: ClosedRange<UInt8>) { insert(range) }

    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { insert(byte) }
    }

    static var all: ByteSet { ByteSet(0...255) }

    func contains(_ byte: UInt8) -> Bool {
        words[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0
    }

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

    mutating func insert(_ range: ClosedRange<UInt8>) {
        for byte in range { insert(byte) }
    }

    mutating func formUnion(_ other: ByteSet) { words |= other.words }

    func union(_ other: ByteSet) -> ByteSet {
        var result = self
        result.formUnion(other)
        return result
    }

    var inverted: ByteSet {
        var result = self
        result.words = ~words
        return result
    }

    /// With each ASCII letter, the same letter of the other case: PCRE knows no more of case in the C locale.
    var caseFolded: ByteSet {
        var result = self
        for letter in UInt8(ascii: "a")...UInt8(ascii: "z") where contains(letter) || contains(letter ^ 0x20)
        {
            result.insert(letter)
            result.insert(letter ^ 0x20)
        }
        return result
    }

    func intersection(_ other: ByteSet) -> ByteSet {
        var result = self
        result.words &= other.words
        return result
    }

    func subtracting(_ other: ByteSet) -> ByteSet { intersection(other.inverted) }

    /// Its lowest member.
    var first: UInt8? {
        for index in 0..<4 where words[index] != 0 {
            return UInt8(truncatingIfNeeded: index * 64 + words[index].trailingZeroBitCount)
        }
        return nil
    }

    var isEmpty: Bool { words == SIMD4<UInt64>() }

    /// Its only member.
    var single: UInt8? {
        guard let first, subtracting(ByteSet(first)).isEmpty else { return nil }
        return first
    }
}

/// The sets that PCRE has names for, over bytes, in the C locale.
extension ByteSet {
    static var digit: ByteSet { ByteSet(0x30...0x39) }
    static var lower: ByteSet { ByteSet(0x61...0x7A) }
    static var upper: ByteSet { ByteSet(0x41...0x5A) }
    static var alpha: ByteSet { lower.union(upper) }
    static var word: ByteSet { alpha.union(digit).union(ByteSet(UInt8(ascii: "_"))) }
    static var space: ByteSet { ByteSet(0x09...0x0D).union(ByteSet(0x20)) }
    static var horizontalSpace: ByteSet { ByteSet([0x09, 0x20, 0xA0]) }
    static var verticalSpace: ByteSet { ByteSet(0x0A...0x0D).union(ByteSet(0x85)) }
    static var newline: ByteSet { ByteSet(0x0A) }

    /// `[:name:]`
    static func posix(_ name: [UInt8], caseless: Bool) -> ByteSet? {
        switch String(decoding: name, as: UTF8.self) {
        case "alpha": alpha
        case "lower": caseless ? alpha : lower
        case "upper": caseless ? alpha : upper
        case "alnum": alpha.union(digit)
        case "ascii": ByteSet(0x00...0x7F)
        case "blank": ByteSet([0x09, 0x20])
        case "cntrl": ByteSet(0x00...0x1F).union(ByteSet(0x7F))
        case "digit": digit
        case "graph": ByteSet(0x21...0x7E)
        case "print": ByteSet(0x20...0x7E)
        case "punct":
            ByteSet(0x21...0x2F).union(ByteSet(0x3A...0x40)).union(ByteSet(0x5B...0x60))
                .union(ByteSet(0x7B...0x7E))
        case "space": space
        case "word": word
        case "xdigit": digit.union(ByteSet(0x41...0x46)).union(ByteSet(0x61...0x66))
        default: nil
        }
    }
}
