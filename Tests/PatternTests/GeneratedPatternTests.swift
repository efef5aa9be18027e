import Core
import TestSupport
import Testing

@testable import Pattern

/// Patterns by a grammar.
struct PatternGrammar {
    var random: SplitMix
    /// Only what is regular.
    var isRegular = false

    mutating func pattern(depth: Int) -> String {
        let choice = random.next(below: 100)
        if depth <= 0 || choice < 45 { return atom() }
        if choice < 62 { return pattern(depth: depth - 1) + pattern(depth: depth - 1) }
        if choice < 72 { return pattern(depth: depth - 1) + "|" + pattern(depth: depth - 1) }
        if choice < 88 {
            let possessive = isRegular ? [] : ["*+", "++", "?+"]
            let quantifier = random.pick(
                ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}", "{1,}", "{2,}?"] + possessive)
            return random.pick(["(?:", "("]) + pattern(depth: depth - 1) + ")" + quantifier
        }
        let looks = isRegular ? [] : ["(?=", "(?!", "(?>", "(?<=", "(?<!"]
        let opening = random.pick(["(", "(", "(?:", "(?|", "(?i)(", "(?s:", "(?m:", "(?x: ", "(?U:"] + looks)
        return opening + pattern(depth: depth - 1) + ")"
    }

    private mutating func atom() -> String {
        if !isRegular, random.next(below: 12) == 0 { return random.pick(["\\1", "\\g{-1}", "\\R", "\\K"]) }
        return random.pick([
            "a", "b", "c", "a", "b", ".", "\\d", "\\w", "[ab]", "[^a]", "\\n", "A", "x", "-", "_", "[a-c]",
            "\\s",
            "\\W", "\\.", "[[:alpha:]]", "(?i:a)", "\\x61", "\\N", "\\b", "^", "$", "\\B", "\\A", "\\z",
            "\\Z", "",
        ])
    }

    mutating func subject() -> [UInt8] {
        let bytes = Array(
            "aabbcA\n\r x-_/1.\u{E9}".unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        return (0..<random.pick([0, 1, 2, 3, 4, 6, 8, 12])).map { _ in random.pick(bytes) }
    }
}

@Suite("Generated patterns") struct GeneratedPatternTests {
    @Test(
        "the automaton and the backtracker agree on what is regular", arguments: 1...4 as ClosedRange<UInt64>)
    func enginesAgree(seed: UInt64) throws {
        var grammar = PatternGrammar(random: SplitMix(seed: seed), isRegular: true)
        let memory = PatternMemory()
        for _ in 0..<600 {
            let source = grammar.pattern(depth: 5)
            guard let pattern = try? Pattern(latin(source)) else { continue }
            #expect(pattern.isLinear, "\(source)")
            for _ in 0..<8 {
                let subject = grammar.subject()
                let one = pattern.matches(subject.span, memory)
                memory.begin()
                #expect(one == pattern.decide(subject.span, memory), "\(source) on \(subject)")
            }
        }
    }

    @Test("a set says what its patterns say one by one", arguments: 11...14 as ClosedRange<UInt64>)
    func setsAgree(seed: UInt64) throws {
        var grammar = PatternGrammar(random: SplitMix(seed: seed))
        let memory = PatternMemory()
        for _ in 0..<80 {
            var patterns: [Pattern] = []
            while patterns.count < 12 {
                if let one = try? Pattern(
                    latin(grammar.pattern(depth: 4) + grammar.random.pick(["", "x", "c$"])))
                {
                    patterns.append(one)
                }
            }
            let set = PatternSet(patterns)
            for _ in 0..<12 {
                let subject = grammar.subject()
                let first = patterns.firstIndex { $0.matches(subject.span, memory) == .match }
                #expect(
                    set.firstMatch(subject.span, memory) == (first.map { .match($0) } ?? .noMatch),
                    "\(patterns.map { String(decoding: $0.source, as: UTF8.self) }) on \(subject)")
            }
        }
    }

    @Test(
        "mutated patterns and subjects of any bytes never trap, and end",
        arguments: 21...24 as ClosedRange<UInt64>)
    func mutations(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let memory = PatternMemory()
        memory.stepsMax = 20_000
        for _ in 0..<3000 {
            var source = latin(random.pick(PatternSample.all).pattern)
            for _ in 0..<(1 + random.next(below: 4)) {
                let at = random.next(below: source.count + 1)
                switch random.next(below: 4) {
                case 0: source.insert(UInt8(random.next(below: 256)), at: at)
                case 1: source.insert(contentsOf: latin(random.pick(PatternSample.all).pattern), at: at)
                case 2: if at < source.count { source.remove(at: at) }
                default:
                    source.insert(
                        random.pick(Array("(){}[]|*+?\\^$.,0129-:<>=!#&'kgQEKRNxo".utf8)), at: at)
                }
            }
            guard let pattern = try? Pattern(source, caseless: random.next(below: 2) == 0) else { continue }
            let subject = (0..<random.next(below: 64)).map { _ in UInt8(random.next(below: 256)) }
            _ = answer(pattern, subject, memory)
            _ = answer(pattern, latin(random.pick(PatternSample.all).subject), memory)
        }
    }
}
