/// All directives that one kind of scope knows.
public struct DirectiveTable<Scope: AnyObject>: Sendable {
    /// The rows in the order they were declared.
    public let all: [Directive<Scope>]
    private let byName: [String: [Directive<Scope>]]
    private let elsewhere: Set<String>

    /// - Parameter elsewhere: names that another table knows: they are not unknown, but may not stand here.
    /// - Precondition: two rows of one name do not share a context; the second could never be reached.
    public init(_ rows: [Directive<Scope>], elsewhere: Set<String> = []) {
        all = rows
        self.elsewhere = elsewhere
        byName = Dictionary(grouping: rows, by: \.name)
        for (name, rows) in byName {
            var covered: Context = []
            for row in rows {
                precondition(
                    covered.isDisjoint(with: row.contexts), "two rows for \"\(name)\" in one context")
                covered.formUnion(row.contexts)
            }
        }
    }

    /// The rows of one name, which differ in context.
    public func rows(named name: String) -> [Directive<Scope>] { byName[name] ?? [] }

    // MARK: Reading

    /// Obeys the statements of one block, settings before definitions before nested blocks.
    ///
    /// Before anything is obeyed the whole tree is checked, so the first structural error in the files
    /// is the one reported, whatever the stages.
    /// - Throws: what `check` throws, then what the rows say about their arguments: the first error, or all
    ///   of what is not supported yet.
    public func apply(
        _ statements: [Statement], to scope: Scope, in context: Context
    ) throws(ConfigError) {
        try check(statements, in: context)
        var work: [(row: Directive<Scope>, statement: Statement)] = []
        work.reserveCapacity(statements.count)
        for statement in statements { work.append((try row(for: statement, in: context), statement)) }
        var unsupported: [ConfigError] = []
        for stage in Stage.allCases {
            for (row, statement) in work where row.stage == stage {
                do throws(ConfigError) {
                    try row.apply(scope, statement)
                } catch {
                    // What else fails may follow from what is missing.
                    guard error.isUnsupported else { throw ConfigError.together(unsupported) ?? error }
                    unsupported.append(error)
                }
            }
        }
        if let error = ConfigError.together(unsupported) { throw error }
    }

    /// Checks names, contexts, endings, counts of arguments and duplicates, in the order of the files,
    /// through all blocks whose contents are known.
    public func check(_ statements: [Statement], in context: Context) throws(ConfigError) {
        var seen: Set<String> = []
        for statement in statements {
            let row = try row(for: statement, in: context)
            guard row.isRepeatable || seen.insert(row.name).inserted else { throw .duplicate(statement) }
            switch row.contents {
            case .free: break
            case .lines:
                for line in statement.block ?? [] where line.block != nil {
                    throw ConfigError("unexpected \"{\"", line)
                }
            case .directives(let inside): try check(statement.block ?? [], in: inside)
            case .chosen(let inside): try check(statement.block ?? [], in: inside(context))
            case .checked(let check): try check(statement)
            }
        }
    }

    /// The row that a statement is written for, if it may stand here in this form.
    public func row(
        for statement: Statement, in context: Context
    ) throws(ConfigError) -> Directive<Scope> {
        let name = statement.name
        let candidates = rows(named: name)
        guard !candidates.isEmpty || elsewhere.contains(name) else {
            throw ConfigError("unknown directive \"\(name)\"\(hint(for: name, in: context))", statement)
        }
        guard let row = candidates.first(where: { !$0.contexts.isDisjoint(with: context) }) else {
            throw ConfigError("\"\(name)\" directive is not allowed here", statement)
        }
        if row.isBlock && statement.block == nil {
            throw ConfigError("directive \"\(name)\" has no opening \"{\"", statement)
        }
        if !row.isBlock && statement.block != nil {
            throw ConfigError("directive \"\(name)\" is not terminated by \";\"", statement)
        }
        guard row.arity.contains(statement.arguments.count) else { throw .invalidArgumentCount(statement) }
        return row
    }

    // MARK: For people

    /// The name that was probably meant; one that may stand in `context` is preferred.
    private func hint(for name: String, in context: Context) -> String {
        let usable = all.filter { !$0.contexts.isDisjoint(with: context) }.map(\.name)
        let hint = Spelling.hint(for: name, in: usable)
        return hint.isEmpty ? Spelling.hint(for: name, in: all.map(\.name)) : hint
    }

    /// What `-h NAME` prints; `nil`: there is no such directive.
    public func help(for name: String) -> String? {
        let found = rows(named: name)
        guard !found.isEmpty else { return nil }
        return found.map { row in
            let end = row.isBlock ? " { ... }" : ";"
            let syntax = row.syntax.isEmpty ? row.name : "\(row.name) \(row.syntax)"
            return """
                \(row.summary)
                Syntax:   \(syntax)\(end)
                Default:  \(row.defaultText.map { "\(row.name) \($0);" } ?? "none")
                Context:  \(row.contexts.name)
                """
        }.joined(separator: "\n\n")
    }
}
