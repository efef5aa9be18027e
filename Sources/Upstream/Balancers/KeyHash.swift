internal import Config
internal import Core

/// `hash key`: CRC-32 over the number of the attempt and the key, bits 16–30, by total weight; at most
/// 20 attempts, then round robin. An empty key goes round robin at once.
final class KeyHash: Balancer {
    private let shares: WeightShares
    private let fallback = RoundRobin()

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        shares = WeightShares(peers, primaries)
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0, !selection.hashKey.isEmpty else {
            return fallback.pick(from: group, selection, nowMs: nowMs)
        }
        while selection.hashTries <= 20 {
            var crc = CRC32()
            if selection.hashTries > 0 { update(&crc, decimal: selection.hashTries) }
            crc.update(selection.hashKey)
            selection.hash = selection.hash &+ (crc.value >> 16 & 0x7FFF)
            selection.hashTries += 1
            let index = shares.peer(at: Int(selection.hash) % shares.total)
            if group.isEligible(index, selection) {
                group.noteChoice(index, nowMs: nowMs)
                return index
            }
        }
        return fallback.pick(from: group, selection, nowMs: nowMs)
    }

    private func update(_ crc: inout CRC32, decimal value: Int) {
        if value >= 10 { update(&crc, decimal: value / 10) }
        crc.update(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }
}

extension BalancingMethod {
    /// `hash key [consistent]`
    public static func hash(key: String, isConsistent: Bool) -> BalancingMethod {
        BalancingMethod("hash", ranksServers: false) { peers, primaries -> any Balancer in
            isConsistent ? ConsistentHash(peers, primaries) : KeyHash(peers, primaries)
        }.keyed(by: key)
    }
}

extension KeyHash {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "hash", "The same key goes to the same server; with `consistent`, by ketama.",
            "key [consistent]",
            in: .upstream, arity: 1...2
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            let word = statement.argument(1)
            guard word.isEmpty || word == "consistent" else {
                throw ConfigError("invalid parameter \"\(word)\"", statement)
            }
            block.choose(.hash(key: statement.argument(0), isConsistent: !word.isEmpty), statement)
        }
    }
}
