internal import Core

/// Reads PCRE's syntax, byte by byte, as PCRE2 10.42 does without its UTF mode: nginx's pattern language.
///
/// What no configuration uses is refused by name: recursion, conditionals, backtracking verbs, callouts.
struct PatternParser {
    /// The flags that are in force at a place.
    struct Flags {
        var caseless = false
        var multiline = false
        var dotAll = false
        var extended = false
        /// `(?xx)`: white space in classes is nothing, too.
        var extendedMore = false
        var noAutoCapture = false
        var ungreedy = false
        var duplicateNames = false
    }

    /// A whole pattern.
    struct Parsed {
        var root: PatternNode
        var groupCount: Int
        /// In the order of the pattern.
        var names: [(name: [UInt8], index: Int)]
        /// How wide groups are that are always equally wide.
        var widths: [Int: Int]
    }

    /// PCRE's limit.
    static var nestingMax: Int { 250 }
    static var groupsMax: Int { 65535 }

    let bytes: [UInt8]
    var position = 0
    var flags = Flags()
    var groupCount = 0
    var names: [(name: [UInt8], index: Int)] = []
    var widths: [Int: Int] = [:]
    var depth = 0
    var lookDepth = 0
    /// Between `\Q` and `\E`.
    var isQuoting = false
    /// References by number, with the place where they stand: their groups may come later.
    var references: [(index: Int, offset: Int)] = []
    /// The names of all groups, once they are known.
    let allNames: [(name: [UInt8], index: Int)]?
    /// It has a reference by name.
    var refersToNames = false

    static func parse(_ bytes: [UInt8], caseless: Bool) throws(PatternError) -> Parsed {
        var parser = PatternParser(bytes: bytes, caseless: caseless, allNames: nil)
        var parsed = try parser.parsed()
        if parser.refersToNames {
            // A name may be referred to before its group comes: the second reading knows them all.
            parser = PatternParser(bytes: bytes, caseless: caseless, allNames: parsed.names)
            parsed = try parser.parsed()
        }
        return parsed
    }

    private mutating func parsed() throws(PatternError) -> Parsed {
        let root = try alternation()
        guard position == bytes.count else {
            throw PatternError("unmatched closing parenthesis", at: position)
        }
        for reference in references where reference.index > groupCount {
            throw PatternError("reference to non-existent subpattern", at: reference.offset)
        }
        return Parsed(root: try resolved(root), groupCount: groupCount, names: names, widths: widths)
    }

    private init(bytes: [UInt8], caseless: Bool, allNames: [(name: [UInt8], index: Int)]?) {
        self.bytes = bytes
        self.allNames = allNames
        flags.caseless = caseless
    }

    // MARK: Bytes

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    func byte(ahead distance: Int) -> UInt8? {
        let index = position + distance
        return index < bytes.count ? bytes[index] : nil
    }

    func follows(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[min(position, bytes.count)...].starts(with: $0) }
    }

    mutating func skip(_ text: StaticString) -> Bool {
        guard follows(text) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    // MARK: The grammar

    /// `a|b|c`, up to the closing parenthesis or the end.
    mutating func alternation() throws(PatternError) -> PatternNode {
        let branches = try branches()
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func branches() throws(PatternError) -> [PatternNode] {
        var branches = [try sequence()]
        while current == UInt8(ascii: "|"), !isQuoting {
            position += 1
            branches.append(try sequence())
        }
        return branches
    }

    /// The same in a look-behind, whose own branches may differ in width: those of a group in it may not.
    mutating func lookBehindBranches() throws(PatternError) -> PatternNode {
        let branches = try branches()
        return branches.count == 1 ? .concatenation(branches) : .alternation(branches)
    }

    /// `(?|a|b)`: each branch numbers its groups anew.
    mutating func branchReset() throws(PatternError) -> PatternNode {
        let first = groupCount
        var last = groupCount
        var branches: [PatternNode] = []
        while true {
            groupCount = first
            branches.append(try sequence())
            last = max(last, groupCount)
            guard current == UInt8(ascii: "|") else { break }
            position += 1
        }
        groupCount = last
        return .alternation(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var items: [PatternNode] = []
        while let item = try item() {
            switch item {
            case .nothing: break
            case .fixed(let node): items.append(node)
            case .repeatable(let node):
                let repeated = try quantified(node)
                // What says nothing is left out: each level that repeats it would take 65,535 times as long.
                if case .empty = repeated { continue }
                items.append(repeated)
            }
        }
        if items.isEmpty { return .empty }
        return items.count == 1 ? items[0] : .concatenation(items)
    }

    enum Item {
        /// Flags, a comment.
        case nothing
        /// What no quantifier may follow.
        case fixed(PatternNode)
        case repeatable(PatternNode)

        static func byte(_ byte: UInt8, caseless: Bool) -> Item {
            let set = ByteSet(byte)
            return .repeatable(.set(caseless ? set.caseFolded : set))
        }
    }

    private mutating func item() throws(PatternError) -> Item? {
        skipIgnored()
        guard let byte = current else { return nil }
        if isQuoting {
            position += 1
            return .byte(byte, caseless: flags.caseless)
        }
        switch byte {
        case UInt8(ascii: ")"), UInt8(ascii: "|"): return nil
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return try bracket()
        case UInt8(ascii: "\\"): return try escape()
        case UInt8(ascii: "."):
            position += 1
            return .repeatable(.set(flags.dotAll ? .all : ByteSet.newline.inverted))
        case UInt8(ascii: "^"):
            position += 1
            return .fixed(.assertion(flags.multiline ? .lineStart : .subjectStart))
        case UInt8(ascii: "$"):
            position += 1
            return .fixed(.assertion(flags.multiline ? .lineEnd : .lastLineEnd))
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw PatternError("quantifier does not follow a repeatable item", at: position)
        case UInt8(ascii: "{"):
            if let counts = try counts() {
                throw PatternError(
                    "quantifier does not follow a repeatable item", at: position - counts.length)
            }
            position += 1
            return .byte(byte, caseless: false)
        default:
            position += 1
            return .byte(byte, caseless: flags.caseless)
        }
    }

    /// What has no meaning between two items: comments, white space with `(?x)`, `\E`, `\Q\E`.
    mutating func skipIgnored() {
        while let byte = current {
            if isQuoting {
                guard skip("\\E") else { return }
                isQuoting = false
            } else if skip("\\Q") {
                isQuoting = true
            } else if skip("\\E") {
                continue
            } else if follows("(?#"), let end = bytes[position...].firstIndex(of: UInt8(ascii: ")")) {
                position = end + 1
            } else if flags.extended, ByteSet.space.contains(byte) {
                position += 1
            } else if flags.extended, byte == UInt8(ascii: "#") {
                let end = bytes[position...].firstIndex(of: .lineFeed)
                position = end.map { $0 + 1 } ?? bytes.count
            } else {
                return
            }
        }
    }

    // MARK: Quantifiers

    private mutating func quantified(_ node: PatternNode) throws(PatternError) -> PatternNode {
        skipIgnored()
        guard !isQuoting, let byte = current else { return node }
        var repetition: PatternNode.Repetition
        switch byte {
        case UInt8(ascii: "*"): repetition = .init(min: 0, max: nil, isLazy: flags.ungreedy)
        case UInt8(ascii: "+"): repetition = .init(min: 1, max: nil, isLazy: flags.ungreedy)
        case UInt8(ascii: "?"): repetition = .init(min: 0, max: 1, isLazy: flags.ungreedy)
        case UInt8(ascii: "{"):
            guard let counts = try counts() else { return node }
            repetition = .init(min: counts.min, max: counts.max, isLazy: flags.ungreedy)
            position -= 1
        default: return node
        }
        position += 1
        // As in PCRE, what means nothing may stand before what makes it lazy or possessive.
        skipIgnored()
        var isPossessive = false
        if isQuoting {
            isPossessive = false
        } else if current == UInt8(ascii: "+") {
            position += 1
            isPossessive = true
            repetition.isLazy = false
        } else if current == UInt8(ascii: "?") {
            position += 1
            repetition.isLazy.toggle()
        }
        let repeated = repeating(node, repetition)
        return isPossessive ? .atomic(repeated) : repeated
    }

    private func repeating(_ node: PatternNode, _ repetition: PatternNode.Repetition) -> PatternNode {
        if repetition.max == 0 { return .empty }
        if case .empty = node { return node }
        if repetition.min == 1, repetition.max == 1 { return node }
        if case .look = node {
            // What looks takes nothing: once is as good as many times.
            return repetition.min > 0
                ? node : .repetition(node, .init(min: 0, max: 1, isLazy: repetition.isLazy))
        }
        return .repetition(node, repetition)
    }

    /// `{n}`, `{n,}` or `{n,m}`, and nothing else: PCRE2 10.42 takes `{,m}` as it stands.
    private mutating func counts() throws(PatternError) -> (min: Int, max: Int?, length: Int)? {
        let start = position
        var end = position + 1
        func number() -> Int? {
            let digits = bytes[min(end, bytes.count)...].prefix { $0.isASCIIDigit }
            guard !digits.isEmpty else { return nil }
            end += digits.count
            // More digits than any number that is allowed has are too many, zeros in front apart.
            return digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1 << 20) }
        }
        guard let low = number() else { return nil }
        var high: Int? = low
        if end < bytes.count, bytes[end] == UInt8(ascii: ",") {
            end += 1
            high = number()
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
        guard low <= 65535, high ?? 0 <= 65535 else {
            throw PatternError("number too big in {} quantifier", at: start)
        }
        if let high, high < low { throw PatternError("numbers out of order in {} quantifier", at: end) }
        position = end + 1
        return (low, high, position - start)
    }

    // MARK: What is known only at the end

    /// Checks look-behinds: each alternative has one width.
    private func resolved(_ node: PatternNode) throws(PatternError) -> PatternNode {
        switch node {
        case .empty, .set, .assertion, .backreference, .keep: return node
        case .concatenation(let nodes): return .concatenation(try resolved(nodes))
        case .alternation(let nodes): return .alternation(try resolved(nodes))
        case .group(let inner, let index): return .group(try resolved(inner), index: index)
        case .atomic(let inner): return .atomic(try resolved(inner))
        case .repetition(let inner, let repetition): return .repetition(try resolved(inner), repetition)
        case .look(let inner, let look):
            if look.isBehind {
                let branches = if case .alternation(let nodes) = inner { nodes } else { [inner] }
                for branch in branches where branch.width(ofGroups: widths) == nil {
                    throw PatternError("lookbehind assertion is not fixed length", at: look.offset)
                }
            }
            return .look(try resolved(inner), look)
        }
    }

    private func resolved(_ nodes: [PatternNode]) throws(PatternError) -> [PatternNode] {
        var result: [PatternNode] = []
        for node in nodes { result.append(try resolved(node)) }
        return result
    }
}
