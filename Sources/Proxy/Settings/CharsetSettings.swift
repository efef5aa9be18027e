internal import Config
internal import Core

/// `charset`, `source_charset`, `override_charset`, `charset_types`: what clients are told that texts are
/// written in.
struct CharsetSettings {
    /// A charset that a directive names.
    enum Name {
        case off
        case fixed([UInt8])
        case computed(Template<Variable>)
    }

    /// What is told.
    var charset = Name.off {
        didSet { isTold = if case .off = charset { false } else { true } }
    }
    /// Something may be told: asked for each response.
    private(set) var isTold = false
    /// What texts without a word of their own are in.
    var source = Name.off
    /// A gateway's own word is held against `charset` as well.
    var overrides = false
    var types = MediaTypeSet([
        "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml",
    ])

    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location, .ifInLocation]
        return [
            name(
                "charset", "The charset that is told in the Content-Type of texts.",
                \.settings.charset.charset),
            name(
                "source_charset", "The charset that texts are in; a charset_map says how they become others.",
                \.settings.charset.source),
            Directive(
                "charset_map", "How texts in one charset become texts in another, and the other way.",
                "charset1 charset2", in: .http, arity: 2...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.charsetMaps.add(statement)
                for word in statement.arguments { block.builder.charsets.insert(Array(word.utf8), 0) }
            }.block(.setting, holdsLines: true),
            .flag(
                "override_charset",
                "Whether a charset that a gateway tells is spelled as here, where it is the same.",
                in: anywhere, default: false, \.settings.charset.overrides),
            .mediaTypes(
                "charset_types", "Types of content that a charset is told of besides text/html; `*` is any.",
                default: "text/html text/xml text/plain text/vnd.wap.wml application/javascript"
                    + " application/rss+xml",
                \.settings.charset.types),
        ]
    }

    private static func name(
        _ name: String, _ summary: String, _ path: Directive<Block>.Path<Name>
    ) -> Directive<Block> {
        Directive(
            name, summary, "charset | off", default: "off",
            in: [.http, .server, .location, .ifInLocation], arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            if word == "off" { return block[keyPath: path] = .off }
            if word.contains("$") {
                return block[keyPath: path] = .computed(try block.builder.template(ofNames: word, statement))
            }
            block.builder.charsets.insert(Array(word.utf8), 0)
            block[keyPath: path] = .fixed(Array(word.utf8))
        }
    }

    /// - Throws: where texts would have to be coded anew.
    func check(_ block: Block) throws(ConfigError) {
        guard case .fixed(let charset) = charset, case .fixed(let source) = source,
            !equalsIgnoringCase(charset.span, source.span),
            block.builder.charsetMaps[source.span, charset.span] == nil
        else { return }
        let names = [source, charset].map { "\"\(String(decoding: $0, as: UTF8.self))\"" }
        throw .unknownReference(
            "no \"charset_map\" between the charsets \(names[0]) and \(names[1]):"
                + " say by one how texts become others, or name the same charset in both",
            at: block.statement?.location
        )
    }
}
