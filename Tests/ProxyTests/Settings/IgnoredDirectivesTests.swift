import Config
import Testing

@testable import Proxy

@Suite("Directives without effect here")
struct IgnoredDirectivesTests {
    static let names = IgnoredDirectives.directives.map(\.name)

    /// Arguments that fit each kind of row.
    static let samples = [
        "on | off": "on", "number": "8", "size": "4k", "size | off": "off", "number size": "2 4k",
        "time": "5s", "...": "x", "stop | abort": "abort", "off | max=number [inactive=time]": "max=9",
        "on | off | threads[=pool]": "threads", "name threads=number [max_queue=number]": "p threads=2",
    ]

    @Test("each is accepted wherever nginx has it, and warned of once", arguments: names)
    func warnedOnce(_ name: String) throws {
        let row = try #require(Directives.table.rows(named: name).first)
        let line = "\(name) \(try #require(IgnoredDirectivesTests.samples[row.syntax]));\n"
        let text: String
        if row.contexts.contains(.main) {
            text = line + "events {}\n"
        } else if row.contexts.contains(.events) {
            text = "events {\n\(line)}\n"
        } else if row.contexts.contains(.server) {
            let outer = row.contexts.contains(.http) ? line : ""
            let inner = row.contexts.contains(.location) ? line : ""
            text = "events {}\nhttp {\n\(outer)server {\n\(line)location / {\n\(inner)}\n}\n}\n"
        } else {
            text = "events {}\nhttp {\n\(line)}\n"
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let place = try #require(lines.firstIndex { $0.hasPrefix(name) }) + 1
        let warning = try #require(try Loading.main(text).warnings.first)
        #expect(warning.hasPrefix("\"\(name)\" is accepted but has no effect here"))
        #expect(warning.hasSuffix(" in \(Loading.file):\(place)"))
        #expect(try Loading.main(text).warnings.count == 1)
    }

    @Test(
        "what nginx refuses of them is refused in its words",
        arguments: [
            ("sendfile 8;", #"invalid value "8" in "sendfile" directive, it must be "on" or "off""#),
            ("sendfile on on;", #"invalid number of arguments in "sendfile" directive"#),
            ("sendfile on; sendfile on;", #""sendfile" directive is duplicate"#),
            ("types_hash_max_size 1k;", #""types_hash_max_size" directive invalid number"#),
            ("postpone_output 1g;", #""postpone_output" directive invalid value"#),
            ("output_buffers 2 x;", #""output_buffers" directive invalid value"#),
            ("directio on;", #""directio" directive invalid value"#),
            ("aio x;", #""aio" directive invalid value"#),
            ("open_file_cache inactive=5s;", #""open_file_cache" must have the "max" parameter"#),
            ("open_file_cache max=x;", #"invalid "open_file_cache" parameter "max=x""#),
            ("request_pool_size 17k x;", #"invalid number of arguments in "request_pool_size" directive"#),
            ("connection_pool_size 100;", "the pool size must be no less than 112"),
            ("connection_pool_size 120;", "the pool size must be a multiple of 16"),
        ])
    func refused(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
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
