import Config
import Testing
import Upstream

@testable import Proxy

@Suite("grpc_…") struct GRPCSettingsTests {
    @Test("what proxy_… and grpc_… say is kept apart, and a location has what its kind of target needs")
    func apart() throws {
        let configuration = try Loading.server(
            """
            proxy_read_timeout 2s; proxy_set_header A 1; grpc_read_timeout 3s; grpc_set_header B 2;
            location /calls { grpc_pass 127.0.0.1:1; grpc_set_header C 3; grpc_hide_header X; }
            location /inherits { grpc_pass grpcs://127.0.0.1:1; }
            location /pages { proxy_pass http://127.0.0.1:1; }
            """)
        let calls = try #require(configuration.location(of: "/calls")?.settings.proxy)
        #expect(calls.readTimeoutMs == 3000 && calls.connectTimeoutMs == 60_000)
        #expect(calls.setHeaders.elements.map(\.name) == [Array("C".utf8)])
        #expect(calls.hideHeaders.elements == ["X"])
        #expect(calls.httpVersion == .http2 && !calls.isBuffered && !calls.isRequestBuffered)
        #expect(calls.passesTrailers && calls.ignoreHeaders.contains(.xAccelBuffering))
        let inherits = try #require(configuration.location(of: "/inherits")?.settings.proxy)
        #expect(inherits.setHeaders.elements.map(\.name) == [Array("B".utf8)])
        #expect(inherits.hideHeaders.elements.isEmpty)
        let pages = try #require(configuration.location(of: "/pages")?.settings.proxy)
        #expect(pages.readTimeoutMs == 2000 && pages.httpVersion == .http11 && pages.isBuffered)
        #expect(pages.setHeaders.elements.map(\.name) == [Array("A".utf8)])
    }

    @Test("nginx's defaults hold where nothing is written")
    func defaults() throws {
        let calls = try #require(
            try Loading.location("grpc_pass unix:/run/a:b.sock;").location(of: "/a")?.settings)
        #expect(calls.proxy.httpVersion == .http2 && calls.proxy.passesTrailers)
        #expect(calls.proxy.nextUpstream.conditions == [.error, .timeout])
        guard case .proxy(let target) = calls.content else {
            Issue.record("it does not pass")
            return
        }
        #expect(target.isGRPC && !target.isTLS && target.groupName == "unix:/run/a:b.sock")
        #expect(target.hostText == Array("localhost".utf8))
    }

    @Test("of every directive of nginx's module there is a row")
    func rows() {
        let names = Set(GRPCSettings.directives.map(\.name))
        let documented = """
            bind buffer_size connect_timeout hide_header ignore_headers intercept_errors next_upstream \
            next_upstream_timeout next_upstream_tries pass pass_header read_timeout send_timeout set_header \
            socket_keepalive ssl_certificate ssl_certificate_cache ssl_certificate_key ssl_ciphers \
            ssl_conf_command ssl_crl ssl_name ssl_password_file ssl_protocols ssl_server_name \
            ssl_session_reuse ssl_trusted_certificate ssl_verify ssl_verify_depth
            """
        for word in documented.split(separator: " ") { #expect(names.contains("grpc_\(word)")) }
        #expect(
            names.subtracting(documented.split(separator: " ").map { "grpc_\($0)" }) == [
                "grpc_next_upstream_budget", "grpc_web",
            ])
    }
}
