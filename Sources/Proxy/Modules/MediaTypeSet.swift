internal import Config
internal import Core

/// Types of content that something is done with: text/html, and those that a directive names besides.
struct MediaTypeSet: Sendable {
    private var names = CaselessTable()
    private var includesAll = false
    /// It was written in this very block.
    private var isOwn = false

    init() { names.insert(Array("text/html".utf8), 0) }

    /// What a directive stands for where it is not given: text/html, and `others`.
    init(_ others: [StaticString]) {
        self.init()
        for type in others { names.insert(Array(type.description.utf8), 0) }
    }

    /// A nested block begins.
    mutating func inherit() { isOwn = false }

    /// Adds a type, or all by `*`; the first of a block takes the place of what was inherited.
    ///
    /// - Returns: whether it was not there before.
    mutating func add(_ word: String) -> Bool {
        if !isOwn {
            self = MediaTypeSet()
            isOwn = true
        }
        guard word != "*" else {
            includesAll = true
            return true
        }
        return names.insert(Array(word.utf8), 0)
    }

    /// Whether a type is one of them; an empty one is if all are.
    func contains(_ type: Span<UInt8>) -> Bool {
        includesAll || (!type.isEmpty && names[type] != nil)
    }
}

extension Directive where Scope == Block {
    /// The types that a module is for.
    static func mediaTypes(
        _ name: String, _ summary: String, default text: String = "text/html", _ path: Path<MediaTypeSet>
    ) -> Directive {
        Directive(
            name, summary, "mime-type ...", default: text, in: [.http, .server, .location],
            arity: 1...Int.max
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            for word in statement.arguments where !block[keyPath: path].add(word) {
                block.builder.warn(ConfigError("duplicate MIME type \"\(word)\"", statement))
            }
        }.repeatable
    }
}
