import Foundation
import TestSupport
import Testing

/// `ssl` objects of the API: handshakes with clients by zone, and with servers of upstreams.
@Suite("Status of TLS", .serialized) struct StatusTLSTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off; ssl_protocols TLSv1.3;
            ssl_certificate %PREFIX%/server.crt; ssl_certificate_key %PREFIX%/server.key;
            upstream secure { zone secure 64k; server 127.0.0.1:%PORT2%; keepalive 0; }
            upstream lone { server 127.0.0.1:%PORT2%; keepalive 0; }
            upstream silent { zone silent 64k; server %GATEWAY1%; }
            upstream plain { zone plain 64k; server 127.0.0.1:%PORT1%; }
            server { listen 127.0.0.1:%PORT1%; status_zone front;
                proxy_ssl_trusted_certificate %PREFIX%/server.crt; proxy_next_upstream off;
                location /api { api; }
                location /status { status; }
                location /fine { proxy_pass https://secure; proxy_ssl_name a.test; proxy_ssl_verify on; }
                location /lone { proxy_pass https://lone; }
                location /name { proxy_pass https://secure; proxy_ssl_name c.test; proxy_ssl_verify on; }
                location /old { proxy_pass https://secure; proxy_ssl_protocols TLSv1.2; }
                location /trust { proxy_pass https://secure; proxy_ssl_verify on;
                    proxy_ssl_trusted_certificate %PREFIX%/else.crt; }
                location /silent { proxy_pass https://silent; proxy_connect_timeout 300ms; }
                location /plain { proxy_pass http://plain; } }
            server { listen 127.0.0.1:%PORT2% ssl; status_zone none; return 200 "n"; }
            server { listen 127.0.0.1:%PORT2% ssl; server_name b.test; status_zone named; return 200 "b"; } }
        """
    }

    private func server(days: Int = 90) throws -> Server {
        let directory = try TemporaryDirectory()
        _ = try TLSClient.makeCertificate(for: ["a.test", "b.test"], in: directory, days: days)
        _ = try TLSClient.makeCertificate(for: ["else.test"], in: directory, name: "else")
        return try Server(
            StatusTLSTests.configuration, gateways: [try RecordingGateway()], directory: directory)
    }

    @Test("a certificate near its end is part of the verdict")
    func ending() throws {
        let server = try server(days: 5)
        let portico = try json(server, "portico")
        #expect(portico["well"] as? Bool == false)
        #expect(
            (portico["verdict"] as? String)?.contains(
                "gateways up, but certificate \"\(server.directory.path)/server.crt\" expires in") == true,
            "\(portico["verdict"] ?? "none")")
        server.finish()
    }

    private func ssl(_ server: Server, zone: String) throws -> [String: Int] {
        numbers(try json(server, "http/server_zones/\(zone)"))
    }

    private func ssl(_ server: Server, upstream: String) throws -> [String: Int] {
        let peers = try json(server, "http/upstreams/\(upstream)")["peers"] as? [[String: Any]]
        return numbers(peers?.first ?? [:])
    }

    private func json(_ server: Server, _ path: String) throws -> [String: Any] {
        try server.json("/api/9/" + path)
    }

    /// All of an object's `ssl`, what is nested in it as well.
    private func numbers(_ object: [String: Any]) -> [String: Int] {
        var numbers: [String: Int] = [:]
        guard let ssl = object["ssl"] as? [String: Any] else { return [:] }
        for (name, value) in ssl {
            if let number = value as? Int { numbers[name] = number }
            numbers.merge(value as? [String: Int] ?? [:]) { $1 }
        }
        return numbers
    }

    private static var ofServers: [String] {
        [
            "expired_cert", "handshake_timeout", "handshakes", "handshakes_failed", "hostname_mismatch",
            "no_common_protocol", "other", "peer_rejected_cert", "revoked_cert", "session_reuses",
        ]
    }

    @Test("of a zone: those of clients that named its server, over all workers")
    func clients() throws {
        let server = try server()
        let port = server.ports[1]
        for host in ["a.test", "b.test", "b.test", "b.test"] {
            _ = try TLSClient.curl(port: port, host: host, in: server.directory)
        }
        let refused = try TLSClient.handshake(
            port: port, serverName: "b.test", options: ["-no_tls1_3"], in: server.directory)
        #expect(refused.contains("alert"))
        // It goes without a word, as did the one that looked whether the server listens.
        close(try Socket.connect(port: port))
        func check(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
            let none = try ssl(server, zone: "none")
            let named = try ssl(server, zone: "named")
            #expect(none["handshakes"] == 1 && named["handshakes"] == 3, sourceLocation: sourceLocation)
            #expect(
                named["no_common_protocol"] == 1 && named["handshakes_failed"] == 1
                    && none["handshakes_failed"] == 2, "\(none) \(named)", sourceLocation: sourceLocation)
            #expect(
                none.keys.sorted() == (StatusTLSTests.ofServers + ["no_cert", "no_common_cipher"]).sorted(),
                sourceLocation: sourceLocation)
        }
        #expect(try waitUntil(Deadline(in: 3)) { try ssl(server, zone: "none")["handshakes_failed"] == 2 })
        try check()
        #expect(try ssl(server, zone: "front")["handshakes"] == 0)
        try loseWorker(server)
        try check()
        let metrics = String(
            decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        #expect(
            metrics.contains(
                "portico_server_zone_tls_handshakes_total{zone=\"named\",outcome=\"full\"} 3"))
        server.finish(expected: ["exited on signal 9"])
    }

    /// A reload, then a worker that dies.
    private func loseWorker(_ server: Server) throws {
        #expect(try server.reload().ending == .exited(0))
        let victim = try #require(server.program.children.first)
        kill(victim, SIGKILL)
        #expect(
            waitUntil(Deadline(in: 5)) {
                server.program.children.count == 2 && !server.program.children.contains(victim)
            })
    }

    @Test("of a server that is reached over TLS: how handshakes with it went, and why certificates fail")
    func servers() throws {
        let server = try server()
        for _ in 0..<12 { #expect(try RawClient.get(server.port, "/fine").status == 200) }
        for path in ["/name", "/trust", "/trust", "/old"] {
            #expect(try RawClient.get(server.port, path).status == 502, "\(path)")
        }
        #expect(try RawClient.get(server.port, "/silent").status == 504)
        for _ in 0..<6 { #expect(try RawClient.get(server.port, "/lone").status == 200) }
        func check(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
            let secure = try ssl(server, upstream: "secure")
            #expect(secure.keys.sorted() == StatusTLSTests.ofServers, sourceLocation: sourceLocation)
            #expect(
                secure["handshakes"] == 12 && secure["handshakes_failed"] == 4
                    && secure["hostname_mismatch"] == 1 && secure["other"] == 2
                    && secure["no_common_protocol"] == 1, "\(secure)", sourceLocation: sourceLocation)
            // Each worker has its own session, and the first handshake of each is a whole one.
            #expect((secure["session_reuses"] ?? 0) >= 10, "\(secure)", sourceLocation: sourceLocation)
            let silent = try ssl(server, upstream: "silent")
            #expect(
                silent["handshake_timeout"] == 1 && silent["handshakes_failed"] == 1,
                sourceLocation: sourceLocation)
            #expect(try ssl(server, upstream: "lone")["handshakes"] == 6, sourceLocation: sourceLocation)
            #expect(try ssl(server, upstream: "plain").isEmpty, sourceLocation: sourceLocation)
            let all = numbers(["ssl": try json(server, "ssl")])
            #expect(
                all["hostname_mismatch"] == 1 && (all["handshakes"] ?? 0) >= 36, "\(all)",
                sourceLocation: sourceLocation)
        }
        try check()
        try loseWorker(server)
        try check()
        let metrics = String(
            decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        let labels = "upstream=\"secure\",server=\"127.0.0.1:\(server.ports[1])\",id=\"0\""
        for line in [
            "upstream_server_tls_handshakes_total{\(labels),outcome=\"no_shared_protocol\"} 1",
            "upstream_server_tls_certificates_refused_total{\(labels),reason=\"other_name\"} 1",
        ] {
            #expect(metrics.contains("portico_" + line), "\(metrics)")
        }
        #expect(!metrics.contains("tls_handshakes_total{upstream=\"plain\""))
        server.finish(expected: ["exited on signal 9", "upstream"])
    }
}
