import Config
import Testing

@testable import Proxy

@Suite("Rows of directives")
struct DirectiveRowsTests {
    @Test("every row says in one sentence what it does, and where it may stand")
    func rowsAreComplete() {
        for row in Directives.table.all {
            #expect(row.summary.hasSuffix(".") && row.summary.count > 5, "\(row.name) has no sentence")
            #expect(!row.contexts.isEmpty, "\(row.name) may stand nowhere")
        }
        for row in Directives.upstream.all {
            #expect(row.summary.hasSuffix("."), "\(row.name) has no sentence")
        }
    }

    @Test("a directive with arguments says which")
    func syntaxIsTold() {
        for row in Directives.table.all where row.arity.lowerBound > 0 {
            #expect(!row.syntax.isEmpty, "the arguments of \(row.name) are not told")
        }
    }

    @Test("no directive that works is called unsupported")
    func unsupportedNamesAreNotRows() {
        for row in Directives.table.all {
            #expect(!UnsupportedDirectives.includes(row.name), "\(row.name) is in both lists")
        }
    }

    @Test("the help of a directive has its sentence, syntax, default and contexts")
    func helpIsPrinted() throws {
        let help = try #require(DirectiveHelp.text(for: "proxy_read_timeout"))
        #expect(help.contains("Syntax:   proxy_read_timeout time;"))
        #expect(help.contains("Default:  proxy_read_timeout 60s;"))
        #expect(help.contains("Context:  http, server, location"))
        #expect(DirectiveHelp.text(for: "no_such_directive") == nil)
    }
}
