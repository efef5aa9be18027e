internal import Config
public import Sharing

/// `least_time`: the eligible peer that will be done first: the average time of its responses, times the
/// requests that it has, for its weight; ties go by smooth weighted round robin. nginx's arithmetic.
///
/// With `inflight`, requests that have waited longer than the average count for more than it.
final class LeastTime: Balancer {
    private let timing: Timing
    private var times: ResponseTimes
    private var active: ActiveRequests
    /// Those that will be done first: the first `count`.
    private var first: [Int]
    private var count = 0

    init(_ peers: [Peer], _ primaries: Range<Int>, _ timing: Timing) {
        self.timing = timing
        let all = Array(peers[primaries])
        times = ResponseTimes(all)
        active = ActiveRequests(all)
        first = all.map { _ in 0 }
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        times.follow(group, timing, nowMs)
        active.look()
        find(group.eligible.isOpen, selection)
        guard count > 0 else { return nil }
        var chosen = first[0]
        if count > 1 {
            chosen = group.turns.take(among: first, count: count, nowMs: nowMs) ?? chosen
        }
        group.noteChoice(chosen, nowMs: nowMs)
        return chosen
    }

    private func find(_ isOpen: [Bool], _ selection: Selection) {
        count = 0
        var least = 0
        var weight = 1
        for index in first.indices where isOpen[index] && !selection.hasTried(index) {
            let cost = times.ms[index] &* (1 &+ max(0, active.counts[index]))
            let own = cost &* weight
            let bound = least &* times.weights[index]
            if own > bound && count > 0 { continue }
            if own < bound || count == 0 {
                least = cost
                weight = times.weights[index]
                count = 0
            }
            first[count] = index
            count += 1
        }
    }

    func answered(_ peer: Peer, afterNs: Int, nowMs: Int64) {
        ResponseTimes.average(peer, timing.part, afterNs, nowMs)
    }
}

/// What `least_time` thinks of a group's primaries: looked at once a millisecond.
struct ResponseTimes {
    /// By index: how long a response takes, from 20 to 5000 ms.
    private(set) var ms: [Int]
    /// By index, in 1024ths while some are in their slow start.
    private(set) var weights: [Int]
    private let plainWeights: [Int]
    private let peers: [Peer]
    private var lookedMs = Int64.min
    private var isRamped = false

    init(_ primaries: [Peer]) {
        peers = primaries
        plainWeights = primaries.map(\.settings.weight)
        weights = plainWeights
        ms = primaries.map { _ in 20 }
    }

    mutating func follow(_ group: PeerGroup, _ timing: Timing, _ nowMs: Int64) {
        guard nowMs != lookedMs else { return }
        lookedMs = nowMs
        for index in peers.indices { ms[index] = ResponseTimes.expected(peers[index], timing, nowMs) }
        let ramps = group.eligible.rampingCount > 0
        guard ramps || isRamped else { return }
        isRamped = ramps
        for index in peers.indices {
            let weight = plainWeights[index]
            weights[index] = ramps ? max(1, peers[index].ramped(weight << 10, nowMs: nowMs)) : weight
        }
    }

    /// The average, half of it for each window of failures that the peer was not chosen in, so that slow ones
    /// get another chance; in steps of 20 ms, so that those that are alike take turns; beyond 5 s all are
    /// equally bad.
    static func expected(_ peer: Peer, _ timing: Timing, _ nowMs: Int64) -> Int {
        var ms = peer.state.time(to: timing.part) / 1_000_000
        let window = Int64(peer.settings.failTimeoutSeconds)
        let rest = nowMs / 1000 - peer.state.checked
        if rest > window { ms = ms >> (rest / (window + 1)) }
        if timing.countsUnfinished, let age = peer.state.unfinishedAgeMs(nowMs: nowMs) { ms = max(ms, age) }
        return ms > 5000 ? 5000 : ms + 20 - ms % 20
    }

    /// A new time has a twentieth of the average's weight.
    static func average(_ peer: Peer, _ part: PeerState.ResponsePart, _ ns: Int, _ nowMs: Int64) {
        let former = peer.state.time(to: part)
        peer.state.setTime(to: part, ns: former == 0 ? ns : former + (ns - former) / 20, nowMs: nowMs)
    }
}

extension BalancingMethod {
    /// `least_time header|last_byte [inflight]`
    public static func leastTime(_ part: PeerState.ResponsePart, inflight: Bool) -> BalancingMethod {
        let timing = Timing(part: part, countsUnfinished: inflight)
        return BalancingMethod("least_time") { LeastTime($0, $1, timing) }.timed(timing)
    }
}

extension PeerState.ResponsePart {
    /// As directives name it.
    init?(word: String) {
        switch word {
        case "header": self = .header
        case "last_byte": self = .lastByte
        default: return nil
        }
    }
}

extension LeastTime {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "least_time",
            "The server with the least average response time and the fewest active requests is chosen; with"
                + " `inflight`, requests that still wait count as well.",
            "header|last_byte [inflight]",
            in: .upstream, arity: 1...2
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            guard let part = PeerState.ResponsePart(word: statement.argument(0)) else {
                throw ConfigError("invalid value \"\(statement.argument(0))\"", statement)
            }
            let word = statement.argument(1)
            guard word.isEmpty || word == "inflight" else {
                throw ConfigError("invalid parameter \"\(word)\"", statement)
            }
            block.choose(.leastTime(part, inflight: word == "inflight"), statement)
        }
    }
}
