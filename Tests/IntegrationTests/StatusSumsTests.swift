import Foundation
import TestSupport
import Testing

/// What several workers counted is added up, whoever answers, over reloads and deaths; and Prometheus can
/// read all of it.
@Suite("Status sums", .serialized) struct StatusSumsTests {
    /// Each worker has a socket of its own, so that connections go to both.
    private static func configuration(_ names: NameServer) -> String {
        """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http { access_log off;
            resolver 127.0.0.1:\(names.port) ipv6=off status_zone=dns;
            upstream gw { zone gw 64k; server %GATEWAY1%; server %GATEWAY2%; queue 3; }
            upstream secure { zone secure 64k; server 127.0.0.1:%PORT2%; server a.portico.test:9 resolve down; }
            server { listen 127.0.0.1:%PORT1% reuseport; status_zone main;
                location / { proxy_pass http://gw; status_zone root; }
                location /secure { proxy_pass https://secure; }
                location /status { status; } }
            server { listen 127.0.0.1:%PORT2% ssl; status_zone tls; ssl_certificate self-signed; return 200; } }
        """
    }

    private func server(_ names: NameServer) throws -> Server {
        let gateways = [try RecordingGateway("g1"), try RecordingGateway("g2")]
        return try Server(StatusSumsTests.configuration(names), gateways: gateways)
    }

    private func report(_ server: Server) throws -> [String: Any] {
        try server.json("/status?format=json")
    }

    /// What must be the same whatever happens: requests, responses, bytes, buckets.
    private func counts(_ report: [String: Any]) -> [String: Int] {
        let http = report["http"] as? [String: Any]
        let root = (http?["location_zones"] as? [String: Any])?["root"] as? [String: Any]
        let upstream = (http?["upstreams"] as? [String: Any])?["gw"] as? [String: Any]
        let peers = upstream?["peers"] as? [[String: Any]] ?? []
        var counts: [String: Int] = [:]
        for name in ["requests", "received", "sent"] {
            counts["root \(name)"] = number(root, name)
            counts["peer \(name)"] = peers.compactMap { number($0, name) }.reduce(0, +)
        }
        counts["root 200"] = number(root, "responses", "codes", "200")
        for peer in peers {
            let histogram = peer["response_time_hist"] as? [String: Any]
            counts["peer buckets", default: 0] +=
                (histogram?["buckets"] as? [String: Int] ?? [:]).values.reduce(0, +)
            counts["peer count", default: 0] += number(histogram, "count") ?? 0
        }
        return counts
    }

    /// Asks until both workers have answered, and all of their answers were the same.
    private func agreed(_ server: Server) throws -> [String: Int] {
        var byWorker: [Int: [String: Int]] = [:]
        _ = try waitUntil(Deadline(in: 10)) {
            let report = try report(server)
            guard let pid = number(report, "nginx", "pid") else { return false }
            byWorker[pid] = counts(report)
            return byWorker.count == 2
        }
        #expect(Set(byWorker.values).count == 1 && byWorker.count == 2, "\(byWorker)")
        return byWorker.values.first ?? [:]
    }

    @Test("both workers say the same after requests to both, after a reload, and after each of them has died")
    func sums() throws {
        let names = try NameServer([:])
        defer { names.stop() }
        let server = try server(names)
        for _ in 0..<60 { #expect(try RawClient.get(server.port, "/x").status == 200) }
        let workers = try report(server)["workers"] as? [[String: Any]] ?? []
        let served = workers.compactMap { number($0, "http", "requests", "total") }
        #expect(served.count == 2 && served.allSatisfy { $0 > 0 }, "\(served)")
        // A request is counted when its answer has been sent.
        #expect(try waitUntil(Deadline(in: 5)) { counts(try report(server))["root requests"] == 60 })
        let before = try agreed(server)
        for name in ["root requests", "root 200", "peer requests", "peer count", "peer buckets"] {
            #expect(before[name] == 60, "\(name): \(before)")
        }
        #expect(try server.reload().ending == .exited(0))
        #expect(try agreed(server) == before)
        for victim in server.program.children.prefix(2) {
            let count = server.program.children.count
            kill(victim, SIGKILL)
            #expect(
                waitUntil(Deadline(in: 5)) {
                    server.program.children.count == count && !server.program.children.contains(victim)
                })
        }
        #expect(try waitUntil(Deadline(in: 5)) { counts(try report(server)) == before })
        #expect(number(try report(server), "processes", "respawned") ?? 0 >= 2)
        #expect(try RawClient.get(server.port, "/x").status == 200)
        #expect(try waitUntil(Deadline(in: 5)) { counts(try report(server))["root requests"] == 61 })
        server.finish(expected: ["exited on signal 9", "could not be resolved"])
    }

    /// The values of all lines of one histogram's buckets, in their order, without their labels but `le`.
    private func buckets(_ metrics: String, _ name: String) -> [(le: String, count: Int)] {
        metrics.split(separator: "\n").filter { $0.hasPrefix("\(name)_bucket{") }.compactMap { line in
            let parts = line.components(separatedBy: "le=\"")
            let rest = parts.last?.components(separatedBy: "\"} ") ?? []
            return rest.count == 2 ? Int(rest[1]).map { (rest[0], $0) } : nil
        }
    }

    @Test("histograms for Prometheus have at most 20 buckets each, which add up")
    func histograms() throws {
        let names = try NameServer([:])
        defer { names.stop() }
        let server = try server(names)
        for _ in 0..<10 { _ = try RawClient.get(server.port, "/x") }
        var metrics = ""
        var buckets: [(le: String, count: Int)] = []
        // A request is counted when its answer has been sent.
        let isCounted = try waitUntil(Deadline(in: 5)) {
            metrics = String(
                decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
            buckets = self.buckets(metrics, "portico_request_duration_seconds")
            return (buckets.last?.count ?? 0) >= 10
        }
        #expect(isCounted)
        #expect((10...20).contains(buckets.count) && buckets.last?.le == "+Inf")
        #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.count <= $1.count })
        let total = try #require(buckets.last?.count)
        #expect(metrics.contains("\nportico_request_duration_seconds_count \(total)\n"))
        let family = "portico_upstream_server_response_seconds"
        let servers = self.buckets(metrics, family).map(\.le)
        #expect(servers.count == 4 * buckets.count && Set(servers).count == buckets.count)
        server.finish(expected: ["could not be resolved"])
    }

    @Test(
        "promtool finds nothing wrong where there is something of everything",
        .enabled(if: Binary.promtool != nil, "promtool is not installed"))
    func promtool() throws {
        let names = try NameServer([:])
        defer { names.stop() }
        let server = try server(names)
        for path in ["/x", "/secure"] { #expect(try RawClient.get(server.port, path).status == 200) }
        let metrics = String(
            decoding: try RawClient.get(server.port, "/status/metrics").body, as: UTF8.self)
        for family in [
            "resolver_responses_total", "upstream_queue_overflows_total", "upstream_idle_connections",
            "upstream_zombies", "upstream_server_tls_handshakes_total", "server_zone_tls_handshakes_total",
        ] {
            #expect(metrics.contains("# TYPE portico_\(family) "), "\(family)")
        }
        try server.directory.write(metrics, to: "metrics")
        let run = try Program.run(
            "sh", ["-c", "promtool check metrics < \(server.directory.path)/metrics"], in: server.directory)
        #expect(
            run.ending == .exited(0) && run.output.isEmpty && run.errors.isEmpty, "\(run.output)\(run.errors)"
        )
        server.finish(expected: ["could not be resolved"])
    }
}
