internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// The report as Prometheus reads it: text format 0.0.4, or OpenMetrics 1.0.
///
/// Lines are made in steps of a `SlicedWork`: a server has seventy of them.
package final class StatusMetrics {
    /// How it is written.
    package enum Form {
        case prometheus
        case openMetrics
    }

    let report: StatusReport
    let form: Form
    let work: SlicedWork
    let out: ByteBuffer
    /// The servers of all upstreams, in their order, and what they are called.
    private var servers: [(upstream: Int, labels: String, server: StatusReport.Server)] = []

    /// Writes all of it to `out`.
    static func write(_ report: StatusReport, _ form: Form = .prometheus, to out: ByteBuffer) {
        let work = SlicedWork(out: out)
        add(report, form, to: work)
        work.finish()
    }

    /// Adds the steps that write all of it.
    package static func add(_ report: StatusReport, _ form: Form = .prometheus, to work: SlicedWork) {
        let metrics = StatusMetrics(report, form, work)
        let hasService = report.part?.hasService ?? true
        metrics.addVerdict(hasService)
        if hasService {
            metrics.addService()
            metrics.addHandshakes()
        }
        metrics.addCertificates()
        metrics.addZones()
        metrics.addLimits()
        metrics.addServers()
        metrics.addServerHandshakes()
        metrics.addUpstreams()
        metrics.addResolvers()
        if case .openMetrics = form { work.once { work.out.append("# EOF\n") } }
    }

    private init(_ report: StatusReport, _ form: Form, _ work: SlicedWork) {
        self.report = report
        self.form = form
        self.work = work
        out = work.out
        for (index, upstream) in report.upstreams.enumerated() {
            for server in upstream.listed { servers.append((index, "", server)) }
        }
        let upstreams = report.upstreams.map(\.name)
        work.each(servers.count) { [self] index in
            let server = servers[index].server
            // The same address may stand there twice.
            servers[index].labels = StatusMetrics.text([
                ("upstream", upstreams[servers[index].upstream]), ("server", server.settings.name),
                ("id", String(server.id)),
            ])
        }
    }
}

// MARK: What there is

extension StatusMetrics {
    private func addVerdict(_ hasService: Bool) {
        work.once { [self] in
            if hasService {
                single(
                    "verdict", .gauge,
                    "0 green: nothing needs a hand, 1 amber: something does, 2 red: requests cannot be"
                        + " served.", report.verdict.level.rawValue)
            }
            let problems = report.problemsHere
            guard !problems.isEmpty else { return }
            begin("problem", .gauge, "Something that needs a hand.")
            var seen: Set<String> = []
            for problem in problems {
                let labels = StatusMetrics.text([
                    ("level", problem.level.name), ("kind", problem.kind.rawValue),
                    ("upstream", problem.upstream ?? ""), ("text", problem.text),
                ])
                if seen.insert(labels).inserted { line("problem", labels, 1) }
            }
        }
    }

    private func addService() {
        work.once { [self] in
            writeProcess()
            writeConnections()
        }
        let all = Rows(count: 1, labels: { _ in "" }, sum: { [report] _ in report.requests })
        responses("responses_total", "Responses to clients by the class of their status.", all)
        work.once { [self] in
            single("failed_logins_total", .counter, "Wrong passwords and unknown users.", report.failedLogins)
            single(
                "pattern_limit_exceeded_total", .counter, "Requests whose regular expression took too long.",
                report.patternExcesses)
            single(
                "mirrors_dropped_total", .counter, "Copies of requests not sent, as too many were under way.",
                report.mirrorsDropped)
            single(
                "requests_delayed", .gauge, "Requests that `limit_req` delays now.", report.requestsDelayed)
        }
        addHappenings()
        work.once { [self] in
            begin("request_ends_total", .counter, "Requests that did not simply succeed, by $proxy_reason.")
            for (reason, count) in report.reasons {
                line("request_ends_total", StatusMetrics.text([("reason", reason)]), count)
            }
        }
        histogram("request_duration_seconds", "How long requests took.", all, report.exemplars)
    }

    private func writeProcess() {
        begin("build_info", .gauge, "Which build answers.")
        line("build_info", StatusMetrics.text([("version", "\(Version.text)")]), 1)
        single(
            "start_time_seconds", .gauge, "When the service began, since the epoch.", report.startedMs / 1000)
        single("config_generation", .gauge, "Configurations so far.", report.generation)
        single(
            "config_last_reload_successful", .gauge, "Whether the last reload was accepted.",
            report.lastReload?.complaint == nil ? 1 : 0)
        single(
            "config_last_load_timestamp_seconds", .gauge,
            "When the configuration in force was loaded, since the epoch.", report.loadedMs / 1000)
        if let reload = report.lastReload {
            single(
                "config_last_reload_timestamp_seconds", .gauge,
                "When a reload was tried last, since the epoch.", reload.atMs / 1000)
        }
        single("workers", .gauge, "Worker processes.", report.workers.count)
        single("workers_wanted", .gauge, "Worker processes that there should be.", report.workersWanted)
        single(
            "process_respawns_total", .counter, "Processes that died and were started again.",
            report.respawned)
        writeUse()
        writeLimits()
    }

    private func writeConnections() {
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
        line("connections", "state=\"reading\"", connections.reading)
        line("connections", "state=\"writing\"", connections.writing)
        line("connections", "state=\"idle\"", connections.idle)
        single("http2_connections", .gauge, "Client connections that speak HTTP/2 now.", connections.http2)
        single(
            "http2_requests_total", .counter, "Requests begun over HTTP/2.", connections.http2Requests)
        single(
            "requests_total", .counter,
            "Requests served, those of health checks and of the status not counted.",
            report.requests[.requests])
    }

    private func addHappenings() {
        work.once { [self] in
            begin("events_total", .counter, "Things that happened, by what they happened to.")
            for (kind, counts) in report.happeningCounts {
                line("events_total", "kind=\"\(kind.name)\"", counts.total)
            }
            begin("events_dropped_total", .counter, "Events that came too fast to be kept.")
            for (kind, counts) in report.happeningCounts {
                line("events_dropped_total", "kind=\"\(kind.name)\"", counts.dropped)
            }
        }
    }

    /// What the processes use, by what they are; a worker's slot is its `process` label's number.
    private func writeUse() {
        var all = report.workers.map { ("process=\"worker \($0.process.slot)\"", $0.process.use) }
        all.append(("process=\"master\"", report.masterUse))
        if report.checkerPID > 0 { all.append(("process=\"checker\"", report.checkerUse)) }
        begin("process_cpu_seconds_total", .counter, "Time on processors.")
        for (labels, use) in all {
            write("process_cpu_seconds_total", labels, "")
            appendSeconds(use.cpuMs * 1000)
        }
        begin("process_resident_memory_bytes", .gauge, "Resident memory; what processes share is in each.")
        for (labels, use) in all { line("process_resident_memory_bytes", labels, use.residentBytes) }
        begin("process_open_descriptors", .gauge, "Open descriptors; 0: nobody may know.")
        for (labels, use) in all { line("process_open_descriptors", labels, use.descriptors) }
    }

    private func writeLimits() {
        single(
            "worker_connections_max", .gauge, "Connections that each worker may have.", report.connectionsMax)
        single(
            "worker_descriptors_max", .gauge, "Descriptors that each worker may have open.",
            report.descriptorsMax)
        begin("worker_connections", .gauge, "Client connections of a worker.")
        for worker in report.workers {
            let labels = "worker=\"\(worker.process.slot)\""
            line("worker_connections", labels, worker.connections.active)
        }
    }

    private func addHandshakes() {
        let all = Rows(count: 1, labels: { _ in "" }, sum: { [report] _ in report.requests })
        handshakes(
            "tls_handshakes_total", "TLS handshakes with clients by how they ended.", all,
            plainHTTP: report.plainOnTLS)
        refusedCertificates(
            "tls_client_certificates_refused_total", "Client certificates that were missing or did not hold.",
            all, ofClients: true)
    }

    private func addCertificates() {
        guard !report.certificates.isEmpty else { return }
        let name = "tls_certificate_expiry_seconds"
        work.once { [self] in begin(name, .gauge, "When a certificate ends, since the epoch.") }
        var seen: Set<String> = []
        work.each(report.certificates.count) { [self] index in
            let facts = report.certificates[index]
            let labels = StatusMetrics.text([("file", facts.file), ("name", facts.names.first ?? "")])
            guard seen.insert(labels).inserted else { return }
            line(name, labels, report.nowMs / 1000 + facts.secondsLeft)
        }
    }

    private func addZones() {
        for (kind, zones) in [("server", report.serverZones), ("location", report.locationZones)]
        where !zones.isEmpty {
            let rows = Rows(zones)
            counts("\(kind)_zone_requests_total", "Requests of a \(kind) zone.", rows) { $0[.requests] }
            responses("\(kind)_zone_responses_total", "Responses of a \(kind) zone.", rows)
            counts("\(kind)_zone_received_bytes_total", "Bytes from clients.", rows) { $0[.received] }
            counts("\(kind)_zone_sent_bytes_total", "Bytes to clients.", rows) { $0[.sent] }
            counts("\(kind)_zone_discarded_total", "Requests without a response.", rows) { $0[.discarded] }
        }
        guard !report.serverZones.isEmpty else { return }
        handshakes(
            "server_zone_tls_handshakes_total", "TLS handshakes of a server zone by how they ended.",
            Rows(report.serverZones))
    }

    private func addLimits() {
        let kinds = [
            ("limit_req", "Requests of a `limit_req` zone", report.limitRequests),
            ("limit_conn", "Requests of a `limit_conn` zone", report.limitConnections),
        ]
        for (kind, help, zones) in kinds where !zones.isEmpty {
            work.once { [self] in begin("\(kind)_requests_total", .counter, "\(help) by what became of them.")
            }
            work.each(zones.count) { [self] index in
                for (word, value) in zones[index].counts {
                    let labels = [("zone", zones[index].name), ("result", word)]
                    line("\(kind)_requests_total", StatusMetrics.text(labels), value)
                }
            }
            for (name, help) in [("keys", "Keys that the zone holds."), ("keys_max", "Short keys that fit.")]
            {
                work.once { [self] in begin("\(kind)_\(name)", .gauge, help) }
                work.each(zones.count) { [self] index in
                    let keys = zones[index].keys
                    line(
                        "\(kind)_\(name)", StatusMetrics.text([("zone", zones[index].name)]),
                        name == "keys" ? keys.count : keys.max)
                }
            }
        }
    }

    /// The numbers of all servers that are among these upstreams.
    private func serverRows(among places: [Int]) -> Rows {
        Rows(
            count: places.count, labels: { [self] in servers[places[$0]].labels },
            sum: { [self] in servers[places[$0]].server.sum })
    }

    private func addServers() {
        guard !servers.isEmpty else { return }
        each(
            "upstream_server_state", .gauge,
            "1 up, 2 draining, 3 down, 4 unavailable, 5 checking, 6 unhealthy."
        ) {
            $0.state.number
        }
        let states = "upstream_server_in_state"
        work.once { [self] in begin(states, .gauge, "1 for the state that a server is in, 0 for others.") }
        work.each(servers.count) { [self] index in
            let (_, labels, server) = servers[index]
            for state in StatusReport.Server.State.allCases {
                line(states, labels, state.label, server.state == state ? 1 : 0)
            }
        }
        each("upstream_server_active", .gauge, "Requests that a server has now.") { $0.active }
        if servers.contains(where: { $0.server.connectionsMax > 0 }) {
            each("upstream_server_max_conns", .gauge, "Requests that a server may have now; 0: any.") {
                $0.connectionsMax
            }
        }
        let downtime = "upstream_server_downtime_seconds_total"
        work.once { [self] in begin(downtime, .counter, "For how long a server was out of use.") }
        work.each(servers.count) { [self] index in
            let (_, labels, server) = servers[index]
            write(downtime, labels, "")
            appendSeconds(server.downtimeMs * 1000)
        }
        let rows = serverRows(among: Array(servers.indices))
        counts("upstream_server_requests_total", "Requests sent to a server.", rows) { $0[.requests] }
        responses("upstream_server_responses_total", "Responses of a server.", rows)
        counts("upstream_server_failures_total", "Failed attempts at a server.", rows) { $0[.failures] }
        counts("upstream_server_retries_total", "Failed attempts that another one followed.", rows) {
            $0[.retries]
        }
        counts("upstream_server_sent_bytes_total", "Bytes sent to a server.", rows) { $0[.sent] }
        counts("upstream_server_received_bytes_total", "Bytes from a server.", rows) { $0[.received] }
        let name = "upstream_server_checks_total"
        work.once { [self] in begin(name, .counter, "Health checks by their verdict.") }
        work.each(servers.count) { [self] index in
            let (_, labels, server) = servers[index]
            line(name, labels, ",verdict=\"passed\"", server.checks.checks - server.checks.fails)
            line(name, labels, ",verdict=\"failed\"", server.checks.fails)
        }
        histogram("upstream_server_response_seconds", "How long a server took for whole responses.", rows)
    }

    private func each(
        _ name: String, _ kind: Kind, _ help: String, _ value: @escaping (StatusReport.Server) -> Int
    ) {
        work.once { [self] in begin(name, kind, help) }
        work.each(servers.count) { [self] index in
            line(name, servers[index].labels, value(servers[index].server))
        }
    }

    private func addUpstreams() {
        guard !report.upstreams.isEmpty else { return }
        func write(
            _ name: String, _ kind: Kind, _ help: String, _ value: @escaping (StatusReport.Upstream) -> Int?
        ) {
            var isBegun = false
            work.each(report.upstreams.count) { [self] index in
                let upstream = report.upstreams[index]
                guard !upstream.isContinued, let value = value(upstream) else { return }
                if !isBegun { begin(name, kind, help) }
                isBegun = true
                line(name, StatusMetrics.text([("upstream", upstream.name)]), value)
            }
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

    private func addServerHandshakes() {
        let places = servers.indices.filter { report.upstreams[servers[$0].upstream].usesTLS }
        guard !places.isEmpty else { return }
        let rows = serverRows(among: places)
        handshakes(
            "upstream_server_tls_handshakes_total", "TLS handshakes with a server by how they ended.", rows)
        refusedCertificates(
            "upstream_server_tls_certificates_refused_total", "Certificates of a server that did not hold.",
            rows, ofClients: false)
    }

    private func addResolvers() {
        guard !report.resolvers.isEmpty else { return }
        work.once { [self] in
            begin("resolver_requests_total", .counter, "Names that name servers were asked for.")
            for (zone, tally) in report.resolvers {
                line(
                    "resolver_requests_total", StatusMetrics.text([("zone", zone)]),
                    tally.nameCount + tally.serviceCount)
            }
            begin("resolver_responses_total", .counter, "Lookups of names by how they ended.")
            for (zone, tally) in report.resolvers {
                for (word, ending) in StatusReport.lookupEndings {
                    let labels = StatusMetrics.text([("zone", zone), ("code", word)])
                    line("resolver_responses_total", labels, tally[ending])
                }
            }
        }
    }
}

extension StatusReport.Server.State {
    /// A further label.
    fileprivate var label: String { ",state=\"\(rawValue)\"" }

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
