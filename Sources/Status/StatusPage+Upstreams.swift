internal import Net
internal import Sharing
internal import Upstream

/// Upstreams and their servers, in one table: an upstream that nothing is wrong with is a single row.
extension StatusPage {
    mutating func writeUpstreams() {
        guard !report.upstreams.isEmpty else { return }
        let listing = StatusListing(report, view)
        begin(view.upstream.map { "Upstream \($0)" } ?? "Upstreams", upText)
        if view.upstream != nil || !view.query.isEmpty {
            html += "<p><a href=\"?\">All upstreams</a></p>"
        }
        if listing.rows.isEmpty {
            html += "<p>Nothing is found.</p></section>\n"
            return
        }
        if let upstream = report.upstreams.first(where: { $0.name == view.upstream }) {
            write(windows: upstream.windows, "The last seconds and minutes of upstream \(upstream.name)")
        }
        let caption = "Upstreams and their servers"
        html += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"\(caption)\">"
        html += "<table class=\"servers\"><caption>\(caption)</caption>\(orderedHead)<tbody>"
        for row in listing.shown { html += text(of: row) }
        html += "</tbody></table></div>"
        writePages(listing.page, of: listing.pages, "upstreams")
        html += "</section>\n"
    }

    private var upText: String {
        let shown = report.upstreams.filter { view.upstream == nil || $0.name == view.upstream }
        return StatusPage.upText(shown)
    }

    private static func upText(_ upstreams: [StatusReport.Upstream]) -> String {
        let usable = upstreams.reduce(0) { sum, upstream in
            sum + upstream.servers.count { upstream.canServe($0) }
        }
        return "\(usable) of \(upstreams.reduce(0) { $0 + $1.servers.count }) servers up"
    }

    /// Columns that the table can be ordered by are links.
    private var orderedHead: String {
        let orders: [String: StatusView.Order] = [
            "Server": .name, "State": .trouble, "Per second": .rate, "Requests": .requests, "5xx": .errors,
            "Fails": .fails, "p99 of 1 min": .slow,
        ]
        let table = StatusTable.servers
        let cells = table.columns.map { column in
            let style = table.words.contains(column) ? " class=\"text\"" : ""
            guard let order = orders[column] else { return "<th scope=\"col\"\(style)>\(column)</th>" }
            let isIt = order == view.order
            let sorted =
                isIt && order != .trouble
                ? " aria-sort=\"\(order == .name ? "ascending" : "descending")\"" : ""
            let target = view.ordered(by: order).url
            return "<th scope=\"col\"\(style)\(sorted)><a href=\"\(escaped(target))\">\(column)</a></th>"
        }
        return "<thead><tr>\(cells.joined())</tr></thead>"
    }

    private func text(of row: StatusListing.Row) -> String {
        switch row {
        case .upstream(let index): return self.row(report.upstreams[index])
        case .server(let index, let server):
            let upstream = report.upstreams[index]
            let all = upstream.servers.reduce(0) { $0 + $1.sum[.requests] }
            return self.row(upstream.servers[server], of: upstream, upstream.ailments[server], all)
        case .others(let index, let count):
            let name = report.upstreams[index].name
            let columns = StatusTable.servers.columns.count
            let target = link(to: name)
            return "<tr><td colspan=\"\(columns)\"><a href=\"\(escaped(target))\">\(Wording.count(count))"
                + " more servers of \(escaped(name))</a></td></tr>"
        }
    }

    private func link(to upstream: String) -> String {
        var link = StatusView()
        link.upstream = upstream
        return link.url
    }

    // MARK: Rows

    private func row(_ upstream: StatusReport.Upstream) -> String {
        func sum(_ value: (StatusReport.Server) -> Int) -> Int {
            upstream.servers.reduce(0) { $0 &+ value($1) }
        }
        let level = StatusVerdict.problems(of: upstream).map(\.level).max() ?? .green
        var notes = [StatusPage.upText([upstream])]
        if upstream.isInPanic { notes.append("too few are healthy: all are used") }
        if let queue = upstream.queue { notes.append("queue \(queue.size) of \(queue.max)") }
        if upstream.zombies > 0 { notes.append("\(upstream.zombies) removed still busy") }
        let word =
            switch level {
            case .green: "well"
            case .amber: "trouble"
            case .red: "serves nothing"
            }
        var text = "<tr class=\"group\"><th scope=\"row\"><a href=\"\(escaped(link(to: upstream.name)))\">"
        text += "Upstream \(escaped(upstream.name))</a></th><td class=\"text\">"
        text += "<span class=\"state \(level.name)\">\(word)</span>"
        text += "<small>\(escaped(notes.joined(separator: ", ")))</small></td><td></td>"
        text += cell(Wording.rate(sum { $0.recent.windows.first?.tenthsPerSecond ?? 0 }))
        text += count(sum(\.active)) + count(sum { $0.sum[.requests] }) + "<td></td>"
        for number in [TallyTable.Count.clientErrors, .serverErrors, .failures, .retries] {
            text += count(sum { $0.sum[number] })
        }
        let minute = upstream.windows.first { $0.meantMs == 60_000 && $0.responseUs > 0 }
        let parts = minute.map { [$0.latency.p50, $0.latency.p99].map { Int64($0) } }
        text += "<td></td>" + (0..<2).map { cell(Wording.latency(us: parts?[$0])) }.joined()
        return text + "<td></td></tr>"
    }

    private func row(
        _ server: StatusReport.Server, of upstream: StatusReport.Upstream,
        _ ailment: StatusReport.Upstream.Ailment?, _ all: Int
    ) -> String {
        let sum = server.sum
        var notes = ailment.map { [$0.figures] } ?? []
        if !server.reason.isEmpty { notes.append(server.reason) }
        if server.hindrance == .full { notes.append("has all the connections that it may have") }
        if let limit = server.foundLimit { notes.append(limit) }
        if server.sinceMs > 0, ailment == nil {
            notes.append("for \(Wording.duration(ms: report.nowMs - server.sinceMs))")
        }
        let share = all > 0 ? sum[.requests] * 100 / all : 0
        var text = "<tr><th scope=\"row\">\(escaped(server.settings.name))"
        if server.settings.isBackup { text += " <small>backup</small>" }
        if let form = form(of: server, upstream) {
            text +=
                " <small><a href=\"\(escaped(form))\" aria-label=\"Change \(escaped(server.settings.name))\">"
            text += "Change</a></small>"
        }
        let badge = ailment.map { ("checking", $0.word) } ?? badge(of: server)
        text += "</th><td class=\"text\"><span class=\"state \(badge.0)\">\(badge.1)</span>"
        if !notes.isEmpty { text += "<small>\(escaped(notes.joined(separator: ", ")))</small>" }
        text += "</td>" + count(server.settings.weight)
        text += "<td>\(course(server.recent.requests))"
        text += "\(server.recent.windows.first.map { Wording.rate($0.tenthsPerSecond) } ?? "–")</td>"
        let most = server.connectionsMax > 0 ? " of \(Wording.count(server.connectionsMax))" : ""
        text += cell(Wording.count(server.active) + most) + count(sum[.requests])
        text += "<td><svg class=\"share\" aria-hidden=\"true\"><rect width=\"\(share)%\"/></svg>"
        text += "\(Wording.share(sum[.requests], of: all))</td>"
        text += count(sum[.clientErrors]) + count(sum[.serverErrors]) + count(sum[.failures])
        text += count(sum[.retries])
        text += cell(server.downtimeMs > 0 ? Wording.duration(ms: server.downtimeMs) : "")
        let now = server.latencyNow
        text += cell(Wording.latency(us: now.p50)) + cell(Wording.latency(us: now.p99))
        return text + cell(lastCheck(server)) + "</tr>"
    }

    /// A server that nobody has taken out of use, and that gets no requests all the same, is not shown as up.
    private func badge(of server: StatusReport.Server) -> (style: String, word: String) {
        switch (server.state, server.hindrance) {
        case (.up, .failing): ("checking", "failing")
        case (.up, .full): ("checking", "full")
        default: (server.state.rawValue, Wording.state(server.state))
        }
    }

    /// A line over the last minutes; nothing where there were no requests.
    private func course(_ requests: [Int]) -> String {
        guard let top = requests.max(), top > 0, requests.count > 1 else { return "" }
        let points = requests.enumerated().map { "\($0.offset * 3),\(10 - $0.element * 10 / top)" }
        return "<svg class=\"course\" viewBox=\"0 0 \((requests.count - 1) * 3) 10\" aria-hidden=\"true\""
            + " preserveAspectRatio=\"none\"><polyline points=\"\(points.joined(separator: " "))\"/></svg>"
    }

    /// Where the server can be changed; `nil`: nowhere.
    private func form(of server: StatusReport.Server, _ upstream: StatusReport.Upstream) -> String? {
        guard var path = report.apiPath, upstream.zone != nil, !upstream.name.contains("/") else {
            return nil
        }
        while path.last == "/" { path.removeLast() }
        let id = server.settings.parentID ?? server.id
        return "\(path)/9/http/upstreams/\(StatusView.encoded(upstream.name))/servers/\(id)?form=html"
    }

    private func lastCheck(_ server: StatusReport.Server) -> String {
        guard server.isChecked else { return "not checked" }
        guard server.checks.lastMs > 0 else { return "–" }
        return "\(Wording.duration(ms: report.nowMs - server.checks.lastMs)) ago"
    }
}
