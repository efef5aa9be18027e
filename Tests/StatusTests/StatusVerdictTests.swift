import Core
import Net
import Testing
import Upstream

@testable import Sharing
@testable import Status

/// What an operator is told first, state by state.
@Suite("Status verdict") struct StatusVerdictTests {
    typealias State = StatusReport.Server.State
    typealias Hindrance = StatusReport.Server.Hindrance
    typealias Level = StatusVerdict.Level

    /// A server in a few letters: its state, what hinders it, whether it is a backup.
    struct Row: CustomStringConvertible {
        var state = State.up
        var hindrance = Hindrance.nothing
        var isBackup = false

        var description: String {
            "\(state)\(hindrance == .nothing ? "" : " \(hindrance)")\(isBackup ? " b" : "")"
        }

        var serves: Bool { state == .up && hindrance == .nothing }
        var isTrouble: Bool {
            switch state {
            case .unavail, .checking, .unhealthy: true
            case .up: hindrance != .nothing
            case .draining, .down: false
            }
        }

        static let all: [Row] = [false, true].flatMap { isBackup in
            State.allCases.map { Row(state: $0, isBackup: isBackup) }
                + [Row(hindrance: .full, isBackup: isBackup), Row(hindrance: .failing, isBackup: isBackup)]
        }
    }

    private func server(_ number: Int, _ row: Row) throws -> StatusReport.Server {
        let name = "10.0.\(number / 250).\(number % 250 + 1):80"
        let address = try #require(SocketAddress.parse(name, defaultPort: 80))
        var settings = PeerSettings(server: name, address: address)
        settings.isBackup = row.isBackup
        return StatusReport.Server(
            id: number, settings: settings, state: row.state, hindrance: row.hindrance,
            reason: row.state == .unhealthy ? "503 from GET /ready" : "", sinceMs: row.state == .up ? 0 : 1,
            active: 0, failures: 0, sum: TallySum(), checks: (0, 0, 0, 0), isChecked: true)
    }

    private func upstream(
        _ rows: [Row], name: String = "gw", queue: (Int, Int)? = nil, isInPanic: Bool = false
    ) throws -> StatusReport.Upstream {
        StatusReport.Upstream(
            name: name, usesTLS: false, zone: name, servers: try rows.enumerated().map { try server($0, $1) },
            idleConnections: 0, queue: queue.map { ($0.0, $0.1, 0) }, zombies: 0, isInPanic: isInPanic)
    }

    /// Servers that got so many requests in the last minute, each with its answers.
    ///
    /// - Parameter served: requests that each has answered well in the minutes before.
    private func answering(
        _ answers: (requests: Int, clientErrors: Int, serverErrors: Int, p50: Int)..., served: Int = 0
    ) throws -> StatusReport.Upstream {
        let servers = try answers.enumerated().map { index, answer in
            var made = try server(index, Row())
            var window = RecentWindow(meantMs: 60_000, lengthMs: 60_000)
            (window.requests, window.clientErrors) = (answer.requests, answer.clientErrors)
            (window.serverErrors, window.latency.p50) = (answer.serverErrors, answer.p50)
            window.responseUs = answer.requests * answer.p50
            var before = RecentWindow(meantMs: 300_000, lengthMs: 300_000)
            (before.requests, before.clientErrors) = (answer.requests + served, answer.clientErrors)
            made.recent.windows = [window, before]
            return made
        }
        return StatusReport.Upstream(
            name: "gw", usesTLS: false, zone: nil, servers: servers, idleConnections: 0, queue: nil,
            zombies: 0, isInPanic: false)
    }

    @Test("servers that answer with errors, or late, are told of although the checks pass")
    func answers() throws {
        func text(_ upstream: StatusReport.Upstream) -> String { StatusVerdict(report(upstream)).text }
        let well = "All well: 2 of 2 gateways up"
        #expect(try text(answering((100, 9, 1, 900), (100, 0, 0, 800))) == well)
        // Few errors, or a small part, or a slow answer among few, are no pattern.
        #expect(try text(answering((4, 0, 4, 900), (1000, 0, 99, 800))) == well)
        #expect(try text(answering((9, 0, 0, 9_000_000), (100, 0, 0, 800))) == well)
        #expect(try text(answering((50, 0, 0, 190_000), (50, 0, 0, 800))) == well)
        #expect(try text(answering((50, 0, 0, 900_000), (50, 0, 0, 200_000))) == well)
        #expect(
            try text(answering((100, 0, 0, 900), (100, 0, 12, 800)))
                == "2 of 2 gateways up, but upstream \"gw\": 1 of 2 gateways answering with errors:"
                + " 10.0.0.2:80, 5xx to 12 of 100 requests in the last minute")
        #expect(
            try text(answering((50, 0, 0, 800), (50, 0, 0, 1_440_000)))
                == "2 of 2 gateways up, but upstream \"gw\": 1 of 2 gateways slow:"
                + " 10.0.0.2:80, p50 1.44 s where others take 800 µs")
        #expect(
            try text(answering((15, 15, 0, 800), (6, 6, 0, 800)))
                == "2 of 2 gateways up, but upstream \"gw\": it answers nothing but 4xx, perhaps to a host"
                + " or a path that it does not know, to 21 requests in the last minute")
        #expect(try text(answering((15, 15, 0, 800), (6, 5, 0, 800))) == well)
        // Clients were served before a scanner came in a quiet minute.
        #expect(try text(answering((15, 15, 0, 800), (15, 15, 0, 800), served: 25)) == well)
    }

    @Test("a client's long polls, which a key or an address binds to one server, make no server slow")
    func bound() throws {
        func kinds(_ upstream: StatusReport.Upstream) -> [String] {
            var bound = upstream
            bound.bindsRequests = true
            #expect(!upstream.ailments.isEmpty)
            return bound.ailments.values.map(\.word)
        }
        #expect(try kinds(answering((500, 0, 0, 800), (500, 0, 0, 5_000_000))).isEmpty)
        #expect(
            try kinds(answering((90, 0, 0, 800), (500, 0, 0, 800), (20, 0, 0, 5_000_000))).isEmpty)
        #expect(
            try kinds(answering((100, 0, 0, 800), (500, 0, 0, 800), (100, 0, 0, 5_000_000))) == ["slow"])
        var settings = UpstreamSettings(name: "u")
        #expect(!settings.bindsRequests)
        settings.method = .hash(key: "$uri", .modulo)
        #expect(settings.bindsRequests)
    }

    @Test("requests that fail here make it amber, and say why; four of them, or old ones, do not")
    func failuresHere() throws {
        var here = report(try upstream([Row()]))
        here.nowMs = 100_000
        func fail(_ reason: String, _ count: Int, atMs: Int = 50_000) -> String {
            here.events = Array(
                repeating: EventRing.Event(atMs: atMs, status: 500, texts: [reason, "POST /a", "c", ""]),
                count: count)
            return StatusVerdict(here).text
        }
        let well = "All well: 1 of 1 gateways up"
        #expect(fail("no_room", 4) == well && fail("no_room", 9, atMs: 30_000) == well)
        #expect(fail("upstream_status", 32) == well)
        #expect(
            fail("no_room", 5)
                == "1 of 1 gateways up, but requests are answered with 5xx here: connections or descriptors"
                + " have run out, the latest POST /a")
        #expect(fail("storage_error", 6).contains("its disk is full"))
        #expect(StatusVerdict(here).problems.map(\.kind.rawValue) == ["failures"])
    }

    @Test("a log whose lines are lost makes it amber for a minute; a limit that was hit does not")
    func lostLines() throws {
        var here = report(try upstream([Row()]))
        here.nowMs = 100_000
        func verdict(_ kind: Chronicle.Kind, atMs: Int) -> String {
            var entry = Chronicle.Entry("/a.log", "cannot be written", reason: "(28: No space)")
            entry.atMs = atMs
            here.happenings = [StatusReport.Happening(kind: kind, entry: entry)]
            return StatusVerdict(here).text
        }
        let well = "All well: 1 of 1 gateways up"
        #expect(verdict(.limit, atMs: 99_000) == well && verdict(.log, atMs: 39_000) == well)
        #expect(verdict(.log, atMs: 40_000).contains("log \"/a.log\" cannot be written: (28: No space)"))
    }

    @Test("a server that has become slow is told of before a minute is over")
    func recentlySlow() throws {
        var slow = try answering((500, 0, 0, 800), (400, 0, 0, 800))
        var servers = slow.servers
        for (index, p50) in [(0, 900), (1, 1_500_000)] {
            var window = RecentWindow(meantMs: 10_000, lengthMs: 10_000)
            (window.requests, window.latency.p50) = (12, p50)
            servers[index].recent.windows.insert(window, at: 0)
        }
        slow = StatusReport.Upstream(
            name: "gw", usesTLS: false, zone: nil, servers: servers, idleConnections: 0, queue: nil,
            zombies: 0, isInPanic: false)
        #expect(slow.ailments == [1: .slow(1_500_000, others: 900)])
    }

    @Test("who rests for an hour or more may be forgotten: the verdict says for how long")
    func forgotten() throws {
        var resting = report(try upstream([Row(), Row(state: .draining)]))
        #expect(StatusVerdict(resting).text == "All well: 1 of 2 gateways up, 1 draining")
        resting.nowMs = 7_260_001
        #expect(StatusVerdict(resting).text == "All well: 1 of 2 gateways up, 1 draining for 2 h 1 min")
        resting.upstreams.append(try upstream([Row(), Row(state: .down)], name: "b"))
        #expect(
            StatusVerdict(resting).text
                == "All well: 2 of 4 gateways up, 1 draining, 1 down, the first for 2 h 1 min")
    }

    @Test("an upstream's row says how long its servers take in the last minute")
    func latencyOfUpstreams() throws {
        let page = StatusPage.text(report(try answering((30, 0, 0, 123_000))), nonce: "n0")
        let row = try #require(
            page.split(separator: "<tr class=\"group\">").last?.split(separator: "</tr>").first)
        #expect(row.contains("<td></td><td>123 ms</td><td>"))
    }

    @Test("problems have a line each on the page, and no mark at its end")
    func problemLines() throws {
        let down = Row(state: .down)
        let names = ["a", "b", "c", "d", "e", "f", "g"]
        let report = report()
        var many = report
        many.upstreams = try names.map { try upstream([down], name: $0) }
        let verdict = StatusVerdict(many)
        #expect(verdict.text.hasSuffix("; and 2 more"))
        let page = StatusPage.text(many, nonce: "n0")
        #expect(page.ranges(of: "<span class=\"gap\">; </span></span><span class=\"problem\">").count == 5)
    }

    @Test("a server that answers with errors is a row of its own among many, and one error hides no other")
    func errorRows() throws {
        let upstream = try answering(
            (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1),
            (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 0, 1), (9, 0, 9, 1), (9, 0, 0, 1))
        var report = report(upstream)
        let same = EventRing.Event(atMs: 2, status: 500, texts: ["upstream_status", "GET /a", "c", "s"])
        let other = EventRing.Event(atMs: 1, status: 502, texts: ["refused", "GET /b", "c", "t"])
        report.events = [same, same, same, other, same]
        let listing = StatusListing(report, StatusView())
        #expect(listing.rows == [.upstream(0), .server(0, 10), .others(0, count: 11)])
        #expect(report.kindsOfErrors.map(\.count) == [4, 1])
        let page = StatusPage.text(report, nonce: "n0")
        #expect(page.contains("<span class=\"state checking\">errors</span>"))
        #expect(page.contains("upstream_status<small>4 times</small>"))
    }

    private func report(_ upstreams: StatusReport.Upstream...) -> StatusReport {
        var report = StatusReport()
        report.nowMs = 42_001
        report.upstreams = upstreams
        return report
    }

    @Test(
        "a server that is up and gets nothing has a badge that says so",
        arguments: [(StatusReport.Server.Hindrance.failing, "failing"), (.full, "full")])
    func badges(_ hindrance: StatusReport.Server.Hindrance, _ word: String) throws {
        let page = StatusPage.text(
            report(try upstream([Row(hindrance: hindrance), Row(state: .down)])), nonce: "n")
        #expect(page.contains("<span class=\"state checking\">\(word)</span>"))
        #expect(!page.contains("<span class=\"state up\">"))
    }

    private func views(_ report: StatusReport) -> [String] {
        let text = ByteBuffer(capacity: 64)
        StatusText.write(report, to: text)
        let metrics = ByteBuffer(capacity: 64)
        StatusMetrics.write(report, to: metrics)
        return [
            StatusPage.text(report, nonce: "n"), StatusJSON(report: report).whole.text,
            String(decoding: text.bytes, as: UTF8.self), String(decoding: metrics.bytes, as: UTF8.self),
        ]
    }

    @Test("two servers in any pair of states: red where none serves, green where nothing is in trouble")
    func pairs() throws {
        for first in Row.all {
            for second in Row.all {
                let verdict = StatusVerdict(report(try upstream([first, second])))
                let rows = [first, second]
                let usable = rows.filter(\.serves)
                let isLimping =
                    rows.contains(where: \.isTrouble) || !usable.contains { !$0.isBackup }
                let expected: Level = usable.isEmpty ? .red : isLimping ? .amber : .green
                #expect(verdict.level == expected, "\(first), \(second): \(verdict.text)")
                #expect(verdict.usable == usable.count && verdict.all == 2)
                #expect(verdict.isWell == (expected == .green))
                #expect(verdict.isWell || verdict.text.contains("upstream \"gw\""), "\(verdict.text)")
            }
        }
    }

    @Test("one server that is no help makes one upstream red though others serve, and is named in all views")
    func oneOfSeveral() throws {
        for row in Row.all where !row.serves {
            let report = report(try upstream([Row()], name: "fine"), try upstream([row], name: "lame"))
            let verdict = StatusVerdict(report)
            #expect(verdict.level == .red && verdict.text.hasPrefix("upstream \"lame\" can serve nothing: "))
            for view in views(report) { #expect(view.contains("lame") && view.contains("can serve nothing")) }
            let (page, json, text, metrics) = (
                views(report)[0], views(report)[1], views(report)[2], views(report)[3]
            )
            #expect(page.contains("class=\"verdict red\"") && text.hasPrefix("red: upstream \"lame\""))
            #expect(json.contains("\"level\":\"red\",\"well\":false,\"usable_servers\":1"))
            #expect(metrics.contains("portico_verdict 2\n"))
            #expect(metrics.contains("portico_upstream_servers_usable{upstream=\"lame\"} 0\n"))
        }
    }

    @Test("the line in words")
    func words() throws {
        func text(_ upstreams: StatusReport.Upstream...) -> String {
            var made = report()
            made.upstreams = upstreams
            return StatusVerdict(made).text
        }
        #expect(text() == "All well: no gateways are configured")
        #expect(text(try upstream([Row(), Row()])) == "All well: 2 of 2 gateways up")
        #expect(
            text(try upstream([Row(), Row(state: .draining), Row(state: .down)]))
                == "All well: 1 of 3 gateways up, 1 draining, 1 down")
        #expect(
            text(try upstream([Row(), Row(state: .unhealthy)]))
                == "1 of 2 gateways up, but upstream \"gw\": 1 of 2 gateways unhealthy: 10.0.0.2:80,"
                + " 503 from GET /ready, for 42 s")
        #expect(
            text(try upstream([Row(state: .draining), Row(state: .draining)]))
                == "upstream \"gw\" can serve nothing: 2 of 2 gateways draining: 10.0.0.1:80, for 42 s,"
                + " and 1 more")
        #expect(
            text(try upstream([Row(state: .down), Row(state: .unhealthy)]))
                == "upstream \"gw\" can serve nothing: 2 of 2 gateways not up: 10.0.0.2:80,"
                + " 503 from GET /ready, for 42 s, and 1 more")
        #expect(
            text(try upstream([Row(state: .down), Row(isBackup: true)]))
                == "1 of 2 gateways up, 1 down, but upstream \"gw\": only backups serve:"
                + " 1 of 2 gateways down: 10.0.0.1:80, for 42 s")
        #expect(
            text(try upstream([Row(hindrance: .full)]))
                == "upstream \"gw\" can serve nothing: 1 of 1 gateways full: 10.0.0.1:80")
        #expect(text(try upstream([])) == "upstream \"gw\" can serve nothing: it has no servers")
    }

    @Test("requests that may wait are served; a queue that is nearly full is told")
    func queues() throws {
        let full = Row(hindrance: .full)
        #expect(StatusVerdict(report(try upstream([full], queue: (1, 10)))).level == .amber)
        #expect(StatusVerdict(report(try upstream([full], queue: (10, 10)))).level == .red)
        // They would wait for nothing.
        #expect(StatusVerdict(report(try upstream([Row(state: .draining)], queue: (1, 10)))).level == .red)
        #expect(StatusVerdict(report(try upstream([Row()], queue: (8, 10)))).level == .green)
        #expect(StatusVerdict(report(try upstream([Row()], queue: (9, 10)))).level == .amber)
    }

    @Test("in panic the unhealthy serve, unless attempts at them fail as well")
    func panic() throws {
        let unhealthy = Row(state: .unhealthy)
        let verdict = StatusVerdict(report(try upstream([unhealthy, unhealthy], isInPanic: true)))
        #expect(verdict.level == .amber && verdict.usable == 2 && verdict.text.contains("all are used"))
        let failing = Row(state: .unhealthy, hindrance: .failing)
        #expect(StatusVerdict(report(try upstream([failing, failing], isInPanic: true))).level == .red)
    }

    @Test("what needs a hand besides: reload, death, workers, connections, places; a stop is red")
    func service() throws {
        func verdict(_ change: (inout StatusReport) -> Void) throws -> StatusVerdict {
            var made = report(try upstream([Row(), Row()]))
            change(&made)
            return StatusVerdict(made)
        }
        func worker(_ active: Int) -> StatusReport.Worker {
            var connections = StatusReport.Connections()
            connections.active = active
            let process = ServiceRecord.WorkerProcess(slot: 0, pid: 7, startedMs: 0, respawns: 0)
            return StatusReport.Worker(process: process, connections: connections)
        }
        let refused = try verdict { $0.lastReload = (1, "no \"x\"") }
        #expect(refused.level == .amber)
        #expect(refused.text == "2 of 2 gateways up, but the last reload was refused: no \"x\"")
        #expect(try verdict { $0.lastReload = (1, nil) }.isWell)
        let died = try verdict { ($0.diedMs, $0.respawned) = (40_000, 2) }
        #expect(died.text.contains("a process died and was started again (2 in all), 2 s ago"))
        #expect(
            try verdict { ($0.diedMs, $0.nowMs, $0.respawned) = (40_000, 40_000 + 3_600_000, 2) }.isWell)
        #expect(
            try verdict { ($0.masterPID, $0.workersWanted, $0.workers) = (1, 2, [worker(0)]) }.text
                == "2 of 2 gateways up, but 1 of 2 workers run")
        for (active, level) in [(89, Level.green), (90, .amber)] {
            #expect(try verdict { ($0.connectionsMax, $0.workers) = (100, [worker(active)]) }.level == level)
        }
        #expect(try verdict { $0.isStopping = true }.level == .red)
        let many = report(try upstream(Array(repeating: Row(), count: SharedState.serversMax * 9 / 10 + 1)))
        #expect(StatusVerdict(many).problems.map(\.kind) == [.places])
    }

    @Test("what is red is said first; many problems are counted in the line, and all told in the text")
    func order() throws {
        var made = report()
        made.upstreams = try (0..<9).map {
            try upstream([Row(), Row(state: .unhealthy)], name: "amber\($0)")
        }
        made.upstreams.append(try upstream([Row(state: .down)], name: "last"))
        made.lastReload = (1, String(repeating: "long ", count: 40))
        let verdict = StatusVerdict(made)
        #expect(verdict.text.hasPrefix("upstream \"last\" can serve nothing"))
        #expect(verdict.text.hasSuffix("; and 6 more") && verdict.problems.count == 11)
        let text = views(made)[2]
        for name in (0..<9).map({ "amber\($0)" }) { #expect(text.contains("\"\(name)\"")) }
        #expect(text.contains(String(repeating: "long ", count: 40)))
    }
}
