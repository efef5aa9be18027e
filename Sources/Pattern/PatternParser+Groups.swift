internal import Core

/// What begins with a parenthesis.
extension PatternParser {
    mutating func group() throws(PatternError) -> Item {
        let start = position
        position += 1
        guard current == UInt8(ascii: "?") else {
            if current == UInt8(ascii: "*"), byte(ahead: 1).map({ $0 != UInt8(ascii: ")") }) ?? false {
                return try verb(from: start)
            }
            return .repeatable(
                flags.noAutoCapture
                    ? try inside { (parser) throws(PatternError) in try parser.alternation() }
                    : try capturing(nil))
        }
        position += 1
        guard let byte = current else { throw missingParenthesis }
        switch byte {
        case UInt8(ascii: ":"):
            position += 1
            return .repeatable(try inside { (parser) throws(PatternError) in try parser.alternation() })
        case UInt8(ascii: "|"):
            position += 1
            return .repeatable(try inside { (parser) throws(PatternError) in try parser.branchReset() })
        case UInt8(ascii: ">"):
            position += 1
            return .repeatable(
                .atomic(try inside { (parser) throws(PatternError) in try parser.alternation() }))
        case UInt8(ascii: "="), UInt8(ascii: "!"):
            position += 1
            return try look(behind: false, negative: byte == UInt8(ascii: "!"), start)
        case UInt8(ascii: "<"):
            if let next = self.byte(ahead: 1), next == UInt8(ascii: "=") || next == UInt8(ascii: "!") {
                position += 2
                return try look(behind: true, negative: next == UInt8(ascii: "!"), start)
            }
            position += 1
            return .repeatable(try named(until: UInt8(ascii: ">")))
        case UInt8(ascii: "'"):
            position += 1
            return .repeatable(try named(until: byte))
        case UInt8(ascii: "P"): return try pythonGroup(start)
        case UInt8(ascii: "#"): throw PatternError("missing ) after (?# comment", at: bytes.count)
        case UInt8(ascii: "("):
            throw PatternError("conditional groups \"(?(…)\" are not supported", at: start)
        case UInt8(ascii: "R"), UInt8(ascii: "&"), UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            throw PatternError("recursion is not supported", at: start)
        case UInt8(ascii: "-") where self.byte(ahead: 1)?.isASCIIDigit == true:
            throw PatternError("recursion is not supported", at: start)
        case UInt8(ascii: "C"): throw PatternError("callouts \"(?C)\" are not supported", at: start)
        default: return try flagGroup()
        }
    }

    private var missingParenthesis: PatternError {
        PatternError("missing closing parenthesis", at: bytes.count)
    }

    /// The content of a group whose opening was read, and its end. Flags set inside end with it.
    private mutating func inside(
        _ content: (inout PatternParser) throws(PatternError) -> PatternNode
    ) throws(PatternError) -> PatternNode {
        depth += 1
        guard depth <= PatternParser.nestingMax else {
            throw PatternError("parentheses are too deeply nested", at: position)
        }
        let outer = flags
        let node = try content(&self)
        guard current == UInt8(ascii: ")") else { throw missingParenthesis }
        position += 1
        flags = outer
        depth -= 1
        return node
    }

    private mutating func capturing(_ name: [UInt8]?) throws(PatternError) -> PatternNode {
        groupCount += 1
        let index = groupCount
        guard index <= PatternParser.groupsMax else {
            throw PatternError("too many capturing groups (maximum 65535)", at: position)
        }
        if let name { try add(name, index) }
        let node = try inside { (parser) throws(PatternError) in try parser.alternation() }
        if let width = node.width(ofGroups: widths) { widths[index] = width }
        return .group(node, index: index)
    }

    private mutating func add(_ name: [UInt8], _ index: Int) throws(PatternError) {
        if let same = names.first(where: { $0.name == name }), same.index != index, !flags.duplicateNames {
            throw PatternError("two named subpatterns have the same name", at: position)
        }
        if let other = names.first(where: { $0.index == index }), other.name != name {
            throw PatternError(
                "different names for subpatterns of the same number are not allowed", at: position)
        }
        if !names.contains(where: { $0.name == name && $0.index == index }) { names.append((name, index)) }
    }

    private mutating func named(until end: UInt8) throws(PatternError) -> PatternNode {
        let name = try self.name(until: end)
        return try capturing(name)
    }

    /// A name and the byte that ends it.
    mutating func name(until end: UInt8) throws(PatternError) -> [UInt8] {
        guard let first = current else { throw PatternError("subpattern name expected", at: position) }
        guard !first.isASCIIDigit else {
            throw PatternError("subpattern name must start with a non-digit", at: position)
        }
        let name = Array(bytes[position...].prefix { ByteSet.word.contains($0) })
        guard !name.isEmpty else { throw PatternError("subpattern name expected", at: position) }
        guard name.count <= 32 else {
            throw PatternError("subpattern name is too long (maximum 32 code units)", at: position + 33)
        }
        position += name.count
        guard current == end else {
            throw PatternError("syntax error in subpattern name (missing terminator?)", at: position)
        }
        position += 1
        return name
    }

    /// `(?P<name>…)`, `(?P=name)`
    private mutating func pythonGroup(_ start: Int) throws(PatternError) -> Item {
        position += 1
        switch current {
        case UInt8(ascii: "<"):
            position += 1
            return .repeatable(try named(until: UInt8(ascii: ">")))
        case UInt8(ascii: "="):
            position += 1
            let offset = position
            let name = try self.name(until: UInt8(ascii: ")"))
            return .repeatable(.backreference(try groups(named: name, offset), caseless: flags.caseless))
        case UInt8(ascii: ">"): throw PatternError("recursion is not supported", at: start)
        case nil: throw missingParenthesis
        default: throw PatternError("unrecognized character after (?P", at: position)
        }
    }

    private mutating func look(behind: Bool, negative: Bool, _ start: Int) throws(PatternError) -> Item {
        lookDepth += 1
        let node = try inside { (parser) throws(PatternError) in
            behind ? try parser.lookBehindBranches() : try parser.alternation()
        }
        lookDepth -= 1
        return .repeatable(.look(node, .init(isBehind: behind, isNegative: negative, offset: start)))
    }

    /// `(?i)`, `(?i-s:…)`, `(?^x)`
    private mutating func flagGroup() throws(PatternError) -> Item {
        var changed = flags
        var isSet = true
        if current == UInt8(ascii: "^") {
            position += 1
            changed = Flags(ungreedy: flags.ungreedy, duplicateNames: flags.duplicateNames)
        }
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: ")"):
                flags = changed
                return .nothing
            case UInt8(ascii: ":"):
                let outer = flags
                flags = changed
                let node = try inside { (parser) throws(PatternError) in try parser.alternation() }
                flags = outer
                return .repeatable(node)
            case UInt8(ascii: "-"):
                guard isSet else {
                    throw PatternError("unrecognized character after (? or (?-", at: position - 1)
                }
                isSet = false
            case UInt8(ascii: "i"): changed.caseless = isSet
            case UInt8(ascii: "m"): changed.multiline = isSet
            case UInt8(ascii: "s"): changed.dotAll = isSet
            case UInt8(ascii: "n"): changed.noAutoCapture = isSet
            case UInt8(ascii: "U"): changed.ungreedy = isSet
            case UInt8(ascii: "J"): changed.duplicateNames = isSet
            case UInt8(ascii: "x"):
                changed.extended = isSet
                changed.extendedMore = isSet && current == byte
                if current == byte { position += 1 }
            default: throw PatternError("unrecognized character after (? or (?-", at: position - 1)
            }
        }
        throw missingParenthesis
    }

    /// `(*pla:…)` and the like have shorter names; the rest is refused.
    private mutating func verb(from start: Int) throws(PatternError) -> Item {
        let rest = bytes[(position + 1)...]
        let name = rest.prefix { ByteSet.word.contains($0) }
        let word = String(decoding: name, as: UTF8.self)
        guard rest.dropFirst(name.count).first == UInt8(ascii: ":") else {
            throw unsupportedVerb(word, start)
        }
        position += 1 + name.count + 1
        switch word {
        case "pla", "positive_lookahead": return try look(behind: false, negative: false, start)
        case "nla", "negative_lookahead": return try look(behind: false, negative: true, start)
        case "plb", "positive_lookbehind": return try look(behind: true, negative: false, start)
        case "nlb", "negative_lookbehind": return try look(behind: true, negative: true, start)
        case "atomic":
            return .repeatable(
                .atomic(try inside { (parser) throws(PatternError) in try parser.alternation() }))
        default: throw unsupportedVerb(word, start)
        }
    }

    private func unsupportedVerb(_ name: String, _ start: Int) -> PatternError {
        PatternError("\"(*\(name))\" is not supported", at: start)
    }

    /// The groups of a name, whether they stand before or behind.
    mutating func groups(named name: [UInt8], _ offset: Int) throws(PatternError) -> [Int] {
        refersToNames = true
        // The first reading finds out which names there are.
        guard let allNames else { return [0] }
        let indices = allNames.filter { $0.name == name }.map(\.index)
        guard !indices.isEmpty else { throw PatternError("reference to non-existent subpattern", at: offset) }
        return indices
    }
}
