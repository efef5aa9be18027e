internal import Sharing

/// A part of a report, for programs that want documents of a bounded size: the servers of one upstream, or
/// some of all that there is many of, page by page. JSON has upstreams alone in pages; the rest of it is
/// under the paths of `api`.
package struct StatusPart: Equatable {
    /// What the pages are of.
    package enum Room {
        case json, metrics
    }

    /// What there may be hundreds of, as it is known before anything is gathered: the names, each in UTF-8,
    /// say how many bytes a row takes.
    package struct Contents {
        /// Names of files and of hosts together.
        package var certificates: [Int] = []
        /// `limit_req_zone`s.
        package var limitRequests: [Int] = []
        /// `limit_conn_zone`s.
        package var limitConnections: [Int] = []
        /// `status_zone`s of servers.
        package var serverZones: [Int] = []
        /// `status_zone`s of locations.
        package var locationZones: [Int] = []
        /// `status_zone`s of resolvers.
        package var resolvers: [Int] = []
        /// Worker processes, which are all on the first page.
        package var workers = 0
        /// Upstreams and their servers.
        package var upstreams: [(name: String, servers: [Int])] = []

        /// Nothing yet.
        package init() {}
    }

    /// What a row takes at most: so many bytes, and its name so many times.
    private typealias Price = (bytes: Int, times: Int)

    /// Bytes of a page, so that it stays below 60 kB with what is on each.
    private static var bytesMax: Int { 56_000 }

    /// This one alone.
    let upstream: String?
    /// The first is 1.
    let page: Int
    /// Of how many pages it is one.
    let pages: Int
    /// What is not of anything that has rows belongs to it.
    let hasService: Bool
    /// The rows that are on it, of all that there are.
    fileprivate let rows: Range<Int>
    /// Not of one upstream alone, and of more than upstreams.
    fileprivate let isOfAll: Bool

    /// - Parameters:
    ///   - value: of an argument of the URL, by its name.
    ///   - contents: what the whole report will have.
    /// - Returns: `nil`: all of it is wanted.
    package init?(_ value: (String) -> String?, _ room: Room, _ contents: Contents) {
        // What is no number asks for the first page, not for all of them.
        let asked = value("page").map { Int($0) ?? 1 }
        let named = value("upstream").flatMap { $0.isEmpty ? nil : $0 }
        guard asked != nil || named != nil else { return nil }
        upstream = named
        isOfAll = room == .metrics && named == nil
        // What families of lines are about is on each page; what the service is like, on the first.
        let head = room == .metrics ? 6_500 : 1_500
        var taken = isOfAll ? 17_000 + contents.workers * 300 : head
        var starts = [0]
        var count = 0
        for bytes in StatusPart.rowBytes(room, contents, named) {
            if taken + bytes > StatusPart.bytesMax, taken > head {
                starts.append(count)
                taken = head
            }
            taken += bytes
            count += 1
        }
        pages = starts.count
        page = min(max(asked ?? 1, 1), pages)
        hasService = isOfAll && page == 1
        rows = starts[page - 1]..<(page < pages ? starts[page] : count)
    }

    /// - Parameter named: this upstream alone; `nil`: all that there is.
    private static func rowBytes(_ room: Room, _ contents: Contents, _ named: String?) -> [Int] {
        var rows: [Int] = []
        if room == .metrics, named == nil {
            let kinds: [([Int], Price)] = [
                (contents.certificates, (80, 1)), (contents.limitRequests, (480, 7)),
                (contents.limitConnections, (350, 5)), (contents.serverZones, (1_300, 17)),
                (contents.locationZones, (700, 9)), (contents.resolvers, (550, 9)),
            ]
            for (names, price) in kinds { rows += names.map { price.bytes + $0 * price.times } }
        }
        let group: Price = room == .metrics ? (900, 9) : (1_100, 2)
        let server: Price = room == .metrics ? (4_700, 52) : (2_700, 3)
        for upstream in contents.upstreams where named == nil || named == upstream.name {
            let name = upstream.name.utf8.count
            rows.append(group.bytes + name * group.times)
            let label = room == .metrics ? name : 0
            rows += upstream.servers.map { server.bytes + ($0 + label) * server.times }
        }
        return rows
    }

    /// Where the next page is, below the same path; `nil`: this is the last one.
    package func next(_ format: String) -> String? {
        guard page < pages else { return nil }
        let name = upstream.map { "&upstream=\(StatusView.encoded($0))" } ?? ""
        return "?format=\(format)\(name)&page=\(page + 1)"
    }
}

extension StatusReport {
    /// Leaves out what belongs to other pages.
    package mutating func cut(to part: StatusPart) {
        wholeVerdict = StatusVerdict(self)
        self.part = part
        let others = part.isOfAll ? part.rows : 0..<0
        var row = 0
        StatusReport.cut(&certificates, to: others, &row)
        StatusReport.cut(&limitRequests, to: others, &row)
        StatusReport.cut(&limitConnections, to: others, &row)
        StatusReport.cut(&serverZones, to: others, &row)
        StatusReport.cut(&locationZones, to: others, &row)
        StatusReport.cut(&resolvers, to: others, &row)
        if !part.isOfAll { row = 0 }
        var kept: [Upstream] = []
        for var upstream in upstreams where part.upstream == nil || part.upstream == upstream.name {
            let first = row + 1
            row = first + upstream.servers.count
            guard part.rows.overlaps(first - 1..<row) else { continue }
            let servers = part.rows.clamped(to: first..<row)
            upstream.isContinued = !part.rows.contains(first - 1)
            upstream.listedServers = servers.lowerBound - first..<servers.upperBound - first
            kept.append(upstream)
        }
        upstreams = kept
    }

    /// - Parameter row: the place of the first one among all rows; then, of what follows.
    private static func cut<Entry>(_ entries: inout [Entry], to rows: Range<Int>, _ row: inout Int) {
        let end = row + entries.count
        let kept = rows.clamped(to: row..<end)
        entries = Array(entries[kept.lowerBound - row..<kept.upperBound - row])
        row = end
    }

    /// What is said first: of all servers, whichever are on this page.
    var verdict: StatusVerdict { wholeVerdict ?? StatusVerdict(self) }

    /// Those of upstreams are told where the upstream begins.
    var problemsHere: [StatusVerdict.Problem] {
        guard let part else { return verdict.problems }
        let begun = Set(upstreams.filter { !$0.isContinued }.map(\.name))
        return verdict.problems.filter { $0.upstream.map(begun.contains) ?? part.hasService }
    }
}

extension StatusReport.Upstream {
    /// Its servers that are on this page.
    var listed: ArraySlice<StatusReport.Server> { servers[listedServers ?? servers.indices] }
}
