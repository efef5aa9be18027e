import Core
import TestSupport
import Testing

@testable import Pattern

/// One character a byte, as the samples are written.
func latin(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// Where a match and its groups are, as the samples say it; `-`: none.
func answer(_ pattern: Pattern, _ subject: [UInt8], _ memory: PatternMemory = PatternMemory()) -> String {
    var captures = PatternCaptures()
    switch pattern.match(subject.span, memory, into: &captures) {
    case .noMatch: return "-"
    case .limitExceeded: return "limit"
    case .match:
        return (0..<captures.count).map { group in
            captures[group].map { "\($0.lowerBound),\($0.upperBound)" } ?? "x"
        }.joined(separator: ";")
    }
}

@Suite("Patterns") struct PatternTests {
    @Test("match where PCRE matches, and capture what it captures", arguments: PatternSample.all)
    func samples(_ sample: PatternSample) throws {
        let pattern = try Pattern(latin(sample.pattern))
        #expect(answer(pattern, latin(sample.subject)) == sample.answer)
    }

    @Test("caseless patterns take letters of both cases, and bytes beyond ASCII as they are")
    func caseless() throws {
        #expect(answer(try Pattern(latin("a[b-d]\\w"), caseless: true), latin("xACz")) == "1,4")
        #expect(answer(try Pattern(latin("\u{E9}"), caseless: true), latin("\u{C9}")) == "-")
        #expect(answer(try Pattern(latin("(?-i)a"), caseless: true), latin("A")) == "-")
        #expect(answer(try Pattern(latin("\\p{Lu}"), caseless: true), latin("a")) == "-")
    }

    @Test("say by number which group has which name")
    func names() throws {
        let pattern = try Pattern(latin("(x)(?<a>.)(?P<b_1>.)(?'c'.)(?|(?<d>e)|(?<d>f))"))
        #expect(pattern.groupCount == 5)
        #expect(
            pattern.groupNames.map { "\(String(decoding: $0.name, as: UTF8.self)):\($0.index)" }
                == ["a:2", "b_1:3", "c:4", "d:5"])
    }

    @Test(
        "refuse what PCRE refuses, and say what and where",
        arguments: [
            ("(", 1, "missing closing parenthesis"), ("a)", 1, "unmatched closing parenthesis"),
            ("*a", 0, "quantifier does not follow a repeatable item"),
            ("a**", 2, "quantifier does not follow a repeatable item"),
            ("a{2}{3}", 4, "quantifier does not follow a repeatable item"),
            ("^*", 1, "quantifier does not follow a repeatable item"),
            ("(?i)*", 4, "quantifier does not follow a repeatable item"),
            ("x{3,2}", 5, "numbers out of order in {} quantifier"),
            ("x{65536}", 1, "number too big in {} quantifier"),
            ("[a", 2, "missing terminating ] for character class"),
            ("[]", 2, "missing terminating ] for character class"),
            ("[z-a]", 3, "range out of order in character class"),
            ("[a-\\d]", 5, "invalid range in character class"),
            ("[\\d-z]", 3, "invalid range in character class"),
            ("[[:foo:]]", 3, "unknown POSIX class name"),
            ("[:alpha:]", 0, "POSIX named classes are supported only within a class"),
            ("[[.a.]]", 1, "POSIX collating elements are not supported"),
            ("[\\R]", 3, "escape sequence is invalid in character class"),
            ("\\", 1, "\\ at end of pattern"), ("\\i", 1, "unrecognized character follows \\"),
            ("\\400", 4, "octal value is greater than \\377 in 8-bit non-UTF-8 mode"),
            ("\\x{100}", 6, "character code point value in \\x{} or \\o{} is too large"),
            ("\\c", 2, "\\c at end of pattern"), ("\\2(a)", 0, "reference to non-existent subpattern"),
            ("\\k<n>", 0, "reference to non-existent subpattern"),
            ("(?<n>a)(?<n>b)", 12, "two named subpatterns have the same name"),
            ("(?<1>a)", 3, "subpattern name must start with a non-digit"),
            ("(?<a-b>a)", 4, "syntax error in subpattern name (missing terminator?)"),
            ("(?z)", 2, "unrecognized character after (? or (?-"),
            ("(?<=a+)b", 0, "lookbehind assertion is not fixed length"),
            ("(?<=(?:a|bc)d)", 0, "lookbehind assertion is not fixed length"),
            ("(?=\\K)", 5, "\\K is not allowed in lookarounds"),
            ("a(?R)?", 1, "recursion is not supported"), ("(a)(?1)", 3, "recursion is not supported"),
            ("(a)(?(1)b|c)", 3, "conditional groups \"(?(…)\" are not supported"),
            ("a(*SKIP)b", 1, "\"(*SKIP)\" is not supported"),
            ("(?C1)a", 0, "callouts \"(?C)\" are not supported"),
        ])
    func refusals(_ pattern: String, _ offset: Int, _ message: String) {
        #expect(throws: PatternError(message, at: offset)) { try Pattern(latin(pattern)) }
    }

    @Test("are refused when they are nested or grow beyond measure")
    func bounds() throws {
        #expect(throws: PatternError.self) {
            try Pattern(latin(String(repeating: "(", count: 251) + String(repeating: ")", count: 251)))
        }
        #expect(throws: Never.self) {
            try Pattern(latin(String(repeating: "(", count: 250) + String(repeating: ")", count: 250)))
        }
        #expect(throws: PatternError.self) { try Pattern(latin("(?:(?:(?:ab{100}){100}){100}){100}")) }
        #expect(throws: PatternError.self) { try Pattern(latin("(?:(?:abc){1000}){1000}")) }
        // What says nothing is not said again: each level would take 65,535 times as long.
        let nothing = "(?:(?:(?:(?:)(?i)){65535}(?#x)){65535}\\Q\\E){65535}"
        #expect(answer(try Pattern(latin(nothing)), latin("a")) == "0,0")
        #expect(throws: PatternError.self) { try Pattern(Array(repeating: 0x61, count: 1 << 17)) }
    }

    @Test("in a set: the first in their order counts, wherever in the subject they match")
    func sets() throws {
        let set = PatternSet(try ["zz$", "(?<!x)b", "b", "^a", "(?i)C"].map { try Pattern(latin($0)) })
        let memory = PatternMemory()
        let wanted: [(String, PatternSet.Verdict)] = [
            ("axbzz", .match(0)), ("ab", .match(1)), ("axb", .match(2)), ("ax", .match(3)), ("xc", .match(4)),
            ("x", .noMatch), ("", .noMatch), ("zz\n", .match(0)), ("zz\nb", .match(1)),
        ]
        for (subject, verdict) in wanted {
            #expect(set.firstMatch(latin(subject).span, memory) == verdict, "\(subject)")
        }
    }
}

/// Patterns that hold a matcher which tries every way for minutes or years.
@Suite("Catastrophic patterns") struct CatastrophicPatternTests {
    static let patterns = [
        "^(a+)+$", "^/?(a+)+$", "(a*)*b", "(a|a?)+b", "(a|aa)+$", "(.*a){20}b", "(.*)(.*)(.*)(.*)x",
        "^(([a-z])+.)+[A-Z]([a-z])+$", "(?=(a+))a*b\\1", "(a+)+\\1b", "(?:a+)+(?!x)b", "(?:(?=.*x)a)*b",
        "(x+x+)+y", "(?:a?){100}a{100}b", "a{0,4000}b", "(a{1,100}){1,100}b", "(?:.{0,4000}x){2}y",
        "(?>a+)+b", ".*.*.*=.*", "(?:(a)|b|\\1)*c", "\\s+$", "^(?:.*,){11}P", "((a{1,30}){1,30}){1,30}b",
        "(?i)(?:[a-z]+\\d?)+$(?<!x)", "(?:a|b|ab)*?c", "(a|b|ab)*(?=c)\\1", "^(?:a|ab|b)+\\b(?<!b)$",
        "([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))",
    ]

    static let subjects: [[UInt8]] = [
        Array(repeating: UInt8(ascii: "a"), count: 8191) + [UInt8(ascii: "!")],
        (0..<4096).flatMap { _ in Array("ab".utf8) }, Array(repeating: UInt8(ascii: "x"), count: 8192),
        Array(repeating: UInt8.space, count: 8191) + [UInt8(ascii: "x")],
        (0..<819).flatMap { _ in Array("1,2,3,4,5,".utf8) },
    ]

    @Test("come to an end within their bound", arguments: patterns)
    func end(_ source: String) throws {
        let pattern = try Pattern(latin(source))
        let memory = PatternMemory()
        memory.stepsMax = 60_000
        for subject in Self.subjects {
            _ = answer(pattern, subject, memory)
            // What is counted may go beyond the bound by one step of work, which is a scan of the subject.
            #expect(memory.steps < 80_000)
        }
    }

    @Test(
        "are told apart: what is regular is decided, whatever it is",
        arguments: ["^(a+)+$", "(a*)*c", "(x+x+)+y"])
    func decided(_ source: String) throws {
        let pattern = try Pattern(latin(source))
        #expect(pattern.isLinear)
        for subject in Self.subjects { #expect(answer(pattern, subject) == "-") }
    }

    /// Each of them may end behind every byte; looking for each among the others took a second.
    @Test("that may match everywhere cost a set no more for being many")
    func manyCandidates() throws {
        let set = PatternSet(try (0..<600).map { try Pattern(latin("^a*+(?=\($0)x)")) })
        let subject = [UInt8](repeating: UInt8(ascii: "a"), count: 8 << 10)
        let memory = PatternMemory()
        let took = ContinuousClock().measure {
            #expect(set.firstMatch(subject.span, memory) == .noMatch)
        }
        #expect(took < .seconds(10), "\(took)")
    }

    @Test("stop when their time is over")
    func time() throws {
        let pattern = try Pattern(latin("^(a+)+\\1b$"))
        let memory = PatternMemory()
        var asked: Int64 = 0
        memory.clock = {
            asked += 20
            return asked
        }
        #expect(answer(pattern, Array(repeating: 0x61, count: 4000) + latin("cb"), memory) == "limit")
        #expect(asked < 200)
    }

    @Test("do not make a set forget what it learns about texts made for it")
    func setsKeep() throws {
        let set = PatternSet(
            try (0..<300).map { try Pattern(latin("robot\($0)[a-z]+/\($0)\\.(\\d+)"), caseless: true) })
        var random = SplitMix(seed: 3)
        var text: [UInt8] = []
        while text.count < 4000 {
            text += latin("robot\(random.next(below: 301))")
            text += Array(repeating: 0x61, count: random.next(below: 10))
        }
        let memory = PatternMemory()
        #expect(set.firstMatch(text.span, memory) == .noMatch)
        #expect(set.firstMatch(text.span, memory) == .noMatch)
        #expect(memory.steps == 0, "the second time, no state is made")
        #expect(set.automaton.states.memory <= Automaton.memoryMax(patterns: 300) + (64 << 10))
    }

    @Test("leave a bounded automaton behind")
    func memoryIsBounded() throws {
        // Each of the last 14 bytes matters: 16,384 states if all of them were kept.
        let pattern = try Pattern(latin("[ab]*a[ab]{13}c"))
        var random = SplitMix(seed: 7)
        let memory = PatternMemory()
        for _ in 0..<40 {
            let subject = (0..<4096).map { _ in UInt8(ascii: "a") + UInt8(random.next(below: 2)) }
            #expect(pattern.matches(subject.span, memory) == .noMatch)
            #expect(pattern.automaton.states.memory <= Automaton.memoryMax(patterns: 1) + (64 << 10))
        }
    }
}

extension Pattern {
    /// Whether it can run in linear time; else the bound of `PatternMemory` holds.
    var isLinear: Bool { PatternGraph([root]).isExact[0] }
}
