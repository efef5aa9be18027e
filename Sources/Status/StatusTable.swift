/// A table of the page: its columns, and how far the page may have grown when it ends.
struct StatusTable {
    let name: String
    let columns: [String]
    /// Columns of words, which stand left.
    let words: Set<String>
    /// Bytes of the report after which no further row begins. Each table leaves room for those after it, and
    /// the last for what is fixed, so that the page stays below 60,000 bytes.
    let ceiling: Int
    /// Most rows beside other tables.
    var rowsMax = Int.max

    static let servers = StatusTable(
        name: "servers",
        columns: [
            "Server", "State", "Weight", "Per second", "Active", "Requests", "Share", "4xx", "5xx", "Fails",
            "Retries", "Down for", "p50 of 1 min", "p99 of 1 min", "Last check",
        ], words: ["State"], ceiling: 22_000)
    static let windows = StatusTable(
        name: "windows",
        columns: ["Over", "Per second", "Requests", "4xx", "5xx", "p50", "p95", "p99"], words: [],
        ceiling: 22_000)
    static let happenings = StatusTable(
        name: "happenings", columns: ["When", "Kind", "Whom", "What", "Why"],
        words: ["Kind", "Whom", "What", "Why"], ceiling: 28_000, rowsMax: 20)
    static let zones = StatusTable(
        name: "zones",
        columns: ["Zone", "Now", "Requests", "2xx", "3xx", "4xx", "5xx", "Received", "Sent", "p50", "p99"],
        words: [], ceiling: 32_000)
    static let limits = StatusTable(
        name: "limits",
        columns: [
            "Zone", "Limits", "Passed", "Delayed", "Rejected", "Delayed, dry run", "Rejected, dry run",
            "Keys",
        ], words: ["Limits"], ceiling: 33_500)
    static let certificates = StatusTable(
        name: "certificates", columns: ["Certificate", "Days left", "Also for", "File"],
        words: ["Also for", "File"], ceiling: 35_000)
    static let workers = StatusTable(
        name: "workers", columns: ["Worker", "Pid", "Up", "Respawns", "Connections", "Requests"], words: [],
        ceiling: 37_000)
    static let errors = StatusTable(
        name: "errors", columns: ["When", "Status", "Reason", "Request", "Client", "Server"],
        words: ["Reason", "Request"], ceiling: 44_000)

    static var all: [StatusTable] {
        [windows, servers, happenings, zones, limits, certificates, workers, errors]
    }

    var head: String {
        let cells = columns.map { column in
            "<th scope=\"col\"\(words.contains(column) ? " class=\"text\"" : "")>\(column)</th>"
        }
        return "<thead><tr>\(cells.joined())</tr></thead>"
    }

    /// Rules that put each column's name before its value where rows are shown as cards.
    var labels: String {
        columns.indices.dropFirst().map { index in
            ".\(name) td:nth-child(\(index + 1))::before{content:\"\(columns[index])\"}\n"
        }.joined()
    }
}
