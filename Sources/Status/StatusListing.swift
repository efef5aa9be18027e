internal import Sharing
internal import Upstream

/// Which upstreams and servers the table of the page has, in which order. Nothing is left out: what is not on
/// this page is on another one, or behind its upstream's link.
struct StatusListing {
    /// A row; upstreams and servers by their indices.
    enum Row: Equatable {
        case upstream(Int)
        case server(Int, Int)
        /// So many servers of an upstream that nothing is wrong with.
        case others(Int, count: Int)
    }

    /// An upstream of no more servers that is in trouble is shown whole.
    private static var wholeMax: Int { 10 }

    private let report: StatusReport
    private let view: StatusView
    private(set) var rows: [Row] = []

    init(_ report: StatusReport, _ view: StatusView) {
        self.report = report
        self.view = view
        for index in orderedUpstreams() { add(index) }
    }

    /// Rows of a page.
    var pageRows: Int { view.upstream == nil ? 20 : 30 }
    var pages: Int { max(1, (rows.count + pageRows - 1) / pageRows) }
    /// The page that is shown, which is the last if there are not as many.
    var page: Int { min(view.page, pages) }
    var shown: ArraySlice<Row> {
        let start = (page - 1) * pageRows
        return rows[min(start, rows.count)..<min(start + pageRows, rows.count)]
    }

    /// All servers that are looked for, of whatever upstream, in one order.
    var servers: [(upstream: Int, server: Int)] {
        var found: [(upstream: Int, server: Int)] = []
        for (index, upstream) in report.upstreams.enumerated() {
            guard view.upstream == nil || upstream.name == view.upstream else { continue }
            let isNamed = matches(upstream.name)
            for server in upstream.servers.indices where isNamed || matches(upstream.servers[server]) {
                found.append((index, server))
            }
        }
        func server(_ index: Int) -> StatusReport.Server {
            report.upstreams[found[index].upstream].servers[found[index].server]
        }
        let order = ordered(
            Array(found.indices), trouble: { server($0).isTrouble ? 1 : 0 },
            name: { server($0).settings.name },
            weight: { weight(server($0)) })
        return order.map { found[$0] }
    }

    // MARK: Choosing

    private mutating func add(_ index: Int) {
        let upstream = report.upstreams[index]
        guard view.upstream == nil || upstream.name == view.upstream else { return }
        let isNamed = matches(upstream.name)
        var servers = Array(upstream.servers.indices)
        if !isNamed {
            servers = servers.filter { matches(upstream.servers[$0]) }
            guard !servers.isEmpty else { return }
        }
        rows.append(.upstream(index))
        let ailments = upstream.ailments
        func isTroubled(_ server: Int) -> Bool {
            upstream.servers[server].isTrouble || ailments[server] != nil
        }
        var others = 0
        if view.upstream == nil, view.query.isEmpty {
            if StatusVerdict.problems(of: upstream).isEmpty { return }
            if servers.count > StatusListing.wholeMax {
                servers = servers.filter(isTroubled)
                others = upstream.servers.count - servers.count
            }
        }
        let ordered = ordered(
            servers, trouble: { isTroubled($0) ? 1 : 0 },
            name: { upstream.servers[$0].settings.name },
            weight: { weight(upstream.servers[$0]) })
        for server in ordered { rows.append(.server(index, server)) }
        if others > 0 { rows.append(.others(index, count: others)) }
    }

    private func matches(_ text: String) -> Bool {
        view.query.isEmpty || text.lowercased().contains(view.query.lowercased())
    }

    private func matches(_ server: StatusReport.Server) -> Bool {
        matches(server.settings.name) || matches(server.settings.server)
            || matches(Wording.state(server.state))
    }

    // MARK: Order

    private func orderedUpstreams() -> [Int] {
        let upstreams = report.upstreams
        return ordered(
            Array(upstreams.indices),
            trouble: { StatusVerdict.problems(of: upstreams[$0]).map(\.level.rawValue).max() ?? 0 },
            name: { upstreams[$0].name },
            weight: { index in
                let weights = upstreams[index].servers.map { weight($0) }
                return view.order == .slow ? weights.max() ?? 0 : weights.reduce(0, &+)
            })
    }

    /// Equal ones stay as in the configuration.
    ///
    /// - Parameter trouble: how grave it is; 0: there is none.
    private func ordered(
        _ indices: [Int], trouble: (Int) -> Int, name: (Int) -> String, weight: (Int) -> Int
    ) -> [Int] {
        switch view.order {
        case .trouble:
            return indices.map { ($0, trouble($0)) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
        case .name: return indices.map { ($0, name($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
        case .rate, .requests, .errors, .fails, .slow:
            return indices.map { ($0, weight($0)) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
        }
    }

    private func weight(_ server: StatusReport.Server) -> Int {
        switch view.order {
        case .trouble, .name: 0
        case .rate: server.recent.windows.first?.tenthsPerSecond ?? 0
        case .requests: server.sum[.requests]
        case .errors: server.sum[.serverErrors]
        case .fails: server.sum[.failures]
        case .slow: Int(server.latencyNow.p99 ?? 0)
        }
    }
}
