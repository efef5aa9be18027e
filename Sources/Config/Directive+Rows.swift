/// Rows whose argument is of a common kind: most directives need no code of their own.
extension Directive {
    /// A place in the scope, as rows refer to it.
    public typealias Path<Value> = any ReferenceWritableKeyPath<Scope, Value> & Sendable

    /// `on | off`, in any case.
    public static func flag(
        _ name: String, _ summary: String, in contexts: Context, default isOn: Bool, _ path: Path<Bool>
    ) -> Directive {
        oneOf(
            name, summary, in: contexts, default: isOn ? "on" : "off", [("on", true), ("off", false)], path)
    }

    /// A length of time, kept in milliseconds.
    public static func milliseconds(
        _ name: String, _ summary: String, in contexts: Context, default text: String?, _ path: Path<Int>
    ) -> Directive {
        value((name, summary, "time"), text, contexts, path, Units.milliseconds)
    }

    /// A length of time, kept in whole seconds.
    public static func seconds(
        _ name: String, _ summary: String, in contexts: Context, default text: String?, _ path: Path<Int>
    ) -> Directive {
        value((name, summary, "time"), text, contexts, path, Units.seconds)
    }

    /// A number of bytes: no `g`.
    public static func size(
        _ name: String, _ summary: String, in contexts: Context, default text: String?, _ path: Path<Int>
    ) -> Directive {
        value((name, summary, "size"), text, contexts, path, Units.size)
    }

    /// A number of bytes that memory holds in one piece.
    public static func memory(
        _ name: String, _ summary: String, in contexts: Context, default text: String?, _ path: Path<Int>
    ) -> Directive {
        value((name, summary, "size"), text, contexts, path, Units.memory)
    }

    /// A number of bytes that may be large: of a file, of a body.
    public static func offset(
        _ name: String, _ summary: String, in contexts: Context, default text: String?, _ path: Path<Int64>
    ) -> Directive {
        value((name, summary, "size"), text, contexts, path, Units.offset)
    }

    /// A number within `bounds`.
    public static func number(
        _ name: String, _ summary: String, in contexts: Context, default text: String?,
        within bounds: ClosedRange<Int> = 0...Int.max, _ path: Path<Int>
    ) -> Directive {
        Directive(name, summary, "number", default: text, in: contexts, arity: 1...1) {
            (scope: Scope, statement: Statement) throws(ConfigError) in
            guard let number = Units.number(statement.argument(0)) else {
                throw .invalidNumber(statement)
            }
            guard bounds.contains(number) else {
                let allowed =
                    bounds.upperBound == Int.max
                    ? "equal to or greater than \(bounds.lowerBound)"
                    : "between \(bounds.lowerBound) and \(bounds.upperBound)"
                throw ConfigError("value must be \(allowed)", statement)
            }
            scope[keyPath: path] = number
        }
    }

    /// Any word.
    public static func string(
        _ name: String, _ summary: String, _ syntax: String, in contexts: Context, default text: String?,
        _ path: Path<String>
    ) -> Directive {
        value((name, summary, syntax), text, contexts, path) { $0 }
    }

    /// One of a few words, in any case, each standing for a value.
    public static func oneOf<Value: Sendable>(
        _ name: String, _ summary: String, in contexts: Context, default text: String?,
        _ choices: [(word: String, value: Value)], _ path: Path<Value>
    ) -> Directive {
        let syntax = choices.map(\.word).joined(separator: " | ")
        return Directive(name, summary, syntax, default: text, in: contexts, arity: 1...1) {
            (scope: Scope, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            let lowercased = word.lowercased()
            guard let choice = choices.first(where: { $0.word.lowercased() == lowercased }) else {
                let allowed = choices.map { "\"\($0.word)\"" }.joined(separator: " or ")
                throw ConfigError(
                    "invalid value \"\(word)\" in \"\(statement.name)\" directive, it must be \(allowed)",
                    statement)
            }
            scope[keyPath: path] = choice.value
        }
    }

    /// A directive of nginx that is accepted because it cannot matter here; `warn` tells the operator.
    ///
    /// It may be repeated, and what its block holds is not looked at.
    public static func ignored(
        _ name: String, _ summary: String, in contexts: Context, arity: ClosedRange<Int> = 0...Int.max,
        isBlock: Bool = false, warn: @escaping @Sendable (Scope, Statement) -> Void
    ) -> Directive {
        let row = Directive(name, summary, "...", in: contexts, arity: arity) {
            (scope: Scope, statement: Statement) throws(ConfigError) in
            warn(scope, statement)
        }
        return isBlock ? row.block(.setting) : row.repeatable
    }

    private static func value<Value>(
        _ row: (name: String, summary: String, syntax: String), _ defaultText: String?, _ contexts: Context,
        _ path: Path<Value>, _ read: @escaping @Sendable (String) -> Value?
    ) -> Directive {
        Directive(row.name, row.summary, row.syntax, default: defaultText, in: contexts, arity: 1...1) {
            (scope: Scope, statement: Statement) throws(ConfigError) in
            guard let value = read(statement.argument(0)) else { throw .invalidValue(statement) }
            scope[keyPath: path] = value
        }
    }
}
