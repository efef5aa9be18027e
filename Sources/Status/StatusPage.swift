internal import Core
internal import Net
internal import Sharing
internal import Upstream

/// The report as a page for people: `status.html` with its places filled in.
package struct StatusPage {
    let report: StatusReport
    let view: StatusView
    private let verdict: StatusVerdict
    var html = ""

    /// What a browser may load for the page: its own style and script, and the page again.
    package static func contentSecurityPolicy(nonce: String) -> String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; connect-src 'self';"
            + " img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    }

    /// - Parameter nonce: allows the page's own style and script, once.
    static func text(_ report: StatusReport, _ view: StatusView = StatusView(), nonce: String) -> String {
        let work = SlicedWork()
        add(report, view, nonce: nonce, to: work)
        work.finish()
        return String(decoding: work.out.bytes, as: UTF8.self)
    }

    /// Adds the steps that write all of it.
    package static func add(
        _ report: StatusReport, _ view: StatusView, nonce: String, to work: SlicedWork
    ) {
        var page = StatusPage(report, view)
        work.once { page.writeVerdict() }
        if let list = view.list {
            work.once { page.write(list) }
            return work.once { work.out.append(page.filled(nonce: nonce)) }
        }
        if view.upstream == nil { work.once { page.writeTraffic() } }
        work.once { page.writeUpstreams() }
        work.once { page.writeHappenings() }
        if view.upstream == nil {
            work.once { page.writeZones() }
            work.once { page.writeLimits() }
            work.once {
                page.writeTLS()
                page.writeWorkers()
                page.writeEvents()
                page.writeConfiguration()
                page.writeExplaining()
            }
        }
        work.once { work.out.append(page.filled(nonce: nonce)) }
    }

    private func filled(nonce: String) -> String {
        let service =
            "\(Version.text) · up \(Wording.duration(ms: report.nowMs - report.startedMs))"
            + " · generation \(report.generation) · \(report.address)"
        return StatusPage.fill([
            "title": escaped("\(verdict.text) – Portico"), "nonce": nonce, "service": escaped(service),
            "report": html, "query": escaped(view.query), "labels": StatusTable.all.map(\.labels).joined(),
        ])
    }

    private init(_ report: StatusReport, _ view: StatusView) {
        self.report = report
        self.view = view
        verdict = StatusVerdict(report)
    }

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

    func escaped(_ text: String) -> String { StatusPage.escaped(text) }

    static func escaped(_ text: String) -> String {
        // Most are numbers.
        guard text.utf8.contains(where: isMarkup) else { return text }
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

    private static func isMarkup(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        default: false
        }
    }

    // MARK: Pieces

    private mutating func tile(_ term: String, _ value: String) {
        html += "<div><dt>\(term)</dt><dd>\(escaped(value))</dd></div>"
    }

    mutating func begin(_ title: String, _ note: String = "") {
        html += "<section><h2>\(escaped(title))"
        if !note.isEmpty { html += " <small>\(escaped(note))</small>" }
        html += "</h2>"
    }

    /// Writes as many rows as there is room for, and where all of them are.
    mutating func write(
        _ table: StatusTable, _ caption: String, _ list: StatusView.List? = nil,
        _ rows: some Collection<String>
    ) {
        html += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(escaped(caption))\">"
        html += "<table class=\"\(table.name)\"><caption>\(escaped(caption))</caption>\(table.head)<tbody>"
        let pages = list.map { max(1, (rows.count + $0.pageRows - 1) / $0.pageRows) } ?? 1
        let page = min(view.page, pages)
        var written = 0
        if let list, list == view.list {
            for row in rows.dropFirst((page - 1) * list.pageRows).prefix(list.pageRows) { html += row }
            written = rows.count
        } else {
            for row in rows.prefix(table.rowsMax) {
                // One row is shown in any case: the first is the worst.
                guard written == 0 || html.utf8.count + row.utf8.count <= table.ceiling else { break }
                html += row
                written += 1
            }
        }
        html += "</tbody></table></div>"
        if written < rows.count, let list {
            let all = Wording.count(rows.count)
            html +=
                "<p>\(written) of \(all) are shown: <a href=\"?list=\(list.rawValue)\">all \(all)</a>.</p>"
        } else if list == view.list {
            writePages(page, of: pages, caption)
        }
    }

    /// A table alone.
    private mutating func write(_ list: StatusView.List) {
        html += "<p><a href=\"?\">The whole page</a></p>"
        switch list {
        case .serverZones: write(report.serverZones, "Server zones", .serverZones)
        case .locationZones: write(report.locationZones, "Location zones", .locationZones)
        case .limits: writeLimits()
        case .certificates: writeTLS()
        case .workers: writeWorkers()
        case .events: writeHappenings()
        case .errors: writeEvents()
        }
    }

    mutating func writePages(_ page: Int, of pages: Int, _ what: String) {
        guard pages > 1 else { return }
        html += "<nav aria-label=\"Pages of \(escaped(what))\"><p>Page \(page) of \(pages)"
        for (word, page) in [("Previous", page - 1), ("Next", page + 1)]
        where (1...pages).contains(page) {
            let target = view.at(page: page).url
            html += " · <a href=\"\(escaped(target))\">\(word)</a>"
        }
        html += "</p></nav>"
    }

    func cell(_ text: String) -> String { "<td>\(escaped(text))</td>" }
    func count(_ number: Int) -> String { cell(Wording.count(number)) }

    func latency(_ histogram: LatencyHistogram, _ part: Double) -> String {
        Wording.latency(us: histogram.percentile(part))
    }

    // MARK: Sections

    /// What a screen reader says when it changes; the time that passes is no change.
    private mutating func writeVerdict() {
        html += "<p class=\"verdict \(verdict.level.name)\" role=\"status\" aria-atomic=\"false\">"
        html += "<span class=\"problem\">"
        for piece in verdict.pieces {
            if piece.begins { html += "</span><span class=\"problem\">" }
            // Each problem has a line of its own: what parts them is for who hears or copies the text.
            let style = piece.isGap ? " class=\"gap\"" : ""
            html += "<span\(style)\(piece.isTime ? " aria-live=\"off\"" : "")>\(escaped(piece.text))</span>"
        }
        html += "</span></p>\n"
    }

    private mutating func writeTraffic() {
        let last = report.samples.last
        let recent = last.flatMap { $0.requests > 0 ? $0 : nil }
        let all = report.requests.latency
        let span = recent.map { "the last \(Wording.duration(ms: $0.lengthMs))" } ?? "all requests"
        begin("Traffic", "latency of \(span)")
        html += "<dl class=\"tiles\">"
        tile("Requests per second", last.map { Wording.count($0.rate) } ?? "–")
        tile("p50", Wording.latency(us: recent.map { Int64($0.latency.p50) } ?? all.percentile(0.5)))
        tile("p95", Wording.latency(us: recent.map { Int64($0.latency.p95) } ?? all.percentile(0.95)))
        tile("p99", Wording.latency(us: recent.map { Int64($0.latency.p99) } ?? all.percentile(0.99)))
        tile("Requests", Wording.count(report.requests[.requests]))
        tile("Responses 4xx", Wording.count(report.requests[.clientErrors]))
        tile("Responses 5xx", Wording.count(report.requests[.serverErrors]))
        tile("Connections active", Wording.count(report.connections.active))
        tile("Reading", Wording.count(report.connections.reading))
        tile("Writing", Wording.count(report.connections.writing))
        tile("Idle", Wording.count(report.connections.idle))
        tile("Accepted", Wording.count(report.connections.accepted))
        if report.connections.http2Requests > 0 {
            tile("HTTP/2", Wording.count(report.connections.http2))
        }
        tile("Closed for room", Wording.count(report.connections.closedForRoom))
        tile("Refused", Wording.count(report.connections.refusedForRoom))
        html += "</dl>"
        write(windows: report.windows, "The last seconds and minutes")
        if report.samples.count > 1 {
            html += "<div class=\"charts\">"
            chart("Requests per second", report.samples.map(\.rate)) { Wording.count($0) }
            chart("Latency p99", report.samples.map(\.latency.p99)) { Wording.latency(us: Int64($0)) }
            html += "</div>"
        } else {
            html += "<p>The history begins in a few seconds.</p>"
        }
        html += "</section>\n"
    }

    mutating func write(windows: [RecentWindow], _ caption: String) {
        guard !windows.isEmpty else { return }
        let rows = windows.map { window in
            "<tr><th scope=\"row\">the last \(Wording.span(ms: window.meantMs))</th>"
                + cell(Wording.rate(window.tenthsPerSecond)) + count(window.requests)
                + cell(Wording.share(window.clientErrors, of: window.requests))
                + cell(Wording.share(window.serverErrors, of: window.requests))
                + [window.latency.p50, window.latency.p95, window.latency.p99].map {
                    cell(Wording.latency(us: window.requests > 0 ? Int64($0) : nil))
                }.joined() + "</tr>"
        }
        write(.windows, caption, nil, rows)
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
        let span = Wording.duration(ms: report.samples.reduce(0) { $0 + $1.lengthMs })
        let caption = "\(title), last \(span), at most \(word(values.max() ?? 0))"
        html += "<figure><svg class=\"line\" viewBox=\"0 0 300 50\" preserveAspectRatio=\"none\" role=\"img\""
        html += " aria-label=\"\(escaped(caption))\">"
        html += "<polyline points=\"0,50 \(points)300,50\"/>"
        html += "</svg><figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private mutating func writeZones() {
        if !report.serverZones.isEmpty { write(report.serverZones, "Server zones", .serverZones) }
        if !report.locationZones.isEmpty { write(report.locationZones, "Location zones", .locationZones) }
    }

    private mutating func write(_ zones: [StatusReport.Zone], _ title: String, _ list: StatusView.List) {
        begin(title)
        let rows = zones.lazy.map { [self] zone in
            let sum = zone.sum
            return "<tr><th scope=\"row\">\(escaped(zone.name))</th>"
                + count(max(0, sum[.processing])) + count(sum[.requests]) + count(sum[.successful])
                + count(sum[.redirected]) + count(sum[.clientErrors]) + count(sum[.serverErrors])
                + cell(Wording.bytes(sum[.received])) + cell(Wording.bytes(sum[.sent]))
                + cell(latency(sum.latency, 0.5)) + cell(latency(sum.latency, 0.99)) + "</tr>"
        }
        write(.zones, title, list, rows)
        html += "</section>\n"
    }

    private mutating func writeLimits() {
        let zones =
            report.limitRequests.map { ("requests", $0) }
            + report.limitConnections.map { ("connections", $0) }
        guard !zones.isEmpty else { return }
        begin("Limits")
        let rows = zones.lazy.map { [self] kind, zone in
            "<tr><th scope=\"row\">\(escaped(zone.name))</th><td class=\"text\">\(kind)</td>"
                + ["passed", "delayed", "rejected", "delayed_dry_run", "rejected_dry_run"].map {
                    count(zone.count($0))
                }.joined() + cell("\(Wording.count(zone.keys.count)) of \(Wording.count(zone.keys.max))")
                + "</tr>"
        }
        let now = report.requestsDelayed
        write(
            .limits, "Zones of limits" + (now > 0 ? ", \(Wording.count(now)) delayed now" : ""), .limits, rows
        )
        html += "</section>\n"
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
            let rows = report.certificates.sorted { $0.secondsLeft < $1.secondsLeft }.map { facts in
                let days = facts.secondsLeft / 86400
                let names = facts.names.dropFirst()
                var others = names.prefix(5).joined(separator: ", ")
                if names.count > 5 { others += ", and \(names.count - 5) more" }
                let mark = facts.expiryWarning == nil ? "" : " class=\"notice\""
                return "<tr><th scope=\"row\">\(escaped(facts.names.first ?? "–"))</th>"
                    + "<td\(mark)>\(facts.secondsLeft < 0 ? "expired" : "\(days)")</td>"
                    + "<td class=\"text wrap\">\(escaped(others))</td>"
                    + "<td class=\"text wrap\">\(escaped(facts.file))</td></tr>"
            }
            write(.certificates, "Certificates", .certificates, rows)
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
        write(.workers, "Worker processes", .workers, rows)
        html += "</section>\n"
    }

    private mutating func writeEvents() {
        begin("Last errors")
        if report.events.isEmpty {
            html += "<p>None.</p></section>\n"
            return
        }
        let rows = report.kindsOfErrors.map { event, count in
            let texts = event.texts + ["", "", "", ""]
            return "<tr><td>\(Wording.duration(ms: report.nowMs - event.atMs)) ago</td>"
                + "<td>\(event.status)</td><td class=\"text\">\(escaped(texts[0]))"
                + "\(count > 1 ? "<small>\(count) times</small>" : "")</td>"
                + "<td class=\"text wrap\">\(escaped(texts[1]))</td>" + cell(texts[2])
                + cell(texts[3])
                + "</tr>"
        }
        write(
            .errors, "The last \(report.events.count) requests that something was wrong with", .errors, rows)
        html += "</section>\n"
    }

    private mutating func writeExplaining() {
        guard let path = report.explainPath else { return }
        begin("What becomes of a request", "nothing is sent")
        html += ExplainPage.form(to: path, [], isWhole: false) + "</section>\n"
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
