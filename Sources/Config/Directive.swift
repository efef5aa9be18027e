/// A directive: its name, the blocks that accept it, and how its words become a setting.
///
/// One row says everything: what is accepted, what `-h NAME` prints, and the reference's table.
/// `Scope` is what the upper room fills while it reads a block.
public struct Directive<Scope: AnyObject>: Sendable {
    /// Makes a statement that fits the row into a setting.
    public typealias Apply = @Sendable (Scope, Statement) throws(ConfigError) -> Void
    /// The word that begins its statements.
    public let name: String
    /// One sentence for the operator.
    public let summary: String
    /// The arguments as documented: `on | off`, `name value [always]`.
    public let syntax: String
    /// The arguments that apply where the directive is absent; `nil`: it has no default.
    public let defaultText: String?
    /// The blocks that accept it.
    public let contexts: Context
    /// Arguments without the name.
    public let arity: ClosedRange<Int>
    /// Whether `{ }` ends the directive rather than `;`.
    public private(set) var isBlock = false
    /// Whether it may stand more than once in a block.
    public private(set) var isRepeatable = false
    /// When it is obeyed.
    public private(set) var stage = Stage.setting
    /// Whether its block holds lines of its own, none of them with a block: `map`, `types`, `geo`.
    public private(set) var holdsLines = false
    /// Obeys a statement; called only with one that fits the row.
    public let apply: Apply

    /// A row for a directive that ends with `;` and stands once in a block; see `repeatable` and `block`.
    public init(
        _ name: String, _ summary: String, _ syntax: String, default defaultText: String? = nil,
        in contexts: Context, arity: ClosedRange<Int>, apply: @escaping Apply
    ) {
        self.name = name
        self.summary = summary
        self.syntax = syntax
        self.defaultText = defaultText
        self.contexts = contexts
        self.arity = arity
        self.apply = apply
    }

    /// How it is written; `nil`: any words do.
    var usage: String? {
        guard syntax != "..." else { return nil }
        let words = syntax.isEmpty ? name : "\(name) \(syntax)"
        return "syntax: \(words)\(isBlock ? " { ... }" : ";")"
    }

    /// A row like this one under another name, obeyed in another way.
    public func like(
        _ name: String, default text: String? = nil, apply: @escaping Apply
    ) -> Directive {
        var row = Directive(
            name, summary, syntax, default: text ?? defaultText, in: contexts, arity: arity, apply: apply)
        row.isBlock = isBlock
        row.isRepeatable = isRepeatable
        row.stage = stage
        row.holdsLines = holdsLines
        return row
    }

    /// The same row, allowed more than once in a block.
    public var repeatable: Directive {
        var row = self
        row.isRepeatable = true
        return row
    }

    /// The same row, allowed only once in a block: for `http`, `events` and the like.
    public var once: Directive {
        var row = self
        row.isRepeatable = false
        return row
    }

    /// The same row for a directive with a block of its own, which may stand more than once.
    public func block(_ stage: Stage, holdsLines: Bool = false) -> Directive {
        var row = self
        row.isBlock = true
        row.isRepeatable = true
        row.stage = stage
        row.holdsLines = holdsLines
        return row
    }

    /// The same row, obeyed at another stage.
    public func at(_ stage: Stage) -> Directive {
        var row = self
        row.stage = stage
        return row
    }
}
