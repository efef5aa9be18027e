/// `random [two [least_conn]]`: a peer by chance and weight; with `two`, the less busy of two.
/// After 20 tries in vain, round robin.
final class RandomChoice: Balancer {
    private let totalWeight: Int
    private let two: Bool
    private let fallback = RoundRobin()
    private var generator = SystemRandomNumberGenerator()

    init(_ peers: [Peer], _ primaries: Range<Int>, two: Bool) {
        totalWeight = peers[primaries].reduce(0) { $0 + $1.settings.weight }
        self.two = two
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard totalWeight > 0 else { return nil }
        var first: Int?
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            let index = group.weighted(Int.random(in: 0..<totalWeight, using: &generator))
            guard group.isEligible(index, selection, nowMs: nowMs), index != first else { continue }
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
