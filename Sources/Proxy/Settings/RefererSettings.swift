internal import Config

/// `valid_referers`.
struct RefererSettings {
    /// Words that stand for no page.
    struct Words: OptionSet {
        let rawValue: UInt8
        static let none = Words(rawValue: 1)
        static let blocked = Words(rawValue: 2)
        static let serverNames = Words(rawValue: 4)
    }

    private var lines: [Statement] = []
    private var isOwn = false
    private var names: [(mask: HostMask, path: [UInt8])] = []
    private var patterns: [Int] = []
    private var words: Words = []
    /// Of a location that is complete: whom it allows.
    private(set) var table: Referers?

    /// A nested block begins: the list came from outside.
    mutating func inherit() { isOwn = false }

    /// A block's lines take the place of what was inherited.
    private mutating func add(_ statement: Statement, _ block: Block) throws(ConfigError) {
        if !isOwn { self = RefererSettings() }
        isOwn = true
        lines.append(statement)
        for word in statement.arguments {
            switch word {
            case "": throw ConfigError("invalid referer \"\"", statement)
            case "none": words.insert(.none)
            case "blocked": words.insert(.blocked)
            case "server_names": words.insert(.serverNames)
            case _ where word.hasPrefix("~"):
                let source = String(word.dropFirst())
                guard !source.isEmpty else { throw ConfigError("empty regex in \"\(word)\"", statement) }
                patterns.append(try block.builder.regex(source, ignoringCase: true, statement))
            default:
                let name = word.prefix { $0 != "/" }
                guard let mask = HostMask(name.lowercased()) else {
                    throw ConfigError("invalid hostname or wildcard \"\(name)\"", statement)
                }
                names.append((mask, Array(word.utf8.dropFirst(name.utf8.count))))
            }
        }
    }

    /// All names of the server are known: makes the table.
    mutating func assemble(_ server: ServerBlock?, _ table: PatternTable) throws(ConfigError) {
        guard let line = lines.last else { return }
        var masks = HostMaskTable()
        var paths: [[UInt8]] = []
        var serverPatterns: [Int] = []
        var all = names
        if words.contains(.serverNames) {
            for name in server?.names ?? [] {
                switch name {
                case .mask(let mask): all.append((mask, []))
                case .regex(let index): serverPatterns.append(index)
                }
            }
        }
        for (mask, path) in all {
            guard masks.add(mask, paths.count) else {
                throw ConfigError("conflicting parameter \"\(mask.text)\"", line)
            }
            paths.append(path)
        }
        let namesSome = !paths.isEmpty || words.contains(.serverNames)
        guard namesSome || words.isDisjoint(with: [.none, .blocked]) else {
            throw ConfigError(
                "the \"none\" or \"blocked\" referers are specified in the \"valid_referers\" directive"
                    + " without any valid referer", line)
        }
        self.table = Referers(
            (masks, paths), serverPatterns: table.set(of: serverPatterns), patterns: table.set(of: patterns),
            words: words)
    }

    static var directives: [Directive<Block>] {
        [
            Directive(
                "valid_referers", "Pages that requests may come from, for `$invalid_referer`.",
                "none | blocked | server_names | string ...", in: [.server, .location],
                arity: 1...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.settings.referers.add(statement, block)
            }.repeatable
        ]
    }
}
