import Config
import Net
import Testing

@testable import Proxy

@Suite("listen")
struct ListenTests {
    static let addresses: [(String, [String])] = [
        ("8080", ["0.0.0.0:8080"]),
        ("*:8080", ["0.0.0.0:8080"]),
        ("127.0.0.1", ["127.0.0.1:80"]),
        ("127.0.0.1:8080", ["127.0.0.1:8080"]),
        ("[::1]:8080", ["[::1]:8080"]),
        ("unix:/tmp/s", ["unix:/tmp/s"]),
        ("unix:/tmp/1-2", ["unix:/tmp/1-2"]),
        ("8080-8082", ["0.0.0.0:8080", "0.0.0.0:8081", "0.0.0.0:8082"]),
        ("127.0.0.1:80-81", ["127.0.0.1:80", "127.0.0.1:81"]),
        ("[::1]:80-81", ["[::1]:80", "[::1]:81"]),
        ("8080-8080", ["0.0.0.0:8080"]),
    ]

    @Test("addresses in all forms", arguments: addresses)
    func addressForms(_ word: String, _ expected: [String]) throws {
        #expect(try Loading.http("server { listen \(word); }").listeners.map(\.address.text) == expected)
    }

    @Test("servers at one address share its socket; the first is the default unless another says so")
    func defaultServer() throws {
        let plain = try Loading.http(
            "server { listen 8080; server_name a; } server { listen 8080; server_name b; }")
        #expect(plain.listeners.count == 1)
        #expect(plain.firstServer?.serverName == Array("a".utf8))
        for word in ["default_server", "default"] {
            let chosen = try Loading.http(
                "server { listen 8080; server_name a; } server { listen 8080 \(word); server_name b; }")
            #expect(chosen.firstServer?.serverName == Array("b".utf8))
        }
    }

    @Test("parameters of the socket")
    func socketParameters() throws {
        let configuration = try Loading.http(
            "server { listen [::]:8080 backlog=7 reuseport ipv6only=off rcvbuf=8k sndbuf=16k fastopen=3"
                + " deferred so_keepalive=30m::10; }")
        let options = try #require(configuration.listeners.first?.options)
        #expect(options.backlog == 7)
        #expect(options.reuseport && options.isDeferred && !options.ipv6only)
        #expect(options.receiveBuffer == 8192 && options.sendBuffer == 16384 && options.fastopen == 3)
        #expect(options.keepalive == .on(idle: 1800, interval: nil, count: 10))
    }

    @Test("parameters given with one server hold for all at that address")
    func parametersAreShared() throws {
        let configuration = try Loading.http(
            "server { listen 8080; server_name a; } server { listen 8080 backlog=9; server_name b; }")
        #expect(configuration.listeners.map(\.options.backlog) == [9])
    }

    @Test("ssl counts where its server is the default one of the address, as in nginx")
    func oldSSLBesideOthers() throws {
        let others = "server { listen 8080; } "
        let own = "listen 8081; listen 127.0.0.1:8444 ssl; ssl on; ssl_certificate self-signed;"
        func areTLS(_ first: String, _ line: String) throws -> [Bool] {
            try Loading.http("\(first) server { \(own) \(line) }").listeners.map(\.isTLS)
        }
        #expect(try areTLS(others, "listen 8080;") == [false, true, true])
        #expect(
            try areTLS("server { listen 8080; ssl_certificate self-signed; }", "listen 8080 default_server;")
                == [true, true, true])
    }

    @Test("ssl has every address of the server speak TLS, whatever its listen says")
    func oldSSL() throws {
        let text = "listen 127.0.0.1:8443; listen 127.0.0.1:8444 ssl; ssl on; ssl_certificate self-signed;"
        #expect(try Loading.http("server { \(text) }").listeners.map(\.isTLS) == [true, true])
        #expect(
            try Loading.http("ssl on; server { listen 8443; ssl off; }").listeners.map(\.isTLS) == [false])
    }

    @Test("a self-signed certificate needs no file")
    func selfSigned() throws {
        let configuration = try Loading.http(
            "server { listen 8443 ssl; server_name a.example; ssl_certificate self-signed; }")
        #expect(configuration.listeners.map(\.isTLS) == [true])
        #expect(configuration.firstServer?.tls != nil)
    }
}
