/// Chooses a peer for one attempt of one request.
///
/// A method sees eligibility through the group only; health, failures and tried peers are judged there.
protocol Balancer: AnyObject {
    /// - Returns: an index into the group's peers; `nil`: no primary is eligible.
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int?
}

/// Every balancing method. To add one: write `Balancers/<Name>.swift`, then name it here.
enum BalancingMethods {
    static func make(_ method: BalancingMethod, _ peers: [Peer], _ primaries: Range<Int>) -> any Balancer {
        switch method {
        case .roundRobin: RoundRobin()
        case .ipHash: IPHash(peers, primaries)
        case .leastConnections: LeastConnections(peers, primaries)
        case .hash(_, false): KeyHash(peers, primaries)
        case .hash(_, true): ConsistentHash(peers, primaries)
        case .random(let two): RandomChoice(peers, primaries, two: two)
        }
    }
}
