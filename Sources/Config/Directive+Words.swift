/// A block that knows what its sets of words were given in it.
public protocol WordSetScope: AnyObject, SendableMetatype {
    /// Takes in the words of a line.
    ///
    /// - Returns: whether the line is the block's first of this directive.
    func takeWords(_ statement: Statement) -> Bool
}

/// Directives that are sets of words, in any case.
extension Directive where Scope: WordSetScope {
    /// Each line of a block adds to the set; the first takes the place of what was inherited, as in nginx.
    public static func words<Value: OptionSet & Sendable>(
        _ name: String, _ summary: String, in contexts: Context, default text: String?,
        _ choices: [(word: String, value: Value)], _ path: Path<Value>
    ) -> Directive {
        let syntax = choices.map { "[\($0.word)]" }.joined(separator: " ")
        return Directive(name, summary, syntax, default: text, in: contexts, arity: 1...Int.max) {
            (scope: Scope, statement: Statement) throws(ConfigError) in
            var values: Value = scope.takeWords(statement) ? [] : scope[keyPath: path]
            for word in statement.arguments {
                let lowercased = word.lowercased()
                guard let choice = choices.first(where: { $0.word.lowercased() == lowercased }) else {
                    throw ConfigError("invalid value \"\(word)\"", statement)
                }
                values.formUnion(choice.value)
            }
            scope[keyPath: path] = values
        }.repeatable
    }
}
