internal import Config
internal import Core

/// `userid…`: cookies that tell one client from another.
struct UserIDSettings {
    /// What is done with such cookies.
    enum Mode {
        case off
        /// They are read.
        case logged
        /// They are set where there is none, by the first version's rules.
        case first
        /// The same, by the second's.
        case second
    }

    enum Lifetime {
        /// Until the browser is closed.
        case session
        case seconds(Int)
        /// `max`
        case lasting
    }

    /// Flags of the cookie, in the order in which they are written.
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let secure = Flags(rawValue: 1)
        static let httpOnly = Flags(rawValue: 2)
        static let strict = Flags(rawValue: 4)
        static let lax = Flags(rawValue: 8)
        static let sameSiteNone = Flags(rawValue: 16)
        static let off: Flags = []
    }

    var mode = Mode.off
    var name = Array("uid".utf8)
    var domain: [UInt8] = []
    var path = Array("/".utf8)
    var lifetime = Lifetime.session
    var flags = Flags.off
    /// A letter at the end of the cookie that tells those of one policy from those of another.
    var mark: UInt8?
    /// The value of `P3P`; empty: none.
    var policy: [UInt8] = []
    /// What the first four bytes are; `nil`: the server's address, or 0 in the first version.
    var service: UInt32?

    /// Whether it has something to say in responses.
    var sets: Bool {
        switch mode {
        case .off, .logged: false
        case .first, .second: true
        }
    }
}

extension UserIDSettings {
    private static var anywhere: Context { [.http, .server, .location] }

    static var directives: [Directive<Block>] {
        [
            .oneOf(
                "userid", "Whether clients are told apart by a cookie that is set here, or only logged.",
                in: anywhere, default: "off",
                [("on", Mode.second), ("v1", .first), ("log", .logged), ("off", .off)],
                \.settings.userID.mode),
            text("userid_name", "The name of that cookie.", "uid", \.settings.userID.name),
            text("userid_path", "The path for which it holds.", "/", \.settings.userID.path),
            optionalText("userid_domain", "The domain for which it holds.", \.settings.userID.domain),
            optionalText(
                "userid_p3p", "The value of the field P3P beside that cookie.", \.settings.userID.policy),
            lifetimeRow,
            .words(
                "userid_flags", "Flags of that cookie.", in: anywhere, default: "off",
                [
                    ("off", Flags.off), ("secure", .secure), ("httponly", .httpOnly),
                    ("samesite=strict", .strict), ("samesite=lax", .lax), ("samesite=none", .sameSiteNone),
                ], \.settings.userID.flags),
            markRow,
            serviceRow,
        ]
    }

    private static func text(
        _ name: String, _ summary: String, _ standard: String, _ path: Directive<Block>.Path<[UInt8]>
    ) -> Directive<Block> {
        Directive(name, summary, "string", default: standard, in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) in
            block[keyPath: path] = Array(statement.argument(0).utf8)
        }
    }

    private static func optionalText(
        _ name: String, _ summary: String, _ path: Directive<Block>.Path<[UInt8]>
    ) -> Directive<Block> {
        Directive(name, summary, "string | none", default: "none", in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) in
            let word = statement.argument(0)
            block[keyPath: path] = word == "none" ? [] : Array(word.utf8)
        }
    }

    private static var lifetimeRow: Directive<Block> {
        Directive(
            "userid_expires", "How long browsers keep that cookie.", "time | max | off", default: "off",
            in: anywhere, arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            switch statement.argument(0) {
            case "max": block.settings.userID.lifetime = .lasting
            case "off": block.settings.userID.lifetime = .session
            case let word:
                guard let seconds = Units.seconds(word) else {
                    throw ConfigError("invalid value", statement)
                }
                block.settings.userID.lifetime = .seconds(seconds)
            }
        }
    }

    private static var markRow: Directive<Block> {
        Directive(
            "userid_mark", "A letter that must stand at the end of that cookie, or it is set anew.",
            "letter | digit | = | off", default: "off", in: anywhere, arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            if word == "off" { return block.settings.userID.mark = nil }
            guard word.utf8.count == 1, let byte = word.utf8.first,
                byte.isASCIIAlpha || byte.isASCIIDigit || byte == UInt8(ascii: "=")
            else {
                throw ConfigError(
                    "value must be \"off\" or a single letter, digit or \"=\" character", statement)
            }
            block.settings.userID.mark = byte
        }
    }

    private static var serviceRow: Directive<Block> {
        Directive(
            "userid_service", "The number of this server in the cookies that it sets.", "number",
            default: "the server's address", in: anywhere, arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            guard let number = Units.number(statement.argument(0)) else {
                throw ConfigError("\"userid_service\" directive invalid number", statement)
            }
            block.settings.userID.service = UInt32(truncatingIfNeeded: number)
        }
    }
}
