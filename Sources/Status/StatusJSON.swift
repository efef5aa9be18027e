internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// The report in the shapes of the commercial API, version 9; what that lacks stands under `portico`.
package struct StatusJSON {
    let report: StatusReport

    /// Views of a report that is whole.
    package init(report: StatusReport) { self.report = report }

    /// All of it, as `/status?format=json` gives it.
    package var whole: JSON {
        if let part = report.part { return page(part) }
        return .object([
            ("nginx", nginx), ("processes", processes), ("connections", connections(report.connections)),
            ("slabs", slabs), ("ssl", ssl), ("workers", workers), ("resolvers", resolvers),
            ("http", http), ("portico", .made { portico }),
        ])
    }

    /// Servers alone, and where those that follow are.
    private func page(_ part: StatusPart) -> JSON {
        .object([
            ("page", .int(part.page)), ("pages", .int(part.pages)),
            ("next", part.next("json").map { .string($0) } ?? .null),
            ("verdict", .string(report.verdict.text)), ("level", .string(report.verdict.level.name)),
            ("http", .object([("upstreams", upstreams)])),
            ("portico", .object([("upstreams", detailsOfUpstreams)])),
        ])
    }

    var http: JSON {
        .object([
            ("requests", requests), ("server_zones", serverZones), ("location_zones", locationZones),
            ("caches", caches), ("limit_conns", limitConns), ("limit_reqs", limitReqs),
            ("upstreams", upstreams), ("keyvals", keyvals),
        ])
    }

    // MARK: Tables that are always empty

    /// There is no such allocator.
    var slabs: JSON { .object([]) }
    var caches: JSON { .object([]) }
    var keyvals: JSON { .object([]) }

    // MARK: The service

    var nginx: JSON {
        .object([
            ("version", .string("portico/\(Version.text)")), ("build", .string("portico-\(Version.text)")),
            ("address", .string(report.address)), ("generation", .int(report.generation)),
            ("load_timestamp", time(report.loadedMs)), ("timestamp", time(report.nowMs)),
            ("pid", .int(report.answeringPID)), ("ppid", .int(report.masterPID)),
        ])
    }

    var processes: JSON { .object([("respawned", .int(report.respawned))]) }

    func connections(_ counts: StatusReport.Connections) -> JSON {
        .object([
            ("accepted", .int(counts.accepted)), ("dropped", .int(counts.dropped)),
            ("active", .int(max(0, counts.active - counts.idle))), ("idle", .int(counts.idle)),
        ])
    }

    var requests: JSON { requests(report.connections) }

    private func requests(_ counts: StatusReport.Connections) -> JSON {
        .object([("total", .int(counts.requests)), ("current", .int(counts.reading + counts.writing))])
    }

    /// Of clients and of servers.
    var ssl: JSON { ssl([report.requests, report.serverHandshakes]) }

    /// - Parameter isPeer: of a server of an upstream, which has two of the members not.
    private func ssl(_ parts: [TallySum], isPeer: Bool = false) -> JSON {
        func sum(_ count: TallyTable.Count) -> JSON { .int(parts.reduce(0) { $0 + $1[count] }) }
        let failed = parts.reduce(0) { $0 + $1.failedHandshakes }
        return .object(
            [
                ("handshakes", sum(.handshakes)), ("handshakes_failed", .int(failed)),
                ("session_reuses", sum(.resumptions)), ("no_common_protocol", sum(.noSharedProtocol)),
            ] + (isPeer ? [] : [("no_common_cipher", sum(.noSharedCipher))]) + [
                ("handshake_timeout", sum(.handshakeTimeouts)),
                ("peer_rejected_cert", sum(.rejectedCertificates)),
                (
                    "verify_failures",
                    .object(
                        (isPeer ? [] : [("no_cert", sum(.noCertificate))]) + [
                            ("expired_cert", sum(.expiredCertificates)),
                            ("revoked_cert", sum(.revokedCertificates)),
                            ("hostname_mismatch", sum(.otherNames)), ("other", sum(.badCertificates)),
                        ])
                ),
            ])
    }

    var workers: JSON {
        .array(
            report.workers.map { worker in
                .object([
                    ("id", .int(worker.process.slot)), ("pid", .int(worker.process.pid)),
                    ("connections", connections(worker.connections)),
                    ("http", .object([("requests", requests(worker.connections))])),
                ])
            })
    }

    /// One request and one response a lookup, whatever it took.
    var resolvers: JSON {
        .object(
            report.resolvers.map { zone, tally in
                func number(_ ending: LookupEnding) -> JSON { .int(tally[ending]) }
                return (
                    zone,
                    .object([
                        (
                            "requests",
                            .object([
                                ("name", .int(tally.nameCount)), ("srv", .int(tally.serviceCount)),
                                ("addr", .int(0)),
                            ])
                        ),
                        (
                            "responses",
                            .object(StatusReport.lookupEndings.map { ($0.word, number($0.ending)) })
                        ),
                    ])
                )
            })
    }

    // MARK: Zones

    var serverZones: JSON {
        .object(
            report.serverZones.map { zone in
                let json = JSON.made {
                    let processing = ("processing", JSON.int(max(0, zone.sum[.processing])))
                    return .object([processing] + zoneMembers(zone.sum) + [("ssl", ssl([zone.sum]))])
                }
                return (zone.name, json)
            })
    }

    var locationZones: JSON {
        .object(report.locationZones.map { zone in (zone.name, .made { .object(zoneMembers(zone.sum)) }) })
    }

    private func zoneMembers(_ sum: TallySum) -> [(String, JSON)] {
        [
            ("requests", .int(sum[.requests])), ("responses", responses(sum)),
            ("discarded", .int(sum[.discarded])), ("received", .int(sum[.received])),
            ("sent", .int(sum[.sent])),
        ]
    }

    private func responses(_ sum: TallySum) -> JSON {
        let codes = sum.statuses.sorted { $0.key < $1.key }.map { ("\($0.key)", JSON.int($0.value)) }
        return .object([
            ("1xx", .int(sum[.informational])), ("2xx", .int(sum[.successful])),
            ("3xx", .int(sum[.redirected])), ("4xx", .int(sum[.clientErrors])),
            ("5xx", .int(sum[.serverErrors])), ("codes", .object(codes)), ("total", .int(sum.responses)),
        ])
    }

    var limitConns: JSON { limits(report.limitConnections) }
    var limitReqs: JSON { limits(report.limitRequests) }

    private func limits(_ zones: [StatusReport.LimitZone]) -> JSON {
        .object(
            zones.map { zone in (zone.name, .object(zone.counts.map { ($0.word, .int($0.value)) })) })
    }

    // MARK: Upstreams

    var upstreams: JSON {
        .object(report.upstreams.map { entry in (entry.name, .made { upstream(entry) }) })
    }

    func upstream(_ upstream: StatusReport.Upstream) -> JSON {
        var members: [(String, JSON)] = [
            (
                "peers",
                .array(upstream.listed.map { entry in .made { peer(entry, usesTLS: upstream.usesTLS) } })
            ),
            ("keepalive", .int(upstream.idleConnections)),
            ("zombies", .int(upstream.zombies)),
        ]
        if let zone = upstream.zone { members.append(("zone", .string(zone))) }
        if let queue = upstream.queue {
            members.append(
                (
                    "queue",
                    .object([
                        ("size", .int(queue.size)), ("max_size", .int(queue.max)),
                        ("overflows", .int(queue.overflows)),
                    ])
                ))
        }
        return .object(members)
    }

    private func peer(_ server: StatusReport.Server, usesTLS: Bool) -> JSON {
        let sum = server.sum
        let isDown = server.isTrouble && server.state != .up && server.sinceMs > 0
        let answered = sum.latency.total
        var members: [(String, JSON)] = [
            ("id", .int(server.id)), ("server", .string(server.settings.name)),
            ("name", .string(server.settings.server)), ("backup", .bool(server.settings.isBackup)),
            ("weight", .int(server.settings.weight)), ("state", .string(server.state.rawValue)),
            ("active", .int(server.active)),
        ]
        if usesTLS { members.append(("ssl", ssl([sum], isPeer: true))) }
        if server.connectionsMax > 0 { members.append(("max_conns", .int(server.connectionsMax))) }
        members += [
            ("requests", .int(sum[.requests])), ("responses", responses(sum)), ("sent", .int(sum[.sent])),
            ("received", .int(sum[.received])), ("fails", .int(sum[.failures])),
            ("unavail", .int(server.checks.unhealthy)),
            (
                "health_checks",
                .object([
                    ("checks", .int(server.checks.checks)), ("fails", .int(server.checks.fails)),
                    ("unhealthy", .int(server.checks.unhealthy)),
                    ("last_passed", .bool(server.state != .unhealthy && server.checks.checks > 0)),
                ])
            ),
            ("downtime", .int(server.downtimeMs)),
        ]
        if isDown { members.append(("downstart", time(server.sinceMs))) }
        if sum[.selectedMs] > 0 { members.append(("selected", time(sum[.selectedMs]))) }
        if answered > 0 {
            members.append(("header_time", .int(sum[.headerUs] / answered / 1000)))
            members.append(("response_time", .int(sum[.responseUs] / answered / 1000)))
        }
        members.append(("response_time_hist", histogram(sum.latency)))
        return .object(members)
    }

    private func histogram(_ latency: LatencyHistogram) -> JSON {
        let bounds = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
        var buckets: [(String, JSON)] = []
        var below = 0
        for (ms, count) in zip(bounds, latency.counts(upTo: bounds.map { Int64($0) * 1000 })) {
            buckets.append(("\(ms)", .int(count - below)))
            below = count
        }
        buckets.append(("inf", .int(latency.total - below)))
        return .object([
            ("count", .int(latency.total)), ("sum", .int(latency.sumUs / 1000)),
            ("buckets", .object(buckets)),
        ])
    }

    private func time(_ ms: Int) -> JSON { .string(Wording.time(ms: ms)) }
}
