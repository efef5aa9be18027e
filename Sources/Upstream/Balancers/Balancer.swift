internal import Config

/// Chooses a peer for one attempt of one request.
///
/// A method sees eligibility through the group only; health, failures and tried peers are judged there.
protocol Balancer: AnyObject {
    /// - Returns: an index into the group's peers; `nil`: no primary is eligible.
    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int?
}

/// How a group chooses among its peers.
///
/// To add a method, write `Balancers/<Name>.swift` with its balancer, its value of this type and its
/// directive, and name the directive in `directives`.
public struct BalancingMethod: Sendable {
    typealias Making = @Sendable (_ peers: [Peer], _ primaries: Range<Int>) -> any Balancer

    /// The directives of all methods; round robin needs none.
    static var directives: [Directive<UpstreamBlock>] {
        [IPHash.directive, LeastConnections.directive, KeyHash.directive, RandomChoice.directive]
    }

    /// The word of its directive; `nil`: it holds where there is none.
    let name: String?
    /// What equal requests have in common: a template that the upper room evaluates.
    public private(set) var key: String?
    /// It wants to know the client's address.
    public private(set) var needsAddress = false
    /// Whether it knows backups, and servers whose weight grows.
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

    var addressed: BalancingMethod {
        var method = self
        method.needsAddress = true
        return method
    }
}
