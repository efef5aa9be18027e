import Core
import Net
import Testing
import Upstream

@testable import Sharing
@testable import Status

/// Documents of a bounded size, in which nothing is left out.
@Suite("Status in parts") struct StatusPartTests {
    /// How long names are, and how much there is of each kind.
    struct Size: Sendable {
        let name: Int
        let count: Int
    }

    /// Numbers as they are after years.
    private static func busy() throws -> TallySum {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
        let tally = table.row(named: "x")
        for count in TallyTable.Count.allCases { tally.add(count, 1_000_000_000_000) }
        for status in [200, 204, 301, 302, 400, 404, 500, 502, 503] { tally.add(status: UInt16(status)) }
        for power in 0..<8 {
            for _ in 0..<100 { tally.add(microseconds: Int64(1) << (power * 4)) }
        }
        return table.sum(named: "x")
    }

    private static func name(_ kind: String, _ number: Int, _ length: Int) -> String {
        let name = "\(kind)\(number)"
        return name + String(repeating: "n", count: max(0, length - name.count))
    }

    /// A service that has much of everything, and what is known of it beforehand.
    private static func report(_ size: Size) throws -> (StatusReport, StatusPart.Contents) {
        let sum = try busy()
        var report = StatusReport()
        report.nowMs = 1_000_000_000_000
        report.requests = sum
        func zones(_ kind: String) -> [StatusReport.Zone] {
            (0..<size.count).map { StatusReport.Zone(name: name(kind, $0, size.name), sum: sum) }
        }
        (report.serverZones, report.locationZones) = (zones("s"), zones("l"))
        let buckets = try RequestBuckets(label: "z", byteCount: 65_536, adopting: nil)
        report.limitRequests = (0..<size.count).map {
            StatusReport.LimitZone(name("r", $0, size.name), buckets)
        }
        let resolvers = try ResolverTable(places: PlaceTable(capacity: 8))
        report.resolvers = try (0..<5).map {
            let name = name("d", $0, size.name)
            return (name, try #require(resolvers.tally(named: name)))
        }
        report.upstreams = try (0..<10).map { number in
            let servers = try (0..<(number == 0 ? size.count : number)).map {
                try server(number * 1000 + $0, size.name, sum)
            }
            return StatusReport.Upstream(
                name: name("u", number, size.name), usesTLS: true, zone: "z", servers: servers,
                idleConnections: 1_000_000, queue: (1, 1_000_000, 1_000_000), zombies: 1_000_000,
                isInPanic: false)
        }
        var contents = StatusPart.Contents()
        contents.serverZones = report.serverZones.map(\.name.utf8.count)
        contents.locationZones = report.locationZones.map(\.name.utf8.count)
        contents.limitRequests = report.limitRequests.map(\.name.utf8.count)
        contents.resolvers = report.resolvers.map(\.zone.utf8.count)
        contents.upstreams = report.upstreams.map { upstream in
            (upstream.name, upstream.servers.map(\.settings.name.utf8.count))
        }
        return (report, contents)
    }

    private static func server(_ number: Int, _ length: Int, _ sum: TallySum) throws -> StatusReport.Server {
        let address = try #require(SocketAddress.parse("10.0.0.1:80", defaultPort: 80))
        var settings = PeerSettings(server: name("h", number, length), address: address)
        settings.name = settings.server
        var server = StatusReport.Server(
            id: number, settings: settings,
            state: .unhealthy, reason: String(repeating: "r", count: 60), sinceMs: 1, active: 0,
            failures: 0, sum: sum, checks: (1_000_000_000, 1_000_000, 1_000_000_000_000, 1_000_000),
            isChecked: true)
        server.connectionsMax = 10_000
        var window = RecentWindow(meantMs: 60_000, lengthMs: 60_000)
        (window.requests, window.responseUs) = (1_000_000, 1_000_000_000_000)
        window.latency = Percentiles(p50: 100_000_000, p95: 100_000_000, p99: 100_000_000)
        server.recent.windows = [window, window, window]
        server.recent.requests = Array(repeating: 100_000, count: 20)
        return server
    }

    private static func text(_ report: StatusReport, _ room: StatusPart.Room) -> String {
        if room == .json { return StatusJSON(report: report).whole.text }
        let out = ByteBuffer(capacity: 64)
        StatusMetrics.write(report, .openMetrics, to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    /// One for each row that there is.
    private static var peers: Regex<Substring> { /"server":"h\d+n*","name"/ }
    private static var lines: Regex<Substring> {
        #/
        portico_(?:upstream_server_state|server_zone_requests_total|location_zone_requests_total|limit_req_keys
        |resolver_requests_total|upstream_servers|problem)\{.*
        /#
    }

    @Test(
        "documents for programs are small if pages are asked for, and nothing is left out",
        arguments: [StatusPart.Room.json, .metrics],
        [Size(name: 8, count: 120), Size(name: 100, count: 40), Size(name: 255, count: 20)])
    func parts(_ room: StatusPart.Room, _ size: Size) throws {
        let (report, contents) = try StatusPartTests.report(size)
        #expect(StatusPart({ _ in nil }, room, contents) == nil)
        let first = report.upstreams[0].name
        // Of each upstream there is a problem, too.
        let all = room == .json ? size.count + 45 : 4 * size.count + 45 + 5 + 10 + 10
        for (name, wanted) in [("", all), (first, size.count + (room == .json ? 0 : 2)), ("nobody", 0)] {
            var seen: Set<Substring> = []
            var page = 1
            while true {
                let asked = ["upstream": name, "page": "\(page)"]
                let part = try #require(StatusPart({ asked[$0] }, room, contents))
                var cut = report
                cut.cut(to: part)
                let text = StatusPartTests.text(cut, room)
                let size = text.utf8.count
                #expect(size < 60_000 && (size > 30_000 || page == part.pages), "\(page): \(size)")
                let rows = room == .json ? StatusPartTests.peers : StatusPartTests.lines
                for match in text.matches(of: rows) {
                    #expect(seen.insert(match.output).inserted, "\(match.output)")
                }
                guard let next = part.next("x") else { break }
                page += 1
                #expect(next == "?format=x\(name.isEmpty ? "" : "&upstream=\(name)")&page=\(page)")
            }
            #expect(seen.count == wanted, "\(name.prefix(5)): \(seen.count) on \(page) pages")
        }
        let last = try #require(StatusPart({ $0 == "page" ? "1000000" : nil }, room, contents))
        #expect(last.page == last.pages && last.next("x") == nil)
    }
}
