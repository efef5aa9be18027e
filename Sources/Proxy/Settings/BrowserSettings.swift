internal import Config

/// `modern_browser`, `ancient_browser`: which clients are told apart by their `User-Agent`, and as what.
struct BrowserSettings {
    private var modern = Replaceable<ModernBrowser>()
    private var takesUnlisted = false
    private var ancient = Replaceable<[UInt8]>()
    private var knowsNetscape = false
    var modernValue = Array("1".utf8)
    var ancientValue = Array("1".utf8)
    /// What all that amounts to.
    private(set) var rules = BrowserRules(modern: [], takesUnlisted: false, ancient: [], knowsNetscape: false)

    /// A nested block begins: what is known came from outside.
    mutating func inherit() {
        modern.inherit()
        ancient.inherit()
    }

    private mutating func settle() {
        rules = BrowserRules(
            modern: modern.elements, takesUnlisted: takesUnlisted, ancient: ancient.elements,
            knowsNetscape: knowsNetscape)
    }

    private mutating func addModern(_ statement: Statement) throws(ConfigError) {
        let name = statement.argument(0)
        if !modern.isOwn {
            modern.clear()
            takesUnlisted = false
        }
        guard statement.arguments.count == 2 else {
            guard name == "unlisted" else { throw ConfigError("invalid parameter \"\(name)\"", statement) }
            return takesUnlisted = true
        }
        guard let kind = ModernBrowser.Kind(rawValue: name.lowercased()) else {
            throw ConfigError("unknown browser name \"\(name)\"", statement)
        }
        guard let version = ModernBrowser.version(statement.argument(1)) else {
            throw ConfigError("invalid browser version \"\(statement.argument(1))\"", statement)
        }
        modern.append(ModernBrowser(kind: kind, version: version))
    }

    private mutating func addAncient(_ statement: Statement) {
        for word in statement.arguments {
            if word == "netscape4" { knowsNetscape = true } else { ancient.append(Array(word.utf8)) }
        }
    }

    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location]
        return [
            Directive(
                "modern_browser", "Browsers that are modern from a version on, or all that are not listed.",
                "opera | msie | gecko | safari | konqueror version | unlisted", in: anywhere, arity: 1...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.settings.browsers.addModern(statement)
                block.settings.browsers.settle()
            }.repeatable,
            Directive(
                "ancient_browser", "Texts in `User-Agent` by which a browser is an old one.", "string ...",
                in: anywhere, arity: 1...Int.max
            ) { (block: Block, statement: Statement) in
                block.settings.browsers.addAncient(statement)
                block.settings.browsers.settle()
            }.repeatable,
            value(
                "modern_browser_value", "What `$modern_browser` is for a modern browser.",
                \.settings.browsers.modernValue),
            value(
                "ancient_browser_value", "What `$ancient_browser` is for an old browser.",
                \.settings.browsers.ancientValue),
        ]
    }

    private static func value(
        _ name: String, _ summary: String, _ path: Directive<Block>.Path<[UInt8]>
    ) -> Directive<Block> {
        Directive(
            name, summary, "string", default: "1", in: [.http, .server, .location], arity: 1...1
        ) { (block: Block, statement: Statement) in
            block[keyPath: path] = Array(statement.argument(0).utf8)
        }.repeatable
    }
}

/// One `modern_browser` line.
struct ModernBrowser {
    enum Kind: String, CaseIterable {
        case opera, gecko, msie, konqueror, safari

        /// What is looked for before the version.
        var mark: String {
            switch self {
            case .opera: "Opera"
            case .gecko: "rv:"
            case .msie: "MSIE "
            case .konqueror: "Konqueror/"
            case .safari: "Safari/"
            }
        }

        /// How many bytes stand between that and the version: Opera writes a space or a slash.
        var gap: Int { self == .opera ? 1 : 0 }

        /// How many bytes at least stand before that.
        var markStart: Int {
            switch self {
            case .opera: 0
            case .gecko: 13
            case .msie, .konqueror: 25
            case .safari: 40
            }
        }
    }

    /// What stands before the version.
    let mark: [UInt8]
    let kind: Kind
    /// `1.2.3.4` as 1020304.
    let version: UInt64

    init(kind: Kind, version: UInt64) {
        self.kind = kind
        self.version = version
        mark = Array(kind.mark.utf8)
    }

    /// Reads a version: digits and dots.
    static func version(_ text: String) -> UInt64? {
        var reader = BrowserVersion()
        for byte in text.utf8 { guard reader.take(byte) else { return nil } }
        return reader.value
    }
}
