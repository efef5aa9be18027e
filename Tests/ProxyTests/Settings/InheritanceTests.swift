import Config
import HTTP
import Testing
import Upstream

@testable import Proxy

@Suite("Inheritance of settings")
struct InheritanceTests {
    @Test("a setting written after a nested block still reaches into it")
    func orderDoesNotMatter() throws {
        let text = """
            server { listen 8080; location / { location /a { } } client_max_body_size 7; }
            proxy_read_timeout 9s;
            """
        let core = try #require(try Loading.http(text).location(of: "/a")?.settings)
        #expect(core.core.clientMaxBodySize == 7)
        #expect(core.proxy.readTimeoutMs == 9000)
    }

    @Test("the innermost value counts, and stays in its block")
    func innermostCounts() throws {
        let configuration = try Loading.server(
            "send_timeout 2; location /a { send_timeout 3; } location /b { }")
        #expect(configuration.location(of: "/a")?.settings.core.sendTimeoutMs == 3000)
        #expect(configuration.location(of: "/b")?.settings.core.sendTimeoutMs == 2000)
    }

    @Test("a list replaces the inherited one as a whole, and is inherited where none is written")
    func listsReplace() throws {
        let configuration = try Loading.server(
            """
            proxy_set_header A 1; proxy_set_header B 2; add_header X 1; error_page 404 /x;
            location /own { proxy_set_header C 3; add_header Y 1; error_page 500 /y; }
            location /none { }
            """)
        let own = try #require(configuration.location(of: "/own")?.settings)
        let inherited = try #require(configuration.location(of: "/none")?.settings)
        #expect(own.proxy.setHeaders.elements.map(\.lowercasedName) == [Array("c".utf8)])
        #expect(
            inherited.proxy.setHeaders.elements.map(\.lowercasedName) == [Array("a".utf8), Array("b".utf8)])
        #expect(own.headers.added.elements.map(\.name) == [Array("Y".utf8)])
        #expect(inherited.headers.added.elements.count == 1)
        #expect(own.core.errorPages.elements.map(\.status) == [500])
        #expect(inherited.core.errorPages.elements.map(\.status) == [404])
    }

    @Test("how a list is inherited can be chosen, and the choice is inherited")
    func listsMerge() throws {
        let configuration = try Loading.server(
            """
            add_header X 1; add_trailer T 1; proxy_set_header A 1;
            location /merge { add_header Y 1; add_header_inherit merge; add_trailer_inherit merge;
                proxy_set_header B 2; proxy_set_header_inherit merge;
                location /merge/in { add_header Z 1; add_trailer U 2; }
                location /merge/on { add_header_inherit on; add_header Z 1; } }
            location /off { add_header_inherit off; add_trailer_inherit off; proxy_set_header_inherit off;
                location /off/in { add_header Y 1; } }
            location /none { add_header "" ""; }
            """)
        func names(_ path: String) throws -> (added: [String], trailers: [String], set: [String]) {
            let settings = try #require(configuration.location(of: path)?.settings)
            return (
                settings.headers.added.elements.map { String(decoding: $0.name, as: UTF8.self) },
                settings.headers.trailers.elements.map { String(decoding: $0.name, as: UTF8.self) },
                settings.proxy.setHeaders.elements.map { String(decoding: $0.name, as: UTF8.self) }
            )
        }
        #expect(try names("/merge") == (["Y", "X"], ["T"], ["B", "A"]))
        #expect(try names("/merge/in") == (["Z", "Y", "X"], ["U", "T"], ["B", "A"]))
        #expect(try names("/merge/on").added == ["Z"])
        #expect(try names("/off") == ([], [], []))
        #expect(try names("/off/in").added == ["Y"])
        #expect(try names("/none").added == [])
    }

    @Test("allow and deny of a location replace those around it")
    func accessRulesReplace() throws {
        let configuration = try Loading.server(
            "deny all; location /a { allow all; } location /b { } location /c { satisfy any; }")
        #expect(configuration.location(of: "/a")?.settings.access.rules.elements.map(\.allows) == [true])
        #expect(configuration.location(of: "/b")?.settings.access.rules.elements.map(\.allows) == [false])
        #expect(configuration.location(of: "/c")?.settings.access.rules.elements.map(\.allows) == [false])
    }

    @Test("access_log off clears what was inherited")
    func accessLogOff() throws {
        let configuration = try Loading.main(
            """
            events {}
            http { access_log /a; server { listen 8080; location /a { access_log off; } location /b { } } }
            """)
        #expect(configuration.location(of: "/a")?.settings.logs.access.elements.isEmpty == true)
        #expect(configuration.location(of: "/b")?.settings.logs.access.elements.count == 1)
    }

    @Test("what answers, and rewrite steps, are not inherited by nested locations")
    func handlersAreNotInherited() throws {
        let configuration = try Loading.server(
            "location / { proxy_pass http://127.0.0.1; set $a 1; location /a { } }")
        let nested = try #require(configuration.location(of: "/a")?.settings)
        guard case .module(let module) = nested.content, module === StaticFiles.module else {
            Issue.record("proxy_pass was inherited")
            return
        }
        #expect(nested.rewrite.steps.isEmpty)
    }

    @Test("an upstream may be written after the location that passes to it")
    func upstreamsMayFollow() throws {
        let configuration = try Loading.http(
            "server { listen 8080; location / { proxy_pass http://u; } } upstream u { server 127.0.0.1:9; }")
        #expect(configuration.upstreams.count == 1)
        #expect(configuration.upstreams.first?.isImplicit == false)
    }

    @Test("a map may use one that is written after it")
    func mapsMayFollow() throws {
        let configuration = try Loading.http(
            "map $b $a { default $b; } map $host $b { default x; }")
        let part = try #require(configuration.computedVariables.first?.templates.first?.parts.first)
        guard case .variable(.computed(let index)) = part else {
            Issue.record("$b of the first map is not the second map, but \(part)")
            return
        }
        #expect(index == 1)
    }

    @Test(
        "names of variables have no case",
        arguments: [
            "set $Foo 1; return 200 $fOO;", "return 200 $HOST$Http_User_Agent$ARG_a;",
            "return 200 $Later; location /a/b { set $lATER 1; }",
            "if ($uri ~ (?<Part>a)) { return 200 $pArt; }",
        ])
    func variablesHaveNoCase(_ text: String) throws {
        _ = try Loading.location(text)
    }

    @Test("limit_except keeps the location's settings and handler for methods that it names")
    func limitExceptGoverns() throws {
        let configuration = try Loading.location(
            "proxy_pass http://127.0.0.1/x; proxy_read_timeout 5s; limit_except GET { deny all; }")
        let location = try #require(configuration.location(of: "/a"))
        #expect(location.governing(.get) === location)
        #expect(location.governing(.head) === location)
        let limited = location.governing(.post)
        #expect(limited !== location)
        #expect(location.governing(.other) === limited)
        #expect(limited.settings.access.rules.elements.map(\.allows) == [false])
        #expect(limited.settings.proxy.readTimeoutMs == 5000)
        #expect(limited.replacedCount == location.replacedCount)
        guard case .proxy = limited.settings.content else {
            Issue.record("proxy_pass does not hold in limit_except")
            return
        }
    }
}
