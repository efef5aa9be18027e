import Config
import Foundation
import Testing

@testable import Proxy

@Suite("README and the reference", .serialized) struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let reference = "Sources/portico/Documentation.docc"

    private func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(Self.root)/\(file)", encoding: .utf8)
    }

    private func page(_ name: String) throws -> String { try text("\(Self.reference)/\(name).md") }

    /// What stands between the two marks of a page is what the rows say; or is written there, where
    /// `PORTICO_UPDATE_README` is 1.
    private func check(_ mark: String, of name: String, is wanted: String) throws {
        let page = try page(name)
        let start = try #require(page.range(of: "<!-- \(mark) -->\n")).upperBound
        let stop = try #require(page.range(of: "<!-- /\(mark) -->")).lowerBound
        if ProcessInfo.processInfo.environment["PORTICO_UPDATE_README"] == "1" {
            try (page[..<start] + wanted + page[stop...]).write(
                toFile: "\(Self.root)/\(Self.reference)/\(name).md", atomically: true, encoding: .utf8)
            return
        }
        #expect(page[start..<stop] == wanted, "PORTICO_UPDATE_README=1 swift test --filter ReadmeTests")
    }

    // MARK: README

    @Test("README is read in two minutes, and leads to what is there")
    func readmeIsShort() throws {
        let readme = try text("README.md")
        #expect(readme.utf8.count <= 10 * 1024)
        let links = try groups(of: "\\]\\((?!https?:)([^)#]+)\\)", in: readme)
        #expect(links.count > 5)
        for link in links {
            #expect(FileManager.default.fileExists(atPath: "\(Self.root)/\(link)"), "\(link)")
        }
    }

    @Test("README's commands are there, and its directives and variables are known")
    func readmeNamesWhatIsThere() throws {
        let readme = try text("README.md")
        for line in ["swift run -c release portico", "swift test", "bash .ci/run", "conf/package/build deb"] {
            #expect(readme.contains("    \(line)") || readme.contains("`\(line)`"), "\(line)")
        }
        let names = try groups(of: "`(\\$?[a-z]+_[a-z_]+)[^`]*`", in: readme)
        #expect(names.count > 5)
        for name in names where !absent.contains(name) {
            #expect(DirectiveHelp.text(for: name) != nil, "\(name)")
        }
    }

    private var absent: Set<String> {
        AbsentFeature.names.union(UnsupportedDirectives.entries.flatMap(\.0))
    }

    @Test("what README says is not done is refused")
    func readmeIsHonest() throws {
        let readme = try text("README.md")
        let start = try #require(readme.range(of: "### What it does not do")).upperBound
        let stop = try #require(readme.range(of: "The whole list", range: start..<readme.endIndex)).lowerBound
        let names = try groups(of: "`([a-z0-9_]+)`", in: String(readme[start..<stop]))
        #expect(names.count > 5)
        for name in names { #expect(absent.contains(name), "\(name) is done") }
        for (row, name) in [
            ("HTTP/3", "http3"), ("gRPC to gateways", "grpc_pass"), ("TCP, UDP", "stream"),
            ("cache", "proxy_cache"), ("FastCGI", "fastcgi_pass"),
        ] { #expect(readme.contains("| \(row) | no |") == absent.contains(name), "\(row)") }
    }

    // MARK: The reference

    @Test("the table of directives is the rows'")
    func tableIsCurrent() throws { try check("directives", of: "Directives", is: DirectiveHelp.markdown) }

    @Test("the table of variables is the rows'")
    func variablesAreCurrent() throws {
        let rows =
            Variables.rows.map { ($0.name, $0.about) }
            + Variables.families.map { ($0.name + "name", $0.about) }
        let lines = rows.sorted { $0.0 < $1.0 }.map { name, about in
            "| `$\(name)` | \(about.replacing("|", with: "\\|")) |"
        }
        let table = ["| variable | what it shows |", "| --- | --- |"] + lines
        try check("variables", of: "Variables", is: table.joined(separator: "\n") + "\n")
    }

    @Test("the table of families is the rows'; what differs, and what nginx has not, stands on its page")
    func familiesAreCurrent() throws {
        let page = try page("DifferencesFromNginx")
        let first = try #require(page.range(of: "## Differences\n")).upperBound
        let last = try #require(page.range(of: "## Limits\n")).lowerBound
        let beyond = try beyondNginx()
        #expect(beyond.isSuperset(of: ["status", "match", "hash", "ewma"]))
        let families = Self.families(differing: String(page[first..<last]), beyond: beyond)
        try check("families", of: "Directives", is: families)
    }

    /// What begins the statements in the first column of the page.
    private func beyondNginx() throws -> Set<String> {
        let rows = try page("BeyondNginx").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.compactMap { $0.components(separatedBy: " | ").first }
        return Set(try cells.flatMap { try groups(of: "(?:`|; )([a-z0-9_]+)(?=[ ;`])", in: $0) })
    }

    @Test("every reason for which a request may end is explained")
    func reasonsAreExplained() throws {
        let page = try page("Reasons")
        let reasons: [EndReason] = [
            .ok, .noLiveUpstream, .overloaded, .upstream(.error), .upstream(.timeout), .upstream(.invalid),
            .upstream(.shortage), .upstreamStatus, .upstreamCut, .clientClosed, .clientTimeout, .badRequest,
            .tooLarge, .unauthorized, .denied, .limited, .noRoom, .storageError, .internalError, .deadline,
        ]
        for reason in reasons { #expect(page.contains("`\(reason.text)`"), "\(reason.text)") }
    }

    /// - Parameters:
    ///   - differences: the list; a directive that it names differs.
    ///   - beyond: those that nginx has not, or not with all of their words.
    private static func families(differing differences: String, beyond: Set<String>) -> String {
        var lines = [
            "| family | as nginx | differ | beyond nginx | without effect |",
            "| --- | --- | --- | --- | --- |",
        ]
        func list(_ names: [String]) -> String {
            names.isEmpty ? "—" : names.map { "`\($0)`" }.joined(separator: " ")
        }
        func add(_ family: String, _ rows: [String], isIgnored: Bool = false) {
            let names = Set(rows).sorted()
            let differ = names.filter { differences.contains("`\($0)`") || differences.contains("`\($0) ") }
            let more = names.filter(beyond.contains)
            let rest = names.filter { !differ.contains($0) && !more.contains($0) }
            let columns = isIgnored ? [[], [], [], names] : [rest, differ, more, []]
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

/// What the group of an expression is, wherever it matches.
private func groups(of pattern: String, in text: String) throws -> [String] {
    let whole = text as NSString
    return try NSRegularExpression(pattern: pattern).matches(
        in: text, range: NSRange(location: 0, length: whole.length)
    ).map { whole.substring(with: $0.range(at: 1)) }
}
