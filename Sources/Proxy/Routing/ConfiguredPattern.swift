internal import Config
internal import Core
internal import Net
internal import Pattern

/// A regular expression of the configuration, and what follows when it matches.
final class ConfiguredPattern {
    let pattern: Pattern
    /// As it was written.
    let source: String
    /// The directive that it belongs to, and where that stands.
    let place: String
    /// The variables that are called like its groups. Names of variables have no case.
    let named: [(group: Int, variable: Int)]

    init(_ pattern: Pattern, source: String, place: String, named: [(group: Int, variable: Int)]) {
        self.pattern = pattern
        self.source = source
        self.place = place
        self.named = named
    }
}

/// What would have taken too long to say whether it matches.
enum PatternExcess {
    case pattern(ConfiguredPattern)
    /// Patterns that run as one, and none of them by itself; the first is named.
    case patterns(ConfiguredPattern, count: Int)

    /// For the error log.
    var text: String {
        switch self {
        case .pattern(let pattern):
            "the match limit is exceeded by \"\(pattern.source)\" of \(pattern.place)"
        case .patterns(let first, let count):
            "the match limit is exceeded by \(count) patterns that are looked for together, the first of them"
                + " \"\(first.source)\" of \(first.place)"
        }
    }
}

/// The regular expressions of a configuration, by index.
final class PatternTable {
    private(set) var all: [ConfiguredPattern] = []
    /// What all of them need to match, and the bound that holds for each match.
    let memory = PatternMemory.bounded()
    private let cache: PatternCache

    init(_ cache: PatternCache) {
        self.cache = cache
    }

    /// `pattern_match_limit`
    func bound(steps: Int) { memory.stepsMax = steps }

    subscript(index: Int) -> ConfiguredPattern { all[index] }

    /// Compiles a pattern, or takes the one that was compiled before.
    ///
    /// - Parameter variable: the index of the variable that is called like a group.
    func add(
        _ source: String, caseless: Bool, _ statement: Statement,
        variable: (String) throws(ConfigError) -> Int
    ) throws(ConfigError) -> Int {
        let pattern: Pattern
        do {
            pattern = try cache.pattern(Array(source.utf8), caseless: caseless)
        } catch {
            throw ConfigError("invalid regular expression \"\(source)\": \(error)", statement)
        }
        var named: [(group: Int, variable: Int)] = []
        for (name, group) in pattern.groupNames {
            named.append((group, try variable(String(decoding: name, as: UTF8.self))))
        }
        let location = statement.location
        all.append(
            ConfiguredPattern(
                pattern, source: source, place: "\"\(statement.name)\" in \(location.file):\(location.line)",
                named: named))
        return all.count - 1
    }

    /// Those of a list as one.
    func set(of indices: [Int]) -> ConfiguredPatternSet {
        let patterns = indices.map { all[$0] }
        return ConfiguredPatternSet(patterns: patterns, set: cache.set(patterns.map(\.pattern)))
    }
}

extension PatternMemory {
    /// One for matches that take 50 ms at the most: of the processor, so that what else the machine does
    /// decides nothing.
    static func bounded() -> PatternMemory {
        let memory = PatternMemory()
        memory.timeMax = 50
        memory.clock = { Clock.processorMs }
        return memory
    }
}

/// Patterns of the configuration of which the first that matches counts.
struct ConfiguredPatternSet {
    let patterns: [ConfiguredPattern]
    fileprivate let set: PatternSet

    static var none: ConfiguredPatternSet { .init(patterns: [], set: PatternSet([])) }

    var isEmpty: Bool { patterns.isEmpty }

    /// What looking for the first one came to.
    enum Verdict {
        case noMatch
        case match(Int)
        case excess(PatternExcess)
    }

    func firstMatch(_ subject: Span<UInt8>, _ memory: PatternMemory) -> Verdict {
        switch set.firstMatch(subject, memory) {
        case .noMatch: .noMatch
        case .match(let index): .match(index)
        case .limitExceeded(let index): excess(of: index).map { .excess($0) } ?? .noMatch
        }
    }

    private func excess(of index: Int?) -> PatternExcess? {
        if let index { return patterns.indices.contains(index) ? .pattern(patterns[index]) : nil }
        return patterns.first.map { patterns.count > 1 ? .patterns($0, count: patterns.count) : .pattern($0) }
    }
}

/// Patterns that were compiled, by what they say: a reload takes those that stay, with what they have learnt.
final class PatternCache {
    private struct Key: Hashable {
        let source: [UInt8]
        let isCaseless: Bool

        init(_ pattern: Pattern) {
            source = pattern.source
            isCaseless = pattern.isCaseless
        }

        init(_ source: [UInt8], caseless: Bool) {
            self.source = source
            isCaseless = caseless
        }
    }

    private var patterns: [Key: Pattern] = [:]
    private var sets: [[Key]: PatternSet] = [:]
    private var former: PatternCache?

    init(former: PatternCache? = nil) {
        self.former = former
    }

    func pattern(_ source: [UInt8], caseless: Bool) throws(PatternError) -> Pattern {
        let key = Key(source, caseless: caseless)
        if let known = patterns[key] { return known }
        let pattern =
            if let known = former?.patterns[key] { known } else { try Pattern(source, caseless: caseless) }
        patterns[key] = pattern
        return pattern
    }

    func set(_ patterns: [Pattern]) -> PatternSet {
        let key = patterns.map { Key($0) }
        if let known = sets[key] { return known }
        let set = former?.sets[key] ?? PatternSet(patterns)
        sets[key] = set
        return set
    }

    /// The names of groups in a word of the configuration that may be a pattern, in lower case.
    static func groupNames(_ word: String) -> [String] {
        // Where it is none, names that nobody uses are no harm.
        let pattern = try? Pattern(
            Array(word.utf8.drop { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "*") }))
        return pattern?.groupNames.map { String(decoding: $0.name, as: UTF8.self).lowercased() } ?? []
    }

    /// The configuration is made: what came before it is let go.
    func finishLoading() { former = nil }
}
