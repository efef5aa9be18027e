/// `least_conn`: the eligible peer with the fewest active requests for its weight; ties go by smooth
/// weighted round robin.
final class LeastConnections: Balancer {
    func pick(from group: PeerGroup, _ selection: Selection, nowSeconds: Int64) -> Int? {
        var best: Int?
        var isTied = false
        for index in group.primaries where group.isEligible(index, selection, nowSeconds: nowSeconds) {
            guard let holder = best else {
                best = index
                continue
            }
            let order = LeastConnections.compare(group.peers[index], group.peers[holder])
            if order < 0 {
                best = index
                isTied = false
            } else if order == 0 {
                isTied = true
            }
        }
        guard let best else { return nil }
        let chosen = isTied ? breakTie(with: best, group, selection, nowSeconds) : best
        group.noteChoice(chosen, nowSeconds: nowSeconds)
        return chosen
    }

    /// The sign of a.connections/a.weight − b.connections/b.weight, without division.
    static func compare(_ a: Peer, _ b: Peer) -> Int {
        a.state.connections * b.settings.weight - b.state.connections * a.settings.weight
    }

    /// Those that are as free as the first of them take turns.
    private func breakTie(with first: Int, _ group: PeerGroup, _ selection: Selection, _ now: Int64) -> Int {
        let holder = group.peers[first]
        let tied = (first..<group.primaries.upperBound).lazy.filter {
            LeastConnections.compare(group.peers[$0], holder) == 0
        }
        return group.takeTurn(among: tied, selection, nowSeconds: now) ?? first
    }
}
