internal import Config

/// `ip_hash`: the same client address goes to the same peer. nginx's arithmetic: the first three bytes
/// of an IPv4 address or all of an IPv6 one, hashed anew for each peer that cannot serve, at most 20
/// times; then round robin.
final class IPHash: Balancer {
    private let shares: WeightShares
    private let fallback = RoundRobin()

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        shares = WeightShares(peers, primaries)
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        if selection.hashTries == 0 { selection.hash = 89 }
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            var hash = selection.hash
            let bytes = selection.clientAddress
            let count = bytes.count == 4 ? 3 : bytes.count
            // Clients on UNIX sockets share one pseudo address of three zero bytes.
            for index in 0..<max(count, bytes.isEmpty ? 3 : 0) {
                let byte = bytes.isEmpty ? 0 : bytes[index]
                hash = (hash &* 113 &+ UInt32(byte)) % 6271
            }
            selection.hash = hash
            let index = shares.peer(at: Int(hash) % shares.total)
            if group.isEligible(index, selection) {
                group.noteChoice(index, nowMs: nowMs)
                return index
            }
        }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }
}

extension BalancingMethod {
    /// `ip_hash`
    public static let ipHash = BalancingMethod("ip_hash", ranksServers: false) { IPHash($0, $1) }.addressed
}

extension IPHash {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "ip_hash", "The same client address goes to the same server.", "", in: .upstream, arity: 0...0
        ) {
            (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            block.choose(.ipHash, statement)
        }
    }
}
