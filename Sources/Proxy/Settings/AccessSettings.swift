internal import Config
internal import Core
internal import Net

/// `allow` and `deny`, in order.
struct AccessSettings {
    var rules = Replaceable<AccessRule>()
}

struct AccessRule {
    let range: AddressRange
    let allows: Bool
    /// As it was written.
    let text: String
}

/// `auth_basic`.
struct AuthBasicSettings {
    /// `nil`: off.
    var realm: Template<Variable>?
    var userFile: PathTemplate?
}

/// `set_real_ip_from` and its kin.
struct RealIPSettings {
    enum Source {
        case xRealIP
        case xForwardedFor
        case proxyProtocol
        /// Another field: its lower-case name.
        case field([UInt8])
    }

    var trusted = Replaceable<AddressRange>()
    var source = Source.xRealIP
    var isRecursive = false
}

extension AccessSettings {
    static var directives: [Directive<Block>] { ruleRows + authRows + realIPRows }

    private static var anywhere: Context { [.http, .server, .location, .limitExcept] }

    private static var ruleRows: [Directive<Block>] {
        [
            ("allow", true, "Lets clients with this address in."),
            ("deny", false, "Keeps clients with this address out."),
        ].map {
            (name, allows, summary) in
            Directive(name, summary, "address | CIDR | unix: | all", in: anywhere, arity: 1...1) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let range = try addressRange(statement.argument(0), block, statement)
                block.settings.access.rules.append(
                    AccessRule(range: range, allows: allows, text: statement.words.joined(separator: " ")))
            }.repeatable
        }
    }

    private static func addressRange(
        _ text: String, _ block: Block, _ statement: Statement
    ) throws(ConfigError) -> AddressRange {
        guard let range = AddressRange(text) else {
            throw ConfigError("invalid parameter \"\(text)\"", statement)
        }
        if range.hasLowBits {
            block.builder.warn(ConfigError("low address bits of \(text) are meaningless", statement))
        }
        return range
    }

    private static var authRows: [Directive<Block>] {
        [
            Directive(
                "auth_basic", "Asks for a user and a password; the string is the realm.", "string | off",
                default: "off",
                in: anywhere, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                block.settings.auth.realm = word == "off" ? nil : try block.template(word, statement)
                block.authentication = word == "off" ? nil : statement
            },
            Directive(
                "auth_basic_user_file", "The file with users and their password hashes.", "file",
                in: anywhere,
                arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let path = PathTemplate(
                    try block.template(block.builder.confPath(statement.argument(0)), statement),
                    in: block.builder.directory)
                block.settings.auth.userFile = path
                if let name = path.constant { block.builder.userFiles.append((name, statement)) }
            },
        ]
    }

    private static var realIPRows: [Directive<Block>] {
        let contexts: Context = [.http, .server, .location]
        return [
            Directive(
                "set_real_ip_from", "Proxies that are believed when they say who the client is.",
                "address | CIDR | host | unix:", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let text = statement.argument(0)
                if AddressRange(text) != nil {
                    return block.settings.realIP.trusted.append(try addressRange(text, block, statement))
                }
                let found = block.builder.files.resolve(host: text, port: 0)
                guard !found.isEmpty else {
                    throw ConfigError("host not found in set_real_ip_from \"\(text)\"", statement)
                }
                for address in found { block.settings.realIP.trusted.append(AddressRange(address)) }
            }.repeatable,
            Directive(
                "real_ip_header", "The field that names the client's address.",
                "field | X-Real-IP | X-Forwarded-For | proxy_protocol", default: "X-Real-IP", in: contexts,
                arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let name = statement.argument(0).lowercased()
                block.settings.realIP.source =
                    switch name {
                    case "x-real-ip": .xRealIP
                    case "x-forwarded-for": .xForwardedFor
                    case "proxy_protocol": .proxyProtocol
                    default: .field(Array(name.utf8))
                    }
            },
            .flag(
                "real_ip_recursive", "Whether trusted addresses in the field are skipped, the last first.",
                in: contexts,
                default: false, \.settings.realIP.isRecursive),
        ]
    }
}
