internal import Config

/// `ip_hash`: the same client address goes to the same peer. nginx's arithmetic: the first three bytes
/// of an IPv4 address or all of an IPv6 one, hashed anew for each peer that cannot serve, at most 20
/// times; then round robin. With `full`, all four bytes of an IPv4 address: neighbours in one network, or
/// behind one prefix of a provider, do not all go to the same peer.
final class IPHash: Balancer {
    private let shares: WeightShares
    private let fallback = RoundRobin()
    private let bytesOfIPv4: Int

    init(_ peers: [Peer], _ primaries: Range<Int>, isFull: Bool) {
        shares = WeightShares(peers, primaries)
        bytesOfIPv4 = isFull ? 4 : 3
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        if selection.hashTries == 0 { selection.hash = 89 }
        while selection.hashTries <= 20 {
            selection.hashTries += 1
            var hash = selection.hash
            let bytes = selection.clientAddress
            let count = bytes.count == 4 ? bytesOfIPv4 : bytes.count
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
    /// `ip_hash [full]`
    public static func ipHash(isFull: Bool = false) -> BalancingMethod {
        BalancingMethod("ip_hash", ranksServers: false) { IPHash($0, $1, isFull: isFull) }.addressed
    }
}

extension IPHash {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "ip_hash",
            "The same client address goes to the same server; of IPv4 its first three bytes count, with"
                + " `full` all four.",
            "[full]", in: .upstream, arity: 0...1
        ) {
            (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let word = statement.argument(0)
            guard statement.arguments.isEmpty || word == "full" else {
                if word.isEmpty { throw .invalidArgumentCount(statement) }
                throw ConfigError("invalid parameter \"\(word)\"", statement)
            }
            block.choose(.ipHash(isFull: word == "full"), statement)
        }.repeatable
    }
}
