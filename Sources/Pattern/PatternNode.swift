/// A pattern as a tree.
indirect enum PatternNode {
    case empty
    /// One byte out of a set.
    case set(ByteSet)
    case concatenation([PatternNode])
    /// Tried in order.
    case alternation([PatternNode])
    /// `(…)`
    case group(PatternNode, index: Int)
    case repetition(PatternNode, Repetition)
    case assertion(Assertion)
    case look(PatternNode, Look)
    /// `(?>…)` and possessive quantifiers: what it matched is not taken back.
    case atomic(PatternNode)
    /// What one of the groups matched: the first of them that matched anything.
    case backreference([Int], caseless: Bool)
    /// `\K`: the match begins here.
    case keep

    /// How often, and how eagerly.
    struct Repetition {
        var min: Int
        /// `nil`: without end.
        var max: Int?
        var isLazy: Bool
    }

    /// What is true of a place between two bytes.
    enum Assertion: UInt8 {
        /// `^`, `\A`, `\G`
        case subjectStart
        /// `^` with `(?m)`
        case lineStart
        /// `\z`
        case subjectEnd
        /// `$`, `\Z`: also before a line feed that ends the subject
        case lastLineEnd
        /// `$` with `(?m)`
        case lineEnd
        case wordBoundary
        case notWordBoundary
    }

    struct Look {
        var isBehind: Bool
        var isNegative: Bool
        /// Where it stands in the pattern.
        var offset: Int
    }
}

extension PatternNode {
    /// Whether it may match without taking a byte.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion, .look, .keep, .backreference: true
        case .set: false
        case .concatenation(let nodes): nodes.allSatisfy(\.isNullable)
        case .alternation(let nodes): nodes.contains(where: \.isNullable)
        case .group(let node, _), .atomic(let node): node.isNullable
        case .repetition(let node, let repetition): repetition.min == 0 || node.isNullable
        }
    }

    /// How many bytes it takes if that is always the same number, and known.
    func width(ofGroups groups: [Int: Int]) -> Int? {
        switch self {
        case .empty, .assertion, .look, .keep: return 0
        case .set: return 1
        case .concatenation(let nodes):
            var sum = 0
            for node in nodes {
                guard let width = node.width(ofGroups: groups) else { return nil }
                sum = sum &+ width
                guard sum >= 0, sum <= 65535 else { return nil }
            }
            return sum
        case .alternation(let nodes):
            guard let first = nodes.first?.width(ofGroups: groups) else { return nil }
            return nodes.allSatisfy { $0.width(ofGroups: groups) == first } ? first : nil
        case .group(let node, _), .atomic(let node): return node.width(ofGroups: groups)
        case .repetition(let node, let repetition):
            guard repetition.min == repetition.max, let width = node.width(ofGroups: groups) else {
                return nil
            }
            let (sum, isTooMuch) = width.multipliedReportingOverflow(by: repetition.min)
            return isTooMuch || sum > 65535 ? nil : sum
        case .backreference(let indices, _):
            return indices.count == 1 ? groups[indices[0]] : nil
        }
    }
}
