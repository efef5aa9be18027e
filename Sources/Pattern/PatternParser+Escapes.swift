internal import Core

/// What begins with a backslash.
extension PatternParser {
    /// An escape that stands for one byte, or its letter where it stands for something else.
    enum Escape {
        case byte(UInt8)
        case set(ByteSet)
        /// A letter with a meaning of its own, which was read.
        case letter(UInt8)
        case reference(Int)
    }

    /// An escape outside of classes.
    mutating func escape() throws(PatternError) -> Item {
        let start = position
        switch try readEscape(inClass: false) {
        case .byte(let byte): return .byte(byte, caseless: flags.caseless)
        case .set(let set): return .repeatable(.set(set))
        case .reference(let index):
            references.append((index, start))
            return .repeatable(.backreference([index], caseless: flags.caseless))
        case .letter(let letter): return try meaning(of: letter, start)
        }
    }

    private mutating func meaning(of letter: UInt8, _ start: Int) throws(PatternError) -> Item {
        switch letter {
        case UInt8(ascii: "A"), UInt8(ascii: "G"): return .fixed(.assertion(.subjectStart))
        case UInt8(ascii: "Z"): return .fixed(.assertion(.lastLineEnd))
        case UInt8(ascii: "z"): return .fixed(.assertion(.subjectEnd))
        case UInt8(ascii: "b"): return .fixed(.assertion(.wordBoundary))
        case UInt8(ascii: "B"): return .fixed(.assertion(.notWordBoundary))
        case UInt8(ascii: "K"):
            guard lookDepth == 0 else {
                throw PatternError("\\K is not allowed in lookarounds", at: position)
            }
            return .fixed(.keep)
        case UInt8(ascii: "C"): return .repeatable(.set(.all))
        case UInt8(ascii: "N"):
            if current == UInt8(ascii: "{"), byte(ahead: 1)?.isASCIIDigit != true {
                throw PatternError(
                    "PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u", at: position)
            }
            return .repeatable(.set(ByteSet.newline.inverted))
        case UInt8(ascii: "R"):
            let pair = PatternNode.concatenation([.set(ByteSet(0x0D)), .set(ByteSet(0x0A))])
            return .repeatable(.atomic(.alternation([pair, .set(.verticalSpace)])))
        case UInt8(ascii: "X"): throw PatternError("\"\\X\" is not supported", at: start)
        case UInt8(ascii: "g"): return try numbered(start)
        case UInt8(ascii: "k"): return try namedReference(start)
        default: throw PatternError("unrecognized character follows \\", at: start + 1)
        }
    }

    /// Reads an escape, the backslash being the current byte.
    mutating func readEscape(inClass: Bool) throws(PatternError) -> Escape {
        let start = position
        position += 1
        guard let byte = current else { throw PatternError("\\ at end of pattern", at: position) }
        position += 1
        switch byte {
        case UInt8(ascii: "a"): return .byte(0x07)
        case UInt8(ascii: "e"): return .byte(0x1B)
        case UInt8(ascii: "f"): return .byte(0x0C)
        case UInt8(ascii: "n"): return .byte(0x0A)
        case UInt8(ascii: "r"): return .byte(0x0D)
        case UInt8(ascii: "t"): return .byte(0x09)
        case UInt8(ascii: "d"): return .set(.digit)
        case UInt8(ascii: "D"): return .set(ByteSet.digit.inverted)
        case UInt8(ascii: "s"): return .set(.space)
        case UInt8(ascii: "S"): return .set(ByteSet.space.inverted)
        case UInt8(ascii: "w"): return .set(.word)
        case UInt8(ascii: "W"): return .set(ByteSet.word.inverted)
        case UInt8(ascii: "h"): return .set(.horizontalSpace)
        case UInt8(ascii: "H"): return .set(ByteSet.horizontalSpace.inverted)
        case UInt8(ascii: "v"): return .set(.verticalSpace)
        case UInt8(ascii: "V"): return .set(ByteSet.verticalSpace.inverted)
        case UInt8(ascii: "p"), UInt8(ascii: "P"):
            return .set(try unicodeProperty(negated: byte == UInt8(ascii: "P"), start))
        case UInt8(ascii: "x"): return .byte(try hexadecimal())
        case UInt8(ascii: "o"): return .byte(try braced(radix: 8))
        case UInt8(ascii: "c"): return .byte(try control())
        case UInt8(ascii: "0"): return .byte(try octal(first: 0))
        case UInt8(ascii: "1")...UInt8(ascii: "9"): return try digits(byte, inClass: inClass, start)
        case UInt8(ascii: "F"), UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "u"), UInt8(ascii: "U"):
            throw PatternError("PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u", at: position)
        default:
            return byte.isASCIIAlpha ? .letter(byte) : .byte(byte)
        }
    }

    // MARK: Numbers

    /// `\1`…: a reference, unless it has more digits than groups came before it; then it is octal.
    private mutating func digits(_ first: UInt8, inClass: Bool, _ start: Int) throws(PatternError) -> Escape {
        if !inClass {
            let rest = bytes[(position - 1)...].prefix { $0.isASCIIDigit }
            let number = rest.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1 << 20) }
            if number < 10 || first >= UInt8(ascii: "8") || number <= groupCount {
                guard number <= PatternParser.groupsMax else {
                    throw PatternError("number is too big", at: position)
                }
                position += rest.count - 1
                return .reference(number)
            }
        }
        if first >= UInt8(ascii: "8") { return .byte(first) }
        return .byte(try octal(first: Int(first - 0x30)))
    }

    private mutating func octal(first: Int) throws(PatternError) -> UInt8 {
        var value = first
        var count = 1
        while count < 3, let byte = current, byte >= 0x30, byte <= 0x37 {
            value = value * 8 + Int(byte - 0x30)
            position += 1
            count += 1
        }
        guard let byte = UInt8(exactly: value) else {
            throw PatternError("octal value is greater than \\377 in 8-bit non-UTF-8 mode", at: position)
        }
        return byte
    }

    /// `\xh`, `\xhh`, `\x{h…}`; `\x` alone is a zero byte.
    private mutating func hexadecimal() throws(PatternError) -> UInt8 {
        if current == UInt8(ascii: "{") { return try braced(radix: 16) }
        var value: UInt8 = 0
        for _ in 0..<2 {
            guard let digit = current?.hexDigitValue else { break }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    /// `{…}` of `\x` and `\o`.
    private mutating func braced(radix: Int) throws(PatternError) -> UInt8 {
        guard current == UInt8(ascii: "{") else {
            throw PatternError("missing opening brace after \\o", at: position)
        }
        position += 1
        var value = 0
        let first = position
        while let digit = current?.hexDigitValue, Int(digit) < radix {
            value = value * radix + Int(digit)
            position += 1
            guard value <= 0xFF else {
                throw PatternError("character code point value in \\x{} or \\o{} is too large", at: position)
            }
        }
        guard position > first else {
            throw PatternError("digits missing in \\x{} or \\o{} or \\N{U+}", at: position)
        }
        guard current == UInt8(ascii: "}") else {
            let kind = radix == 16 ? "non-hex character in \\x{}" : "non-octal character in \\o{}"
            throw PatternError("\(kind) (closing brace missing?)", at: position)
        }
        position += 1
        return UInt8(truncatingIfNeeded: value)
    }

    private mutating func control() throws(PatternError) -> UInt8 {
        guard let byte = current else { throw PatternError("\\c at end of pattern", at: position) }
        guard (0x20...0x7E).contains(byte) else {
            throw PatternError("\\c must be followed by a printable ASCII character", at: position)
        }
        position += 1
        let isLower = ByteSet.lower.contains(byte)
        return (isLower ? byte ^ 0x20 : byte) ^ 0x40
    }

    // MARK: References

    /// `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`
    private mutating func numbered(_ start: Int) throws(PatternError) -> Item {
        let isBraced = current == UInt8(ascii: "{")
        if current == UInt8(ascii: "<") || current == UInt8(ascii: "'") {
            throw PatternError("recursion is not supported", at: start)
        }
        if isBraced { position += 1 }
        let sign = current
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
        let digits = bytes[min(position, bytes.count)...].prefix { $0.isASCIIDigit }
        if digits.isEmpty {
            guard isBraced, sign != UInt8(ascii: "-"), sign != UInt8(ascii: "+") else {
                throw PatternError(
                    "\\g is not followed by a braced, angle-bracketed, or quoted name/number"
                        + " or by a plain number", at: position)
            }
            let name = try self.name(until: UInt8(ascii: "}"))
            return .repeatable(.backreference(try groups(named: name, start), caseless: flags.caseless))
        }
        position += digits.count
        var index = digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1 << 20) }
        if sign == UInt8(ascii: "-") { index = groupCount - index + 1 }
        if sign == UInt8(ascii: "+") { index += groupCount }
        if isBraced {
            guard current == UInt8(ascii: "}") else {
                throw PatternError("\\g is not followed by a braced name/number", at: position)
            }
            position += 1
        }
        guard index > 0 else { throw PatternError("reference to non-existent subpattern", at: position) }
        references.append((index, position))
        return .repeatable(.backreference([index], caseless: flags.caseless))
    }

    /// `\k<name>`, `\k'name'`, `\k{name}`
    private mutating func namedReference(_ start: Int) throws(PatternError) -> Item {
        let end: UInt8
        switch current {
        case UInt8(ascii: "<"): end = UInt8(ascii: ">")
        case UInt8(ascii: "'"): end = UInt8(ascii: "'")
        case UInt8(ascii: "{"): end = UInt8(ascii: "}")
        default:
            throw PatternError(
                "\\k is not followed by a braced, angle-bracketed, or quoted name", at: position)
        }
        position += 1
        let name = try self.name(until: end)
        return .repeatable(.backreference(try groups(named: name, start), caseless: flags.caseless))
    }

    // MARK: Properties

    /// `\pL`, `\p{Lu}`, `\p{^Lu}`: each byte is the character of Latin-1 that it is.
    private mutating func unicodeProperty(negated: Bool, _ start: Int) throws(PatternError) -> ByteSet {
        guard let first = current else {
            throw PatternError("malformed \\P or \\p sequence", at: position)
        }
        var isNegated = negated
        var name: [UInt8] = [first]
        position += 1
        if first == UInt8(ascii: "{") {
            if current == UInt8(ascii: "^") {
                isNegated.toggle()
                position += 1
            }
            guard let end = bytes[min(position, bytes.count)...].firstIndex(of: UInt8(ascii: "}")) else {
                throw PatternError("malformed \\P or \\p sequence", at: position)
            }
            name = bytes[position..<end].filter {
                $0 != .space && $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-")
            }
            position = end + 1
        }
        guard let set = LatinProperty.set(named: String(decoding: name, as: UTF8.self)) else {
            throw PatternError("unknown property name after \\P or \\p", at: start)
        }
        return isNegated ? set.inverted : set
    }
}
