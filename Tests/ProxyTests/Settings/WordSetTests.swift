import Config
import Net
import Testing
import Upstream

@testable import Proxy

/// Directives that are sets of words, and those that take any number of them.
@Suite("Lists of words") struct WordSetTests {
    @Test("further lines of a block add to the set")
    func linesAddUp() throws {
        let configuration = try Loading.location(
            "proxy_next_upstream error; proxy_next_upstream HTTP_500 timeout;"
                + " proxy_ignore_headers Vary; proxy_ignore_headers expires;"
                + " proxy_ssl_protocols TLSv1.1; proxy_ssl_protocols TLSv1.2;")
        let proxy = try #require(configuration.location(of: "/a")).settings.proxy
        #expect(proxy.nextUpstream.conditions == [.error, .http500, .timeout])
        #expect(proxy.ignoreHeaders == [.vary, .expires])
        #expect(proxy.sslProtocols == [.tls11, .tls12])
        #expect(configuration.warningTexts.isEmpty)
    }

    @Test("the first line of a block takes the place of what is inherited")
    func firstReplaces() throws {
        let configuration = try Loading.server(
            "proxy_next_upstream error; proxy_next_upstream timeout;"
                + " location /a { proxy_next_upstream http_502; proxy_next_upstream http_503; }"
                + " location /b { }")
        let own = try #require(configuration.location(of: "/a")).settings.proxy.nextUpstream.conditions
        let inherited = try #require(configuration.location(of: "/b")).settings.proxy.nextUpstream.conditions
        #expect(own == [.http502, .http503])
        #expect(inherited == [.error, .timeout])
    }

    @Test("ssl_protocols may stand twice, in `http` and in a server")
    func protocols() throws {
        _ = try Loading.http(
            "ssl_protocols TLSv1.2; ssl_protocols TLSv1.3;"
                + " server { listen 8443; ssl_protocols TLSv1.2; ssl_protocols TLSv1.3; }")
    }

    @Test("a word that stands twice is told of, on one line or on two")
    func duplicates() throws {
        let configuration = try Loading.location("proxy_next_upstream error; proxy_next_upstream Error;")
        #expect(configuration.warningTexts == [#"duplicate value "Error""#])
    }

    @Test(
        "any number of words",
        arguments: [
            ("server_name", "a%.test", ""), ("index", "i%", ""), ("error_page", "404", " /page"),
            ("try_files", "/f%", " /page"), ("proxy_next_upstream", "error", ""),
            ("listen 127.0.0.1:8081", "deferred", ""), ("access_log /dev/null combined", "if=%", ""),
            ("resolver", "127.0.0.1", ""),
        ])
    func anyNumber(_ name: String, _ word: String, _ end: String) throws {
        let words = (0..<10_000).map { word.replacing("%", with: "\($0)") }.joined(separator: " ")
        let begun = ContinuousClock.now
        _ = try Loading.server("\(name) \(words)\(end);")
        #expect(ContinuousClock.now - begun < .seconds(20))
    }

    @Test("ten thousand names lead to their server")
    func names() throws {
        let names = (0..<10_000).map { "n\($0).test" }.joined(separator: " ")
        let configuration = try Loading.http(
            "server { listen 8080; server_name a; } server { listen 8080; server_name \(names); }")
        let host = Array("n9999.test".utf8)
        let found = configuration.listeners.first?.server(forHost: host.span).server
        #expect(found?.serverName == Array("n0.test".utf8))
    }

    @Test("name servers may be named")
    func namedNameServers() throws {
        let line = try ResolverSample.line("resolver ns.test ns.test:5353 192.0.2.7;")
        #expect(line.settings.servers.map(\.text) == ["192.0.2.1:53", "192.0.2.1:5353", "192.0.2.7:53"])
        #expect(throws: ConfigError.self) { try ResolverSample.line("resolver gone.test;") }
        let refusal = Loading.refusal { () throws(ConfigError) in
            try Loading.http("resolver no.such.name.invalid;")
        }
        #expect(refusal == #"host not found in resolver "no.such.name.invalid""#)
    }
}

/// A `resolver` line in a world with one name.
private enum ResolverSample {
    static func line(_ text: String) throws(ConfigError) -> ResolverLine {
        let statement = try ConfigParser.parse(closed: Array(text.utf8), name: "sample")[0]
        return try ResolverLine(statement) { host, port in
            host == "ns.test" ? [SocketAddress(.ipv4(0xC000_0201, port: port))] : []
        }
    }
}
