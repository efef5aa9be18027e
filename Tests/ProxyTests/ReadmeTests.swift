import Config
import Foundation
import Testing

@testable import Proxy

@Suite("README", .serialized) struct ReadmeTests {
    private static let begin = "<!-- directives -->\n"
    private static let end = "<!-- /directives -->"

    private var path: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md").path
    }

    @Test("the table of directives is the rows'")
    func tableIsCurrent() throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let start = try #require(text.range(of: Self.begin)).upperBound
        let stop = try #require(text.range(of: Self.end)).lowerBound
        if ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" {
            let fresh = text[..<start] + DirectiveHelp.markdown + text[stop...]
            try String(fresh).write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        #expect(String(text[start..<stop]) == DirectiveHelp.markdown)
    }

    private static let familiesBegin = "<!-- families -->\n"
    private static let familiesEnd = "<!-- /families -->"

    @Test("the table of families is the rows', and what differs stands in the list of differences")
    func familiesAreCurrent() throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let first = try #require(text.range(of: "## Differences from nginx")).upperBound
        let last = try #require(text.range(of: "## Beyond nginx")).lowerBound
        let wanted = Self.families(differing: String(text[first..<last]))
        let start = try #require(text.range(of: Self.familiesBegin)).upperBound
        let stop = try #require(text.range(of: Self.familiesEnd)).lowerBound
        if ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" {
            try String(text[..<start] + wanted + text[stop...])
                .write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        #expect(String(text[start..<stop]) == wanted)
    }

    /// - Parameter differences: README's list; a directive that it names differs.
    private static func families(differing differences: String) -> String {
        var lines = ["| family | as nginx | differ | without effect |", "| --- | --- | --- | --- |"]
        func list(_ names: [String]) -> String {
            names.isEmpty ? "—" : names.map { "`\($0)`" }.joined(separator: " ")
        }
        func add(_ family: String, _ rows: [String], isIgnored: Bool = false) {
            let names = Set(rows).sorted()
            let differ = names.filter { differences.contains("`\($0)`") || differences.contains("`\($0) ") }
            let rest = names.filter { !differ.contains($0) }
            let columns = isIgnored ? [[], [], names] : [rest, differ, []]
            lines.append("| \(family) | \(columns.map(list).joined(separator: " | ")) |")
        }
        for (family, rows) in Directives.families where family != "absent" {
            add(family, rows.map(\.name), isIgnored: family == "without effect")
        }
        add("upstream groups", Directives.upstream.all.map(\.name))
        lines += ["", "| refused | what to do instead | without effect |", "| --- | --- | --- |"]
        for feature in AbsentFeature.all {
            let tuning = feature.tuning.sorted()
            lines.append("| \(list(feature.switches.map(\.name))) | \(feature.advice) | \(list(tuning)) |")
        }
        for (names, text) in UnsupportedDirectives.entries {
            lines.append("| \(list(names)) | \(text) | — |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test("every directive has help of its own")
    func everyDirectiveHasHelp() {
        for row in Directives.table.all {
            #expect(!row.summary.isEmpty)
            #expect(DirectiveHelp.text(for: row.name)?.contains(row.summary) == true, "\(row.name)")
        }
    }
}
