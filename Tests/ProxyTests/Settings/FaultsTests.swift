import Config
import Testing

@testable import Proxy

/// Whatever is wrong with a configuration is told in one run, each with its place.
@Suite("Many faults") struct FaultsTests {
    private func lines(_ text: String) -> [String] {
        do throws(ConfigError) {
            _ = try Loading.main(text)
            return []
        } catch {
            return error.lines
        }
    }

    /// A fault of each sort, one a line, and a part of what is said of it.
    private static let faults: [(line: String, message: String)] = [
        ("foo on;", "unknown directive \"foo\""),
        ("client_max_body_siz 1m;", "did you mean \"client_max_body_size\"?"),
        ("worker_processes 2;", "\"worker_processes\" directive is not allowed here"),
        ("client_max_body_size lots;", "\"client_max_body_size\" directive invalid value"),
        ("root /a /b;", "invalid number of arguments in \"root\" directive"),
        ("proxy_buffering maybe;", "it must be \"on\" or \"off\""),
        ("add_header X $undefined;", "unknown \"undefined\" variable"),
        ("proxy_cache zone;", "the \"proxy_cache\" directive is not supported yet (nothing is cached"),
        ("auth_jwt realm;", "the \"auth_jwt\" directive is not supported yet (use \"auth_request\""),
        ("listen 127.0.0.1:99999;", "invalid port in \"127.0.0.1:99999\""),
        ("location ~ ( { }", "invalid regular expression \"(\""),
        ("location /l { proxy_pass ftp://a; }", "invalid URL prefix"),
        ("limit_req zone=none;", "zero size shared memory zone \"none\""),
        ("if ($arg_a) { return 1000; }", "invalid return code \"1000\""),
        ("map_hash_max_size 1;", "\"map_hash_max_size\" directive is not allowed here"),
        ("access_log off maybe;", "invalid parameter \"maybe\""),
    ]

    @Test("each fault of a server is told, with its line, whatever else is wrong", arguments: 0..<24)
    func together(turn: Int) throws {
        var order = Self.faults
        // Another order, and another few of them, each time.
        for index in order.indices { order.swapAt(index, (index * 7 + turn * 5) % order.count) }
        let chosen = Array(order.prefix(10))
        let text = "events {}\nhttp {\nserver {\n" + chosen.map(\.line).joined(separator: "\n") + "\n}\n}\n"
        let found = lines(text)
        #expect(found.count == chosen.count, "\(found)")
        for (index, (_, message)) in chosen.enumerated() where index < found.count {
            #expect(found[index].contains(message))
            #expect(found[index].hasSuffix(" in \(Loading.file):\(index + 4)"), "\(found[index])")
        }
    }

    @Test("faults of one server, of upstreams, of maps and of the rest do not hide each other's")
    func everywhere() {
        let found = lines(
            """
            worker_processes many;
            events { worker_connections few; }
            http {
                log_format a $nope;
                map $uri $m { a b c; }
                upstream u { server 127.0.0.1:1 weight=zero;
                    keepalive none; }
                upstream u { server 127.0.0.1:1; }
                server { location / { proxy_pass http://u; proxy_read_timeout x; } }
                server { listen 127.0.0.1:8443 ssl;
                    ssl_certificate /nonexistent.pem; ssl_certificate_key /nonexistent.key; }
                server { add_header X $m; set $y $nothing;
                    location /y { return 200 $y; } }
            }
            """)
        #expect(
            found.compactMap { $0.split(separator: ":").last } == [
                "1", "2", "4", "5", "6", "7", "8", "9", "11", "11", "12",
            ], "\(found)")
    }

    @Test("what cannot be read hides nothing else, and nothing is said of what may stand there")
    func unread() {
        let found = lines(
            """
            events {}
            http {
                include /nonexistent/a.conf;
                log_format x $b;
                server { gzip maybe; access_log /dev/null named;
                    location / { root x }
                    location /b { return 1000; limit_req zone=elsewhere; }
                ; {}
                }
            }
            }
            http2 x;
            """)
        #expect(
            found.map { $0.replacing(" in \(Loading.file):", with: " ") } == [
                "open() \"/nonexistent/a.conf\" failed (2: No such file or directory) 3",
                "invalid value \"maybe\" in \"gzip\" directive, it must be \"on\" or \"off\" 5",
                "unexpected \"}\" (\"root\" lacks its \";\") 6", "invalid return code \"1000\" 7",
                "unexpected \";\" 8",
                "unexpected \"{\" 8", "unexpected \"}\" 11",
                "\"http2\" directive is not allowed here (it may stand in: http, server) 12",
            ], "\(found)")
    }

    @Test("what is said comes with how it is written, or where it may stand")
    func advice() {
        let found = lines(
            """
            events {}
            http {
                client_max_body_size lots;
                keepalive_requests x;
                root;
                satisfy { }
                worker_processes 2;
                types;
                access_log off maybe;
            }
            """)
        let said = found.dropLast().map { line in
            line.split(separator: "(").last.flatMap { $0.split(separator: ")").first }.map(String.init)
        }
        #expect(
            said == [
                "syntax: client_max_body_size size;", "syntax: keepalive_requests number;",
                "syntax: root path;", "syntax: satisfy all | any;", "it may stand in: main",
                "syntax: types { ... }",
            ], "\(found)")
        #expect(found.last?.contains("\"maybe\" (syntax: access_log ") == true, "\(found)")
    }

    @Test("behind a quote that ends nowhere nothing is looked at, but what stood before it is")
    func abandoned() {
        let found = lines("events {}\nhttp {\ngzip maybe;\nserver { add_header A \"b\"c;\nfoo; }\n}\n")
        #expect(found.compactMap { $0.split(separator: ":").last } == ["3", "4"], "\(found)")
        #expect(lines("events {}\nhttp {\nserver {\nlocation / {\n").count == 1)
    }

    @Test("every certificate, key, parameter file and zone that is missing is told")
    func files() {
        let found = lines(
            """
            events {}
            http {
                server { listen 127.0.0.1:8443 ssl;
                    ssl_certificate /none.pem;
                    ssl_certificate_key /none.key;
                    ssl_dhparam /none.dh; }
                server { listen 127.0.0.1:8444 ssl;
                    ssl_certificate /none2.pem;
                    ssl_certificate_key /none2.key;
                    limit_req zone=a;
                    limit_conn b 1; }
            }
            """)
        #expect(
            found.compactMap { $0.split(separator: ":").last } == ["4", "5", "6", "8", "9", "10", "11"],
            "\(found)")
    }

    @Test("every folder and log that cannot be made is told, where it is named")
    func folders() {
        let configuration = try? Loading.main(
            """
            events {}
            http {
                access_log /proc/none/a.log;
                client_body_temp_path /proc/none/b;
                server { proxy_temp_path /proc/none/c;
                    location / { proxy_pass http://127.0.0.1:1; } }
            }
            pid /proc/none/pid;
            """)
        do throws(ConfigError) {
            try configuration?.prepareDirectories(owner: nil)
            Issue.record("folders were made in /proc")
        } catch {
            let places = error.lines.compactMap { $0.split(separator: ":").last }
            #expect(places.prefix(3) == ["3", "4", "5"], "\(error.lines)")
        }
    }

    @Test("variables of what is not here are not complained of")
    func consequences() {
        let found = lines(
            """
            events {}
            http {
                perl_set $made 'sub { 1 }';
                geoip2 /a.mmdb { $country default=US country iso_code; }
                geoip_city /b.dat;
                server { location / { js_set $calc f;
                    add_header X "$made $country $calc $geoip_city_continent_code"; } }
                server { add_header Y $other; }
            }
            """)
        #expect(found.compactMap { $0.split(separator: ":").last } == ["3", "4", "5", "6", "8"], "\(found)")
    }
}

@Suite("Features that are not here") struct AbsentFeatureTests {
    private static let contexts: [(Context, String)] = [
        (.http, "%"), (.server, "server { % }"), (.location, "server { location /a { % } }"),
        (.ifInLocation, "server { location /a { if ($arg_a) { % } } }"),
    ]

    @Test(
        "what tunes one is accepted wherever nginx has it, and warned of once",
        arguments: AbsentFeature.all.map(\.name))
    func tuning(_ name: String) throws {
        let feature = try #require(AbsentFeature.all.first { $0.name == name })
        let names = feature.tuning.filter { !$0.hasSuffix("_bpf") }
        for (context, text) in Self.contexts where feature.tuningContexts.contains(context) {
            let lines = names.map { "\($0) a b;" }.joined()
            let warnings = try Loading.http(text.replacing("%", with: lines + lines)).warningTexts
            #expect(warnings.count == (names.isEmpty ? 0 : 1), "\(warnings)")
            #expect(warnings.allSatisfy { $0.contains("has no effect: that is not here") })
        }
    }

    @Test(
        "what asks for one is refused with advice; what says that it is off is silent",
        arguments: AbsentFeature.all.map(\.name))
    func switches(_ name: String) throws {
        let feature = try #require(AbsentFeature.all.first { $0.name == name })
        for word in feature.switches {
            for (context, text) in Self.contexts where word.contexts.contains(context) {
                let off = text.replacing("%", with: "\(word.name) \"\(word.off)\";")
                #expect(try Loading.http(off).warnings.isEmpty, "\(off)")
                let on = text.replacing("%", with: "\(word.name) x y;")
                #expect(
                    Loading.refusal { () throws(ConfigError) in try Loading.http(on) }
                        == "the \"\(word.name)\" directive is not supported yet (\(feature.advice))")
            }
        }
    }
}
