/// nginx's default, and what most methods fall back to: each in its turn.
final class RoundRobin: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard let best = group.turns.take(0, group.eligible.isOpen, selection, nowMs: nowMs) else {
            return nil
        }
        group.noteChoice(best, nowMs: nowMs)
        return best
    }

    func noteBound(_ index: Int, of group: PeerGroup, nowMs: Int64) {
        group.turns.charge(index, group.eligible.isOpen, nowMs: nowMs)
    }
}

extension BalancingMethod {
    /// What holds without a directive.
    public static let roundRobin = BalancingMethod(nil) { _, _ in RoundRobin() }
}
