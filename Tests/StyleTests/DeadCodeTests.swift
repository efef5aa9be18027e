import Foundation
import Testing

/// Declarations that nothing in the product or the bench uses: at most tests keep them alive.
///
/// Found by their text: a name, or a function with the label of its first argument, that stands nowhere but
/// where it is declared.
@Suite("dead code") struct DeadCodeTests {
    /// What stands in the code, without comments, and where it is declared.
    private struct Census {
        /// How often each word, and each function with its first label, stands anywhere.
        var uses: [String: Int] = [:]
        /// How often it is declared, and the first place in the product.
        var declarations: [String: (count: Int, place: String?)] = [:]

        /// What stands nowhere but where it is declared, with its place.
        var unused: [(name: String, place: String)] {
            declarations.compactMap { name, declared in
                guard let place = declared.place, uses[name, default: 0] <= declared.count else { return nil }
                return (name, place)
            }
        }

        mutating func declare(_ name: String, at place: String) {
            let declared = declarations[name] ?? (0, nil)
            let isProduct = place.hasPrefix("Sources/")
            declarations[name] = (declared.count + 1, declared.place ?? (isProduct ? place : nil))
        }
    }

    private static let declaration =
        "\\b(?:func|var|let|class|struct|enum|protocol|typealias)\\s+`?([A-Za-z_]\\w+)"
    private static let enumCase = "^\\s*(?:indirect )?case ([a-z]\\w*(?:, [a-z]\\w*)*)(?: = |\\(|$)"
    private static let function = "\\bfunc\\s+(\\w+)(?:<[^>]*>)?\\(\\s*([a-z]\\w*)(?:\\s+\\w+)?:"
    private static let call = "\\b(\\w+)(?:<[^>]*>)?\\(\\s*([a-z]\\w*)(?:\\s+\\w+)?:"

    private static func census(of files: [SourceFile]) throws -> Census {
        var census = Census()
        for file in files {
            for line in file.lines {
                // Strings count as well: what is between \( and ) is code.
                let code = line.prefix(upTo: line.range(of: "//")?.lowerBound ?? line.endIndex)
                for word in code.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) {
                    census.uses[String(word), default: 0] += 1
                }
            }
            let text = file.code.joined(separator: "\n")
            for found in try groups(of: declaration, in: text) { census.declare(found[0], at: file.path) }
            for found in try groups(of: enumCase, in: text) {
                for name in found[0].components(separatedBy: ", ") { census.declare(name, at: file.path) }
            }
            for found in try groups(of: function, in: text) {
                census.declare("\(found[0])(\(found[1]):", at: file.path)
            }
            for found in try groups(of: call, in: text) {
                census.uses["\(found[0])(\(found[1]):", default: 0] += 1
            }
        }
        return census
    }

    /// What the groups of an expression are, wherever it matches.
    private static func groups(of pattern: String, in text: String) throws -> [[String]] {
        let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            (1..<match.numberOfRanges).map { whole.substring(with: match.range(at: $0)) }
        }
    }

    @Test("what is declared is used by the product or the bench")
    func everythingIsUsed() throws {
        let files = SourceFile.all + SourceFile.bench
        #expect(SourceFile.bench.count > 10)
        for (name, place) in try DeadCodeTests.census(of: files).unused.sorted(by: { $0.place < $1.place }) {
            if Exemptions.unused[name] != nil { continue }
            Issue.record("\(place): nothing uses \(name)")
        }
    }

    @Test("an unused name, an unused label and an unused case are found, used ones are not")
    func finds() throws {
        let file = SourceFile(
            path: "Sources/Core/Sample.swift",
            text: """
                enum Kind {
                    case seen, unseen
                }
                func used(by name: Int) { other(2) }
                func used(with name: Int) { print("\\(Kind.seen)") }  // unseen
                func other(_ number: Int) { used(by: 1) }
                """)
        let names = try DeadCodeTests.census(of: [file]).unused.map(\.name)
        #expect(Set(names) == ["unseen", "used(with:"])
    }
}
