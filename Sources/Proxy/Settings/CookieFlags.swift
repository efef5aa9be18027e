internal import Config

/// What `proxy_cookie_flags` does to a cookie.
struct CookieFlags: OptionSet {
    let rawValue: UInt8

    static let secure = CookieFlags(rawValue: 1)
    static let insecure = CookieFlags(rawValue: 2)
    static let httpOnly = CookieFlags(rawValue: 4)
    static let notHTTPOnly = CookieFlags(rawValue: 8)
    static let strict = CookieFlags(rawValue: 16)
    static let lax = CookieFlags(rawValue: 32)
    static let sameSiteNone = CookieFlags(rawValue: 64)
    static let noSameSite = CookieFlags(rawValue: 128)

    /// The words that stand for them; their case does not matter.
    static var words: [(word: StaticString, flag: CookieFlags)] {
        [
            ("secure", .secure), ("nosecure", .insecure), ("httponly", .httpOnly),
            ("nohttponly", .notHTTPOnly), ("samesite=strict", .strict), ("samesite=lax", .lax),
            ("samesite=none", .sameSiteNone), ("nosamesite", .noSameSite),
        ]
    }
}

/// One `proxy_cookie_flags` line.
struct CookieFlagRule: Sendable {
    enum Subject: Sendable {
        /// The cookie's name, without case.
        case name(Template<Variable>)
        case regex(Int)
    }
    let subject: Subject
    let flags: [Template<Variable>]

    static var directive: Directive<Block> {
        Directive(
            "proxy_cookie_flags", "Flags that cookies of gateways get or lose; no... takes one away.",
            "off | cookie [[no]secure | [no]httponly | samesite=strict|lax|none | nosamesite] ...",
            default: "off", in: [.http, .server, .location], arity: 1...Int.max
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            try read(statement, into: block)
        }.repeatable
    }

    private static func read(_ statement: Statement, into block: Block) throws(ConfigError) {
        let rules = block.settings.proxy.cookieFlags
        let word = statement.argument(0)
        if statement.arguments.count == 1 {
            guard word == "off" else { throw .invalidParameter(word, statement) }
            guard !rules.isOwn else { throw .duplicate(statement) }
            return block.settings.proxy.cookieFlags.clear()
        }
        if rules.isOwn, rules.elements.isEmpty { throw .duplicate(statement) }
        let subject: Subject
        if word.hasPrefix("~") {
            subject = .regex(
                try block.builder.regex(String(word.dropFirst()), ignoringCase: true, statement))
        } else {
            subject = .name(try block.template(word, statement))
        }
        var flags: [Template<Variable>] = []
        for flag in statement.arguments.dropFirst() {
            let isKnown = CookieFlags.words.contains { $0.word.description == flag.lowercased() }
            if !isKnown, !flag.contains("$") {
                block.builder.warn(
                    ConfigError("invalid flag \"\(flag)\" in \"proxy_cookie_flags\" has no effect", statement)
                )
            }
            flags.append(try block.template(flag, statement))
        }
        block.settings.proxy.cookieFlags.append(CookieFlagRule(subject: subject, flags: flags))
    }
}
