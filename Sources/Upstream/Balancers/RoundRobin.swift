/// Smooth weighted round robin: each eligible peer gains its weight, the highest is chosen and pays the
/// sum. Weights 5, 1, 1 give a a b a c a a. nginx's default.
final class RoundRobin: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        pick(from: group, in: group.primaries, selection, nowMs: nowMs)
    }

    func pick(from group: PeerGroup, in range: Range<Int>, _ selection: Selection, nowMs: Int64) -> Int? {
        guard let best = group.takeTurn(among: range, selection, nowMs: nowMs) else { return nil }
        group.noteChoice(best, nowMs: nowMs)
        return best
    }
}

extension PeerGroup {
    /// One step of smooth weighted round robin among those of `indices` that are eligible.
    ///
    /// Turns are counted in 1024ths of a unit of weight: a peer in its slow start has a part of its own.
    func takeTurn(among indices: some Sequence<Int>, _ selection: Selection, nowMs: Int64) -> Int? {
        var best: Int?
        var total = 0
        for index in indices where isEligible(index, selection, nowMs: nowMs) {
            let peer = peers[index]
            let share = peer.ramped(peer.effectiveWeight << 10, nowMs: nowMs)
            peer.currentWeight += share
            total += share
            if peer.effectiveWeight < peer.settings.weight { peer.effectiveWeight += 1 }
            if best.map({ peer.currentWeight > peers[$0].currentWeight }) ?? true { best = index }
        }
        if let best { peers[best].currentWeight -= total }
        return best
    }
}
