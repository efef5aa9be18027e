/// `least_conn`: the eligible peer with the fewest active requests for its weight; ties go by smooth
/// weighted round robin.
final class LeastConnections: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        var best: Int?
        var isTied = false
        for index in group.primaries where group.isEligible(index, selection, nowMs: nowMs) {
            guard let holder = best else {
                best = index
                continue
            }
            let order = LeastConnections.compare(group.peers[index], group.peers[holder], nowMs)
            if order < 0 {
                best = index
                isTied = false
            } else if order == 0 {
                isTied = true
            }
        }
        guard let best else { return nil }
        let chosen = isTied ? breakTie(with: best, group, selection, nowMs) : best
        group.noteChoice(chosen, nowMs: nowMs)
        return chosen
    }

    /// The sign of a.connections/a.weight − b.connections/b.weight, without division.
    ///
    /// A peer in its slow start weighs less: it looks as if it had one connection more than it has.
    static func compare(_ a: Peer, _ b: Peer, _ nowMs: Int64) -> Int {
        guard a.isRamping(nowMs: nowMs) || b.isRamping(nowMs: nowMs) else {
            return a.state.connections * b.settings.weight - b.state.connections * a.settings.weight
        }
        let weightOfA = a.ramped(a.settings.weight << 10, nowMs: nowMs)
        let weightOfB = b.ramped(b.settings.weight << 10, nowMs: nowMs)
        return (a.state.connections + 1) * weightOfB - (b.state.connections + 1) * weightOfA
    }

    /// Those that are as free as the first of them take turns.
    private func breakTie(with first: Int, _ group: PeerGroup, _ selection: Selection, _ now: Int64) -> Int {
        let holder = group.peers[first]
        let tied = (first..<group.primaries.upperBound).lazy.filter {
            LeastConnections.compare(group.peers[$0], holder, now) == 0
        }
        return group.takeTurn(among: tied, selection, nowMs: now) ?? first
    }
}
