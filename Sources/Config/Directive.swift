/// A directive: its name, the blocks that accept it, and how its words become a setting.
///
/// One row says everything: what is accepted, what `-h NAME` prints, and the README's table.
/// `Scope` is what the upper room fills while it reads a block.
public struct Directive<Scope: AnyObject>: Sendable {
    /// Makes a statement that fits the row into a setting.
    public typealias Apply = @Sendable (Scope, Statement) throws(ConfigError) -> Void
    /// Checks a statement with its block, without obeying it.
    public typealias Check = @Sendable (Statement) throws(ConfigError) -> Void

    /// What may stand in a row's block, as far as it can be known before anything is obeyed.
    public enum Contents: Sendable {
        /// Nothing is known; `apply` sees to it. Also where there is no block.
        case free
        /// Lines of the row's own, none with a block: `map`, `types`, `geo`.
        case lines
        /// Directives of the same table, in this context.
        case directives(Context)
        /// Directives of the same table, in a context that follows from the one around: `if`.
        case chosen(@Sendable (Context) -> Context)
        /// What the closure accepts: the directives of another table.
        case checked(Check)
    }

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
    /// What its block may hold.
    public private(set) var contents = Contents.free
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
    public func block(_ stage: Stage, holding contents: Contents = .free) -> Directive {
        var row = self
        row.isBlock = true
        row.isRepeatable = true
        row.stage = stage
        row.contents = contents
        return row
    }

    /// The same row, obeyed at another stage.
    public func at(_ stage: Stage) -> Directive {
        var row = self
        row.stage = stage
        return row
    }
}
