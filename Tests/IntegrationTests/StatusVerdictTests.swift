import Foundation
import TestSupport
import Testing

/// What an operator is told first, while requests really fail or do not; and what counts as traffic.
@Suite("Status verdict of a service", .serialized) struct StatusVerdictTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; }
            upstream dead { server %DEAD%; server %DEAD%; }
            upstream lone { server %DEAD%; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://gw; }
                location /dead { proxy_pass http://dead; }
                location /lone { proxy_pass http://lone; }
                location /status { status; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    private func view(_ server: Server, _ format: String) throws -> String {
        String(decoding: try RawClient.get(server.port, "/status?format=\(format)").body, as: UTF8.self)
    }

    /// All views, asked often enough for both workers, say this.
    private func expectRed(
        _ server: Server, _ upstream: String, _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for _ in 0..<6 {
            let words = "upstream \"\(upstream)\" can serve nothing"
            let page = try view(server, "html")
            #expect(
                page.contains("class=\"verdict red\"") && page.contains(upstream),
                sourceLocation: sourceLocation)
            let portico = try server.json("/api/9/portico")
            #expect(
                portico["level"] as? String == "red" && portico["well"] as? Bool == false,
                sourceLocation: sourceLocation)
            #expect(
                (portico["verdict"] as? String)?.contains(words) == true, "\(portico["verdict"] ?? "")",
                sourceLocation: sourceLocation)
            let first = try view(server, "text").split(separator: "\n").first ?? ""
            #expect(
                first.hasPrefix("red: ") && first.contains(words), "\(first)", sourceLocation: sourceLocation)
            #expect(
                try view(server, "prometheus").contains("portico_verdict 2\n"), sourceLocation: sourceLocation
            )
        }
    }

    @Test(
        "a group of the dead is red as long as nothing else is known of it, in a worker that saw no request too"
    )
    func dead() throws {
        for path in ["dead", "lone"] {
            let server = try Server(
                StatusVerdictTests.configuration, gateways: [try RecordingGateway(), try RecordingGateway()])
            // A start on a busy machine may be slow enough to be told of.
            #expect(
                try waitUntil(Deadline(in: 10)) {
                    try server.json("/api/9/portico")["level"] as? String == "green"
                })
            #expect(try RawClient.get(server.port, "/\(path)").status == 502)
            try expectRed(server, path)
            server.finish()
        }
    }

    @Test(
        "a group that is drained is red; a drain can be undone, over a reload as well, and it is green again")
    func drained() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(StatusVerdictTests.configuration, gateways: gateways)
        for id in 0...1 {
            #expect(try server.askUpstreams("PATCH", "gw/servers/\(id)", "{\"drain\":true}").status == 200)
        }
        #expect(try waitUntil(Deadline(in: 3)) { try RawClient.get(server.port, "/x").status == 502 })
        for _ in 0..<6 { #expect(try RawClient.get(server.port, "/x").status == 502) }
        try expectRed(server, "gw")
        let undone = try server.askUpstreams("PATCH", "gw/servers/1", "{\"drain\":false}")
        #expect(undone.status == 200 && undone.text.contains("\"drain\":false"), "\(undone)")
        #expect(try server.reload().ending == .exited(0))
        for _ in 0..<6 { #expect(try RawClient.get(server.port, "/x").status == 200) }
        let portico = try server.json("/api/9/portico")
        #expect(portico["level"] as? String == "green", "\(portico["verdict"] ?? "")")
        #expect(portico["verdict"] as? String == "All well: 4 of 5 gateways up, 1 draining")
        server.finish()
    }

    @Test("a group in panic is red until a request has proved the checks wrong")
    func panic() throws {
        let gateway = try RecordingGateway("g1")
        gateway.answer("/ready", with: .fixed("no", status: "503 Busy"))
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream gw { zone gw 64k; server %GATEWAY1%; panic_threshold 50%;
                    health_check interval=50ms uri=/ready; }
                server { listen 127.0.0.1:%PORT1%;
                    location / { proxy_pass http://gw; } location /api { api; } } }
            """, gateways: [gateway])
        #expect(server.waitForLog("is unhealthy: 503 from GET /ready"))
        #expect(try server.json("/api/9/portico")["level"] as? String == "red")
        #expect(try RawClient.get(server.port, "/x").status == 200)
        #expect(try server.json("/api/9/portico")["level"] as? String == "amber")
        server.finish(expected: ["panic_threshold"])
    }

    @Test("a server that answers again is no trouble any more")
    func recovery() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off; server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://%GATEWAY1%; proxy_read_timeout 200ms; }
                location /api { api; } } }
            """, gateways: gateways)
        gateways[0].answer("/slow", with: .hang)
        #expect(try RawClient.get(server.port, "/slow").status == 504)
        #expect(try server.json("/api/9/portico")["level"] as? String == "red")
        #expect(try RawClient.get(server.port, "/x").status == 200)
        #expect(try server.json("/api/9/portico")["level"] as? String == "green")
        server.finish()
    }

    @Test("the status, readiness and probes of the checker are no traffic, whoever else says so is")
    func traffic() throws {
        let server = try Server(
            """
            worker_processes 2;
            error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                upstream self { zone self 64k; server 127.0.0.1:%PORT2%; health_check interval=50ms; }
                server { listen 127.0.0.1:%PORT1%; status_zone front;
                    location / { proxy_pass http://self; }
                    location = /tea { return 200 tea; }
                    location /status { status; } location /api { api; status_zone api; }
                    location /ready { readiness; } location /stub { stub_status; } }
                server { listen 127.0.0.1:%PORT2%; status_zone back; location / { return 200 back; } } }
            """)
        func requests(_ path: String) throws -> Int? {
            number(try server.json("/api/9/http/\(path)"), "requests")
        }
        func checks() throws -> Int {
            let upstream = try server.json("/api/9/http/upstreams/self")
            return number((upstream["peers"] as? [Any])?.first, "health_checks", "checks") ?? 0
        }
        #expect(try waitUntil(Deadline(in: 5)) { try checks() >= 5 })
        for _ in 0..<5 {
            for path in ["/status", "/status?format=html", "/ready", "/stub"] {
                #expect(try RawClient.get(server.port, path).status == 200)
            }
        }
        #expect(try requests("server_zones/front") == 0 && requests("server_zones/back") == 0)
        // Who gives the location of the API a zone wants to know.
        #expect(try requests("location_zones/api") ?? 0 > 3)
        let metrics = String(decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        #expect(metrics.contains("portico_requests_total 0\n"))
        #expect(metrics.contains("portico_request_duration_seconds_count 0\n"))
        for agent in ["portico/1.0 (health check)", "curl"] {
            let answer = try RawClient.ask(
                server.port,
                "GET /tea HTTP/1.1\r\nHost: a\r\nUser-Agent: \(agent)\r\nConnection: close\r\n\r\n")
            #expect(answer.status == 200)
        }
        #expect(try requests("server_zones/front") ?? 0 >= 1)
        server.finish()
    }

    @Test("readiness that fails on purpose is no fault, and the verdict says why it is red")
    func leaving() throws {
        let server = try Server(
            """
            worker_processes 1; shutdown_delay 5s;
            error_log %PREFIX%/error.log notice;
            events { }
            http { log_format reasons "$request_uri $status $proxy_reason";
                access_log %PREFIX%/access.log reasons;
                server { listen 127.0.0.1:%PORT1%; location /ready { readiness; } location /api { api; } } }
            """)
        server.program.send(SIGTERM)
        #expect(waitUntil(Deadline(in: 4)) { (try? RawClient.get(server.port, "/ready"))?.status == 503 })
        let portico = try server.json("/api/9/portico")
        #expect(portico["level"] as? String == "red" && (portico["errors"] as? [Any])?.isEmpty == true)
        #expect((portico["verdict"] as? String)?.hasPrefix("Portico was told to stop") == true)
        #expect(
            waitUntil(Deadline(in: 5)) { server.directory.read("access.log").contains("/ready 503 ok\n") })
        server.program.send(SIGTERM)
        #expect(server.program.waitForEnd(within: 10) == .exited(0))
    }
}
