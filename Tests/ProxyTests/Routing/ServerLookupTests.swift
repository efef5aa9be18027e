import Config
import Testing

@testable import Proxy

@Suite("Finding a server by host")
struct ServerLookupTests {
    /// The first name of the server that a host leads to; `nil`: the default server's turn.
    private static func name(_ host: String, _ names: [String]) throws -> String? {
        let servers = names.map { "server { listen 8080; server_name \($0); }" }
        let listener = try #require(try Loading.http(servers.joined()).listeners.first)
        let bytes = Array(host.utf8)
        return listener.server(forHost: bytes.span).server
            .map { String(decoding: $0.serverName, as: UTF8.self) }
    }

    static let all = [
        "exact.example.org", "*.example.org", "*.deep.example.org", "mail.*", "mail.example.*",
        #""~^r(?<number>\d+)\.""#, "~^mail", "both.org .dotted.org",
    ]

    static let samples: [(String, String?)] = [
        ("exact.example.org", "exact.example.org"),
        ("a.example.org", "*.example.org"),
        ("a.b.example.org", "*.example.org"),
        ("a.deep.example.org", "*.deep.example.org"),
        ("deep.example.org", "*.example.org"),
        ("example.org", nil),
        ("mail.com", "mail.*"),
        ("mail.example.com", "mail.example.*"),
        ("mail.example.org", "*.example.org"),
        ("mail", #"~^mail"#),
        ("r12.com", #"~^r(?<number>\d+)\."#),
        ("dotted.org", "both.org"),
        ("a.b.dotted.org", "both.org"),
        ("xdotted.org", nil),
        ("", nil),
        (".example.org", "*.example.org"),
        (".dotted.org", "both.org"),
        (".mail.com", nil),
        (".", nil),
    ]

    @Test("exact, longest by the end, longest by the beginning, expressions in order", arguments: samples)
    func found(_ host: String, _ expected: String?) throws {
        #expect(try ServerLookupTests.name(host, ServerLookupTests.all) == expected)
    }

    @Test("an empty name takes requests without a host")
    func emptyName() throws {
        #expect(try ServerLookupTests.name("", ["a", #""""#]) == "")
    }

    @Test("names have no case")
    func caseIsIgnored() throws {
        #expect(try ServerLookupTests.name("example.org", ["EXAMPLE.org"]) == "example.org")
    }

    @Test("the first server that has a name keeps it")
    func firstKeeps() throws {
        let configuration = try Loading.http(
            "server { listen 8080; server_name first a; } server { listen 8080; server_name second a; }")
        let bytes = Array("a".utf8)
        let found = configuration.listeners.first?.server(forHost: bytes.span).server
        #expect(found?.serverName == Array("first".utf8))
    }

    @Test("a name with a dot is ignored as a whole where half of it is taken")
    func dottedNameIsTaken() throws {
        #expect(try ServerLookupTests.name("a.org", ["org", ".org"]) == nil)
        #expect(try ServerLookupTests.name("org", ["*.org", ".org"]) == nil)
        #expect(try ServerLookupTests.name("a.org", [".org", "org"]) == "org")
    }

    @Test("a host is not looked for where every name leads to the default server")
    func oneServer() throws {
        func hasOne(_ servers: String...) throws -> Bool? {
            let text = servers.map { "server { listen 8080; \($0) }" }.joined()
            return try Loading.http(text).listeners.first?.hasOneServer
        }
        #expect(try hasOne("") == true)
        #expect(try hasOne("server_name a *.b c.*;") == true)
        #expect(try hasOne("server_name a;", "server_name a;") == true)
        #expect(try hasOne("server_name a;", "server_name b;") == false)
        #expect(try hasOne("server_name a ~^b;") == false)
    }

    @Test("a dot in front is no part of $server_name")
    func dotIsDropped() throws {
        #expect(try ServerLookupTests.name("a.dotted.org", [".dotted.org"]) == "dotted.org")
    }

    @Test("named groups of the expression that matched are kept")
    func namedGroups() throws {
        let configuration = try Loading.http(
            #"server { listen 8080; server_name "~^(?<User>.+)\.example$"; location / { return 200 $user; } }"#
        )
        let bytes = Array("anna.example".utf8)
        let listener = try #require(configuration.listeners.first)
        let found = listener.server(forHost: bytes.span)
        #expect(found.server != nil)
        guard case .matched(let pattern) = found.pattern else {
            Issue.record("no pattern matched")
            return
        }
        var captures = Captures()
        captures.matched(pattern, bytes.span)
        var user: [UInt8] = []
        for (group, _) in pattern.named {
            captures.withGroup(group, configuration.patterns.memory) { value in
                for index in value.indices { user.append(value[index]) }
            }
        }
        #expect(user == Array("anna".utf8))
        #expect(configuration.userVariables.keys.contains("user"))
    }
}
