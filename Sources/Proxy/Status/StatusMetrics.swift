internal import Core
internal import Net
internal import Upstream

/// The report as Prometheus reads it: text format 0.0.4.
struct StatusMetrics {
    private let report: StatusReport
    private let out: ByteBuffer

    /// Writes all of it to `out`.
    static func write(_ report: StatusReport, to out: ByteBuffer) {
        let metrics = StatusMetrics(report: report, out: out)
        metrics.writeVerdict()
        metrics.writeService()
        metrics.writeHandshakes()
        metrics.writeZones()
        metrics.writeServers()
        metrics.writeServerHandshakes()
        metrics.writeUpstreams()
        metrics.writeResolvers()
    }

    private init(report: StatusReport, out: ByteBuffer) {
        self.report = report
        self.out = out
    }

    // MARK: Lines

    private enum Kind: String { case counter, gauge, histogram }

    private func begin(_ name: String, _ kind: Kind, _ help: String) {
        out.append("# HELP portico_\(name) \(help)\n# TYPE portico_\(name) \(kind.rawValue)\n")
    }

    private func line(_ name: String, _ labels: [(String, String)] = [], _ value: String) {
        out.append("portico_\(name)\(StatusMetrics.text(labels)) \(value)\n")
    }

    private func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        begin(name, kind, help)
        line(name, [], String(value))
    }

    private static func text(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(Wording.isPrintable(scalar) ? scalar : "?")
            }
        }
        return result
    }

    /// Microseconds as seconds.
    private func seconds(_ us: Int) -> String {
        let fraction = String(us % 1_000_000 + 1_000_000).dropFirst()
        return "\(us / 1_000_000).\(fraction)"
    }

    // MARK: What there is

    private func writeVerdict() {
        let verdict = StatusVerdict(report)
        single(
            "verdict", .gauge,
            "0 green: nothing needs a hand, 1 amber: something does, 2 red: an upstream can serve nothing.",
            verdict.level.rawValue)
        guard !verdict.problems.isEmpty else { return }
        begin("problem", .gauge, "Something that needs a hand.")
        var seen: Set<String> = []
        for problem in verdict.problems {
            let labels = [
                ("level", problem.level.name), ("kind", problem.kind.rawValue),
                ("upstream", problem.upstream ?? ""), ("text", problem.text),
            ]
            if seen.insert(StatusMetrics.text(labels)).inserted { line("problem", labels, "1") }
        }
    }

    private func writeService() {
        begin("build_info", .gauge, "Which build answers.")
        line("build_info", [("version", "\(Version.text)")], "1")
        begin("start_time_seconds", .gauge, "When the service began, since the epoch.")
        line("start_time_seconds", [], String(report.startedMs / 1000))
        single("config_generation", .gauge, "Configurations so far.", report.generation)
        single(
            "config_last_reload_successful", .gauge, "Whether the last reload was accepted.",
            report.lastReload?.complaint == nil ? 1 : 0)
        single("workers", .gauge, "Worker processes.", report.workers.count)
        single(
            "process_respawns_total", .counter, "Processes that died and were started again.",
            report.respawned)
        let connections = report.connections
        single("connections_accepted_total", .counter, "Client connections accepted.", connections.accepted)
        single("connections_dropped_total", .counter, "Client connections not served.", connections.dropped)
        single(
            "connections_closed_for_room_total", .counter,
            "Idle client connections closed so that others could be served.", connections.closedForRoom)
        single(
            "connections_refused_total", .counter,
            "Requests answered with 503 because connections or descriptors had run out.",
            connections.refusedForRoom)
        begin("connections", .gauge, "Client connections now.")
        for (state, count) in [
            ("reading", connections.reading), ("writing", connections.writing), ("idle", connections.idle),
        ] {
            line("connections", [("state", state)], String(count))
        }
        single(
            "requests_total", .counter,
            "Requests served, those of health checks and of the status not counted.",
            report.requests[.requests])
        writeResponses(
            "responses_total", "Responses to clients by the class of their status.", [([], report.requests)])
        single("failed_logins_total", .counter, "Wrong passwords and unknown users.", report.failedLogins)
        single(
            "pattern_limit_exceeded_total", .counter, "Requests whose regular expression took too long.",
            report.patternExcesses)
        writeHistogram("request_duration_seconds", "How long requests took.", [([], report.requests.latency)])
    }

    private func writeHandshakes() {
        writeHandshakes(
            "tls_handshakes_total", "TLS handshakes with clients by how they ended.",
            [([], report.requests)], plainHTTP: report.plainOnTLS)
        writeCertificates(
            "tls_client_certificates_refused_total", "Client certificates that were missing or did not hold.",
            [([], report.requests)], ofClients: true)
        guard !report.certificates.isEmpty else { return }
        begin("tls_certificate_expiry_seconds", .gauge, "When a certificate ends, since the epoch.")
        var seen: Set<String> = []
        for facts in report.certificates {
            let labels = [("file", facts.file), ("name", facts.names.first ?? "")]
            guard seen.insert(StatusMetrics.text(labels)).inserted else { continue }
            line("tls_certificate_expiry_seconds", labels, String(report.nowMs / 1000 + facts.secondsLeft))
        }
    }

    private func writeZones() {
        for (kind, zones) in [("server", report.serverZones), ("location", report.locationZones)]
        where !zones.isEmpty {
            let rows = zones.map { ([("zone", $0.name)], $0.sum) }
            writeCounts("\(kind)_zone_requests_total", "Requests of a \(kind) zone.", rows) { $0[.requests] }
            writeResponses("\(kind)_zone_responses_total", "Responses of a \(kind) zone.", rows)
            writeCounts("\(kind)_zone_received_bytes_total", "Bytes from clients.", rows) { $0[.received] }
            writeCounts("\(kind)_zone_sent_bytes_total", "Bytes to clients.", rows) { $0[.sent] }
            writeCounts("\(kind)_zone_discarded_total", "Requests without a response.", rows) {
                $0[.discarded]
            }
        }
        guard !report.serverZones.isEmpty else { return }
        writeHandshakes(
            "server_zone_tls_handshakes_total", "TLS handshakes of a server zone by how they ended.",
            report.serverZones.map { ([("zone", $0.name)], $0.sum) })
    }

    private func writeServers() {
        var rows: [(labels: [(String, String)], server: StatusReport.Server)] = []
        for upstream in report.upstreams {
            for server in upstream.servers {
                rows.append((StatusMetrics.labels(upstream, server), server))
            }
        }
        guard !rows.isEmpty else { return }
        begin(
            "upstream_server_state", .gauge,
            "1 up, 2 draining, 3 down, 4 unavailable, 5 checking, 6 unhealthy.")
        for row in rows { line("upstream_server_state", row.labels, String(row.server.state.number)) }
        begin("upstream_server_active", .gauge, "Requests that a server has now.")
        for row in rows { line("upstream_server_active", row.labels, String(row.server.active)) }
        let sums = rows.map { ($0.labels, $0.server.sum) }
        writeCounts("upstream_server_requests_total", "Requests sent to a server.", sums) { $0[.requests] }
        writeResponses("upstream_server_responses_total", "Responses of a server.", sums)
        writeCounts("upstream_server_failures_total", "Failed attempts at a server.", sums) { $0[.failures] }
        writeCounts("upstream_server_sent_bytes_total", "Bytes sent to a server.", sums) { $0[.sent] }
        writeCounts("upstream_server_received_bytes_total", "Bytes from a server.", sums) { $0[.received] }
        begin("upstream_server_checks_total", .counter, "Health checks by their verdict.")
        for row in rows {
            let checks = row.server.checks
            line(
                "upstream_server_checks_total", row.labels + [("verdict", "passed")],
                String(checks.checks - checks.fails))
            line("upstream_server_checks_total", row.labels + [("verdict", "failed")], String(checks.fails))
        }
        writeHistogram(
            "upstream_server_response_seconds", "How long a server took for whole responses.",
            rows.map { ($0.labels, $0.server.sum.latency) })
    }

    private func writeUpstreams() {
        guard !report.upstreams.isEmpty else { return }
        func write(
            _ name: String, _ kind: Kind, _ help: String, _ value: (StatusReport.Upstream) -> Int?
        ) {
            let rows = report.upstreams.compactMap { upstream in value(upstream).map { (upstream.name, $0) } }
            guard !rows.isEmpty else { return }
            begin(name, kind, help)
            for (upstream, value) in rows { line(name, [("upstream", upstream)], String(value)) }
        }
        write("upstream_servers", .gauge, "Servers of an upstream.") { $0.servers.count }
        write("upstream_servers_usable", .gauge, "Servers that the next request may go to.") { upstream in
            upstream.servers.count { upstream.canServe($0) }
        }
        write("upstream_idle_connections", .gauge, "Connections to servers that are kept idle.") {
            $0.idleConnections
        }
        write("upstream_zombies", .gauge, "Servers that were removed and still have requests.") { $0.zombies }
        write("upstream_queue_requests", .gauge, "Requests that wait for a server.") { $0.queue?.size }
        write("upstream_queue_overflows_total", .counter, "Requests that found the queue full.") {
            $0.queue?.overflows
        }
    }

    private func writeServerHandshakes() {
        let rows = report.upstreams.filter(\.usesTLS).flatMap { upstream in
            upstream.servers.map {
                (StatusMetrics.labels(upstream, $0), $0.sum)
            }
        }
        guard !rows.isEmpty else { return }
        writeHandshakes(
            "upstream_server_tls_handshakes_total", "TLS handshakes with a server by how they ended.", rows)
        writeCertificates(
            "upstream_server_tls_certificates_refused_total", "Certificates of a server that did not hold.",
            rows, ofClients: false)
    }

    /// The same address may stand there twice.
    private static func labels(
        _ upstream: StatusReport.Upstream, _ server: StatusReport.Server
    ) -> [(String, String)] {
        [("upstream", upstream.name), ("server", server.settings.name), ("id", String(server.id))]
    }

    private func writeResolvers() {
        guard !report.resolvers.isEmpty else { return }
        begin("resolver_requests_total", .counter, "Names that name servers were asked for.")
        for (zone, tally) in report.resolvers {
            line("resolver_requests_total", [("zone", zone)], String(tally[.names]))
        }
        begin("resolver_responses_total", .counter, "Lookups of names by how they ended.")
        for (zone, tally) in report.resolvers {
            for (word, count) in StatusReport.lookupEndings {
                line("resolver_responses_total", [("zone", zone), ("code", word)], String(tally[count]))
            }
        }
    }

    // MARK: Shapes

    /// - Parameter plainHTTP: clients that spoke no TLS; `nil`: that is not told here.
    private func writeHandshakes(
        _ name: String, _ help: String, _ rows: [([(String, String)], TallySum)],
        plainHTTP: Int? = nil
    ) {
        begin(name, .counter, help)
        for (labels, counts) in rows {
            var outcomes = [
                ("full", counts[.handshakes] - counts[.resumptions]), ("resumed", counts[.resumptions]),
                ("no_shared_protocol", counts[.noSharedProtocol]),
                ("no_shared_cipher", counts[.noSharedCipher]),
                ("rejected_certificate", counts[.rejectedCertificates]),
                ("timeout", counts[.handshakeTimeouts]),
            ]
            if let plainHTTP { outcomes.append(("plain_http", plainHTTP)) }
            for (outcome, count) in outcomes + [("failed", counts[.handshakeFailures])] {
                line(name, labels + [("outcome", outcome)], String(count))
            }
        }
    }

    private func writeCertificates(
        _ name: String, _ help: String, _ rows: [([(String, String)], TallySum)],
        ofClients: Bool
    ) {
        begin(name, .counter, help)
        for (labels, counts) in rows {
            for (reason, count) in [
                ofClients ? ("missing", counts[.noCertificate]) : ("other_name", counts[.otherNames]),
                ("expired", counts[.expiredCertificates]), ("revoked", counts[.revokedCertificates]),
                ("other", counts[.badCertificates]),
            ] {
                line(name, labels + [("reason", reason)], String(count))
            }
        }
    }

    private func writeCounts(
        _ name: String, _ help: String, _ rows: [([(String, String)], TallySum)], _ value: (TallySum) -> Int
    ) {
        begin(name, .counter, help)
        for (labels, sum) in rows { line(name, labels, String(value(sum))) }
    }

    private func writeResponses(_ name: String, _ help: String, _ rows: [([(String, String)], TallySum)]) {
        begin(name, .counter, help)
        let classes: [(String, TallyTable.Count)] = [
            ("1xx", .informational), ("2xx", .successful), ("3xx", .redirected), ("4xx", .clientErrors),
            ("5xx", .serverErrors),
        ]
        for (labels, sum) in rows {
            for (word, count) in classes { line(name, labels + [("code", word)], String(sum[count])) }
        }
    }

    private static var bounds: [(us: Int, text: String)] {
        [
            (500, "0.0005"), (1000, "0.001"), (2500, "0.0025"), (5000, "0.005"), (10_000, "0.01"),
            (25_000, "0.025"), (50_000, "0.05"), (100_000, "0.1"), (250_000, "0.25"), (500_000, "0.5"),
            (1_000_000, "1"), (2_500_000, "2.5"), (5_000_000, "5"), (10_000_000, "10"), (60_000_000, "60"),
        ]
    }

    private func writeHistogram(
        _ name: String, _ help: String, _ rows: [([(String, String)], LatencyHistogram)]
    ) {
        begin(name, .histogram, help)
        for (labels, latency) in rows {
            for bound in StatusMetrics.bounds {
                line(
                    "\(name)_bucket", labels + [("le", bound.text)],
                    String(latency.count(upTo: Int64(bound.us))))
            }
            line("\(name)_bucket", labels + [("le", "+Inf")], String(latency.total))
            line("\(name)_sum", labels, seconds(latency.sumUs))
            line("\(name)_count", labels, String(latency.total))
        }
    }
}

extension StatusReport.Server.State {
    /// As the commercial edition's module for Prometheus numbers them.
    var number: Int {
        switch self {
        case .up: 1
        case .draining: 2
        case .down: 3
        case .unavail: 4
        case .checking: 5
        case .unhealthy: 6
        }
    }
}
