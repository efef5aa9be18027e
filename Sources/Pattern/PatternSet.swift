/// Patterns of which the first that matches counts: regex locations, rows of a `map`, names of servers.
///
/// All of them run as one automaton, in one pass over the subject.
public final class PatternSet {
    /// In their order.
    public let patterns: [Pattern]
    private(set) lazy var automaton = Automaton(PatternGraph(patterns.map(\.root)))

    /// A set of patterns, in the order in which they are tried.
    public init(_ patterns: [Pattern]) {
        self.patterns = patterns
    }

    /// Which pattern came first.
    public enum Verdict: Equatable, Sendable {
        case noMatch
        /// The index of the pattern.
        case match(Int)
        /// The pattern at this index, or all of them together (`nil`), would take more than `PatternMemory`
        /// allows.
        case limitExceeded(Int?)
    }

    /// Looks for the first of the patterns that matches anywhere in `subject`.
    public func firstMatch(_ subject: Span<UInt8>, _ memory: PatternMemory) -> Verdict {
        memory.begin()
        guard case .first(let certain) = automaton.search(subject, memory) else {
            return .limitExceeded(nil)
        }
        // Those that only may match come to the test in their places.
        var next = 0
        while let candidate = memory.candidates.first(from: next), candidate < certain ?? .max {
            switch patterns[candidate].decide(subject, memory) {
            case .match: return .match(candidate)
            case .noMatch: next = candidate + 1
            case .limitExceeded: return .limitExceeded(candidate)
            }
        }
        return certain.map { .match($0) } ?? .noMatch
    }
}
