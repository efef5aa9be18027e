internal import Config

/// `auth_request`, `auth_request_set`.
struct AuthRequestSettings {
    /// The path of the location that is asked; `nil`: none is.
    var path: [UInt8]?
    var variables = Replaceable<AuthRequestVariable>()

    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            Directive(
                "auth_request", "The location that is asked whether a request may come in: 2xx lets it.",
                "uri | off", default: "off", in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                block.settings.authRequest.path = word == "off" ? nil : Array(word.utf8)
            },
            Directive(
                "auth_request_set", "Sets a variable to a value of the request that asks.",
                "$variable value", in: anywhere, arity: 2...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let variable = try SetVariable.read(statement, block)
                block.settings.authRequest.variables.append(
                    AuthRequestVariable(
                        variable: variable, value: try block.template(statement.argument(1), statement)))
            }.repeatable,
        ]
    }
}

/// One `auth_request_set` line.
struct AuthRequestVariable: Sendable {
    let variable: SetVariable
    let value: Template<Variable>
}
