internal import Config
internal import Sharing

/// `least_conn`: the eligible peer with the fewest active requests for its weight; ties go by smooth
/// weighted round robin.
final class LeastConnections: Balancer {
    private var freest: Freest

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        freest = Freest(Array(peers[primaries]))
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        if group.eligible.rampingCount > 0 {
            compareOneByOne(group, selection, nowMs)
        } else {
            freest.find(group.eligible.isOpen, selection)
        }
        guard freest.count > 0 else { return nil }
        var chosen = freest.peers[0]
        if freest.count > 1 {
            chosen = group.turns.take(among: freest.peers, count: freest.count, nowMs: nowMs) ?? chosen
        }
        group.noteChoice(chosen, nowMs: nowMs)
        return chosen
    }

    // MARK: While some are in their slow start

    private func compareOneByOne(_ group: PeerGroup, _ selection: Selection, _ nowMs: Int64) {
        var best: Int?
        for index in group.primaries where group.isEligible(index, selection) {
            guard let holder = best else {
                best = index
                continue
            }
            let order = LeastConnections.compare(group.peers[index], group.peers[holder], nowMs)
            if order < 0 { best = index }
        }
        freest.removeAll()
        guard let best else { return }
        for index in best..<group.primaries.upperBound where group.isEligible(index, selection) {
            guard LeastConnections.compare(group.peers[index], group.peers[best], nowMs) == 0 else {
                continue
            }
            freest.append(index)
        }
    }

    /// The sign of a.connections/a.weight − b.connections/b.weight, without division.
    ///
    /// A peer in its slow start weighs less: it looks as if it had one connection more than it has.
    static func compare(_ a: Peer, _ b: Peer, _ nowMs: Int64) -> Int {
        guard a.isRamping(nowMs: nowMs) || b.isRamping(nowMs: nowMs) else {
            return a.state.connections &* b.settings.weight &- b.state.connections &* a.settings.weight
        }
        let weightOfA = a.ramped(a.settings.weight << 10, nowMs: nowMs)
        let weightOfB = b.ramped(b.settings.weight << 10, nowMs: nowMs)
        return (a.state.connections &+ 1) &* weightOfB &- (b.state.connections &+ 1) &* weightOfA
    }
}

/// The peers with the fewest connections for their weight.
private struct Freest {
    /// The first `count` of these are what was found.
    private(set) var peers: [Int]
    private(set) var count = 0

    private let weights: [Int]
    private var untried: [Bool]
    private var active: ActiveRequests

    init(_ all: [Peer]) {
        weights = all.map(\.settings.weight)
        peers = all.map { _ in 0 }
        untried = all.map { _ in false }
        active = ActiveRequests(all)
    }

    mutating func removeAll() { count = 0 }

    mutating func append(_ peer: Int) {
        peers[count] = peer
        count += 1
    }

    mutating func find(_ isOpen: [Bool], _ selection: Selection) {
        active.look()
        guard selection.triedCount > 0 else {
            return count = Freest.find(active.counts, weights, isOpen, into: &peers)
        }
        for index in untried.indices { untried[index] = isOpen[index] && !selection.hasTried(index) }
        count = Freest.find(active.counts, weights, untried, into: &peers)
    }

    /// - Returns: how many were found.
    private static func find(
        _ connections: [Int], _ weights: [Int], _ isOpen: [Bool], into peers: inout [Int]
    ) -> Int {
        let connections = connections.span
        let weights = weights.span
        let isOpen = isOpen.span
        var found = peers.mutableSpan
        var count = 0
        var fewest = 0
        var weight = 1
        for index in weights.indices where isOpen[index] {
            let load = connections[index] &* weight
            let bound = fewest &* weights[index]
            if load > bound && count > 0 { continue }
            if load < bound || count == 0 {
                fewest = connections[index]
                weight = weights[index]
                count = 0
            }
            found[count] = index
            count += 1
        }
        return count
    }
}

extension BalancingMethod {
    /// `least_conn`
    public static let leastConnections = BalancingMethod("least_conn") { LeastConnections($0, $1) }
}

extension LeastConnections {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "least_conn", "The server with the fewest active requests for its weight is chosen.", "",
            in: .upstream, arity: 0...0
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            block.choose(.leastConnections, statement)
        }.repeatable
    }
}
