import Testing

@testable import Proxy

@Suite("Variables")
struct VariablesTests {
    @Test("every name stands once in the table, and has a sentence")
    func namesAreUnique() {
        var seen = Set<String>()
        for row in Variables.rows {
            #expect(seen.insert(row.name).inserted, "\(row.name) stands twice")
            #expect(row.about.hasSuffix("."), "\(row.name) has no sentence")
        }
    }

    @Test("help says what a variable is, whether its name is a row's or goes on with a field's")
    func help() throws {
        for row in Variables.rows {
            let text = try #require(DirectiveHelp.text(for: "$\(row.name)"))
            #expect(text.hasPrefix(row.about))
        }
        #expect(DirectiveHelp.text(for: "remote_addr")?.hasPrefix("The client's address") == true)
        #expect(DirectiveHelp.text(for: "$http_x_y")?.contains("$http_name") == true)
        #expect(DirectiveHelp.text(for: "limit_rate")?.contains("Syntax:") == true)
        #expect(DirectiveHelp.text(for: "$nonsense") == nil && DirectiveHelp.text(for: "nonsense") == nil)
    }

    @Test("names resolve to rows, then by their prefixes")
    func namesResolve() throws {
        guard case .builtin(let index)? = Variables.resolve("remote_addr") else {
            Issue.record("$remote_addr is not found")
            return
        }
        #expect(Variables.rows[index].name == "remote_addr")
        guard case .requestField(let field)? = Variables.resolve("http_x_y") else {
            Issue.record("$http_x_y is not found")
            return
        }
        #expect(field == Array("x_y".utf8))
        guard case .upstreamCookie? = Variables.resolve("upstream_cookie_a") else {
            Issue.record("$upstream_cookie_a is not found")
            return
        }
        guard case .requestField([])? = Variables.resolve("http_") else {
            Issue.record("$http_ is not found")
            return
        }
        #expect(Variables.resolve("nonsense") == nil)
    }
}
