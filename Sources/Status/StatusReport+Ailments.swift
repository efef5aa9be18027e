internal import Sharing

/// What the answers of the last minute say against servers that take requests: checks pass, and clients
/// are not well served all the same.
extension StatusReport.Upstream {
    /// What is wrong with the answers of a server.
    enum Ailment: Equatable {
        /// Many of them are 5xx.
        case errors(Int, requests: Int)
        /// They take many times as long as those of other servers; both in microseconds.
        case slow(Int, others: Int)

        /// In a word, and in figures.
        var word: String {
            switch self {
            case .errors: "errors"
            case .slow: "slow"
            }
        }
        var figures: String {
            switch self {
            case .errors(let count, let requests):
                "5xx to \(Wording.count(count)) of \(Wording.count(requests)) requests in the last minute"
            case .slow(let us, let others):
                "p50 \(Wording.latency(us: Int64(us)))"
                    + " where others take \(Wording.latency(us: Int64(others)))"
            }
        }
    }

    /// Fewer errors than this are no pattern, nor is a smaller part than a tenth.
    private static var errorsMin: Int { 5 }
    /// Fewer answers than this have no median worth comparing.
    private static var answersMin: Int { 10 }
    /// As many, and two others, where requests are bound to servers: a client or two that hold long polls all
    /// come to one server, and say nothing of it.
    private static var boundAnswersMin: Int { 100 }
    /// A server is slow that takes so many times as long as others, and so long at all.
    private static var slowness: (times: Int, us: Int) { (5, 200_000) }

    /// By the indices of the servers.
    var ailments: [Int: Ailment] {
        // A server that is slow gets fewer requests: a minute's are for long those from before.
        var found = slowServers(in: 60_000).merging(slowServers(in: 10_000)) { _, latest in latest }
        for (index, server) in servers.enumerated() where canServe(server) {
            guard let minute = server.minute, minute.serverErrors >= Self.errorsMin else { continue }
            guard minute.serverErrors * 10 >= minute.requests else { continue }
            found[index] = .errors(minute.serverErrors, requests: minute.requests)
        }
        return found
    }

    /// Those that are slow over a while, of those that have answered enough in it.
    private func slowServers(in meantMs: Int) -> [Int: Ailment] {
        let answersMin = bindsRequests ? Self.boundAnswersMin : Self.answersMin
        var medians: [(index: Int, p50: Int)] = []
        for (index, server) in servers.enumerated() where canServe(server) {
            let window = server.recent.windows.first { $0.meantMs == meantMs }
            guard let window, window.requests >= answersMin else { continue }
            medians.append((index, window.latency.p50))
        }
        let sorted = medians.map(\.p50).sorted()
        guard sorted.count > (bindsRequests ? 2 : 1) else { return [:] }
        let others = sorted[(sorted.count - 1) / 2]
        let limit = max(Self.slowness.us, others * Self.slowness.times)
        let slow = medians.filter { $0.p50 >= limit }.map { ($0.index, Ailment.slow($0.p50, others: others)) }
        return Dictionary(slow) { first, _ in first }
    }

    /// Requests of the last minute, if there were some and each was answered with 4xx, as all were in the
    /// last five: gateways that do not know the host that they are sent do this. A scanner in a quiet minute
    /// makes it look so, too.
    var refusedByGateways: Int? {
        let minutes = servers.compactMap(\.minute)
        let requests = minutes.reduce(0) { $0 + $1.requests }
        let windows = servers.flatMap(\.recent.windows).filter { $0.meantMs >= 60_000 }
        let areRefused = windows.allSatisfy { $0.clientErrors == $0.requests }
        return requests >= 2 * Self.answersMin && areRefused ? requests : nil
    }
}

extension StatusReport {
    /// The last errors, those of one status, reason and server together: the latest of each, and how many
    /// there are. One that comes again and again does not hide the others.
    var kindsOfErrors: [(event: EventRing.Event, count: Int)] {
        var kinds: [(event: EventRing.Event, count: Int)] = []
        for event in events {
            let known = kinds.firstIndex { kind in
                kind.event.status == event.status && kind.event.texts.first == event.texts.first
                    && kind.event.texts.last == event.texts.last
            }
            if let known { kinds[known].count += 1 } else { kinds.append((event, 1)) }
        }
        return kinds
    }
}
