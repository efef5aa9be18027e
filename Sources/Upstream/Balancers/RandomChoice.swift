internal import Config
internal import Core
public import Sharing

/// `random [two [least_conn | least_time=…]]`: a peer by chance and weight; with `two`, the less busy of two,
/// or the one that will be done first. After 20 tries in vain, round robin.
final class RandomChoice: Balancer {
    private let shares: WeightShares
    private let comparison: RandomComparison?
    private let fallback = RoundRobin()
    private var generator = SplitMix(seed: UInt64.random(in: 0 ... .max))

    init(_ peers: [Peer], _ primaries: Range<Int>, _ comparison: RandomComparison?) {
        shares = WeightShares(peers, primaries)
        self.comparison = comparison
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        var first: Int?
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            let index = shares.peer(at: Int.random(in: 0..<shares.total, using: &generator))
            guard group.isEligible(index, selection), index != first else { continue }
            guard let comparison else { return noted(index, group, nowMs) }
            guard let other = first else {
                first = index
                continue
            }
            let isBetter = comparison.prefers(group.peers[index], to: group.peers[other], nowMs)
            return noted(isBetter ? index : other, group, nowMs)
        }
        if let first { return noted(first, group, nowMs) }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }

    private func noted(_ index: Int, _ group: PeerGroup, _ now: Int64) -> Int {
        group.noteChoice(index, nowMs: now)
        return index
    }

    func answered(_ peer: Peer, afterNs: Int, nowMs: Int64) {
        guard case .leastTime(let part) = comparison else { return }
        ResponseTimes.average(peer, part, afterNs, nowMs)
    }
}

/// Which one of two is taken.
public enum RandomComparison: Sendable, Equatable {
    case leastConnections
    case leastTime(PeerState.ResponsePart)

    fileprivate init?(word: String) {
        switch word {
        case "", "least_conn": self = .leastConnections
        case _ where word.hasPrefix("least_time="):
            guard let part = PeerState.ResponsePart(word: String(word.dropFirst(11))) else { return nil }
            self = .leastTime(part)
        default: return nil
        }
    }

    fileprivate func prefers(_ a: Peer, to b: Peer, _ nowMs: Int64) -> Bool {
        switch self {
        case .leastConnections: LeastConnections.compare(a, b, nowMs) < 0
        case .leastTime(let part):
            a.isDoneBefore(
                b, ResponseTimes.expected(a, Timing(part: part), nowMs),
                ResponseTimes.expected(b, Timing(part: part), nowMs))
        }
    }
}

extension Peer {
    /// Which of two that chance took will be done first, if a response takes them so long. Their weights are
    /// in the chance already: of two that are idle, neither comes before the other for its weight.
    func isDoneBefore(_ other: Peer, _ time: Int, _ timeOfOther: Int) -> Bool {
        let weight = settings.weight
        let weightOfOther = other.settings.weight
        return time &* (max(0, state.connections) &+ weight) &* weightOfOther
            < timeOfOther &* (max(0, other.state.connections) &+ weightOfOther) &* weight
    }
}

extension BalancingMethod {
    /// `random [two [least_conn | least_time=header | least_time=last_byte]]`; `nil`: only one is looked at.
    public static func random(two comparison: RandomComparison?) -> BalancingMethod {
        var timing: Timing?
        if case .leastTime(let part) = comparison { timing = Timing(part: part) }
        return BalancingMethod("random", ranksServers: false) { RandomChoice($0, $1, comparison) }.timed(
            timing)
    }
}

extension RandomChoice {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "random",
            "A server is chosen by chance; with `two`, the less busy of two, or the one that is done first.",
            "[two [least_conn|least_time=header|least_time=last_byte]]",
            in: .upstream, arity: 0...2
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let words = Array(statement.arguments)
            guard words.isEmpty || words[0] == "two" else {
                throw ConfigError("invalid parameter \"\(words[0])\"", statement)
            }
            guard words.count != 2 || !words[1].isEmpty,
                let comparison = RandomComparison(word: statement.argument(1))
            else {
                throw ConfigError("invalid parameter \"\(statement.argument(1))\"", statement)
            }
            block.choose(.random(two: words.isEmpty ? nil : comparison), statement)
        }.repeatable
    }
}
