import Config
import Testing

@testable import Proxy

/// What cannot be obeyed is refused in nginx's words (compared with nginx 1.22's), never silently ignored.
@Suite("Refused configurations")
struct RefusalTests {
    @Test("refused in `main`", arguments: RefusalSamples.main)
    func refusedInMain(_ text: String, _ message: String) {
        #expect(
            Loading.refusal { () throws(ConfigError) in try Loading.main("events {}\n" + text) } == message)
    }

    @Test("a watchdog leaves loops the time for a long turn, or is off")
    func watchdogIsPatient() throws {
        for text in ["worker_watchdog 1ms;", "worker_watchdog 99ms;"] {
            #expect(
                Loading.refusal { () throws(ConfigError) in try Loading.main("events {}\n" + text) }
                    == "\"worker_watchdog\" must be 0 or at least 100ms")
        }
        for (text, ms) in [("0", 0), ("100ms", 100), ("2s", 2000)] {
            #expect(try Loading.main("events {}\nworker_watchdog \(text);").main.watchdogMs == ms)
        }
    }

    @Test("refused in `http`", arguments: RefusalSamples.http)
    func refusedInHttp(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
    }

    @Test("refused of limits", arguments: RefusalSamples.limits)
    func refusedOfLimits(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
    }

    @Test("refused of zones and names", arguments: RefusalSamples.zones)
    func refusedOfZones(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
    }

    @Test("refused of `sticky`", arguments: RefusalSamples.sticky)
    func refusedOfSticky(_ words: String, _ message: String) {
        let text = """
            limit_req_zone $uri zone=used:1m rate=1r/s;
            upstream first { server 127.0.0.1:1;
                sticky learn create=$arg_a lookup=$arg_a zone=other:1m; }
            upstream gw { server 127.0.0.1:1 route=a; sticky \(words); }
            """
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
    }

    @Test(
        "a route is one that a cookie can hold",
        arguments: ["a b", "a;b", String(repeating: "a", count: 33), "é"])
    func refusedRoutes(_ route: String) {
        #expect(
            Loading.refusal { () throws(ConfigError) in
                try Loading.http("upstream gw { server 127.0.0.1:1 \"route=\(route)\"; }")
            } == "invalid parameter \"route=\(route)\"")
    }

    @Test("refused of `tunnel_pass`", arguments: RefusalSamples.tunnel)
    func refusedOfTunnels(_ words: String, _ message: String) {
        let text = "upstream gw { server 127.0.0.1:1; } server { location / { \(words) } }"
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.http(text) } == message)
    }

    @Test("refused in `server`", arguments: RefusalSamples.server)
    func refusedInServer(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.server(text) } == message)
    }

    @Test("refused in `location`", arguments: RefusalSamples.location)
    func refusedInLocation(_ text: String, _ message: String) {
        #expect(Loading.refusal { () throws(ConfigError) in try Loading.location(text) } == message)
    }

    @Test("a refusal names the file and the line")
    func refusalNamesThePlace() {
        #expect(
            throws: ConfigError("unknown directive \"foo\"", at: SourceLocation(file: Loading.file, line: 3))
        ) {
            try Loading.main("events {\n}\nfoo bar;\n")
        }
    }

    @Test("a configuration without events is refused")
    func eventsAreMissing() {
        #expect(
            Loading.refusal { () throws(ConfigError) in try Loading.main("http {}") }
                == "no \"events\" section in configuration")
    }

    @Test("no block may stand in -g")
    func globalDirectivesHaveNoBlocks() {
        #expect(
            Loading.refusal { () throws(ConfigError) in try Loading.main("events {}", globals: "http {}") }
                == "block directives are not supported in -g option")
    }
}
