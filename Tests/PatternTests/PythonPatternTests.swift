import Core
import Foundation
import TestSupport
import Testing

@testable import Pattern

/// Python's `re` speaks much of the same language over bytes; what both speak, both decide alike.
@Suite("Patterns beside Python's re") struct PythonPatternTests {
    private static let script = """
        import re, sys
        for line in sys.stdin:
            source, *subjects = [bytes.fromhex(word) for word in line.rstrip("\\n").split(" ")]
            try:
                pattern = re.compile(source)
            except (re.error, OverflowError):
                print("refused", flush=True)
                continue
            found = [pattern.search(subject) for subject in subjects]
            print(" ".join("-" if m is None else "%d,%d" % m.span() for m in found), flush=True)
        """

    /// Without what Python has no word for, or another meaning.
    private static func isShared(_ source: String) -> Bool {
        ["(?|", "(?U:", "(?x:", "[[:", "\\N", "\\z", "\\Z", "\\B", "(?i)(", "(?m:"].allSatisfy {
            !source.contains($0)
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test("generated patterns match at the same places")
    func generated() throws {
        var grammar = PatternGrammar(random: SplitMix(seed: 31), isRegular: true)
        var cases: [(source: String, subjects: [[UInt8]])] = []
        while cases.count < 1500 {
            let source = grammar.pattern(depth: 4)
            guard Self.isShared(source), !source.isEmpty else { continue }
            cases.append((source, (0..<6).map { _ in grammar.subject() }))
        }
        let lines = cases.map { ([latin($0.source)] + $0.subjects).map(Self.hex).joined(separator: " ") }
        let answers = try Self.ask(lines.joined(separator: "\n") + "\n")
        #expect(answers.count == cases.count)
        var compared = 0
        for ((source, subjects), line) in zip(cases, answers) where line != "refused" {
            let pattern = try Pattern(latin(source))
            for (subject, wanted) in zip(subjects, line.split(separator: " ")) {
                let ours = answer(pattern, subject).split(separator: ";").first.map(String.init)
                #expect(ours == String(wanted), "\(source) on \(subject)")
                compared += 1
            }
        }
        #expect(compared > 4000, "\(compared)")
    }

    private static func ask(_ input: String) throws -> [String] {
        let folder = try TemporaryDirectory()
        let run = try Program.run(
            "/bin/sh",
            ["-c", "exec python3 -c \"$0\" < \"$1\"", script, folder.write(input, to: "cases")],
            in: folder, within: 60)
        return run.output.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }
}
