import Foundation
import TestSupport
import Testing

/// Directives of which no other test tells whether they are obeyed: each beside its absence.
@Suite("Directives, each by what it changes", .serialized) struct SingleDirectiveTests {
    /// A server of one line, at its first port.
    private func server(_ line: String, http: String = "") throws -> Server {
        try Server(
            """
            worker_processes 1;
            error_log %PREFIX%/error.log info;
            events { }
            http { access_log off; \(http) server { listen 127.0.0.1:%PORT1%; \(line) } }
            """)
    }

    @Test("server_tokens hides the version", arguments: [("on", true), ("off", false), ("build", true)])
    func serverTokens(word: String, isTold: Bool) throws {
        let server = try server("server_tokens \(word); return 404;")
        let response = try RawClient.get(server.port, "/")
        #expect(response.head.values("server").allSatisfy { $0.contains("/") == isTold })
        #expect(response.text.contains("portico/") == isTold)
        #expect(response.text.contains("portico"))
        server.finish()
    }

    @Test("max_headers bounds the fields of a request", arguments: [(3, 200), (4, 400)])
    func maxHeaders(count: Int, status: Int) throws {
        let server = try server("max_headers 3; return 200;")
        let more = (2...count).map { "X-\($0): x\r\n" }.joined()
        #expect(try RawClient.ask(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\(more)\r\n").status == status)
        server.finish()
    }

    @Test("log_not_found says which file is missing", arguments: [("on", true), ("off", false)])
    func logNotFound(word: String, isLogged: Bool) throws {
        let server = try server("log_not_found \(word); root %PREFIX%;")
        #expect(try RawClient.get(server.port, "/missing-file").status == 404)
        server.finish()
        #expect(server.log.contains("/missing-file\" failed") == isLogged)
    }

    @Test("userid_name is the name of the cookie", arguments: [("", "uid="), ("userid_name who;", "who=")])
    func userIDName(line: String, start: String) throws {
        let server = try server("userid on; \(line) return 204;")
        let cookies = try RawClient.get(server.port, "/").head.values("set-cookie")
        #expect(cookies.count == 1 && cookies.allSatisfy { $0.hasPrefix(start) }, "\(cookies)")
        server.finish()
    }

    @Test("keepalive_time ends a connection of that age with its next response")
    func keepaliveTime() throws {
        let server = try server("keepalive_time 1s; location / { return 200 x; }")
        let client = try RawClient(port: server.port)
        var count = 0
        let isEnded = try waitUntil(Deadline(in: 10)) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            count += 1
            return try client.response().head.values("connection") == ["close"]
        }
        #expect(isEnded && count > 1)
        server.finish()
    }

    /// A client whose content is refused, and a server whose patience with it is not the default's.
    private func lingering(_ line: String, sends: Bool) throws {
        let server = try server(
            "client_max_body_size 1; lingering_close always; \(line)"
                + " location / { proxy_pass http://%DEAD%; } location = /state { stub_status; }")
        let client = try RawClient(port: server.port)
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999\r\n\r\nabc")
        #expect(try client.response().status == 413)
        let isGone = try waitUntil(Deadline(in: 4)) {
            if sends { client.send("x") }
            return try RawClient.get(server.port, "/state").text.hasPrefix("Active connections: 1 ")
        }
        #expect(isGone)
        client.close()
        server.finish()
    }

    @Test("lingering_timeout: who sends nothing for so long is not listened to any more")
    func lingeringTimeout() throws { try lingering("lingering_timeout 100ms;", sends: false) }

    @Test("lingering_time: who goes on sending is not listened to for longer")
    func lingeringTime() throws { try lingering("lingering_time 100ms;", sends: true) }

    @Test("HTTP/2's settings are what the directives say")
    func http2Settings() throws {
        let server = try server(
            "http2 on; http2_max_concurrent_streams 7; http2_body_preread_size 99k; return 200;")
        let client = try FrameClient(port: server.port)
        let payload = try client.frames { $0.kind == 4 && $0.flags == 0 }.last?.payload ?? []
        var settings: [Int: Int] = [:]
        for start in stride(from: 0, to: payload.count - 5, by: 6) {
            settings[Int(payload[start + 1])] = payload[(start + 2)..<(start + 6)].reduce(0) {
                $0 << 8 | Int($1)
            }
        }
        #expect(settings[3] == 7 && settings[4] == 99 << 10, "\(settings)")
        client.close()
        server.finish()
    }

    /// A server of one location that passes to the upstream `app`.
    private func server(_ upstream: String, passing: String, to gateway: RecordingGateway) throws -> Server {
        try Server(
            """
            worker_processes 1;
            events { }
            http { access_log off; upstream app { \(upstream) }
                server { listen 127.0.0.1:%PORT1%; location / { \(passing) } } }
            """, gateways: [gateway])
    }

    @Test("keepalive_time of an upstream: an older connection is not used again", arguments: [true, false])
    func upstreamKeepaliveTime(isShort: Bool) throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try server(
            "server %GATEWAY1%; keepalive 4; \(isShort ? "keepalive_time 100ms;" : "")",
            passing: "proxy_pass http://app;", to: gateway)
        func asksAnew() throws -> Bool {
            #expect(try RawClient.get(server.port, "/").status == 200)
            return Set(gateway.requests.map(\.connection)).count > 1
        }
        // As many times as pass before one of 100 ms is too old.
        #expect(try waitUntil(Deadline(in: isShort ? 10 : 0.3)) { try asksAnew() } == isShort)
        server.finish()
    }

    // MARK: TLS

    /// What `openssl s_client` says of a handshake with a server that has this line.
    private func handshake(_ line: String, _ options: [String]) throws -> String {
        let directory = try TemporaryDirectory()
        let server = try Server(
            """
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1% ssl; ssl_certificate self-signed;
                \(line) return 200 x; } }
            """, directory: directory)
        let said = try TLSClient.handshake(port: server.port, options: options, in: directory)
        server.finish()
        return said
    }

    @Test("ssl_session_timeout is what clients are told of their tickets")
    func sessionTimeout() throws {
        #expect(
            try handshake("ssl_session_timeout 7m;", ["-tls1_2"]).contains("lifetime hint: 420 (seconds)"))
    }

    @Test("ssl_prefer_server_ciphers: whose order counts", arguments: [(true, "AES256"), (false, "AES128")])
    func preference(isServers: Bool, wanted: String) throws {
        let (first, second) = ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")
        let said = try handshake(
            "ssl_ciphers \(first):\(second); ssl_prefer_server_ciphers \(isServers ? "on" : "off");",
            ["-tls1_2", "-cipher", "\(second):\(first)"])
        #expect(said.contains("Cipher is ECDHE-ECDSA-\(wanted)"))
    }

    // MARK: Tunnels

    @Test(
        "tunnel_next_upstream and its kin say whether a tunnel is tried at another server",
        arguments: [
            ("", 200), ("tunnel_next_upstream off;", 502), ("tunnel_next_upstream_tries 1;", 502),
            ("tunnel_next_upstream timeout;", 502),
        ])
    func tunnelRetries(line: String, status: Int) throws {
        let gateway = try RecordingGateway()
        defer { gateway.stop() }
        let server = try server(
            "server %DEAD% max_fails=0 weight=1000; server %GATEWAY1%;", passing: "tunnel_pass app; \(line)",
            to: gateway)
        let client = try RawClient(port: server.port)
        client.send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
        #expect(try client.interimHead().startLine.hasPrefix("HTTP/1.1 \(status) "))
        client.close()
        server.finish()
    }
}
