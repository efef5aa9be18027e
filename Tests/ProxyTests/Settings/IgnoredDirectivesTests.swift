import Config
import Testing

@testable import Proxy

@Suite("Directives without effect here")
struct IgnoredDirectivesTests {
    static let names = IgnoredDirectives.directives.map(\.name)

    @Test("each is accepted wherever nginx has it, and warned of once", arguments: names)
    func warnedOnce(_ name: String) throws {
        let row = try #require(Directives.table.rows(named: name).first)
        let line = "\(name) x;\n"
        let text: String
        if row.contexts.contains(.main) {
            text = line + line + "events {}\n"
        } else if row.contexts.contains(.events) {
            text = "events {\n\(line)\(line)}\n"
        } else if row.contexts.contains(.server) {
            let outer = row.contexts.contains(.http) ? line : ""
            text = "events {}\nhttp {\n\(outer)server {\n\(line)location / {\n\(line)}\n}\n}\n"
        } else {
            text = "events {}\nhttp {\n\(line)\(line)}\n"
        }
        let place = text.prefix(while: { $0 != "x" }).split(separator: "\n", omittingEmptySubsequences: false)
        let warning = try #require(try Loading.main(text).warnings.first)
        #expect(warning.hasPrefix("\"\(name)\" is accepted but has no effect here"))
        #expect(warning.hasSuffix(" in \(Loading.file):\(place.count)"))
        #expect(try Loading.main(text).warnings.count == 1)
    }

    @Test("exceptions from a cache that is not there are accepted silently; their variables must exist")
    func cacheExceptions() throws {
        for name in ["proxy_cache_bypass", "proxy_no_cache"] {
            let line = "\(name) $cookie_nocache $arg_nocache$arg_comment;\n\(name) $http_pragma 1;\n"
            let text = "\(line) server { listen 127.0.0.1:8080; \(line) location / { \(line) } }"
            #expect(try Loading.http(text).warnings.isEmpty)
            let unknown = Loading.refusal { () throws(ConfigError) in
                try Loading.location("\(name) $nothing;")
            }
            #expect(unknown == "unknown \"nothing\" variable")
            let inIf = Loading.refusal { () throws(ConfigError) in
                try Loading.location("if ($arg_a) { \(name) 1; }")
            }
            #expect(inIf == "\"\(name)\" directive is not allowed here")
        }
    }

    @Test("every row of every table has a help text that begins with its sentence")
    func helpOfEveryRow() throws {
        let rows = Directives.table.all.map { ($0.name, $0.summary) }
        for (name, summary) in rows + Directives.upstream.all.map({ ($0.name, $0.summary) }) {
            let help = try #require(DirectiveHelp.text(for: name), "\(name) has no help")
            #expect(help.contains("Syntax:   \(name)"))
            #expect(help.contains("Context:  "))
            #expect(!summary.isEmpty)
        }
    }
}
