internal import Config
internal import Core

/// `random [two [least_conn]]`: a peer by chance and weight; with `two`, the less busy of two.
/// After 20 tries in vain, round robin.
final class RandomChoice: Balancer {
    private let shares: WeightShares
    private let two: Bool
    private let fallback = RoundRobin()
    private var generator = SplitMix(seed: UInt64.random(in: 0 ... .max))

    init(_ peers: [Peer], _ primaries: Range<Int>, two: Bool) {
        shares = WeightShares(peers, primaries)
        self.two = two
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        var first: Int?
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            let index = shares.peer(at: Int.random(in: 0..<shares.total, using: &generator))
            guard group.isEligible(index, selection), index != first else { continue }
            guard two else { return noted(index, group, nowMs) }
            guard let other = first else {
                first = index
                continue
            }
            let isLessBusy = LeastConnections.compare(group.peers[index], group.peers[other], nowMs) < 0
            return noted(isLessBusy ? index : other, group, nowMs)
        }
        if let first { return noted(first, group, nowMs) }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }

    private func noted(_ index: Int, _ group: PeerGroup, _ now: Int64) -> Int {
        group.noteChoice(index, nowMs: now)
        return index
    }
}

extension BalancingMethod {
    /// `random [two]`
    public static func random(two: Bool) -> BalancingMethod {
        BalancingMethod("random", ranksServers: false) { RandomChoice($0, $1, two: two) }
    }
}

extension RandomChoice {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "random", "A server is chosen by chance; with `two`, the less busy of two.",
            "[two [least_conn]]",
            in: .upstream, arity: 0...2
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let words = Array(statement.arguments)
            guard words.isEmpty || words[0] == "two" else {
                throw ConfigError("invalid parameter \"\(words[0])\"", statement)
            }
            guard words.count < 2 || words[1] == "least_conn" else {
                throw ConfigError("invalid parameter \"\(words[1])\"", statement)
            }
            block.choose(.random(two: !words.isEmpty), statement)
        }
    }
}
