internal import Config
internal import Sharing

/// Chooses a peer for one attempt of one request.
///
/// A method sees eligibility through the group only; health, failures and tried peers are judged there.
protocol Balancer: AnyObject {
    /// - Returns: an index into the group's peers; `nil`: no primary is eligible.
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int?

    /// A peer has answered: it took so long to the part that the method's `timing` names.
    func answered(_ peer: Peer, afterNs: Int, nowMs: Int64)

    /// An attempt at a peer has failed, after so long.
    func failed(_ peer: Peer, afterNs: Int, nowMs: Int64)

    /// A request that is bound to a primary (`sticky`) goes there, whatever the method would have chosen.
    func noteBound(_ index: Int, of group: PeerGroup, nowMs: Int64)
}

extension Balancer {
    func answered(_ peer: Peer, afterNs: Int, nowMs: Int64) {}
    func failed(_ peer: Peer, afterNs: Int, nowMs: Int64) {}
    /// Requests under way are counted in any case; most methods need to know no more.
    func noteBound(_ index: Int, of group: PeerGroup, nowMs: Int64) {}
}

/// What a method wants to know of the time that responses take.
struct Timing: Sendable {
    let part: PeerState.ResponsePart
    /// Also how long the requests have waited for it that wait now.
    var countsUnfinished = false
}

/// How a group chooses among its peers.
///
/// To add a method, write `Balancers/<Name>.swift` with its balancer, its value of this type and its
/// directive, and name the directive in `directives`.
public struct BalancingMethod: Sendable {
    typealias Making = @Sendable (_ peers: [Peer], _ primaries: Range<Int>) -> any Balancer

    /// The directives of all methods; round robin needs none.
    static var directives: [Directive<UpstreamBlock>] {
        [
            IPHash.directive, LeastConnections.directive, LeastTime.directive, EWMA.directive,
            KeyHash.directive, RandomChoice.directive,
        ]
    }

    /// The word of its directive; `nil`: it holds where there is none.
    let name: String?
    /// What equal requests have in common: a template that the upper room evaluates.
    public private(set) var key: String?
    /// It wants to know the client's address.
    public private(set) var needsAddress = false
    /// What it wants to know of the time that responses take; `nil`: nothing.
    private(set) var timing: Timing?
    /// Whether servers may be `backup` or have a `slow_start` with it. A method whose choice follows from a
    /// key, or from weights alone, has no place for either: they are refused.
    let ranksServers: Bool
    /// Makes what chooses among these peers, of which the backups stand last.
    let make: Making

    init(_ name: String?, ranksServers: Bool = true, make: @escaping Making) {
        self.name = name
        self.ranksServers = ranksServers
        self.make = make
    }

    func keyed(by key: String) -> BalancingMethod {
        var method = self
        method.key = key
        return method
    }

    func timed(_ timing: Timing?) -> BalancingMethod {
        var method = self
        method.timing = timing
        return method
    }

    var addressed: BalancingMethod {
        var method = self
        method.needsAddress = true
        return method
    }
}
