internal import Core
internal import Net
internal import Upstream

/// The report as a page for people: `status.html` with its places filled in.
struct StatusPage {
    private let report: StatusReport
    private var html = ""

    /// What a browser may load for the page: its own style and script, and the page again.
    static func contentSecurityPolicy(nonce: String) -> String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; connect-src 'self';"
            + " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    /// - Parameter nonce: allows the page's own style and script, once.
    static func text(_ report: StatusReport, nonce: String) -> String {
        var page = StatusPage(report: report)
        page.writeReport()
        let service =
            "\(Version.text) · up \(Wording.duration(ms: report.nowMs - report.startedMs))"
            + " · generation \(report.generation) · \(report.address)"
        return fill([
            "title": StatusPage.escaped("\(report.verdict) – Portico"),
            "nonce": nonce, "service": StatusPage.escaped(service), "report": page.html,
        ])
    }

    private init(report: StatusReport) { self.report = report }

    private static func fill(_ values: [String: String]) -> String {
        let template = String(decoding: PackageResources.status_html, as: UTF8.self)
        var text = ""
        var rest = template[...]
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}")
        {
            text += rest[..<start.lowerBound]
            text += values[String(rest[start.upperBound..<end.lowerBound])] ?? ""
            rest = rest[end.upperBound...]
        }
        return text + rest
    }

    private func escaped(_ text: String) -> String { StatusPage.escaped(text) }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    // MARK: Pieces

    private mutating func tile(_ term: String, _ value: String) {
        html += "<div><dt>\(term)</dt><dd>\(escaped(value))</dd></div>"
    }

    private mutating func begin(_ title: String, _ note: String = "") {
        html += "<section><h2>\(escaped(title))"
        if !note.isEmpty { html += " <small>\(escaped(note))</small>" }
        html += "</h2>"
    }

    private mutating func table(_ caption: String, _ columns: [String], _ rows: [String]) {
        html +=
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(escaped(caption))\">"
        html += "<table><caption>\(escaped(caption))</caption><thead><tr>"
        html += columns.map { name in
            let isText = ["State", "Reason", "Request", "Also for", "File"].contains(name)
            return "<th scope=\"col\"\(isText ? " class=\"text\"" : "")>\(name)</th>"
        }.joined()
        html += "</tr></thead><tbody>" + rows.joined() + "</tbody></table></div>"
    }

    private func cell(_ text: String) -> String { "<td>\(escaped(text))</td>" }
    private func count(_ number: Int) -> String { cell(Wording.count(number)) }

    private func latency(_ histogram: LatencyHistogram, _ part: Double) -> String {
        Wording.latency(us: histogram.percentile(part))
    }

    // MARK: Sections

    private mutating func writeReport() {
        let kind = report.isWell ? "good" : "bad"
        html += "<p class=\"verdict \(kind)\" role=\"status\" aria-live=\"polite\">"
        html += "\(escaped(report.verdict))</p>\n"
        writeTraffic()
        for upstream in report.upstreams { write(upstream) }
        writeZones()
        writeTLS()
        writeWorkers()
        writeEvents()
        writeConfiguration()
    }

    private mutating func writeTraffic() {
        begin("Traffic")
        html += "<dl class=\"tiles\">"
        let last = report.samples.last
        tile("Requests per second", last.map { Wording.count(StatusPage.rate($0)) } ?? "–")
        let latencies = report.requests.latency
        tile(
            "p50",
            Wording.latency(
                us: last.flatMap { $0.requests > 0 ? Int64($0.p50) : nil } ?? latencies.percentile(0.5)))
        tile(
            "p95",
            Wording.latency(
                us: last.flatMap { $0.requests > 0 ? Int64($0.p95) : nil } ?? latencies.percentile(0.95)))
        tile(
            "p99",
            Wording.latency(
                us: last.flatMap { $0.requests > 0 ? Int64($0.p99) : nil } ?? latencies.percentile(0.99)))
        tile("Requests", Wording.count(report.connections.requests))
        tile("Responses 4xx", Wording.count(report.requests[.clientErrors]))
        tile("Responses 5xx", Wording.count(report.requests[.serverErrors]))
        tile("Connections active", Wording.count(report.connections.active))
        tile("Reading", Wording.count(report.connections.reading))
        tile("Writing", Wording.count(report.connections.writing))
        tile("Idle", Wording.count(report.connections.idle))
        tile("Accepted", Wording.count(report.connections.accepted))
        html += "</dl><div class=\"charts\">"
        chart("Requests per second", report.samples.map(StatusPage.rate)) { Wording.count($0) }
        chart("Latency p99", report.samples.map(\.p99)) { Wording.latency(us: Int64($0)) }
        html += "</div></section>\n"
    }

    private static func rate(_ sample: ServiceRecord.Sample) -> Int {
        sample.lengthMs > 0 ? (sample.requests * 1000 + sample.lengthMs / 2) / sample.lengthMs : 0
    }

    /// A line over the last minutes, with its highest value in words.
    private mutating func chart(_ title: String, _ values: [Int], _ word: (Int) -> String) {
        let top = max(values.max() ?? 0, 1)
        let step = 300.0 / Double(max(values.count - 1, 1))
        var points = ""
        for (index, value) in values.enumerated() {
            let x = Int(Double(index) * step)
            points += "\(x),\(48 - value * 44 / top) "
        }
        let caption =
            "\(title), last \(Wording.duration(ms: values.count * 2000)), at most \(word(values.max() ?? 0))"
        html += "<figure><svg class=\"line\" viewBox=\"0 0 300 50\" preserveAspectRatio=\"none\" role=\"img\""
        html += " aria-label=\"\(escaped(caption))\">"
        if values.count > 1 {
            html +=
                "<polygon class=\"area\" points=\"0,50 \(points)300,50\"/><polyline points=\"\(points)\"/>"
        }
        html += "</svg><figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private mutating func write(_ upstream: StatusReport.Upstream) {
        let up = upstream.servers.count { $0.state == .up }
        begin("Upstream \(upstream.name)", "\(up) of \(upstream.servers.count) servers up")
        if upstream.isInPanic {
            html += "<p class=\"notice\">Too few servers are healthy: all of them are used.</p>"
        }
        let all = upstream.servers.reduce(0) { $0 + $1.sum[.requests] }
        table(
            "Servers of \(upstream.name)",
            [
                "Server", "State", "Weight", "Active", "Requests", "Share", "2xx", "3xx", "4xx", "5xx",
                "Fails",
                "p50", "p99", "Last check",
            ], upstream.servers.map { row($0, of: all) })
        if let queue = upstream.queue { html += "<p>Queue: \(queue.size) of \(queue.max) places taken.</p>" }
        html += "</section>\n"
    }

    private func row(_ server: StatusReport.Server, of all: Int) -> String {
        let sum = server.sum
        var notes: [String] = []
        if !server.reason.isEmpty { notes.append(server.reason) }
        if server.sinceMs > 0 { notes.append("for \(Wording.duration(ms: report.nowMs - server.sinceMs))") }
        let backup = server.settings.isBackup ? " <small>backup</small>" : ""
        let word = Wording.state(server.state)
        let share = all > 0 ? sum[.requests] * 100 / all : 0
        var text = "<tr><th scope=\"row\">\(escaped(server.settings.name))\(backup)</th>"
        text +=
            "<td class=\"text\"><span class=\"state \(server.state.rawValue)\">\(word)</span>"
        if !notes.isEmpty { text += "<small>\(escaped(notes.joined(separator: ", ")))</small>" }
        text += "</td>" + count(server.settings.weight) + count(server.active) + count(sum[.requests])
        text +=
            "<td><svg class=\"share\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\""
            + " aria-hidden=\"true\">"
        text += "<rect width=\"\(share)\" height=\"10\"/></svg>\(Wording.share(sum[.requests], of: all))</td>"
        text += count(sum[.successful]) + count(sum[.redirected]) + count(sum[.clientErrors])
        text += count(sum[.serverErrors]) + count(sum[.failures])
        text += cell(latency(sum.latency, 0.5)) + cell(latency(sum.latency, 0.99))
        return text + cell(lastCheck(server)) + "</tr>"
    }

    private func lastCheck(_ server: StatusReport.Server) -> String {
        guard server.isChecked else { return "not checked" }
        guard server.checks.lastMs > 0 else { return "–" }
        return "\(Wording.duration(ms: report.nowMs - server.checks.lastMs)) ago"
    }

    private mutating func writeZones() {
        for (kind, zones) in [("Server", report.serverZones), ("Location", report.locationZones)]
        where !zones.isEmpty {
            begin("\(kind) zones")
            let rows = zones.map { zone in
                let sum = zone.sum
                return "<tr><th scope=\"row\">\(escaped(zone.name))</th>"
                    + count(max(0, sum[.processing])) + count(sum[.requests]) + count(sum[.successful])
                    + count(sum[.redirected]) + count(sum[.clientErrors]) + count(sum[.serverErrors])
                    + cell(Wording.bytes(sum[.received])) + cell(Wording.bytes(sum[.sent]))
                    + cell(latency(sum.latency, 0.5)) + cell(latency(sum.latency, 0.99)) + "</tr>"
            }
            table(
                "\(kind) zones",
                [
                    "Zone", "Now", "Requests", "2xx", "3xx", "4xx", "5xx", "Received", "Sent", "p50", "p99",
                ], rows)
            html += "</section>\n"
        }
    }

    private mutating func writeTLS() {
        let counts = report.requests
        begin("TLS")
        html += "<dl class=\"tiles\">"
        tile("Handshakes", Wording.count(counts[.handshakes]))
        tile("Resumed", Wording.share(counts[.resumptions], of: counts[.handshakes]))
        tile("Failed", Wording.count(counts.failedHandshakes))
        tile("No shared protocol", Wording.count(counts[.noSharedProtocol]))
        tile("No shared cipher", Wording.count(counts[.noSharedCipher]))
        tile("Certificate rejected", Wording.count(counts[.rejectedCertificates]))
        tile("Timed out", Wording.count(counts[.handshakeTimeouts]))
        tile("Plain HTTP", Wording.count(report.plainOnTLS))
        html += "</dl>"
        if !report.certificates.isEmpty {
            let rows = report.certificates.map { facts in
                let days = facts.secondsLeft / 86400
                let others = facts.names.dropFirst().joined(separator: ", ")
                let mark = facts.expiryWarning == nil ? "" : " class=\"notice\""
                return "<tr><th scope=\"row\">\(escaped(facts.names.first ?? "–"))</th>"
                    + "<td\(mark)>\(facts.secondsLeft < 0 ? "expired" : "\(days)")</td>"
                    + "<td class=\"text wrap\">\(escaped(others))</td>"
                    + "<td class=\"text wrap\">\(escaped(facts.file))</td></tr>"
            }
            table("Certificates", ["Certificate", "Days left", "Also for", "File"], rows)
        }
        html += "</section>\n"
    }

    private mutating func writeWorkers() {
        begin("Workers", "\(report.respawned) respawned")
        let rows = report.workers.map { worker in
            "<tr><th scope=\"row\">\(worker.process.slot)</th>" + cell("\(worker.process.pid)")
                + cell(Wording.duration(ms: report.nowMs - worker.process.startedMs))
                + count(worker.process.respawns) + count(worker.connections.active)
                + count(worker.connections.requests) + "</tr>"
        }
        table("Worker processes", ["Worker", "Pid", "Up", "Respawns", "Connections", "Requests"], rows)
        html += "</section>\n"
    }

    private mutating func writeEvents() {
        begin("Last errors")
        if report.events.isEmpty {
            html += "<p>None.</p></section>\n"
            return
        }
        let rows = report.events.map { event in
            let texts = event.texts + ["", "", "", ""]
            return "<tr><td>\(Wording.duration(ms: report.nowMs - event.atMs)) ago</td>"
                + "<td>\(event.status)</td><td class=\"text\">\(escaped(texts[0]))</td>"
                + "<td class=\"text wrap\">\(escaped(texts[1]))</td>" + cell(texts[2])
                + cell(texts[3])
                + "</tr>"
        }
        table(
            "The last \(rows.count) requests that something was wrong with",
            ["When", "Status", "Reason", "Request", "Client", "Server"], rows)
        html += "</section>\n"
    }

    private mutating func writeConfiguration() {
        begin("Configuration")
        html += "<dl class=\"tiles\">"
        tile("Version", "\(Version.text)")
        tile("Generation", "\(report.generation)")
        tile("Loaded", "\(Wording.duration(ms: report.nowMs - report.loadedMs)) ago")
        tile("Failed logins", Wording.count(report.failedLogins))
        tile("Master", "\(report.masterPID)")
        if report.checkerPID > 0 { tile("Checker", "\(report.checkerPID)") }
        html += "</dl>"
        if let reload = report.lastReload {
            let ago = Wording.duration(ms: report.nowMs - reload.atMs)
            if let complaint = reload.complaint {
                html +=
                    "<p class=\"notice\">The last reload, \(ago) ago, was refused: \(escaped(complaint))</p>"
            } else {
                html += "<p>The last reload, \(ago) ago, succeeded.</p>"
            }
        } else {
            html += "<p>Not reloaded since the start.</p>"
        }
        html += "</section>\n"
    }
}
