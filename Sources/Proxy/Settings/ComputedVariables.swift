internal import Config

/// The variables that `map`, `geo` and `split_clients` define, while the configuration is read.
struct ComputedVariables {
    private(set) var all: [ComputedVariable] = []
    private var indices: [String: Int] = [:]
    private var definitions: [Int: Statement] = [:]

    /// The index of the variable called `name`, in lower case.
    subscript(name: String) -> Int? { indices[name] }

    /// Gives the variable that a statement defines its index, so that texts before it may refer to it.
    mutating func reserve(_ statement: Statement) {
        guard statement.block != nil, ["map", "geo", "split_clients"].contains(statement.name) else { return }
        reserve(ComputedVariables.name(statement))
    }

    private mutating func reserve(_ name: String) {
        guard indices[name] == nil else { return }
        indices[name] = all.count
        all.append(.map(ValueMap(source: Template(constant: []), hasHostnames: false)))
    }

    private static func name(_ statement: Statement) -> String {
        (statement.arguments.last ?? "").dropFirst().lowercased()
    }

    /// Checks the name that a statement defines: its last word.
    static func check(_ statement: Statement) throws(ConfigError) {
        let word = statement.arguments.last ?? ""
        guard word.hasPrefix("$"), word.count > 1 else {
            throw ConfigError("invalid variable name \"\(word)\"", statement)
        }
        if Variables.isReserved(name(statement)) {
            throw ConfigError("the duplicate \"\(word.dropFirst())\" variable", statement)
        }
    }

    /// Takes the reserved place; of several of one name the last one counts.
    mutating func define(_ statement: Statement, _ variable: ComputedVariable) {
        let name = ComputedVariables.name(statement)
        reserve(name)
        guard let index = indices[name] else { return }
        all[index] = variable
        definitions[index] = statement
    }

    // MARK: Cycles

    private enum Mark { case unseen, open, done }

    /// - Throws: for a variable that refers to itself, directly or through others.
    func check() throws(ConfigError) {
        var marks = [Mark](repeating: .unseen, count: all.count)
        for index in all.indices { try visit(index, &marks) }
    }

    private func visit(_ index: Int, _ marks: inout [Mark]) throws(ConfigError) {
        switch marks[index] {
        case .done: return
        case .unseen: marks[index] = .open
        case .open:
            let word = definitions[index]?.arguments.last ?? ""
            throw ConfigError(
                "the variable \"\(word)\" refers to itself", at: definitions[index]?.location)
        }
        for template in all[index].templates {
            for part in template.parts {
                if case .variable(.computed(let next)) = part { try visit(next, &marks) }
            }
        }
        marks[index] = .done
    }
}

extension Directive where Scope == Block {
    /// A block whose last word names a variable, and whose lines say what that comes to.
    static func computed(
        _ name: String, _ summary: String, _ syntax: String, arity: ClosedRange<Int>,
        _ read: @escaping @Sendable (Statement, ConfigurationBuilder) throws(ConfigError) -> ComputedVariable
    ) -> Directive {
        Directive(name, summary, syntax, in: .http, arity: arity) {
            (block: Block, statement: Statement) throws(ConfigError) in
            try ComputedVariables.check(statement)
            block.builder.computed.define(statement, try read(statement, block.builder))
        }.block(.setting, holdsLines: true)
    }
}
