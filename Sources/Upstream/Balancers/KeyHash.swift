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

/// How the keys of `hash` lead to peers.
public enum KeySpread: Sendable, Equatable {
    /// By total weight: a peer that comes or goes moves most keys.
    case modulo
    /// Ketama: it moves only its share of the keys.
    ///
    /// - Parameter bound: the most that a peer may have, in percent of what is due to its weight; `nil`: any.
    case consistent(bound: Int?)

    /// With one more word of the directive; `nil`: it cannot stand there.
    fileprivate func adding(_ word: String) -> KeySpread? {
        switch self {
        case .modulo: word == "consistent" ? .consistent(bound: nil) : nil
        case .consistent(bound: nil) where word.hasPrefix("bound="):
            KeySpread.bound(word.dropFirst(6)).map { .consistent(bound: $0) }
        case .consistent: nil
        }
    }

    /// Of "125%": 125. Below 101, no peer would have room for what is due to it.
    private static func bound(_ word: Substring) -> Int? {
        guard word.last == "%", let percent = Units.number(String(word.dropLast())) else { return nil }
        return (101...10_000).contains(percent) ? percent : nil
    }
}

extension BalancingMethod {
    /// `hash key [consistent [bound=n%]]`
    public static func hash(key: String, _ spread: KeySpread) -> BalancingMethod {
        BalancingMethod("hash", ranksServers: false) { peers, primaries -> any Balancer in
            switch spread {
            case .modulo: KeyHash(peers, primaries)
            case .consistent(let bound): ConsistentHash(peers, primaries, bound: bound)
            }
        }.keyed(by: key)
    }
}

extension KeyHash {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "hash",
            "The same key goes to the same server; with `consistent`, by ketama; with `bound`, to the next"
                + " one while that has more active requests than so many percent of its share.",
            "key [consistent [bound=125%]]",
            in: .upstream, arity: 1...3
        ) { (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            var spread = KeySpread.modulo
            for word in statement.arguments.dropFirst() {
                guard let next = spread.adding(word) else {
                    throw ConfigError("invalid parameter \"\(word)\"", statement)
                }
                spread = next
            }
            block.choose(.hash(key: statement.argument(0), spread), statement)
        }.repeatable
    }
}
