internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// The report for a terminal: aligned columns, 80 wide.
package struct StatusText {
    private let report: StatusReport
    private let out: ByteBuffer
    private static var width: Int { 80 }

    /// Writes all of it to `out`.
    static func write(_ report: StatusReport, to out: ByteBuffer) {
        let work = SlicedWork(out: out)
        add(report, to: work)
        work.finish()
    }

    /// Adds the steps that write all of it.
    package static func add(
        _ report: StatusReport, _ view: StatusView = StatusView(), to work: SlicedWork
    ) {
        let text = StatusText(report: report, out: work.out)
        work.once {
            text.writeVerdict()
            text.line("")
            text.writeService()
        }
        if view.isAsked {
            text.add(view, to: work)
        } else {
            for upstream in report.upstreams { text.add(upstream, to: work) }
        }
        text.addZones(to: work)
        work.once {
            text.writeLimits()
            text.writeTLS()
            text.writeWorkers()
            text.writeHappenings()
            text.writeEvents()
        }
    }

    private init(report: StatusReport, out: ByteBuffer) {
        self.report = report
        self.out = out
    }

    private func line(_ text: String) { whole(String(text.prefix(StatusText.width))) }

    /// Words of clients, gateways and files are in it: no terminal must obey them, and no line be another's.
    private func whole(_ text: String) {
        out.append(Wording.printable(text))
        out.append("\n")
    }

    /// Never cut, however wide it is.
    private func writeVerdict() {
        let verdict = StatusVerdict(report)
        whole("\(verdict.level.name): \(verdict.text)")
        for text in verdict.unnamed { whole("  \(text)") }
    }

    /// Cells of a row, each padded to its width; negative widths align to the right.
    private func row(_ cells: [(text: String, width: Int)]) {
        var text = ""
        for cell in cells {
            if !text.isEmpty { text += " " }
            let word = String(cell.text.prefix(abs(cell.width)))
            let padding = String(repeating: " ", count: max(0, abs(cell.width) - word.count))
            text += cell.width < 0 ? padding + word : word + padding
        }
        while text.last == " " { text.removeLast() }
        line(text)
    }

    private func percentile(_ latency: LatencyHistogram, _ part: Double) -> String {
        Wording.latency(us: latency.percentile(part))
    }

    private func writeService() {
        let latency = report.requests.latency
        line(
            "requests \(Wording.count(report.requests[.requests]))"
                + "  now \(report.samples.last.map { Wording.count($0.rate) } ?? "–")/s"
                + "  p50 \(percentile(latency, 0.5))  p95 \(percentile(latency, 0.95))"
                + "  p99 \(percentile(latency, 0.99))")
        for window in report.windows {
            let span = Wording.span(ms: window.meantMs)
            line(
                "  last \(span)".padded(to: 14)
                    + "\(Wording.rate(window.tenthsPerSecond))/s"
                    + "  4xx \(Wording.share(window.clientErrors, of: window.requests))"
                    + "  5xx \(Wording.share(window.serverErrors, of: window.requests))"
                    + zip(["p50", "p95", "p99"], window.latency.numbers).map {
                        "  \($0) \(Wording.latency(us: window.requests > 0 ? Int64($1) : nil))"
                    }.joined())
        }
        let connections = report.connections
        line(
            "connections active \(Wording.count(connections.active))  reading \(connections.reading)"
                + "  writing \(connections.writing)  idle \(connections.idle)"
                + "  accepted \(Wording.count(connections.accepted))  dropped \(connections.dropped)")
        if connections.http2Requests > 0 {
            line(
                "http/2 connections \(Wording.count(connections.http2))"
                    + "  requests \(Wording.count(connections.http2Requests))")
        }
        if connections.closedForRoom + connections.refusedForRoom > 0 {
            line(
                "no room: idle closed \(Wording.count(connections.closedForRoom))"
                    + "  requests refused \(Wording.count(connections.refusedForRoom))")
        }
        var text =
            "portico/\(Version.text)  up \(Wording.duration(ms: report.nowMs - report.startedMs))"
            + "  generation \(report.generation)"
        if let reload = report.lastReload {
            text += "  reload \(reload.complaint == nil ? "succeeded" : "REFUSED")"
            text += " \(Wording.duration(ms: report.nowMs - reload.atMs)) ago"
        }
        line(text)
        if let complaint = report.lastReload?.complaint { line("  \(complaint)") }
    }

    /// Servers of all upstreams, as they are asked for.
    private func add(_ view: StatusView, to work: SlicedWork) {
        var servers: [(upstream: Int, server: Int)] = []
        work.once {
            servers = StatusListing(report, view).servers
            line("")
            row([
                ("  upstream", 14), ("server", 22), ("state", 11), ("now/s", -7), ("active", -6), ("5xx", -6),
                ("fails", -6),
            ])
        }
        var next = 0
        work.repeating {
            guard next < servers.count else { return false }
            let upstream = report.upstreams[servers[next].upstream]
            let server = upstream.servers[servers[next].server]
            row([
                ("  " + upstream.name, 14), (server.settings.name, 22), (Wording.state(server.state), 11),
                (server.recent.windows.first.map { Wording.rate($0.tenthsPerSecond) } ?? "–", -7),
                ("\(server.active)", -6), ("\(server.sum[.serverErrors])", -6),
                ("\(server.sum[.failures])", -6),
            ])
            let ailment = upstream.ailments[servers[next].server]
            if server.isTrouble || ailment != nil { writeDetail(of: server, ailment) }
            next += 1
            return true
        }
    }

    private func add(_ upstream: StatusReport.Upstream, to work: SlicedWork) {
        let all = upstream.servers.reduce(0) { $0 + $1.sum[.requests] }
        let ailments = upstream.ailments
        work.once {
            line("")
            line("upstream \(upstream.name)\(upstream.isInPanic ? "  PANIC: all servers are used" : "")")
            row([
                ("  server", 23), ("state", 11), ("now/s", -7), ("active", -6), ("requests", -10),
                ("share", -7), ("5xx", -4), ("fails", -5),
            ])
        }
        work.each(upstream.servers.count) { index in
            let server = upstream.servers[index]
            let sum = server.sum
            row([
                ("  " + server.settings.name, 23), (Wording.state(server.state), 11),
                (server.recent.windows.first.map { Wording.rate($0.tenthsPerSecond) } ?? "–", -7),
                ("\(server.active)", -6), ("\(sum[.requests])", -10),
                (Wording.share(sum[.requests], of: all), -7), ("\(sum[.serverErrors])", -4),
                ("\(sum[.failures])", -5),
            ])
            writeDetail(of: server, ailments[index])
        }
    }

    private func writeDetail(of server: StatusReport.Server, _ ailment: StatusReport.Upstream.Ailment?) {
        var words = ailment.map { [$0.figures] } ?? []
        if !server.reason.isEmpty { words.append(server.reason) }
        if server.hindrance == .full { words.append("has all the connections that it may have") }
        if let limit = server.foundLimit { words.append(limit) }
        if server.sinceMs > 0, server.state != .up || server.hindrance == .failing {
            words.append("for \(Wording.duration(ms: report.nowMs - server.sinceMs))")
        }
        if case (let p50?, let p99?) = server.latencyNow {
            words.append("p50 \(Wording.latency(us: p50)) p99 \(Wording.latency(us: p99))")
        }
        if let minute = server.minute, minute.clientErrors > 0 {
            words.append("4xx \(Wording.share(minute.clientErrors, of: minute.requests))")
        }
        if server.checks.lastMs > 0 {
            words.append("checked \(Wording.duration(ms: report.nowMs - server.checks.lastMs)) ago")
        }
        if !words.isEmpty { line("    " + words.joined(separator: ", ")) }
    }

    private func addZones(to work: SlicedWork) {
        for (kind, zones) in [("server", report.serverZones), ("location", report.locationZones)]
        where !zones.isEmpty {
            work.once {
                line("")
                row([
                    ("\(kind) zone", 24), ("requests", -10), ("2xx", -9), ("3xx", -6), ("4xx", -6),
                    ("5xx", -6), ("sent", -9),
                ])
            }
            work.each(zones.count) { index in
                let sum = zones[index].sum
                row([
                    ("  " + zones[index].name, 24), ("\(sum[.requests])", -10), ("\(sum[.successful])", -9),
                    ("\(sum[.redirected])", -6), ("\(sum[.clientErrors])", -6),
                    ("\(sum[.serverErrors])", -6), (Wording.bytes(sum[.sent]), -9),
                ])
            }
        }
    }

    private func writeLimits() {
        for (kind, zones) in [("limit_req", report.limitRequests), ("limit_conn", report.limitConnections)]
        where !zones.isEmpty {
            line("")
            row([
                ("\(kind) zone", 24), ("passed", -11), ("delayed", -9), ("rejected", -9), ("dry runs", -9),
                ("keys", -9),
            ])
            for zone in zones {
                row([
                    ("  " + zone.name, 24), ("\(zone.count("passed"))", -11),
                    ("\(zone.count("delayed"))", -9),
                    ("\(zone.count("rejected"))", -9),
                    ("\(zone.count("delayed_dry_run") + zone.count("rejected_dry_run"))", -9),
                    ("\(zone.keys.count)", -9),
                ])
            }
        }
    }

    private func writeTLS() {
        let counts = report.requests
        guard counts[.handshakes] + counts.failedHandshakes > 0 || !report.certificates.isEmpty else {
            return
        }
        line("")
        line(
            "tls handshakes \(Wording.count(counts[.handshakes]))"
                + "  resumed \(Wording.share(counts[.resumptions], of: counts[.handshakes]))"
                + "  failed \(Wording.count(counts.failedHandshakes))  plain http \(report.plainOnTLS)")
        for facts in report.certificates {
            row([
                ("  " + (facts.names.first ?? facts.file), 40), ("\(facts.secondsLeft / 86400)", -6),
                ("days left", 10),
            ])
        }
    }

    private func writeWorkers() {
        line("")
        row([("worker", 8), ("pid", -8), ("up", -14), ("respawns", -9), ("active", -8), ("requests", -12)])
        for worker in report.workers {
            let process = worker.process
            row([
                ("  \(process.slot)", 8), ("\(process.pid)", -8),
                (Wording.duration(ms: report.nowMs - process.startedMs), -14), ("\(process.respawns)", -9),
                ("\(worker.connections.active)", -8), ("\(worker.connections.requests)", -12),
            ])
        }
    }

    private func writeHappenings() {
        guard !report.happenings.isEmpty else { return }
        line("")
        line("what happened")
        for happening in report.happenings.prefix(20) {
            line(
                "  \(Wording.duration(ms: report.nowMs - happening.entry.atMs)) ago"
                    + "  \(happening.kind.name)  \(happening.subject)  \(happening.what)")
            if !happening.explanation.isEmpty { line("    \(happening.explanation)") }
        }
    }

    private func writeEvents() {
        guard !report.events.isEmpty else { return }
        line("")
        line("last errors")
        for (event, count) in report.kindsOfErrors {
            let texts = event.texts + ["", "", "", ""]
            line(
                "  \(Wording.duration(ms: report.nowMs - event.atMs)) ago"
                    + "  \(event.status) \(texts[0])  \(texts[1])"
                    + (texts[3].isEmpty ? "" : "  at \(texts[3])")
                    + (count > 1 ? "  \(count) times" : ""))
        }
    }
}

extension String {
    /// With spaces behind it, up to a width.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
