internal import Net
internal import Sharing
internal import Upstream

/// Upstreams and their servers: what is in trouble comes first, as the page has an end.
extension StatusPage {
    mutating func writeUpstreams() {
        let ordered = StatusPage.troubledFirst(report.upstreams) {
            !StatusVerdict.problems(of: $0).isEmpty
        }
        for (index, upstream) in ordered.enumerated() {
            guard html.utf8.count < StatusTable.servers.ceiling else {
                writeRest(ordered.dropFirst(index))
                return
            }
            write(upstream)
        }
    }

    private mutating func writeRest(_ upstreams: some Collection<StatusReport.Upstream>) {
        begin("\(upstreams.count) further upstreams", StatusPage.upText(upstreams))
        html += "<p>They are in the <a href=\"?format=text\">text</a>.</p></section>\n"
    }

    /// The same order otherwise.
    private static func troubledFirst<Entry>(_ entries: [Entry], _ isTroubled: (Entry) -> Bool) -> [Entry] {
        let places = entries.indices.map { (isTroubled(entries[$0]), $0) }
        return places.filter(\.0).map { entries[$0.1] } + places.filter { !$0.0 }.map { entries[$0.1] }
    }

    private static func upText(_ upstreams: some Collection<StatusReport.Upstream>) -> String {
        let usable = upstreams.reduce(0) { sum, upstream in
            sum + upstream.servers.count { upstream.canServe($0) }
        }
        return "\(usable) of \(upstreams.reduce(0) { $0 + $1.servers.count }) servers up"
    }

    private mutating func write(_ upstream: StatusReport.Upstream) {
        begin("Upstream \(upstream.name)", StatusPage.upText([upstream]))
        if upstream.isInPanic {
            html += "<p class=\"notice\">Too few servers are healthy: all of them are used.</p>"
        }
        let all = upstream.servers.reduce(0) { $0 + $1.sum[.requests] }
        let ordered = StatusPage.troubledFirst(upstream.servers, \.isTrouble)
        write(.servers, "Servers of \(upstream.name)", ordered.lazy.map { [self] in row($0, of: all) })
        if let queue = upstream.queue { html += "<p>Queue: \(queue.size) of \(queue.max) places taken.</p>" }
        html += "</section>\n"
    }

    private func row(_ server: StatusReport.Server, of all: Int) -> String {
        let sum = server.sum
        var notes: [String] = []
        if !server.reason.isEmpty { notes.append(server.reason) }
        if server.hindrance == .full { notes.append("has all the connections that it may have") }
        if let limit = server.foundLimit { notes.append(limit) }
        if server.sinceMs > 0 { notes.append("for \(Wording.duration(ms: report.nowMs - server.sinceMs))") }
        let backup = server.settings.isBackup ? " <small>backup</small>" : ""
        let share = all > 0 ? sum[.requests] * 100 / all : 0
        var text = "<tr><th scope=\"row\">\(escaped(server.settings.name))\(backup)</th>"
        text += "<td class=\"text\"><span class=\"state \(server.state.rawValue)\">"
        text += "\(Wording.state(server.state))</span>"
        if !notes.isEmpty { text += "<small>\(escaped(notes.joined(separator: ", ")))</small>" }
        text += "</td>" + count(server.settings.weight) + count(server.active) + count(sum[.requests])
        text += "<td><svg class=\"share\" aria-hidden=\"true\"><rect width=\"\(share)%\"/></svg>"
        text += "\(Wording.share(sum[.requests], of: all))</td>"
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
}
