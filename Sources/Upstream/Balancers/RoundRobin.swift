/// Smooth weighted round robin: each eligible peer gains its weight, the highest is chosen and pays the
/// sum. Weights 5, 1, 1 give a a b a c a a. nginx's default.
final class RoundRobin: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowSeconds: Int64) -> Int? {
        pick(from: group, in: group.primaries, selection, nowSeconds: nowSeconds)
    }

    func pick(from group: PeerGroup, in range: Range<Int>, _ selection: Selection, nowSeconds: Int64) -> Int?
    {
        var best: Int?
        var total = 0
        for index in range where group.isEligible(index, selection, nowSeconds: nowSeconds) {
            let peer = group.peers[index]
            peer.currentWeight += peer.effectiveWeight
            total += peer.effectiveWeight
            if peer.effectiveWeight < peer.settings.weight { peer.effectiveWeight += 1 }
            if best.map({ peer.currentWeight > group.peers[$0].currentWeight }) ?? true { best = index }
        }
        guard let best else { return nil }
        group.peers[best].currentWeight -= total
        group.noteChoice(best, nowSeconds: nowSeconds)
        return best
    }
}
