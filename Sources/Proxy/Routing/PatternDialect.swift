internal import Core

/// What differs between the regular expressions that operators write, PCRE's, and Swift's.
///
/// Works on bytes, as PCRE does without its UTF mode. What Swift has no word for is left as it is, and
/// is refused when the expression is compiled.
struct PatternDialect {
    /// Those of PCRE's options that change what a word means; a group ends what was set in it.
    private struct Flags {
        /// `(?s)`: the dot takes line feeds too.
        var dotTakesAll = false
        /// `(?m)`: `$` matches before every line feed.
        var isMultiline = false
        /// `(?x)`: `#` begins a comment.
        var hasComments = false
    }

    private let bytes: [UInt8]
    private var position = 0
    private var out: [UInt8] = []
    private var flags = Flags()
    /// What holds again after the groups that are open.
    private var outerFlags: [Flags] = []

    /// The same pattern in Swift's dialect.
    static func translated(_ pattern: [UInt8]) -> [UInt8] {
        var dialect = PatternDialect(bytes: pattern)
        dialect.translate()
        return dialect.out
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        out.reserveCapacity(bytes.count + 8)
    }

    private mutating func translate() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"): escape()
            case UInt8(ascii: "["): characterClass()
            case UInt8(ascii: "("): openGroup()
            case UInt8(ascii: ")"):
                if let outer = outerFlags.popLast() { flags = outer }
                copy(1)
            case UInt8(ascii: "."):
                // PCRE's dot stops at line feeds only, Swift's at everything that could end a line.
                replace(1, flags.dotTakesAll ? #"[\s\S]"# : #"[^\n]"#)
            case UInt8(ascii: "$"): replace(1, flags.isMultiline ? #"(?=\n|\z)"# : PatternDialect.end)
            case UInt8(ascii: "#") where flags.hasComments: copy(through: .lineFeed)
            case 0x80...: caseless(1)
            default: copy(1)
            }
        }
    }

    /// `$` and `\Z`: the end, or a line feed that ends the subject.
    private static var end: String { #"(?=\n?\z)"# }

    // MARK: Groups

    /// `(`, and the options behind it: `(?s)` holds to the end of the group around it, `(?s:` in its own.
    private mutating func openGroup() {
        if starts("(?#") { return copy(through: UInt8(ascii: ")")) }
        guard starts("(?"), let changed = flagsAhead else {
            outerFlags.append(flags)
            return copy(1)
        }
        let isGroup = bytes[changed.end] == UInt8(ascii: ":")
        if isGroup { outerFlags.append(flags) }
        flags = changed.flags
        copy(changed.end + 1 - position)
    }

    /// The options of `(?ms-x)` or `(?ms-x:` at `position`, and where its last character stands.
    private var flagsAhead: (flags: Flags, end: Int)? {
        var changed = flags
        var isOn = true
        for index in (position + 2)..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "^"): changed = Flags()
            case UInt8(ascii: "-"): isOn = false
            case UInt8(ascii: "s"): changed.dotTakesAll = isOn
            case UInt8(ascii: "m"): changed.isMultiline = isOn
            case UInt8(ascii: "x"): changed.hasComments = isOn
            case UInt8(ascii: "i"), UInt8(ascii: "n"), UInt8(ascii: "J"), UInt8(ascii: "U"): break
            case UInt8(ascii: ")"), UInt8(ascii: ":"): return (changed, index)
            default: return nil
            }
        }
        return nil
    }

    // MARK: Escapes

    /// A backslash and what it protects; outside of classes.
    private mutating func escape() {
        guard position + 1 < bytes.count else { return copy(1) }
        switch bytes[position + 1] {
        case UInt8(ascii: "Q"): quotation()
        case UInt8(ascii: "N"): replace(2, #"[^\n]"#)
        case UInt8(ascii: "Z"): replace(2, PatternDialect.end)
        case UInt8(ascii: "x") where highByteLength > 0: caseless(highByteLength)
        case UInt8(ascii: "R"): replace(2, #"(?>\r\n|["# + PatternDialect.lineEnds + "])")
        case let letter:
            guard let set = PatternDialect.spaces(letter) else { return copy(2) }
            replace(2, "[" + set + "]")
        }
    }

    /// The length of `\xE9` at `position`, if it stands for a byte beyond ASCII; 0 otherwise.
    private var highByteLength: Int {
        let digits = bytes[position...].dropFirst(2).prefix(2)
        guard digits.count == 2, let high = digits.first?.hexDigitValue, high >= 8,
            digits.last?.hexDigitValue != nil
        else { return 0 }
        return 4
    }

    /// Copies what stands for a byte beyond ASCII: PCRE knows no capital letters there.
    private mutating func caseless(_ count: Int) {
        out += "(?-i:".utf8
        copy(count)
        out.append(UInt8(ascii: ")"))
    }

    /// The bytes of `\h` and `\v`, and of their opposites, as they stand in a class.
    private static func spaces(_ letter: UInt8) -> String? {
        switch letter {
        case UInt8(ascii: "h"): #"\t\x20\xA0"#
        case UInt8(ascii: "v"): lineEnds
        case UInt8(ascii: "H"): #"[^\t\x20\xA0]"#
        case UInt8(ascii: "V"): "[^" + lineEnds + "]"
        default: nil
        }
    }

    private static var lineEnds: String { #"\n\x0B\f\r\x85"# }

    /// `\Q…\E`: nothing in it has a meaning.
    private mutating func quotation() {
        copy(2)
        while position < bytes.count {
            if starts("\\E") { return copy(2) }
            copy(1)
        }
    }

    // MARK: Classes

    /// `[…]`. In Swift's classes `[`, `&&`, `--` and `~~` are operators, and a `]` always ends them.
    private mutating func characterClass() {
        copy(1)
        if position < bytes.count, bytes[position] == UInt8(ascii: "^") { copy(1) }
        let first = position
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "]") where position == first: protect()
            case UInt8(ascii: "]"): return copy(1)
            case UInt8(ascii: "\\"): escapeInClass()
            case UInt8(ascii: "["):
                if let name = namedSet { replace(name.length, name.set) } else { protect() }
            case UInt8(ascii: "&"), UInt8(ascii: "~"): protect()
            case UInt8(ascii: "-") where position > first && bytes[position - 1] == byte: protect()
            default: copy(1)
            }
        }
    }

    private mutating func escapeInClass() {
        guard position + 1 < bytes.count, let set = PatternDialect.spaces(bytes[position + 1]) else {
            return copy(2)
        }
        replace(2, set)
    }

    /// `[:alpha:]` at `position`, spelled out: Swift's are Unicode's, PCRE's are ASCII's.
    private var namedSet: (set: String, length: Int)? {
        guard starts("[:") else { return nil }
        var start = position + 2
        let isNegated = start < bytes.count && bytes[start] == UInt8(ascii: "^")
        if isNegated { start += 1 }
        let name = bytes[start...].prefix { $0.isASCIIAlpha }
        guard bytes[(start + name.count)...].starts(with: ":]".utf8),
            let set = PatternDialect.sets[String(decoding: name, as: UTF8.self)]
        else { return nil }
        return (isNegated ? "[^" + set + "]" : set, start + name.count + 2 - position)
    }

    private static let sets = [
        "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "ascii": #"\x00-\x7F"#, "blank": #"\t\x20"#,
        "cntrl": #"\x00-\x1F\x7F"#, "digit": "0-9", "graph": #"\x21-\x7E"#, "lower": "a-z",
        "print": #"\x20-\x7E"#, "punct": #"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E"#,
        "space": #"\t\n\x0B\f\r\x20"#, "upper": "A-Z", "word": "a-zA-Z0-9_", "xdigit": "0-9a-fA-F",
    ]

    // MARK: Copying

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func copy(_ count: Int) {
        let end = min(position + count, bytes.count)
        out += bytes[position..<end]
        position = end
    }

    /// Copies up to and with the next `last`; all that is left if there is none.
    private mutating func copy(through last: UInt8) {
        let end = bytes[position...].firstIndex(of: last) ?? bytes.count
        copy(end + 1 - position)
    }

    private mutating func replace(_ count: Int, _ text: String) {
        out += text.utf8
        position = min(position + count, bytes.count)
    }

    private mutating func protect() {
        out.append(UInt8(ascii: "\\"))
        copy(1)
    }
}
