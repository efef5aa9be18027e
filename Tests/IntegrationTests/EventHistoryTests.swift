import Foundation
import TestSupport
import Testing

/// What happened, as the page, the API, the text and the metrics tell it.
@Suite("Event history", .serialized) struct EventHistoryTests {
    private static var configuration: String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; }
            upstream weak { zone weak 64k; server %DEAD% fail_timeout=1h; server %GATEWAY2% backup; }
            server { listen 127.0.0.1:%PORT1%;
                location / { proxy_pass http://gw; health_check interval=50ms uri=/ready; }
                location /weak { proxy_pass http://weak; }
                location /limited { limit_req zone=one; proxy_pass http://gw; }
                location /status { status; }
                location /api { api write=on; allow 127.0.0.1; deny all; } } }
        """
    }

    /// "kind subject what" of what there is, the youngest first.
    private func told(_ server: Server) throws -> [String] {
        let body = try RawClient.get(server.port, "/api/9/portico/events").body
        let events = try JSONSerialization.jsonObject(with: Data(body)) as? [[String: Any]]
        return try #require(events).map { event in
            ["kind", "subject", "what", "reason"].map { event[$0] as? String ?? "–" }.joined(separator: " ")
        }
    }

    private func waitFor(_ part: String, _ server: Server) throws {
        var all: [String] = []
        let isTold = try waitUntil(Deadline(in: 10)) {
            all = try told(server)
            return all.contains { $0.contains(part) }
        }
        #expect(isTold, "no \"\(part)\" in \(all)")
    }

    @Test("servers, reloads, deaths, API writes and limits are told, over reloads and deaths")
    func happenings() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(Self.configuration, gateways: gateways)
        let one = "127.0.0.1:\(gateways[0].port)"
        try waitFor("process master", server)
        gateways[0].answer("/ready", with: .fixed("no", status: "503 Busy"))
        try waitFor("server \(one) unhealthy 503 from GET /ready", server)
        gateways[0].answer("/ready", with: .fixed("yes"))
        try waitFor("server \(one) up 200 from GET /ready", server)
        #expect(try RawClient.get(server.port, "/weak").status == 200)
        try waitFor("unavailable 1 failed attempt", server)
        _ = try server.askUpstreams("PATCH", "gw/servers/1", "{\"drain\":true}")
        try waitFor("change servers/1 PATCH done {\"drain\":true}", server)
        let gw = try server.json("/api/9/portico/upstreams/gw")
        let since = (gw["servers"] as? [[String: Any]])?.last?["since"] as? String
        #expect(since?.hasSuffix("Z") == true, "\(gw)")
        for _ in 0..<5 { _ = try RawClient.get(server.port, "/limited") }
        try waitFor("limit limit_req zone \"one\" requests refused 127.0.0.1", server)
        #expect(try server.reload().ending == .exited(0))
        try waitFor("reload configuration reloaded generation 2", server)
        try server.rewrite(Self.configuration + "nonsense;", gateways: gateways)
        #expect(try server.reload().ending == .exited(1))
        try waitFor("reload configuration refused unknown directive \"nonsense\"", server)
        let victim = try #require(server.program.children.first)
        kill(victim, SIGKILL)
        try waitFor("died", server)
        // Nothing is lost meanwhile, and every view tells of it.
        try waitFor("server \(one) unhealthy 503 from GET /ready", server)
        func view(_ format: String) throws -> String {
            String(decoding: try RawClient.get(server.port, "/status/\(format)").body, as: UTF8.self)
        }
        #expect(try view("text").contains("\(one) of upstream \"gw\"  unhealthy"))
        let page = try view("html")
        #expect(page.contains("<h2>What happened") && page.contains("limit_req zone &quot;one&quot;"))
        let metrics = try view("prometheus")
        #expect(metrics.contains("portico_events_total{kind=\"reload\"} 2\n"))
        #expect(metrics.contains("portico_events_dropped_total{kind=\"limit\"} 3\n"))
        server.finish(expected: ["exited on signal 9", "unknown directive"])
    }

    @Test("downtime grows over several times that a server was out, and stays when it is up")
    func downtime() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(Self.configuration, gateways: gateways)
        func downtime() throws -> Int {
            let upstream = try server.json("/api/9/http/upstreams/gw")
            return try #require(number((upstream["peers"] as? [[String: Any]])?.first, "downtime"))
        }
        #expect(try downtime() == 0)
        var former = 0
        for _ in 0..<2 {
            gateways[0].answer("/ready", with: .fixed("no", status: "503 Busy"))
            #expect(try waitUntil(Deadline(in: 10)) { try downtime() > former + 100 })
            gateways[0].answer("/ready", with: .fixed("yes"))
            #expect(
                try waitUntil(Deadline(in: 10)) {
                    let first = try downtime()
                    usleep(20_000)
                    return try downtime() == first
                })
            former = try downtime()
        }
        server.finish()
    }

    @Test("retries, reasons, and what processes use are in the metrics; rates come a few seconds later")
    func metrics() throws {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        let server = try Server(Self.configuration, gateways: gateways)
        #expect(try RawClient.get(server.port, "/weak").status == 200)
        #expect(try RawClient.get(server.port, "/limited").status == 200)
        #expect(try RawClient.get(server.port, "/limited").status == 503)
        var metrics = ""
        func has(_ line: String) -> Bool { metrics.contains("\nportico_" + line) }
        let isWhole = try waitUntil(Deadline(in: 15)) {
            metrics = String(latin1: try RawClient.get(server.port, "/status/metrics").body)
            return has("process_open_descriptors{process=\"worker 1\"} ")
                && !has("process_open_descriptors{process=\"worker 1\"} 0\n")
        }
        #expect(isWhole, "\(metrics)")
        #expect(has("upstream_server_retries_total{upstream=\"weak\",server=\"127.0.0.1:"))
        for line in [
            "request_ends_total{reason=\"retried:error\"} 1\n", "request_ends_total{reason=\"limited\"} 1\n",
            "worker_connections_max 512\n", "worker_connections{worker=\"0\"} ",
            "process_cpu_seconds_total{process=\"master\"} ", "config_last_load_timestamp_seconds 1",
            "process_resident_memory_bytes{process=\"checker\"} ",
        ] { #expect(has(line), "no \(line) in \(metrics)") }
        let isRated = try waitUntil(Deadline(in: 30)) {
            let windows = try server.json("/api/9/portico?fields=windows")["windows"] as? [[String: Any]]
            return windows?.compactMap { $0["seconds"] as? Int } == [10, 60, 300]
                && windows?.last?["requests"] as? Int == 3
        }
        #expect(isRated)
        server.finish()
    }

    @Test("a new binary goes on with the history")
    func upgrade() throws {
        let service = try Service()
        let old = service.master
        let next = try service.upgrade()
        kill(old, SIGQUIT)
        #expect(waitForEnd(of: old))
        service.master = next
        #expect(waitUntil(Deadline(in: 10)) { service.isWhole() })
        let text = try service.body("/status/text")
        #expect(text.contains("master \(old)  started") && text.contains("master \(next)  "), "\(text)")
    }
}
