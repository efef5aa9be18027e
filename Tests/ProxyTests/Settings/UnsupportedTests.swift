import Config
import Testing

@testable import Proxy

/// What is not supported yet is told in one run, each with its place.
@Suite("What is not supported yet") struct UnsupportedTests {
    private func lines(_ text: String) -> [String] {
        do throws(ConfigError) {
            _ = try Loading.main(text)
            return []
        } catch {
            return error.lines
        }
    }

    @Test("every directive is named, with advice where its name comes first")
    func directives() {
        let found = lines(
            """
            events {}
            http {
                lua_package_path /a;
                server {
                    location / {
                        hls;
                        auth_jwt check;
                    }
                    location /b { auth_jwt check; }
                    location /php { fastcgi_pass 127.0.0.1:9000; }
                }
            }
            stream { server { listen 1; } }
            """)
        #expect(found.count == 6)
        for (line, (name, number)) in zip(
            found,
            [
                ("lua_package_path", 3), ("hls", 6), ("auth_jwt", 7), ("auth_jwt", 9),
                ("fastcgi_pass", 10), ("stream", 13),
            ])
        {
            #expect(line.hasPrefix("the \"\(name)\" directive is not supported yet"))
            #expect(line.hasSuffix(" in \(Loading.file):\(number)"))
        }
        #expect(found.filter { $0.contains("use \"auth_request\"") }.count == 1)
    }

    @Test("so is every argument, beside directives and alone")
    func arguments() {
        let text = """
            events {}
            http {
                server { listen 8080 quic; }
                limit_req_zone $uri zone=a:1m rate=1r/s sync;
                match m { require $uri; }
                %
            }
            """
        let alone = lines(text.replacing("%", with: ""))
        #expect(Set(alone.compactMap { $0.split(separator: ":").last }) == ["3", "4", "5"])
        let beside = lines(text.replacing("%", with: "js_import a;"))
        #expect(Set(beside.compactMap { $0.split(separator: ":").last }) == ["3", "4", "5", "6"])
    }

    @Test("blocks of Lua are named, whatever stands in them")
    func lua() {
        let found = lines(
            """
            events {}
            http {
                init_by_lua_block { local x = "}" -- {
                }
                server { location / { content_by_lua_block { ngx.say('it"s') } } }
                lua_shared_dict a 1m;
            }
            """)
        #expect(found.count == 3)
        #expect(found[0].hasPrefix("the \"init_by_lua_block\" directive is not supported yet (scripts"))
        #expect(found[1].hasPrefix("the \"content_by_lua_block\" directive is not supported yet (scripts"))
        #expect(found[2].hasPrefix("the \"lua_shared_dict\" directive is not supported yet (scripts"))
    }

    @Test("what follows from it is not told, and other errors are told without it")
    func consequences() {
        let found = lines(
            """
            events {}
            http { server { location / { auth_jwt a; auth_jwt_claim_set $user sub;
                proxy_set_header X $user; proxy_pass http://127.0.0.1:1; } } }
            """)
        #expect(found.count == 2)
        #expect(lines("events {}\nhttp { server { root a b; } }").count == 1)
    }

    @Test("a thousand are told in two hundred lines, and in one where there is room for one")
    func many() {
        let text = "events {}\nhttp {\n" + String(repeating: "ssi on;\n", count: 1000) + "}"
        #expect(lines(text).count == 201)
        #expect(lines(text).last == "and 800 more")
        #expect(throws: ConfigError.self) { try Loading.main(text) }
    }
}
