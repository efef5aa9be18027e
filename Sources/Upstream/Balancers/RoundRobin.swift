/// Smooth weighted round robin: each eligible peer gains its weight, the highest is chosen and pays the
/// sum. Weights 5, 1, 1 give a a b a c a a. nginx's default.
final class RoundRobin: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowSeconds: Int64) -> Int? {
        pick(from: group, in: group.primaries, selection, nowSeconds: nowSeconds)
    }

    func pick(from group: PeerGroup, in range: Range<Int>, _ selection: Selection, nowSeconds: Int64) -> Int?
    {
        guard let best = group.takeTurn(among: range, selection, nowSeconds: nowSeconds) else { return nil }
        group.noteChoice(best, nowSeconds: nowSeconds)
        return best
    }
}

extension PeerGroup {
    /// One step of smooth weighted round robin among those of `indices` that are eligible.
    func takeTurn(among indices: some Sequence<Int>, _ selection: Selection, nowSeconds: Int64) -> Int? {
        var best: Int?
        var total = 0
        for index in indices where isEligible(index, selection, nowSeconds: nowSeconds) {
            let peer = peers[index]
            peer.currentWeight += peer.effectiveWeight
            total += peer.effectiveWeight
            if peer.effectiveWeight < peer.settings.weight { peer.effectiveWeight += 1 }
            if best.map({ peer.currentWeight > peers[$0].currentWeight }) ?? true { best = index }
        }
        if let best { peers[best].currentWeight -= total }
        return best
    }
}
