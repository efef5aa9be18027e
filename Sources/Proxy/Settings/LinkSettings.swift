internal import Config
internal import Net

/// `disable_symlinks`: which links the paths of files may lead over.
struct LinkSettings {
    var rule = LinkRule.any
    /// The beginning of paths that is not looked at.
    var trusted: Template<Variable>?

    static var directives: [Directive<Block>] {
        [
            Directive(
                "disable_symlinks", "Whether files are served whose paths lead over symbolic links.",
                "off | on | if_not_owner [from=part]", default: "off", in: [.http, .server, .location],
                arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.links = try read(statement, block)
            }
        ]
    }

    private static func read(_ statement: Statement, _ block: Block) throws(ConfigError) -> LinkSettings {
        var settings = LinkSettings()
        var rule: LinkRule?
        for word in statement.arguments {
            switch word {
            case "off": rule = .any
            case "on": rule = LinkRule.none
            case "if_not_owner": rule = .ofSameOwner
            case _ where word.hasPrefix("from="):
                settings.trusted = try block.template(String(word.dropFirst(5)), statement)
            default: throw .invalidParameter(word, statement)
            }
        }
        guard let rule else {
            throw ConfigError(
                "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter", statement)
        }
        settings.rule = rule
        guard statement.arguments.count == 2 else { return settings }
        guard settings.trusted != nil else {
            let words = statement.arguments.joined(separator: " ")
            throw ConfigError("duplicate parameters \"\(words)\"", statement)
        }
        if case .any = rule {
            throw ConfigError("\"from=\" cannot be used with \"off\" parameter", statement)
        }
        return settings
    }
}
