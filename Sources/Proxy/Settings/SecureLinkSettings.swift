internal import Config

/// `secure_link`, `secure_link_md5`, `secure_link_secret`.
struct SecureLinkSettings {
    /// What the client says: a digest, and perhaps when it expires.
    private(set) var link: Template<Variable>?
    /// What the digest is to be of.
    private(set) var hashed: Template<Variable>?
    private(set) var secret: [UInt8]?
    private var own = Own.nothing

    /// Which of the two ways was written in this very block.
    private enum Own { case nothing, link, secret }

    /// A nested block begins: what is known came from outside.
    mutating func inherit() { own = .nothing }

    private mutating func use(_ way: Own, _ statement: Statement) throws(ConfigError) {
        guard own == .nothing || own == way else {
            throw ConfigError(
                "\"secure_link_secret\" cannot be mixed with \"secure_link\" and \"secure_link_md5\"",
                statement)
        }
        own = way
        if way == .link { secret = nil }
    }

    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            Directive(
                "secure_link", "What a link is checked by: a digest, and behind a comma when it expires.",
                "expression", in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.settings.secureLink.use(.link, statement)
                block.settings.secureLink.link = try block.template(statement.argument(0), statement)
            },
            Directive(
                "secure_link_md5", "What the digest of `secure_link` is to be of.", "expression",
                in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.settings.secureLink.use(.link, statement)
                block.settings.secureLink.hashed = try block.template(statement.argument(0), statement)
            },
            Directive(
                "secure_link_secret",
                "The secret that the digest in a path `/prefix/digest/link` is made with.",
                "word", in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.settings.secureLink.use(.secret, statement)
                block.settings.secureLink.secret = Array(statement.argument(0).utf8)
            },
        ]
    }
}
