import Config
import TestSupport
import Testing

@testable import Proxy

/// `man portico`: its directives and variables are the rows', as those of the reference.
extension ReadmeTests {
    private var manual: ManualPage { ManualPage("portico.8") }

    @Test("the manual has every directive, as the rows have it")
    func manualDirectives() throws {
        // What has no effect here is of no use to whoever looks something up.
        let silent = AbsentFeature.names.union(IgnoredDirectives.directives.map(\.name))
        let rows =
            Directives.table.all.filter { !silent.contains($0.name) }
            .map { (name: $0.name, text: Self.entry($0)) }
            + Directives.upstream.all.map { (name: $0.name, text: Self.entry($0)) }
        let text = rows.sorted { ($0.name, $0.text) < ($1.name, $1.text) }.map(\.text).joined()
        #expect(
            try manual.has(text, under: "directives"),
            "PORTICO_UPDATE_README=1 swift test --filter ReadmeTests"
        )
    }

    private static func entry<Scope>(_ row: Directive<Scope>) -> String {
        let arguments = row.syntax.isEmpty ? "" : " Ar \(ManualPage.argument(row.syntax))"
        let value = row.defaultText.map { "\nDefault:\n.Ql \(ManualPage.argument($0))" } ?? ""
        return """
            .It Ic \(row.name)\(arguments)
            \(ManualPage.prose(row.summary))
            .br
            In: \(row.contexts.name).\(value)

            """
    }

    @Test("the manual has every variable, as the rows have it")
    func manualVariables() throws {
        let rows =
            Variables.rows.map { ($0.name, $0.about) }
            + Variables.families.map { ($0.name + "name", $0.about) }
        let text = rows.sorted { $0.0 < $1.0 }.map { ".It Va $\($0.0)\n\(ManualPage.prose($0.1))\n" }.joined()
        #expect(
            try manual.has(text, under: "variables"),
            "PORTICO_UPDATE_README=1 swift test --filter ReadmeTests")
    }

    @Test("there is nothing to say against the form of the manual")
    func manualForm() throws {
        guard let complaints = try manual.complaints() else { return print("there is no mandoc: skipped") }
        #expect(complaints.isEmpty, "\(complaints)")
    }
}
