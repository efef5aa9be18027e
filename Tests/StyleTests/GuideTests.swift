import Foundation
import Testing

/// The guides, held against what they speak of: their code is code of an example, and what they name is there.
@Suite("guides") struct GuideTests {
    private static let folder = "Sources/portico/Documentation.docc"

    /// Names of pages, without `.md`.
    static let pages: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(SourceFile.root)/\(folder)")
        return (names ?? []).filter { $0.hasSuffix(".md") }.map { String($0.dropLast(3)) }.sorted()
    }()

    private static func text(of page: String) throws -> String {
        try String(contentsOfFile: "\(SourceFile.root)/\(folder)/\(page).md", encoding: .utf8)
    }

    @Test("all that somebody may ask for has a page, and the index names it")
    func pagesAreThere() throws {
        let wanted = [
            "Portico", "LifeOfARequest", "LifeOfAReload", "ReusedConnections", "ProcessesAndMemory",
            "AddingThings", "AddingAProtocol", "DebuggingAndMeasuring", "Operating", "Directives",
            "Variables",
            "DifferencesFromNginx", "BeyondNginx", "Reasons", "Figures", "Examples",
        ]
        #expect(Set(Self.pages) == Set(wanted))
        let index = try Self.text(of: "Portico")
        for page in Self.pages where page != "Portico" { #expect(index.contains("- <doc:\(page)>")) }
    }

    @Test("links lead to pages", arguments: pages)
    func linksLeadSomewhere(_ page: String) throws {
        for link in try groups(of: "<doc:(\\w+)>", in: try Self.text(of: page)) {
            #expect(Self.pages.contains(link), "\(page): <doc:\(link)>")
        }
    }

    @Test("a test of the binary names each directive of the reference")
    func directivesAreTested() throws {
        let files = try #require(
            FileManager.default.enumerator(atPath: "\(SourceFile.root)/Tests/IntegrationTests"))
        var words: Set<Substring> = []
        for case let path as String in files where path.hasSuffix(".swift") {
            let text = try String(
                contentsOfFile: "\(SourceFile.root)/Tests/IntegrationTests/\(path)", encoding: .utf8)
            words.formUnion(text.split { !($0.isLetter || $0.isNumber || $0 == "_") })
        }
        let names = try groups(of: "(?m)^\\| `([a-z0-9_]+)` \\| ", in: try Self.text(of: "Directives"))
        #expect(names.count > 300)
        for name in Set(names).sorted() where !words.contains(name[...]) {
            Issue.record("nothing tests \(name)")
        }
    }

    // MARK: Code

    @Test("code stands word for word in an example that is compiled", arguments: pages)
    func codeIsCompiled(_ page: String) throws {
        let examples = SourceFile.tests.filter { $0.path.contains("/Examples/") }.map { plain($0.lines) }
        #expect(examples.count >= 6)
        let blocks = try groups(of: "(?s)```swift\\n(.*?)\\n```", in: try Self.text(of: page))
        for block in blocks.map({ plain($0.components(separatedBy: "\n")) }) {
            #expect(examples.contains { $0.contains(block) }, "\(page) shows what no example has:\n\(block)")
        }
    }

    /// Without what differs when code is moved to the left.
    private func plain(_ lines: [String]) -> String {
        lines.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
    }

    @Test("the example of a protocol has what is asked of a stream of HTTP/2")
    func exampleIsWhole() throws {
        let seam = try #require(SourceFile.all.first { $0.path.hasSuffix("/ResponseStream.swift") })
        let example = try #require(SourceFile.tests.first { $0.path.hasSuffix("/LineStream.swift") })
        let asked = try groups(of: "case \\.http2\\(let stream\\): stream\\.(\\w+)", in: seam.text)
        #expect(asked.count > 10)
        let declared = try groups(of: "\\b(?:func|var) (\\w+)", in: example.text)
        #expect(Set(asked).subtracting(declared).isEmpty)
    }

    // MARK: Names

    /// Those that speak of the code; the others are the operator's, and `ReadmeTests` knows the rows.
    private static let guides = pages.filter {
        !["Directives", "Variables", "DifferencesFromNginx", "BeyondNginx"].contains($0)
    }

    @Test("files, types and other names are there", arguments: guides)
    func namesAreThere(_ page: String) throws {
        for name in try quoted(in: try Self.text(of: page)) {
            #expect(Names.all.know(name), "\(page): `\(name)`")
        }
    }

    @Test("a file, a type, a member and a directive that are not there are found")
    func findsWhatIsMissing() throws {
        let no = "nope"
        let missing =
            "`\(no).swift` `Sources/\(no)` `NoKind` `Exchange.\(no)Member` `\(no)_directive on` `.\(no)Case`"
        #expect(try quoted(in: missing).filter(Names.all.know) == [])
        let known =
            "`Worker.swift` `Sources/Proxy` `Exchange` `Exchange.advance` `proxy_pass x` `.samePeer` `HUP`"
        #expect(try quoted(in: known).filter(Names.all.know).count == 7)
    }

    /// What stands in backticks in the prose.
    private func quoted(in text: String) throws -> [String] {
        let fences = text.components(separatedBy: "```")
        let prose = fences.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined()
        let lines = prose.components(separatedBy: "\n").filter { !$0.hasPrefix("    ") }
        return try groups(of: "`([^`]+)`", in: lines.joined(separator: "\n"))
    }

    /// What the sources, the bench and the tests declare and say.
    private struct Names {
        static let all = Names(of: SourceFile.all + SourceFile.bench + SourceFile.tests)

        private let fileNames: Set<String>
        private let types: Set<String>
        private let files: [(words: Set<String>, types: Set<String>)]

        private init(of sources: [SourceFile]) {
            fileNames = Set(sources.map { ($0.path as NSString).lastPathComponent })
            let declaration = "\\b(?:class|struct|enum|protocol|extension|typealias) (?:\\w+\\.)*(\\w+)"
            files = sources.map { file in
                let text = file.text
                let words = text.utf8.split {
                    !($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == 0x5F || 0x30...0x39 ~= $0)
                }
                return (
                    Set(words.map { String(Substring($0)) }),
                    Set((try? groups(of: declaration, in: text)) ?? [])
                )
            }
            types = files.reduce(into: []) { $0.formUnion($1.types) }
        }

        /// Whether what the name speaks of is there; what is no name of ours is taken as it is.
        func know(_ name: String) -> Bool {
            let first = name.prefix { $0 != " " }
            if first.contains("/") { return !isOurs(first) || isThere(first) }
            if first.hasSuffix(".swift") { return fileNames.contains(String(first)) || isThere(first) }
            let parts = first.prefix { $0 != "(" }.split(separator: ".")
            let isName = parts.allSatisfy {
                $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            }
            guard isName, let type = parts.first, type != type.uppercased() else { return true }
            guard type.first?.isUppercase == true else { return parts.allSatisfy(isSaid) }
            if ["", "Sources/", "Tests/"].contains(where: { isThere("\($0)\(type)") }) { return true }
            guard types.contains(String(type)) else { return false }
            return parts.dropFirst().allSatisfy { member in
                files.contains { $0.types.contains(String(type)) && $0.words.contains(String(member)) }
            }
        }

        private func isSaid(_ word: Substring) -> Bool { files.contains { $0.words.contains(String(word)) } }

        private func isOurs(_ path: Substring) -> Bool {
            ["Sources/", "Tests/", "bench/", "conf/", ".ci/"].contains { path.hasPrefix($0) }
        }

        private func isThere(_ path: some StringProtocol) -> Bool {
            FileManager.default.fileExists(atPath: "\(SourceFile.root)/\(path)")
        }
    }
}

/// What the group of an expression is, wherever it matches.
private func groups(of pattern: String, in text: String) throws -> [String] {
    let whole = text as NSString
    return try NSRegularExpression(pattern: pattern).matches(
        in: text, range: NSRange(location: 0, length: whole.length)
    ).map { whole.substring(with: $0.range(at: 1)) }
}
