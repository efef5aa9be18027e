package import Config
internal import Core
internal import Net

/// `portico lint`: what loads and is still likely wrong.
package struct Linter {
    /// What a rule has found.
    struct Finding {
        let rule: LintRule
        let remark: LintRemark
    }

    /// Those that nobody silenced, in the order of the files.
    let findings: [Finding]
    /// Silences of rules that there are not.
    package let complaints: [String]

    /// Loads a configuration and looks at it.
    ///
    /// - Throws: what is wrong with it for certain.
    package init(_ request: LoadRequest) throws(ConfigError) {
        let configuration = try Configuration.load(request)
        let builder = try ConfigurationBuilder(request, ConfigurationFiles())
        let subject = LintSubject(try builder.statements(request), configuration)
        let silences = LintSilences(configuration.sources)
        let order = Dictionary(
            configuration.sources.enumerated().map { ($0.element.path, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        findings = LintRule.all.flatMap { rule in
            rule.look(subject).filter { !silences.cover(rule.name, $0.place) }.map {
                Finding(rule: rule, remark: $0)
            }
        }.sorted { left, right in
            let (here, there) = (left.remark.place, right.remark.place)
            if here.file != there.file { return order[here.file] ?? 0 < order[there.file] ?? 0 }
            return here.line < there.line
        }
        complaints = silences.unknown(among: Set(LintRule.all.map(\.name)))
    }

    /// Nothing was found.
    package var isClean: Bool { findings.isEmpty }
}

/// `# lint: ok NAME …`: the rules that have nothing to say about a line.
///
/// The comment stands at the end of the line, or on lines of its own before it.
struct LintSilences {
    private var names: [String: [Int: Set<String>]] = [:]
    private var all: [(name: String, place: SourceLocation)] = []

    init(_ sources: [(path: String, text: String)]) {
        for source in sources {
            var waiting: Set<String> = []
            for (index, line) in source.text.utf8.split(
                separator: UInt8.lineFeed, omittingEmptySubsequences: false
            ).enumerated() {
                let found = LintSilences.names(in: line)
                all += found.map { ($0, SourceLocation(file: source.path, line: index + 1)) }
                waiting.formUnion(found)
                let first = line.first { $0 != UInt8.space && $0 != UInt8.tab }
                guard let first, first != UInt8(ascii: "#"), !waiting.isEmpty else { continue }
                names[source.path, default: [:]][index + 1] = waiting
                waiting = []
            }
        }
    }

    /// The names behind the mark, with or without commas.
    private static func names(in line: Substring.UTF8View) -> [String] {
        let mark = Array("lint: ok ".utf8)
        var rest = line
        while let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
            rest = rest[rest.index(after: hash)...]
            let comment = rest.drop { $0 == UInt8.space }
            guard comment.starts(with: mark) else { continue }
            return comment.dropFirst(mark.count).split { $0 == UInt8.space || $0 == UInt8(ascii: ",") }
                .prefix { $0.allSatisfy { $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "-") } }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        return []
    }

    func cover(_ rule: String, _ place: SourceLocation) -> Bool {
        names[place.file]?[place.line]?.contains(rule) ?? false
    }

    /// Complaints about names that no rule has.
    func unknown(among known: Set<String>) -> [String] {
        all.filter { !known.contains($0.name) }.map { "no rule is called \"\($0.name)\" in \($0.place)" }
    }
}
