/// A regular expression of the configuration: PCRE's syntax and its choice of the match, over bytes.
///
/// Belongs to one process: what it learns about subjects it keeps.
public final class Pattern {
    /// As it stands in the configuration.
    public let source: [UInt8]
    /// Whether letters match those of the other case.
    public let isCaseless: Bool
    /// Capturing groups, without the whole match.
    public let groupCount: Int
    /// The names of groups, in the order in which they stand.
    public let groupNames: [(name: [UInt8], index: Int)]

    let root: PatternNode
    private let program: Program
    private(set) lazy var automaton = Automaton(PatternGraph([root]))

    /// - Throws: what is wrong with it, and where.
    public init(_ source: [UInt8], caseless: Bool = false) throws(PatternError) {
        guard source.count <= Pattern.lengthMax else {
            throw PatternError("regular expression is too large", at: Pattern.lengthMax)
        }
        self.source = source
        isCaseless = caseless
        let parsed = try PatternParser.parse(source, caseless: caseless)
        root = parsed.root
        groupCount = parsed.groupCount
        groupNames = parsed.names
        program = try ProgramCompiler.compile(parsed)
    }

    /// One pass over a subject says whether it matches; otherwise the backtracker has the last word.
    package var isRegular: Bool { PatternGraph([root]).isExact.allSatisfy { $0 } }

    /// Bytes of one pattern.
    static var lengthMax: Int { 1 << 16 }

    /// Whether it matches anywhere in `subject`.
    public func matches(_ subject: Span<UInt8>, _ memory: PatternMemory) -> PatternVerdict {
        memory.begin()
        switch automaton.search(subject, memory) {
        case .limitExceeded: return .limitExceeded
        case .first(.some): return .match
        case .first(nil): return memory.candidates.isEmpty ? .noMatch : decide(subject, memory)
        }
    }

    /// Looks for the match, and takes down where it and its groups are.
    public func match(
        _ subject: Span<UInt8>, _ memory: PatternMemory, into captures: inout PatternCaptures
    ) -> PatternVerdict {
        memory.begin()
        switch automaton.search(subject, memory) {
        case .limitExceeded: return .limitExceeded
        case .first(nil) where memory.candidates.isEmpty: return .noMatch
        case .first: break
        }
        let verdict = decide(subject, memory)
        if verdict == .match { captures.take(memory.slots) }
        return verdict
    }

    /// What the backtracker says, whose word is the last.
    func decide(_ subject: Span<UInt8>, _ memory: PatternMemory) -> PatternVerdict {
        switch Backtracker(program: program, memory: memory).search(subject) {
        case .match: .match
        case .noMatch: .noMatch
        case .limitExceeded: .limitExceeded
        }
    }
}

/// What became of a match.
public enum PatternVerdict: Sendable {
    case match
    case noMatch
    /// It would take more than `PatternMemory` allows.
    case limitExceeded
}

/// Where a match and its groups are in the subject.
public struct PatternCaptures {
    private var slots: [Int32] = []

    /// Captures of no match.
    public init() {}

    /// The whole match (0) or a group; `nil`: it took no part in the match.
    public subscript(group: Int) -> Range<Int>? {
        guard group >= 0, 2 * group + 1 < slots.count else { return nil }
        let start = Int(slots[2 * group])
        let end = Int(slots[2 * group + 1])
        return start >= 0 && end >= start ? start..<end : nil
    }

    /// Groups, with the whole match.
    public var count: Int { slots.count / 2 }

    mutating func take(_ found: [Int32]) {
        slots.removeAll(keepingCapacity: true)
        slots.append(contentsOf: found)
    }
}
