import Foundation
import TestSupport
import Testing

/// The status page, the API and the metrics, over several workers.
@Suite("Status", .serialized) struct StatusTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { log_format reasons "$request_uri $status $proxy_reason"; access_log %PREFIX%/access.log reasons;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; }
            upstream dead { server %DEAD%; }
            server { listen 127.0.0.1:%PORT1%; status_zone main;
                location / { proxy_pass http://gw; status_zone root; }
                location /dead { proxy_pass http://dead; }
                location /status { status; }
                location /api { api; }
                location = /teapot { return 418 "tea"; } } }
        """
    }

    private func text(_ server: Server, _ path: String) throws -> String {
        String(decoding: try RawClient.get(server.port, path).body, as: UTF8.self)
    }

    private func gateway() throws -> RecordingGateway {
        try RecordingGateway()
    }

    @Test(
        "after known requests over all workers every view says the same; a reload and a death change nothing")
    func sums() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        for _ in 0..<40 { #expect(try RawClient.get(server.port, "/x").status == 200) }
        for _ in 0..<5 { #expect(try RawClient.get(server.port, "/dead").status == 502) }
        #expect(try RawClient.get(server.port, "/teapot").status == 418)
        func check(_ sourceLocation: SourceLocation = #_sourceLocation) throws {
            let all = try server.json("/status?format=json")
            let zone = (all["http"] as? [String: Any])?["location_zones"] as? [String: Any]
            #expect(number(zone, "root", "requests") == 40, sourceLocation: sourceLocation)
            #expect(number(zone, "root", "responses", "codes", "200") == 40, sourceLocation: sourceLocation)
            let main = try server.json("/api/9/http/server_zones/main")
            #expect(number(main, "responses", "codes", "502") == 5, sourceLocation: sourceLocation)
            #expect(number(main, "responses", "codes", "418") == nil, sourceLocation: sourceLocation)
            #expect(number(main, "responses", "4xx") == 1, sourceLocation: sourceLocation)
            let upstream = try server.json("/api/9/http/upstreams/gw")
            let peers = upstream["peers"] as? [[String: Any]] ?? []
            #expect(
                peers.compactMap { number($0, "requests") }.reduce(0, +) == 40, sourceLocation: sourceLocation
            )
            #expect(
                peers.compactMap { number($0, "response_time_hist", "count") }.reduce(0, +) == 40,
                sourceLocation: sourceLocation)
            let metrics = try text(server, "/status/metrics")
            #expect(
                metrics.contains("portico_location_zone_requests_total{zone=\"root\"} 40"),
                sourceLocation: sourceLocation)
            let shown = try text(server, "/status?format=text")
            #expect(
                shown.split(separator: "\n").contains { $0.hasPrefix("  root") && $0.contains(" 40 ") },
                sourceLocation: sourceLocation)
        }
        try check()
        #expect(try server.reload().ending == .exited(0))
        try check()
        let victim = try #require(server.program.children.first)
        kill(victim, SIGKILL)
        #expect(
            waitUntil(Deadline(in: 5)) {
                server.program.children.count == 2 && !server.program.children.contains(victim)
            })
        try check()
        #expect(number(try server.json("/api/9/processes"), "respawned") == 1)
        #expect(number(try server.json("/api/9/nginx"), "generation") == 2)
        server.finish(expected: ["exited on signal 9"])
    }

    @Test("the format follows the path, ?format= and Accept; the API is read only")
    func formats() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        func type(_ path: String, _ accept: String? = nil) throws -> String {
            let line = accept.map { "Accept: \($0)\r\n" } ?? ""
            let answer = try RawClient.ask(
                server.port, "GET \(path) HTTP/1.1\r\nHost: a\r\n\(line)Connection: close\r\n\r\n")
            return answer.head["content-type"] ?? "\(answer.status)"
        }
        #expect(try type("/status") == "text/plain; charset=utf-8")
        #expect(try type("/status", "text/html,*/*") == "text/html; charset=utf-8")
        #expect(try type("/status", "application/json") == "application/json")
        #expect(try type("/status", "text/plain;version=0.0.4").hasPrefix("text/plain; version=0.0.4"))
        #expect(try type("/status/metrics").hasPrefix("text/plain; version=0.0.4"))
        let scraper = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4"
        for path in ["/status", "/status/metrics", "/status?format=prometheus"] {
            #expect(try type(path, scraper) == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        }
        #expect(try RawClient.get(server.port, "/status/other").status == 404)
        let page = try RawClient.ask(
            server.port, "GET /status HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
        #expect(page.head["content-security-policy"]?.contains("default-src 'none'") == true)
        let write = try RawClient.ask(
            server.port, "DELETE /api/9/connections HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(write.status == 405 && String(decoding: write.body, as: UTF8.self).contains("MethodDisabled"))
        let refusal = try JSONSerialization.jsonObject(with: Data(write.body)) as? [String: Any]
        #expect(refusal?.keys.sorted() == ["error", "href", "request_id"])
        #expect((refusal?["request_id"] as? String)?.count == 32)
        #expect(try server.json("/api/9/ssl?fields=handshakes").keys.sorted() == ["handshakes"])
        server.finish()
    }

    @Test("all tables of the API are there, those of what there is not are empty objects")
    func tables() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        let whole = try server.json("/status?format=json")
        let http = try #require(whole["http"] as? [String: Any])
        #expect(
            whole.keys.sorted() == [
                "connections", "http", "nginx", "portico", "processes", "resolvers", "slabs", "ssl",
                "workers",
            ])
        for name in ["caches", "keyvals", "limit_conns", "limit_reqs"] {
            #expect((http[name] as? [String: Any])?.isEmpty == true, "\(name)")
            #expect(try server.json("/api/9/http/\(name)/").isEmpty, "\(name)")
        }
        for name in ["slabs", "resolvers"] {
            #expect((whole[name] as? [String: Any])?.isEmpty == true, "\(name)")
            #expect(try server.json("/api/9/\(name)/").isEmpty, "\(name)")
        }
        server.finish()
    }

    @Test("paths of the API: slashes, escapes, HEAD, and which methods there are")
    func paths() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        func ask(_ method: String, _ path: String) throws -> Response {
            try RawClient.ask(
                server.port, "\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        }
        for path in ["/api", "/api/", "/api/9", "/api/9/", "/api/9/http/", "/api/9//http/upstreams//gw/"] {
            #expect(try ask("GET", path).status == 200, "\(path)")
        }
        let list = try ask("GET", "/api/9/http/")
        let head = try ask("HEAD", "/api/9/http")
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head.head["content-length"] == "\(list.body.count)")
        #expect(head.head["content-type"] == "application/json")
        #expect(try ask("HEAD", "/api/9/http/upstreams/none").status == 404)
        #expect(
            try server.json("/api/9/connections?x=1&fields=idle%2Cactive").keys.sorted()
                == ["active", "idle"])
        #expect(try server.json("/api/9/http/server_zones/?fields=")["main"] as? [String: Int] == [:])
        for method in ["DELETE", "POST", "OPTIONS", "PATCH"] {
            for path in ["/api/9/http/upstreams/gw/servers/", "/status"] {
                let refusal = try ask(method, path)
                #expect(refusal.status == 405 && refusal.head["allow"] == "GET, HEAD", "\(method) \(path)")
            }
        }
        server.finish()
    }

    @Test("why requests failed is in the log, on the page and in the API")
    func reasons() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        gateways[0].stop()
        #expect(
            waitUntil(Deadline(in: 5)) {
                _ = try? RawClient.get(server.port, "/retry")
                return server.directory.read("access.log").contains("/retry 200 retried:error")
            })
        _ = try RawClient.get(server.port, "/dead")
        #expect(
            waitUntil(Deadline(in: 5)) {
                server.directory.read("access.log").contains("/dead 502 upstream_error")
            })
        let errors = try server.json("/api/9/portico")["errors"] as? [[String: Any]]
        #expect(errors?.first?["reason"] as? String == "upstream_error")
        #expect(errors?.first?["request"] as? String == "GET /dead")
        // Two series of one name would be one to who reads them.
        let series = try text(server, "/status/metrics").split(separator: "\n")
            .filter { $0.hasPrefix("portico_request_ends_total") }
            .compactMap { $0.split(separator: " ").first }
        #expect(series.count > 10 && Set(series).count == series.count)
        server.finish()
    }

    @Test(
        "promtool finds nothing wrong with the metrics",
        .enabled(if: Binary.promtool != nil, "promtool is not installed"))
    func promtool() throws {
        let gateways = [try gateway(), try gateway()]
        let server = try Server(StatusTests.configuration, gateways: gateways)
        _ = try RawClient.get(server.port, "/x")
        try server.directory.write(try text(server, "/status/metrics"), to: "metrics")
        let run = try Program.run(
            "sh", ["-c", "promtool check metrics < \(server.directory.path)/metrics"], in: server.directory)
        #expect(
            run.ending == .exited(0) && run.output.isEmpty && run.errors.isEmpty, "\(run.output)\(run.errors)"
        )
        server.finish()
    }

    @Test("history is there without a master too")
    func alone() throws {
        let server = try Server(
            """
            master_process off; error_log %PREFIX%/error.log notice;
            events { }
            http { access_log off;
                server { listen 127.0.0.1:%PORT1%; location / { proxy_pass http://%GATEWAY1%; }
                    location /status { status; } } }
            """, gateways: [try gateway()])
        #expect(try text(server, "/status?format=html").contains("All well: 1 of 1 gateways up"))
        #expect(
            try waitUntil(Deadline(in: 15)) {
                try text(server, "/status?format=html").contains("<polyline")
            })
        server.finish()
    }
}
