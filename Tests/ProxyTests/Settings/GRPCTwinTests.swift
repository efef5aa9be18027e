import Testing

@testable import Proxy

/// What `proxy_…` says of requests, `grpc_…` with the same end says of calls, and of nothing else.
@Suite("Directives of gRPC and their twins") struct GRPCTwinTests {
    private static let samples = [
        ("bind", "127.0.0.2"), ("buffer_size", "8k"), ("connect_timeout", "7s"), ("hide_header", "X-A"),
        ("intercept_errors", "on"), ("next_upstream_budget", "7%"),
        ("next_upstream_timeout", "7s"), ("next_upstream_tries", "7"), ("pass_header", "Server"),
        ("read_timeout", "7s"), ("send_timeout", "7s"), ("set_header", "X-A b"), ("socket_keepalive", "on"),
        ("ssl_ciphers", "AES128-SHA"), ("ssl_name", "a.b"), ("ssl_protocols", "TLSv1.2"),
        ("ssl_server_name", "on"), ("ssl_session_reuse", "off"), ("ssl_verify_depth", "7"),
    ]

    /// All that a location passes on by, as text.
    private func settings(_ location: String) throws -> [Substring] {
        let configuration = try Loading.location(location)
        var text = ""
        dump(try #require(configuration.location(of: "/a")).settings.proxy, to: &text)
        return text.split(separator: "\n")
    }

    @Test("each sets what its twin sets", arguments: samples)
    func twins(end: String, value: String) throws {
        let (plain, call) = (
            "proxy_pass http://127.0.0.1:9;", "grpc_pass grpc://127.0.0.1:9;"
        )
        let changed = try settings("\(plain) proxy_\(end) \(value);").difference(from: settings(plain))
        let changedCall = try settings("\(call) grpc_\(end) \(value);").difference(from: settings(call))
        func inserted(_ difference: CollectionDifference<Substring>) -> [Substring] {
            difference.insertions.map { change in
                if case .insert(_, let line, _) = change { return line }
                return ""
            }
        }
        #expect(!changed.isEmpty)
        #expect(inserted(changed) == inserted(changedCall))
        // Neither says anything of what the other is about.
        #expect(try settings("\(plain) grpc_\(end) \(value);").difference(from: settings(plain)).isEmpty)
        #expect(try settings("\(call) proxy_\(end) \(value);").difference(from: settings(call)).isEmpty)
    }

    @Test(
        "what older nginx had for HTTP/2 is named with what took its place",
        arguments: [
            ("http2_idle_timeout 3m", "keepalive_timeout"),
            ("http2_recv_timeout 30s", "client_header_timeout"),
            ("http2_max_requests 10", "keepalive_requests"),
        ])
    func obsolete(line: String, successor: String) throws {
        let name = line.prefix { $0 != " " }
        #expect(
            try Loading.http("\(line);").warningTexts == [
                "the \"\(name)\" directive is obsolete, use the \"\(successor)\" directive instead"
            ])
    }
}
