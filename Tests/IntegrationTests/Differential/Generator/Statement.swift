/// A statement of a configuration: a line, or a block with what stands in it.
struct Statement: Sendable, Equatable {
    var words: String
    var block: [Statement]?

    init(_ words: String, _ block: [Statement]? = nil) {
        self.words = words
        self.block = block
    }

    /// The directive's name.
    var name: Substring { words.prefix { $0 != " " } }

    func text(indent: Int = 0) -> String {
        let margin = String(repeating: " ", count: indent * 4)
        guard let block else { return "\(margin)\(words);\n" }
        let inside = block.map { $0.text(indent: indent + 1) }.joined()
        return "\(margin)\(words) {\n\(inside)\(margin)}\n"
    }

    /// How many statements it is.
    var count: Int { 1 + (block ?? []).reduce(0) { $0 + $1.count } }

    /// This and everything in it.
    var all: [Statement] { [self] + (block ?? []).flatMap(\.all) }
}

extension [Statement] {
    /// The lists with one statement less, at whatever depth, or with a block replaced by what stands in
    /// it; the greatest removals come first.
    var smaller: [[Statement]] {
        removals().sorted { $0.removed > $1.removed }.map(\.list)
    }

    private func removals() -> [(removed: Int, list: [Statement])] {
        var found: [(removed: Int, list: [Statement])] = []
        for (index, statement) in enumerated() {
            var without = self
            without.remove(at: index)
            found.append((statement.count, without))
            guard let block = statement.block else { continue }
            if statement.name == "if" || statement.name == "location" {
                var opened = self
                opened.replaceSubrange(index...index, with: block)
                found.append((1, opened))
            }
            for inner in block.removals() {
                var changed = self
                changed[index].block = inner.list
                found.append((inner.removed, changed))
            }
        }
        return found
    }
}
