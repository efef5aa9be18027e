internal import Config

/// One directive of a block's rewrite program, in the order of the file.
indirect enum RewriteStep {
    /// `set`: the index of the variable in `ExchangeValues.user`.
    case set(Int, Template<Variable>)
    /// `set` of a built-in variable that may be set.
    case setBuiltIn(SettableVariable, Template<Variable>)
    case rewrite(RewriteRule)
    /// `return`: without a text for a bare status.
    case answer(UInt16, Template<Variable>?)
    /// `if`: the steps within it, and the location whose settings are in force if it holds (`nil`: those
    /// of a server's `if` without settings of its own).
    case branch(RewriteCondition, [RewriteStep], Location?)
    /// `break`.
    case stop
}

/// Built-in variables that `set` may change.
enum SettableVariable: String {
    case args
    case limitRate = "limit_rate"
}

/// What `set` and `auth_request_set` name first.
enum SetVariable: Sendable {
    /// Its index in `ExchangeValues.user`.
    case user(Int)
    case builtIn(SettableVariable)

    /// The variable that is the statement's first argument.
    static func read(_ statement: Statement, _ block: Block) throws(ConfigError) -> SetVariable {
        let word = statement.argument(0)
        guard word.hasPrefix("$"), word.utf8.count > 1 else {
            throw ConfigError("invalid variable name \"\(word)\"", statement)
        }
        let name = String(word.dropFirst())
        if let known = SettableVariable(rawValue: name.lowercased()) { return .builtIn(known) }
        return .user(try block.builder.userVariable(name, statement))
    }
}

/// `rewrite`.
struct RewriteRule {
    enum Flag {
        /// The next directives apply, then a location is looked for.
        case none
        /// A location is looked for at once.
        case last
        /// The rest of the program is skipped, the location stays.
        case stop
        /// A redirect: 302 or 301; also for replacements that begin with a scheme.
        case redirect(UInt16)
    }
    /// Index in the configuration's table.
    let regex: Int
    /// The replacement up to its `?`.
    let path: Template<Variable>
    /// The replacement behind its `?`; `nil` without one.
    let arguments: Template<Variable>?
    /// The query so far is appended: the replacement does not end in `?`.
    let keepsArguments: Bool
    let flag: Flag
}

/// `if (…)`.
struct RewriteCondition {
    enum Test {
        /// Neither empty nor `0`.
        case isSet
        case equals(Template<Variable>)
        /// Index in the configuration's table.
        case matches(Int)
        case isFile, isDirectory, exists, isExecutable
    }
    /// The variable, or the name of the file.
    let subject: Template<Variable>
    let test: Test
    /// `!=`, `!~`, `!-f`.
    let isNegated: Bool
}
