internal import Sharing

/// A part of a report, for programs that want documents of a bounded size: the servers of one upstream, or
/// some of all, page by page. What is not of servers is on the first page of metrics, and under the paths of
/// `api` in JSON.
package struct StatusPart: Equatable {
    /// Upstreams and servers on a page, so that it stays below 60 kB.
    package enum Room: Int {
        case json = 22
        case metrics = 11
    }

    /// This one alone.
    let upstream: String?
    /// The first is 1.
    let page: Int
    /// Upstreams and servers on a page.
    let rowsEach: Int
    /// Of how many pages it is one.
    let pages: Int
    /// The first page that has servers.
    fileprivate let firstServers: Int

    /// - Parameters:
    ///   - value: of an argument of the URL, by its name.
    ///   - groups: upstreams, and how many servers each has.
    /// - Returns: `nil`: all of it is wanted.
    package init?(
        _ value: (String) -> String?, _ room: Room, _ groups: some Sequence<(name: String, servers: Int)>
    ) {
        // What is no number asks for the first page, not for all of them.
        let asked = value("page").map { Int($0) ?? 1 }
        let named = value("upstream").flatMap { $0.isEmpty ? nil : $0 }
        guard asked != nil || named != nil else { return nil }
        upstream = named
        rowsEach = room.rawValue
        let rows = groups.reduce(0) { sum, group in
            named == nil || named == group.name ? sum + 1 + group.servers : sum
        }
        // What is of the service has a page of its own before those of servers.
        let first = room == .metrics && named == nil ? 1 : 0
        firstServers = first + 1
        pages = max(1, first + (rows + rowsEach - 1) / rowsEach)
        page = min(max(asked ?? 1, 1), pages)
    }

    /// What is not of servers belongs to it.
    var hasService: Bool { page < firstServers }

    /// Where the next page is, below the same path; `nil`: this is the last one.
    package func next(_ format: String) -> String? {
        guard page < pages else { return nil }
        let name = upstream.map { "&upstream=\(StatusView.encoded($0))" } ?? ""
        return "?format=\(format)\(name)&page=\(page + 1)"
    }
}

extension StatusReport {
    /// Leaves out the upstreams and servers that belong to other pages.
    package mutating func cut(to part: StatusPart) {
        wholeVerdict = StatusVerdict(self)
        self.part = part
        guard !part.hasService else { return upstreams = [] }
        let start = (part.page - part.firstServers) * part.rowsEach
        let wanted = start..<start + part.rowsEach
        var row = 0
        var kept: [Upstream] = []
        for var upstream in upstreams where part.upstream == nil || part.upstream == upstream.name {
            let first = row + 1
            row = first + upstream.servers.count
            guard wanted.overlaps(first - 1..<row) else { continue }
            let servers = wanted.clamped(to: first..<row)
            upstream.isContinued = !wanted.contains(first - 1)
            upstream.listedServers = servers.lowerBound - first..<servers.upperBound - first
            kept.append(upstream)
        }
        upstreams = kept
    }

    /// What is said first: of all servers, whichever are on this page.
    var verdict: StatusVerdict { wholeVerdict ?? StatusVerdict(self) }
}

extension StatusReport.Upstream {
    /// Its servers that are on this page.
    var listed: ArraySlice<StatusReport.Server> { servers[listedServers ?? servers.indices] }
}
