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
    /// A statement that cannot be obeyed is left out, and the others are looked at: whoever mends the
    /// configuration is to know of all.
    /// - Throws: whatever is wrong, together: names, contexts, endings, counts of arguments, duplicates, and
    ///   what the rows say about their arguments.
    public func apply(
        _ statements: [Statement], to scope: Scope, in context: Context
    ) throws(ConfigError) {
        var errors: [ConfigError] = []
        var seen: Set<String> = []
        var work: [(row: Directive<Scope>, statement: Statement)] = []
        work.reserveCapacity(statements.count)
        for statement in statements {
            do throws(ConfigError) {
                work.append((try row(for: statement, in: context, &seen), statement))
            } catch {
                errors.append(error)
            }
        }
        for stage in Stage.allCases {
            for (row, statement) in work where row.stage == stage {
                do throws(ConfigError) {
                    try row.apply(scope, statement)
                } catch {
                    errors.append(error.advised(row.usage, for: statement))
                }
            }
        }
        if let error = ConfigError.together(errors) { throw error }
    }

    /// The row of a statement, with which no other of the block is in conflict.
    private func row(
        for statement: Statement, in context: Context, _ seen: inout Set<String>
    ) throws(ConfigError) -> Directive<Scope> {
        let row = try row(for: statement, in: context)
        guard row.isRepeatable || seen.insert(row.name).inserted else { throw .duplicate(statement) }
        if row.holdsLines, let line = statement.block?.first(where: { $0.block != nil }) {
            throw ConfigError("unexpected \"{\"", line)
        }
        return row
    }

    /// The row that a statement is written for, if it may stand here in this form.
    public func row(
        for statement: Statement, in context: Context
    ) throws(ConfigError) -> Directive<Scope> {
        let name = statement.name
        let candidates = rows(named: name)
        guard !candidates.isEmpty || elsewhere.contains(name) else {
            throw .misspelt("unknown directive \"\(name)\"", statement) { hint(for: name, in: context) }
        }
        guard let row = candidates.first(where: { !$0.contexts.isDisjoint(with: context) }) else {
            let places = candidates.reduce(into: Context()) { $0.formUnion($1.contexts) }.name
            throw ConfigError("\"\(name)\" directive is not allowed here", statement)
                .advised(places.isEmpty ? nil : "it may stand in: \(places)")
        }
        if row.isBlock && statement.block == nil {
            throw ConfigError("directive \"\(name)\" has no opening \"{\"", statement).advised(row.usage)
        }
        if !row.isBlock && statement.block != nil {
            throw ConfigError("directive \"\(name)\" is not terminated by \";\"", statement)
                .advised(row.usage)
        }
        guard row.arity.contains(statement.arguments.count) else {
            throw ConfigError.invalidArgumentCount(statement).advised(row.usage)
        }
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
