internal import Core

/// What differs between the regular expressions that operators write, PCRE's, and Swift's.
///
/// Works on bytes, as PCRE does without its UTF mode. What Swift has no word for is left as it is, and
/// is refused when the expression is compiled.
struct PatternDialect {
    private let bytes: [UInt8]
    private var position = 0
    private var out: [UInt8] = []

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
        let isMultiline = switchesToMultiline
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"): escape()
            case UInt8(ascii: "["): characterClass()
            // PCRE's `$` also matches before a line feed that ends the subject; Swift's does not.
            case UInt8(ascii: "$") where !isMultiline:
                out += Array("\\Z".utf8)
                position += 1
            default: copy(1)
            }
        }
    }

    /// `(?m)` and the like: `$` has another meaning then, the same in both dialects.
    private var switchesToMultiline: Bool {
        for start in bytes.indices where bytes[start...].starts(with: "(?".utf8) {
            let flags = bytes[(start + 2)...].prefix { $0.isASCIIAlpha }
            if flags.contains(UInt8(ascii: "m")) { return true }
        }
        return false
    }

    private mutating func copy(_ count: Int) {
        let end = min(position + count, bytes.count)
        out += bytes[position..<end]
        position = end
    }

    /// A backslash and what it protects; outside of classes.
    private mutating func escape() {
        guard position + 1 < bytes.count else { return copy(1) }
        switch bytes[position + 1] {
        case UInt8(ascii: "Q"): quotation()
        case UInt8(ascii: "N"):
            out += Array("[^\\n]".utf8)
            position += 2
        default: copy(2)
        }
    }

    /// `\Q…\E`: nothing in it has a meaning.
    private mutating func quotation() {
        copy(2)
        while position < bytes.count {
            if bytes[position...].starts(with: "\\E".utf8) { return copy(2) }
            copy(1)
        }
    }

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
            case UInt8(ascii: "\\"): copy(2)
            case UInt8(ascii: "["):
                if let length = posixNameLength { copy(length) } else { protect() }
            case UInt8(ascii: "&"), UInt8(ascii: "~"): protect()
            case UInt8(ascii: "-") where position > first && bytes[position - 1] == byte: protect()
            default: copy(1)
            }
        }
    }

    private mutating func protect() {
        out.append(UInt8(ascii: "\\"))
        copy(1)
    }

    /// The length of `[:alpha:]` at `position`.
    private var posixNameLength: Int? {
        let rest = bytes[position...]
        guard rest.starts(with: "[:".utf8) else { return nil }
        let name = rest.dropFirst(2).prefix { $0.isASCIIAlpha || $0 == UInt8(ascii: "^") }
        return rest.dropFirst(2 + name.count).starts(with: ":]".utf8) ? name.count + 4 : nil
    }
}
