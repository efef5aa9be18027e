/// One directive as it was written: its words, and its block if it has one.
public struct Statement: Sendable {
    /// The directive's name and its arguments, quotes removed and escapes resolved.
    public let words: [String]
    /// What stands between `{` and `}`; `nil`: the directive ended with `;`.
    public let block: [Statement]?
    /// Where the words end, which is the line that nginx names.
    public let location: SourceLocation
    /// Counts the statements of one parse in reading order, through included files and blocks. Stages
    /// change the order in which statements are obeyed; where the written order matters (`set`, `if`,
    /// `rewrite`) sort by this.
    public let order: Int

    /// A statement as the parser makes it.
    public init(words: [String], block: [Statement]?, location: SourceLocation, order: Int = 0) {
        self.words = words
        self.block = block
        self.location = location
        self.order = order
    }

    /// The first word.
    public var name: String { words.first ?? "" }
    /// The words after the name.
    public var arguments: ArraySlice<String> { words.dropFirst() }

    /// The argument at `index`, the first being 0; empty if there are not so many.
    public func argument(_ index: Int) -> String {
        words.indices.contains(index + 1) ? words[index + 1] : ""
    }
}
