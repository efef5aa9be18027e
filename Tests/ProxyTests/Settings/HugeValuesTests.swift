import Config
import Testing
import Upstream

@testable import Proxy

/// Numbers near the end of their range in every place of every directive: each loads or is refused.
@Suite("Huge values")
struct HugeValuesTests {
    private static let values = [
        "9223372036854775807", "9223372036854775808", "4611686018427387904", "1099511627776", "31536000000",
        "4294967296", "2147483648", "-1", "-9223372036854775808", "9223372036854775807k", "8796093022208m",
        "8589934591g", "9223372036854775807ms", "9223372036854775s", "106751991167d", "292471208y",
        "9223372036854775807%", "=9223372036854775807", "9223372036854775807:1:1",
    ]

    /// A file with one statement in the outermost block that it may stand in.
    private static func file(_ statement: String, _ contexts: Context) -> String? {
        func http(_ text: String) -> String {
            "events {}\nhttp {\nerror_log stderr; access_log off;\n\(text)\n}\n"
        }
        if contexts.contains(.main) { return statement + "\nevents {}\n" }
        if contexts.contains(.events) { return "events {\n\(statement)\n}\n" }
        if contexts.contains(.http) { return http(statement) }
        if contexts.contains(.server) { return http("server { listen 127.0.0.1:80;\n\(statement)\n}") }
        if contexts.contains(.location) {
            return http(
                "server { listen 127.0.0.1:80; location /a { proxy_pass http://127.0.0.1:1;\n\(statement)\n}}"
            )
        }
        if contexts.contains(.upstream) {
            return http("upstream u { zone z 64k; server 127.0.0.1:1;\n\(statement)\n}")
        }
        return nil
    }

    /// These look for what they name.
    private static let naming: Set<String> = ["listen", "server", "resolver", "proxy_pass"]

    /// The value alone in each place; `[interval=time]` is worth `interval=VALUE` as well.
    private static func arguments(
        _ row: (name: String, syntax: String, arity: ClosedRange<Int>), _ value: String
    )
        -> [String]
    {
        var lists: [String] = []
        let fewest = max(row.arity.lowerBound, 1)
        for count in fewest...max(min(row.arity.upperBound, 2), fewest) where !naming.contains(row.name) {
            for place in 0..<count {
                lists.append((0..<count).map { $0 == place ? value : "1" }.joined(separator: " "))
            }
        }
        for match in row.syntax.matches(of: /([a-z_]+)=/) {
            let word = "\(match.output.1)=\(value)"
            lists += naming.contains(row.name) ? ["127.0.0.1:9 \(word)"] : [word, "1 \(word)"]
        }
        return lists
    }

    private func expectAnEnd<Scope>(_ rows: [Directive<Scope>]) {
        // What is only accepted looks at nothing; what is opened stays closed.
        for row in rows
        where !row.isBlock && row.syntax != "..." && row.name != "include" && row.name != "error_log" {
            for value in Self.values {
                for arguments in Self.arguments((row.name, row.syntax, row.arity), value) {
                    guard let text = Self.file("\(row.name) \(arguments);", row.contexts) else { continue }
                    if let message = Loading.refusal({ () throws(ConfigError) in try Loading.main(text) }) {
                        #expect(!message.isEmpty, "\(text)")
                    }
                }
            }
        }
    }

    @Test("no directive's numbers end the program")
    func directives() {
        expectAnEnd(Directives.table.all)
        expectAnEnd(Directives.upstream.all)
    }

    @Test("a log's buffer and time are bounded")
    func logs() {
        for value in Self.values {
            for word in ["buffer=\(value)", "buffer=4k flush=\(value)"] {
                _ = Loading.refusal { () throws(ConfigError) in
                    try Loading.http("access_log /x combined \(word);")
                }
            }
        }
    }

    @Test(
        "what is beyond the bounds is refused in nginx's words, with the place",
        arguments: [
            ("proxy_read_timeout 9223372036854775807ms;", "\"proxy_read_timeout\" directive invalid value"),
            ("keepalive_timeout 31536000001s;", "\"keepalive_timeout\" directive invalid value"),
            ("proxy_buffers 9223372036854775807 4k;", "\"proxy_buffers\" directive invalid value"),
            ("proxy_buffers 8 1024m;", "\"proxy_buffers\" directive invalid value"),
            ("client_body_buffer_size 4096m;", "\"client_body_buffer_size\" directive invalid value"),
            ("client_max_body_size 9223372036854775807;", "\"client_max_body_size\" directive invalid value"),
            ("limit_rate 9223372036854775807;", "\"limit_rate\" directive invalid value"),
            ("keepalive_requests 9223372036854775807;", "\"keepalive_requests\" directive invalid number"),
        ])
    func refused(text: String, message: String) {
        do throws(ConfigError) {
            _ = try Loading.location(text)
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error.description)")
            #expect(error.description.contains(" in \(Loading.file):"), "\(error.description)")
        }
    }
}
