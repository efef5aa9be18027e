internal import Config
internal import Core
internal import HTTP
internal import Net

/// `set`, `if`, `rewrite`, `return`, `break`: steps in the order of the file, nested blocks included.
extension RewriteSettings {
    private static var contexts: Context { [.server, .location, .ifInServer, .ifInLocation] }

    static var directives: [Directive<Block>] {
        [
            .flag(
                "rewrite_log", "Whether the error log tells, as `notice`, what rewrite and if find.",
                in: [.http, .server, .location, .ifInServer, .ifInLocation], default: false,
                \.settings.logs.logsRewrites),
            .flag(
                "uninitialized_variable_warn",
                "Whether the error log tells of variables that are used before they are set.",
                in: [.http, .server, .location, .ifInServer, .ifInLocation], default: true,
                \.settings.logs.warnsOfUnset),
            Directive(
                "return", "Ends with a status, a text or a redirect.", "code [text] | code URL | URL",
                in: contexts, arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.rewrite.steps.append(try answer(statement, block))
            }.repeatable.at(.nested),
            Directive("set", "Sets a variable.", "$variable value", in: contexts, arity: 2...2) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let variable = try SetVariable.read(statement, block)
                let value = try block.template(statement.argument(1), statement)
                switch variable {
                case .user(let index):
                    block.builder.setVariables[index] = String(statement.argument(0).dropFirst()).lowercased()
                    block.settings.rewrite.steps.append(.set(index, value))
                case .builtIn(let known): block.settings.rewrite.steps.append(.setBuiltIn(known, value))
                }
            }.repeatable.at(.nested),
            Directive(
                "rewrite", "Changes the path of requests that match.",
                "regex replacement [last | break | redirect | permanent]", in: contexts, arity: 2...3
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.rewrite.steps.append(.rewrite(try rule(statement, block)))
            }.repeatable.at(.nested),
            Directive("break", "Ends the steps of this block.", "", in: contexts, arity: 0...0) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.rewrite.steps.append(.stop)
            }.repeatable.at(.nested),
            Directive(
                "if", "Obeys its block where the condition holds.", "(condition)", in: [.server, .location],
                arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try readIf(statement, block)
            }.block(.nested),
        ]
    }

    private static func answer(_ statement: Statement, _ block: Block) throws(ConfigError) -> RewriteStep {
        let first = statement.argument(0)
        guard let code = UInt16(first), first.allSatisfy(\.isNumber) else {
            let isURL =
                first.hasPrefix("http://") || first.hasPrefix("https://") || first.hasPrefix("$scheme")
            guard statement.arguments.count == 1, isURL else {
                throw ConfigError("invalid return code \"\(first)\"", statement)
            }
            return .answer(302, try block.template(first, statement))
        }
        guard code <= 999 else { throw ConfigError("invalid return code \"\(first)\"", statement) }
        guard statement.arguments.count == 2 else { return .answer(code, nil) }
        // An error without a text has its page.
        if code >= 400, statement.argument(1).isEmpty { return .answer(code, nil) }
        return .answer(code, try block.template(statement.argument(1), statement))
    }

    private static func rule(_ statement: Statement, _ block: Block) throws(ConfigError) -> RewriteRule {
        let regex = try block.builder.regex(statement.argument(0), ignoringCase: false, statement)
        var replacement = statement.argument(1)
        var flag = RewriteRule.Flag.none
        guard !replacement.isEmpty else { throw ConfigError("empty replacement", statement) }
        let isURL =
            replacement.hasPrefix("http://") || replacement.hasPrefix("https://")
            || replacement.hasPrefix("$scheme")
        if isURL { flag = .redirect(302) }
        switch statement.argument(2) {
        case "" where statement.arguments.count == 2: break
        case "last": if !isURL { flag = .last }
        case "break": if !isURL { flag = .stop }
        case "redirect": flag = .redirect(302)
        case "permanent": flag = .redirect(301)
        default: throw ConfigError("invalid parameter \"\(statement.argument(2))\"", statement)
        }
        let keepsArguments = !replacement.hasSuffix("?")
        if !keepsArguments { replacement.removeLast() }
        let parts = replacement.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let path = parts.first ?? ""
        return RewriteRule(
            regex: regex, path: try block.template(path, statement),
            arguments: parts.count > 1 ? try block.template(parts[1], statement) : nil,
            keepsArguments: keepsArguments, flag: flag)
    }

    // MARK: if

    private static func readIf(_ statement: Statement, _ block: Block) throws(ConfigError) {
        let condition = try IfCondition.read(statement, block)
        let isInServer = block.context == .server
        let inner = Block(
            isInServer ? .ifInServer : .ifInLocation, block.builder, parent: block, server: block.server)
        inner.path = block.path
        inner.kind = .ifBlock
        inner.statement = statement
        // What the block around it says about content holds unless the `if` says otherwise.
        inner.settings.content = block.settings.content
        inner.settings.logs.access = block.settings.logs.access
        try block.builder.apply(statement.block ?? [], to: inner)
        let steps = inner.settings.rewrite.steps
        inner.settings.rewrite.steps = []
        let location = isInServer ? nil : try block.builder.makeLocation(inner, like: block)
        block.settings.rewrite.steps.append(.branch(condition, steps, location))
    }
}

/// `($var)`, `($var = text)`, `($var ~ regex)`, `(-f file)` and the like.
private enum IfCondition {
    static func read(_ statement: Statement, _ block: Block) throws(ConfigError) -> RewriteCondition {
        let words = try inside(Array(statement.arguments), statement)
        let first = words[0]
        let invalid = ConfigError("invalid condition \"\(first)\"", statement)
        if first.hasPrefix("$"), first.utf8.count > 1 {
            guard words.count == 1 || words.count == 3 else { throw invalid }
            return try variable(words, statement, block)
        }
        let isNegated = first.hasPrefix("!")
        let test: RewriteCondition.Test
        switch isNegated ? first.dropFirst() : first[...] {
        case "-f": test = .isFile
        case "-d": test = .isDirectory
        case "-e": test = .exists
        case "-x": test = .isExecutable
        default: throw invalid
        }
        guard words.count == 2 else { throw invalid }
        return RewriteCondition(
            subject: try block.template(words[1], statement), test: test, isNegated: isNegated)
    }

    /// The words between the parentheses, which may touch the outer words or stand alone; at least one.
    private static func inside(_ arguments: [String], _ statement: Statement) throws(ConfigError) -> [String]
    {
        var words = arguments
        guard words[0].hasPrefix("(") else {
            throw ConfigError("invalid condition \"\(words[0])\"", statement)
        }
        if words[0] == "(" { words.removeFirst() } else { words[0].removeFirst() }
        guard let last = words.last, last.hasSuffix(")") else {
            throw ConfigError("invalid condition \"\(words.last ?? "(")\"", statement)
        }
        if last == ")" { words.removeLast() } else { words[words.count - 1].removeLast() }
        guard !words.isEmpty else { throw ConfigError("invalid condition \")\"", statement) }
        return words
    }

    /// `$var`, or `$var operation value`.
    private static func variable(_ words: [String], _ statement: Statement, _ block: Block)
        throws(ConfigError) -> RewriteCondition
    {
        // Nothing but a name: `$uri=a` names a variable that cannot be, and `$1` one that is none.
        let name = words[0].dropFirst()
        let isName = name.utf8.allSatisfy { $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "_") }
        guard isName, !("1"..."9").contains(name.prefix(1)) else {
            throw .unknownVariable(String(name), statement)
        }
        let subject = try block.template(words[0], statement)
        guard words.count == 3 else {
            return RewriteCondition(subject: subject, test: .isSet, isNegated: false)
        }
        let operation = words[1]
        let value = words[2]
        let isNegated = operation.hasPrefix("!")
        switch isNegated ? String(operation.dropFirst()) : operation {
        case "=":
            return RewriteCondition(
                subject: subject, test: .equals(try block.template(value, statement)), isNegated: isNegated)
        case "~":
            return RewriteCondition(
                subject: subject,
                test: .matches(try block.builder.regex(value, ignoringCase: false, statement)),
                isNegated: isNegated)
        case "~*":
            return RewriteCondition(
                subject: subject,
                test: .matches(try block.builder.regex(value, ignoringCase: true, statement)),
                isNegated: isNegated)
        default: throw ConfigError("unexpected \"\(operation)\" in condition", statement)
        }
    }
}
