internal import Net
internal import Sharing
internal import Upstream

/// What an operator is told first: can the next request be served, by how many, and what needs a hand?
///
/// Made once of a report; all views say the same.
struct StatusVerdict {
    /// How urgent it is.
    enum Level: Int, Comparable, CaseIterable {
        /// Nothing needs a hand.
        case green
        /// Requests are served, and something needs a hand.
        case amber
        /// Some upstream can serve nothing, or the service itself ends.
        case red

        var name: String {
            switch self {
            case .green: "green"
            case .amber: "amber"
            case .red: "red"
            }
        }

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// Something that needs a hand.
    struct Problem {
        /// As programs name it.
        enum Kind: String {
            case stopping, reload, certificate, process, workers, connections, places, queue
            /// An upstream that serves nothing; servers of one that serves.
            case upstream, servers
            /// What its servers answer: 5xx, late, or nothing but 4xx.
            case errors, slow, refusals
            /// Requests that are answered with 5xx here, not by a gateway.
            case failures
        }

        let level: Level
        let kind: Kind
        var upstream: String?
        /// In words, before the time for which it has been so and after it.
        let before: String
        /// What changes as long as it lasts.
        var figures = ""
        /// In milliseconds of the wall clock; 0: nobody knows, or it does not matter.
        var sinceMs = 0
        /// It was then, and is not any more.
        var isOver = false
        var after = ""

        /// Without the time that passes: it stays the same as long as the problem does.
        var text: String { before + after }
    }

    /// A part of the line; time that passes is told apart, as it is no news.
    struct Piece {
        let text: String
        var isTime = false
        /// Another problem begins with it.
        var begins = false
        /// It parts two problems.
        var isGap = false
    }

    let level: Level
    /// The gravest first.
    let problems: [Problem]
    /// Servers that the next request may go to, and all.
    let usable: Int
    let all: Int
    private let count: ServerCount
    private let nowMs: Int

    /// Nobody means a server to rest for longer, or knows that it does.
    private static var forgottenMs: Int { 3_600_000 }
    /// Problems that the line names.
    private static var namedMax: Int { 5 }

    init(_ report: StatusReport) {
        var found = report.upstreams.flatMap(StatusVerdict.problems)
        found += StatusVerdict.problems(ofService: report)
        // Those of one level stay in their order.
        problems = Level.allCases.reversed().flatMap { level in found.filter { $0.level == level } }
        level = problems.first?.level ?? .green
        count = ServerCount(report.upstreams)
        usable = count.usable
        all = count.all
        nowMs = report.nowMs
    }

    /// Nothing needs a hand.
    var isWell: Bool { level == .green }

    /// The whole in one line.
    var text: String { pieces.map(\.text).joined() }

    /// The same in parts.
    var pieces: [Piece] {
        let summary = count.pieces(nowMs: nowMs)
        guard let first = problems.first else { return [Piece(text: "All well: ")] + summary }
        // What cannot serve is said first.
        var pieces = first.level == .red ? [] : summary + [Piece(text: ", but ")]
        for (index, problem) in problems.prefix(StatusVerdict.namedMax).enumerated() {
            if index > 0 { pieces.append(Piece(text: "; ", isGap: true)) }
            var next = self.pieces(of: problem)
            next[0].begins = index > 0
            pieces += next
        }
        let rest = problems.count - StatusVerdict.namedMax
        if rest > 0 {
            pieces.append(Piece(text: "; ", isGap: true))
            pieces.append(Piece(text: "and \(rest) more", begins: true))
        }
        return pieces
    }

    /// Problems that the line has no room for.
    var unnamed: [String] {
        problems.dropFirst(StatusVerdict.namedMax).map { pieces(of: $0).map(\.text).joined() }
    }

    private func pieces(of problem: Problem) -> [Piece] {
        guard problem.sinceMs > 0 else {
            let figures = Piece(text: problem.figures, isTime: true)
            return [Piece(text: problem.text)] + (problem.figures.isEmpty ? [] : [figures])
        }
        let duration = Wording.duration(ms: nowMs - problem.sinceMs)
        let time = problem.isOver ? ", \(duration) ago" : ", for \(duration)"
        return [
            Piece(text: problem.before), Piece(text: time, isTime: true),
            Piece(text: problem.after),
        ]
    }

    /// How many servers there are, and of what kind.
    private struct ServerCount {
        var all = 0
        var usable = 0
        var draining = 0
        var down = 0
        /// Since when the first of them has rested; 0: none does, or nobody knows.
        var restsSinceMs = 0

        init(_ upstreams: [StatusReport.Upstream]) {
            for upstream in upstreams {
                all += upstream.servers.count
                usable += upstream.servers.count { upstream.canServe($0) }
                draining += upstream.servers.count { $0.state == .draining }
                down += upstream.servers.count { $0.state == .down }
                for server in upstream.servers where server.sinceMs > 0 {
                    guard server.state == .draining || server.state == .down else { continue }
                    restsSinceMs = restsSinceMs > 0 ? min(restsSinceMs, server.sinceMs) : server.sinceMs
                }
            }
        }

        /// "3 of 3 gateways up", "1 of 3 gateways up, 1 draining, 1 down". Who rests for so long that
        /// somebody may have forgotten it is told with the time.
        func pieces(nowMs: Int) -> [Piece] {
            guard all > 0 else { return [Piece(text: "no gateways are configured")] }
            let resting = [(draining, "draining"), (down, "down")].filter { $0.0 > 0 }
            let text = "\(usable) of \(all) gateways up" + resting.map { ", \($0.0) \($0.1)" }.joined()
            let restedMs = nowMs - restsSinceMs
            guard restsSinceMs > 0, restedMs >= StatusVerdict.forgottenMs else { return [Piece(text: text)] }
            let words = draining + down > 1 ? ", the first for " : " for "
            return [Piece(text: text), Piece(text: words + Wording.duration(ms: restedMs), isTime: true)]
        }
    }
}

// MARK: Upstreams

extension StatusVerdict {
    /// What is wrong with an upstream.
    static func problems(of upstream: StatusReport.Upstream) -> [Problem] {
        var problems: [Problem] = []
        if upstream.servers.contains(where: upstream.canServe) {
            if let problem = weakness(of: upstream) { problems.append(problem) }
        } else {
            problems.append(standstill(of: upstream))
        }
        if let queue = upstream.queue, isNear(queue.size, queue.max) {
            problems.append(
                Problem(
                    level: .amber, kind: .queue, upstream: upstream.name,
                    before: "upstream \"\(upstream.name)\": \(queue.size) of \(queue.max) places of the queue"
                        + " are taken"))
        }
        return problems + complaints(of: upstream)
    }

    /// What its answers say, whatever the checks do.
    private static func complaints(of upstream: StatusReport.Upstream) -> [Problem] {
        var problems: [Problem] = []
        func add(_ kind: Problem.Kind, _ text: String, _ figures: String = "") {
            problems.append(
                Problem(
                    level: .amber, kind: kind, upstream: upstream.name,
                    before: "upstream \"\(upstream.name)\": \(text)", figures: figures))
        }
        let ailments = upstream.ailments.sorted { $0.key < $1.key }
        for (kind, word) in [(Problem.Kind.errors, "errors"), (.slow, "slow")] {
            let ill = ailments.filter { $0.value.word == word }
            guard let first = ill.first else { continue }
            let what = kind == .errors ? "answering with errors" : "slow"
            let count = "\(ill.count) of \(upstream.servers.count) gateways \(what)"
            let name = upstream.servers[first.key].settings.name
            add(kind, "\(count): \(name)", ", \(first.value.figures)")
        }
        if let count = upstream.refusedByGateways {
            add(
                .refusals, "it answers nothing but 4xx, perhaps to a host or a path that it does not know",
                ", to \(Wording.count(count)) requests in the last minute")
        }
        return problems
    }

    /// No server of it can take the next request.
    private static func standstill(of upstream: StatusReport.Upstream) -> Problem {
        let isFull = upstream.servers.contains { $0.state == .up && $0.hindrance == .full }
        let mayWait = isFull && upstream.queue.map { $0.size < $0.max } == true
        let verb = mayWait ? "lets requests wait" : "can serve nothing"
        var (before, sinceMs, after) = words(for: upstream.servers)
        if before.isEmpty { (before, sinceMs, after) = ("it has no servers", 0, "") }
        return Problem(
            level: mayWait ? .amber : .red, kind: mayWait ? .servers : .upstream, upstream: upstream.name,
            before: "upstream \"\(upstream.name)\" \(verb): \(before)", sinceMs: sinceMs, after: after)
    }

    /// It serves, but not with all that is meant to.
    private static func weakness(of upstream: StatusReport.Upstream) -> Problem? {
        let bad = upstream.servers.filter { $0.isTrouble }
        let primaries = upstream.servers.filter { !$0.settings.isBackup }
        let areBackupsAlone = !primaries.contains(where: upstream.canServe)
        guard !bad.isEmpty || areBackupsAlone else { return nil }
        // What rests on purpose is told where nothing else explains it.
        var (before, sinceMs, after) = words(for: upstream.servers, showing: bad.isEmpty ? primaries : bad)
        if areBackupsAlone { before = "only backups serve: \(before)" }
        if upstream.isInPanic { after += "; too few are healthy, so all are used" }
        return Problem(
            level: .amber, kind: .servers, upstream: upstream.name,
            before: "upstream \"\(upstream.name)\": \(before)", sinceMs: sinceMs, after: after)
    }

    /// "2 of 3 gateways unhealthy: 10.0.0.2:8000, 503 from /ready", since when, and ", and 1 more".
    ///
    /// - Parameter shown: the servers that it is about; `nil`: those in trouble, or all if none is.
    private static func words(
        for servers: [StatusReport.Server], showing shown: [StatusReport.Server]? = nil
    ) -> (String, Int, String) {
        let troubled = servers.filter(\.isTrouble)
        let shown = shown ?? servers
        guard let first = troubled.first ?? shown.first else { return ("", 0, "") }
        let words = Set(shown.map(\.word))
        let word = words.count == 1 ? first.word : "not up"
        var text = "\(shown.count) of \(servers.count) gateways \(word): \(first.settings.name)"
        let reason = first.reason.isEmpty && words.count > 1 ? first.word : first.reason
        if !reason.isEmpty { text += ", \(reason)" }
        return (text, first.sinceMs, shown.count > 1 ? ", and \(shown.count - 1) more" : "")
    }
}

extension StatusReport.Server {
    /// It is meant to serve, and does not, or not for long.
    var isTrouble: Bool {
        switch state {
        case .unavail, .checking, .unhealthy: true
        case .up: hindrance != .nothing
        case .draining, .down: false
        }
    }

    /// Its state in a word.
    fileprivate var word: String {
        guard state == .up else { return Wording.state(state) }
        return switch hindrance {
        case .nothing: Wording.state(state)
        case .full: "full"
        case .failing: "failing"
        }
    }
}

// MARK: The service

extension StatusVerdict {
    /// How long a death is told of.
    private static var deathMs: Int { 3_600_000 }

    /// Nine tenths of what there is, or more.
    private static func isNear(_ count: Int, _ limit: Int) -> Bool {
        limit > 0 && Double(count) >= Double(limit) * 0.9
    }

    /// Reasons for which requests fail here, whatever gateways do, and what they mean.
    private static let failures = [
        ("no_room", "connections or descriptors have run out"),
        ("upstream_shortage", "descriptors, memory or ports for connections to gateways have run out"),
        ("storage_error", "a temporary file cannot be written, perhaps as its disk is full"),
        ("internal_error", "the error log says why"),
    ]
    /// Within so long, and no fewer: one may be an accident.
    private static var failuresMin: (ms: Int, count: Int) { (60_000, 5) }

    /// Of the last minute.
    private static func failures(of report: StatusReport) -> [Problem] {
        let recent = report.events.filter { report.nowMs - $0.atMs <= failuresMin.ms }
        let lossy = report.happenings.first { happening in
            happening.kind == .log && report.nowMs - happening.entry.atMs <= failuresMin.ms
        }
        let losses = lossy.map { log in
            Problem(
                level: .amber, kind: .failures,
                before: "log \"\(log.entry.subject)\" cannot be written: \(log.entry.reason)")
        }
        return [losses].compactMap(\.self)
            + failures.compactMap { reason, words in
                let these = recent.filter { $0.texts.first == reason }
                guard these.count >= failuresMin.count, let latest = these.first else { return nil }
                return Problem(
                    level: .amber, kind: .failures, before: "requests are answered with 5xx here: \(words)",
                    figures: latest.texts.count > 1 ? ", the latest \(latest.texts[1])" : "")
            }
    }

    private static func problems(ofService report: StatusReport) -> [Problem] {
        var problems: [Problem] = []
        func add(_ kind: Problem.Kind, _ text: String, level: Level = .amber) {
            problems.append(Problem(level: level, kind: kind, before: text))
        }
        if report.isStopping { add(.stopping, "Portico was told to stop", level: .red) }
        if report.masterPID > 0, report.workers.count < report.workersWanted {
            add(.workers, "\(report.workers.count) of \(report.workersWanted) workers run")
        }
        if let reason = report.lastReload?.complaint {
            add(.reload, "the last reload was refused: \(reason)")
        }
        if report.diedMs > 0, report.nowMs - report.diedMs < deathMs {
            let all = "\(report.respawned) in all"
            problems.append(
                Problem(
                    level: .amber, kind: .process, before: "a process died and was started again (\(all))",
                    sinceMs: report.diedMs, isOver: true))
        }
        let crowded = report.workers.filter { isNear($0.connections.active, report.connectionsMax) }
        if let worker = crowded.max(by: { $0.connections.active < $1.connections.active }) {
            let count = "\(worker.connections.active) of \(report.connectionsMax)"
            add(.connections, "worker \(worker.process.slot) has \(count) connections")
        }
        let shared = report.upstreams.filter { $0.zone != nil }.reduce(0) { $0 + $1.servers.count }
        if isNear(shared, SharedState.serversMax) {
            add(.places, "\(shared) of \(SharedState.serversMax) places for servers are taken")
        }
        problems += StatusVerdict.failures(of: report)
        let warnings = report.certificates.sorted { $0.secondsLeft < $1.secondsLeft }
            .compactMap(\.expiryWarning)
        if let first = warnings.first {
            add(.certificate, first + (warnings.count > 1 ? ", and \(warnings.count - 1) more" : ""))
        }
        return problems
    }
}
