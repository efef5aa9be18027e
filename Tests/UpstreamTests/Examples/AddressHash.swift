import Config
import Core

@testable import Upstream

/// `address_hash`: the same address goes to the same peer, by all of its bytes; round robin if that one
/// cannot serve.
final class AddressHash: Balancer {
    private let shares: WeightShares
    private let fallback = RoundRobin()

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        shares = WeightShares(peers, primaries)
    }

    func pick(from group: PeerGroup, _ selection: Selection, nowMs: Int64) -> Int? {
        guard shares.total > 0 else { return nil }
        var sum = CRC32()
        sum.update(selection.clientAddress)
        let index = shares.peer(at: Int(sum.value) % shares.total)
        guard group.isEligible(index, selection) else {
            return fallback.pick(from: group, selection, nowMs: nowMs)
        }
        group.noteChoice(index, nowMs: nowMs)
        return index
    }
}

extension AddressHash {
    static var directive: Directive<UpstreamBlock> {
        Directive(
            "address_hash", "The same address goes to the same server.", "", in: .upstream, arity: 0...0
        ) {
            (block: UpstreamBlock, statement: Statement) throws(ConfigError) in
            block.choose(method, statement)
        }
    }

    static var method: BalancingMethod {
        BalancingMethod("address_hash", ranksServers: false) { AddressHash($0, $1) }.addressed
    }
}
