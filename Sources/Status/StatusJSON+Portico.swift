internal import Net
internal import Sharing
internal import Upstream

/// What the commercial API has no shape for.
extension StatusJSON {
    var portico: JSON {
        let verdict = report.verdict
        var members: [(String, JSON)] = [
            ("verdict", .string(verdict.text)), ("level", .string(verdict.level.name)),
            ("well", .bool(verdict.isWell)), ("usable_servers", .int(verdict.usable)),
            ("problems", .array(verdict.problems.map { problem($0) })),
            ("started", .string(Wording.time(ms: report.startedMs))),
            ("latency", latency(report.requests.latency)),
            ("plain_http_on_tls", .int(report.plainOnTLS)),
            ("closed_for_room", .int(report.connections.closedForRoom)),
            ("refused_for_room", .int(report.connections.refusedForRoom)),
            ("http2_connections", .int(report.connections.http2)),
            ("http2_requests", .int(report.connections.http2Requests)),
            ("failed_logins", .int(report.failedLogins)),
            ("pattern_limit_exceeded", .int(report.patternExcesses)),
            ("mirrors_dropped", .int(report.mirrorsDropped)),
            ("requests_delayed", .int(report.requestsDelayed)),
            ("checker_pid", .int(report.checkerPID)),
        ]
        if let reload = report.lastReload {
            members.append(
                (
                    "last_reload",
                    .object([
                        ("time", .string(Wording.time(ms: reload.atMs))),
                        ("succeeded", .bool(reload.complaint == nil)),
                        ("complaint", reload.complaint.map { .string($0) } ?? .null),
                    ])
                ))
        }
        members += [
            ("workers", .array(report.workers.map { worker($0) })),
            ("upstreams", detailsOfUpstreams),
            ("certificates", .array(report.certificates.map { certificate($0) })),
            ("reasons", .object(report.reasons.map { ($0.reason, .int($0.count)) })),
            ("errors", .array(report.events.map { event($0) })),
            ("events", .array(report.happenings.map { entry in .made { happening(entry) } })),
            ("event_counts", eventCounts),
            ("windows", .array(report.windows.map { window($0) })),
            ("history", .array(report.samples.map { sample($0) })),
        ]
        return .object(members)
    }

    private func problem(_ problem: StatusVerdict.Problem) -> JSON {
        .object([
            ("level", .string(problem.level.name)), ("kind", .string(problem.kind.rawValue)),
            ("upstream", problem.upstream.map { .string($0) } ?? .null), ("text", .string(problem.text)),
            ("since", problem.sinceMs > 0 ? .string(Wording.time(ms: problem.sinceMs)) : .null),
        ])
    }

    /// In microseconds, right to a thirty-second.
    private func latency(_ histogram: LatencyHistogram) -> JSON {
        func part(_ part: Double) -> JSON { histogram.percentile(part).map { .int(Int($0)) } ?? .null }
        return .object([("p50_us", part(0.5)), ("p95_us", part(0.95)), ("p99_us", part(0.99))])
    }

    private func worker(_ worker: StatusReport.Worker) -> JSON {
        .object([
            ("id", .int(worker.process.slot)), ("pid", .int(worker.process.pid)),
            ("started", .string(Wording.time(ms: worker.process.startedMs))),
            ("respawns", .int(worker.process.respawns)), ("cpu_ms", .int(worker.process.use.cpuMs)),
            ("resident_bytes", .int(worker.process.use.residentBytes)),
            ("open_descriptors", .int(worker.process.use.descriptors)),
        ])
    }

    var detailsOfUpstreams: JSON {
        .object(report.upstreams.map { entry in (entry.name, .made { details(entry) }) })
    }

    private func details(_ upstream: StatusReport.Upstream) -> JSON {
        let all = upstream.servers.reduce(0) { $0 + $1.sum[.requests] }
        return .object([
            ("panic", .bool(upstream.isInPanic)),
            ("usable_servers", .int(upstream.servers.count { upstream.canServe($0) })),
            ("windows", .array(upstream.windows.map { serverWindow($0) })),
            ("servers", .array(upstream.listed.map { entry in .made { server(entry, all) } })),
        ])
    }

    private func server(_ server: StatusReport.Server, _ all: Int) -> JSON {
        var members: [(String, JSON)] = [
            ("server", .string(server.settings.name)), ("state", .string(server.state.rawValue)),
            ("reason", .string(server.reason)),
            ("since", server.sinceMs > 0 ? .string(Wording.time(ms: server.sinceMs)) : .null),
            ("share_permille", .int(all > 0 ? server.sum[.requests] * 1000 / all : 0)),
            ("latency", latency(server.sum.latency)),
        ]
        members += [
            ("retries", .int(server.sum[.retries])), ("downtime_ms", .int(server.downtimeMs)),
            ("windows", .array(server.recent.windows.map { serverWindow($0) })),
            ("course", .array(server.recent.requests.map { .int($0) })),
        ]
        if server.checks.lastMs > 0 {
            members.append(("last_check", .string(Wording.time(ms: server.checks.lastMs))))
        }
        return .object(members)
    }

    private func certificate(_ facts: CertificateFacts) -> JSON {
        .object([
            ("file", .string(facts.file)), ("names", .array(facts.names.map { .string($0) })),
            ("expires", .string(Wording.time(ms: report.nowMs + facts.secondsLeft * 1000))),
            ("days_left", .int(facts.secondsLeft / 86400)),
        ])
    }

    private func event(_ event: EventRing.Event) -> JSON {
        let names = ["reason", "request", "client", "server"]
        return .object(
            [("time", .string(Wording.time(ms: event.atMs))), ("status", .int(event.status))]
                + zip(names, event.texts).map { ($0, .string($1)) })
    }

    private func happening(_ happening: StatusReport.Happening) -> JSON {
        let entry = happening.entry
        return .object([
            ("time", .string(Wording.time(ms: entry.atMs))), ("kind", .string(happening.kind.name)),
            ("subject", .string(entry.subject)),
            ("upstream", entry.upstream.isEmpty ? .null : .string(entry.upstream)),
            ("what", .string(entry.what)),
            ("lasted_ms", entry.lastedMs > 0 ? .int(entry.lastedMs) : .null),
            ("reason", .string(entry.reason)), ("by", entry.by.isEmpty ? .null : .string(entry.by)),
        ])
    }

    private var eventCounts: JSON {
        .object(
            report.happeningCounts.map { kind, counts in
                (
                    kind.name,
                    .object([
                        ("total", .int(counts.total)), ("dropped", .int(counts.dropped)),
                        ("forgotten", .int(counts.forgotten)),
                    ])
                )
            })
    }

    private func window(_ window: RecentWindow) -> JSON {
        .object([
            ("seconds", .int(window.meantMs / 1000)), ("length_ms", .int(window.lengthMs)),
            ("requests", .int(window.requests)), ("client_errors", .int(window.clientErrors)),
            ("server_errors", .int(window.serverErrors)), ("p50_us", .int(window.latency.p50)),
            ("p95_us", .int(window.latency.p95)), ("p99_us", .int(window.latency.p99)),
        ])
    }

    /// A server's latencies are known by their mean alone.
    private func serverWindow(_ window: RecentWindow) -> JSON {
        .object([
            ("seconds", .int(window.meantMs / 1000)), ("length_ms", .int(window.lengthMs)),
            ("requests", .int(window.requests)), ("client_errors", .int(window.clientErrors)),
            ("server_errors", .int(window.serverErrors)), ("failures", .int(window.failures)),
            ("mean_us", .int(window.meanUs)), ("p50_us", .int(window.latency.p50)),
            ("p95_us", .int(window.latency.p95)), ("p99_us", .int(window.latency.p99)),
        ])
    }

    private func sample(_ sample: ServiceRecord.Sample) -> JSON {
        .object([
            ("time", .string(Wording.time(ms: sample.atMs))), ("length_ms", .int(sample.lengthMs)),
            ("requests", .int(sample.requests)), ("errors", .int(sample.errors)),
            ("p50_us", .int(sample.latency.p50)),
            ("p95_us", .int(sample.latency.p95)), ("p99_us", .int(sample.latency.p99)),
        ])
    }
}
