internal import Sharing

/// What happened, the youngest first.
extension StatusPage {
    mutating func writeHappenings() {
        let all = report.happeningCounts.reduce(0) { $0 + $1.counts.total }
        begin("What happened", all > 0 ? "\(Wording.count(all)) event\(all == 1 ? "" : "s") in all" : "")
        let shown = report.happenings.filter { view.upstream == nil || $0.entry.upstream == view.upstream }
        if shown.isEmpty {
            html += "<p>Nothing yet.</p></section>\n"
            return
        }
        let rows = shown.lazy.map { [self] happening in
            "<tr><td>\(Wording.duration(ms: report.nowMs - happening.entry.atMs)) ago</td>"
                + "<td class=\"text\">\(happening.kind.name)</td>"
                + "<td class=\"text wrap\">\(escaped(happening.subject))</td>"
                + "<td class=\"text\">\(escaped(happening.what))</td>"
                + "<td class=\"text wrap\">\(escaped(happening.explanation))</td></tr>"
        }
        write(.happenings, "The last events", view.upstream == nil ? .events : nil, rows)
        html += "</section>\n"
    }
}
