import Testing

@testable import Upstream

@Suite("Hash methods") struct HashTests {
    @Test("ip_hash looks at the first three bytes of an IPv4 address")
    func ipHashIgnoresTheLastByte() {
        let group = PeerGroup.of(["a", "b", "c"], .ipHash())
        func choice(_ bytes: [UInt8]) -> Pick {
            let selection = Selection()
            selection.setClientAddress(bytes.span)
            return group.pick(selection, nowMs: 1000)
        }
        for last in UInt8(0)..<50 { #expect(choice([10, 1, 2, last]) == choice([10, 1, 2, 0])) }
    }

    @Test(
        "ip_hash computes as nginx does: h = (h * 113 + byte) % 6271 from 89, three bytes",
        arguments: [[127, 0, 0, 1], [10, 0, 0, 9], [192, 168, 1, 77], [8, 8, 8, 8]] as [[UInt8]])
    func ipHashVectors(address: [UInt8]) {
        let hash = address.prefix(3).reduce(89) { ($0 * 113 + Int($1)) % 6271 }
        let group = PeerGroup.of(["a", "b", "c"], .ipHash())
        let selection = Selection()
        selection.setClientAddress(address.span)
        #expect(group.pick(selection, nowMs: 1000) == .peer(hash % 3))
    }

    @Test("an empty key goes round robin", arguments: [KeySpread.modulo, .consistent(bound: nil)])
    func emptyKeyGoesRound(spread: KeySpread) {
        let group = PeerGroup.of(["a", "b", "c"], .hash(key: "", spread))
        let picks = (0..<3).map { _ -> Pick in
            let selection = Selection()
            return group.pick(selection, nowMs: 1000)
        }
        #expect(Set(picks.map { "\($0)" }).count == 3)
    }

    @Test("with consistent, great weights have a bounded number of points, in proportion")
    func consistentPointsAreBounded() {
        func points(_ weights: [Int]) -> ConsistentHash? {
            let names = weights.indices.map { "10.0.0.\($0):80" }
            let group = PeerGroup.of(names, .hash(key: "", .consistent(bound: nil))) { peers in
                for (index, weight) in weights.enumerated() { peers[index].weight = weight }
            }
            return group.balancer as? ConsistentHash
        }
        #expect(points([1, 2])?.pointCount == 480)
        let great = PeerGroup.of(["10.0.0.1:80", "10.0.0.2:80"], .hash(key: "", .consistent(bound: nil))) {
            peers in
            peers[0].weight = 65_535
            peers[1].weight = 6_553
        }
        let count = (great.balancer as? ConsistentHash)?.pointCount ?? 0
        #expect((300_000...ConsistentHash.pointsMax).contains(count))
        let second = (0..<2000).count { great.pickOnce(key: "key \($0)") == 1 }
        #expect((120...250).contains(second))
    }

    @Test("with consistent, a peer that goes moves only its own keys")
    func consistentMovesFewKeys() {
        let three = PeerGroup.of(["a", "b", "c"], .hash(key: "", .consistent(bound: nil)))
        let two = PeerGroup.of(["a", "b", "c"], .hash(key: "", .consistent(bound: nil))) { peers in
            peers[2].isDown = true
        }
        for number in 0..<1000 {
            let before = three.pickOnce(key: "key \(number)")
            let after = two.pickOnce(key: "key \(number)")
            if before != 2 { #expect(before == after) }
        }
    }
}

@Suite("Keep-alive pool") struct KeepalivePoolTests {
    final class Connection {}

    @Test("the most recently used connection to a peer is taken first")
    func takesTheFreshest() {
        let pool = KeepalivePool<Connection>(capacity: 4)
        let first = Connection()
        let second = Connection()
        pool.put(first, address: 1, key: 0)
        pool.put(second, address: 1, key: 0)
        #expect(pool.take(1, key: 0) === second)
        #expect(pool.take(2, key: 0) == nil)
        #expect(pool.take(1, key: 7) == nil)
        #expect(pool.take(1, key: 0) === first)
    }

    @Test("a full pool gives up what was idle longest")
    func evictsTheOldest() {
        let pool = KeepalivePool<Connection>(capacity: 2)
        let connections = (0..<3).map { _ in Connection() }
        for index in 0..<2 { pool.put(connections[index], address: index, key: 0) }
        #expect(!pool.hasExcess && pool.removeExcess() == nil)
        pool.put(connections[2], address: 2, key: 0)
        #expect(pool.hasExcess)
        #expect(pool.removeExcess() === connections[0])
        #expect(!pool.hasExcess && pool.removeExcess() == nil)
        #expect(pool.count == 2)
    }

    @Test("until the excess is removed all can be taken")
    func excessCanBeTaken() {
        let pool = KeepalivePool<Connection>(capacity: 1)
        let connections = (0..<3).map { _ in Connection() }
        for connection in connections { pool.put(connection, address: 0, key: 0) }
        for connection in connections.reversed() { #expect(pool.take(0, key: 0) === connection) }
        #expect(pool.count == 0)
    }

    @Test("a pool of none keeps none")
    func capacityZeroKeepsNothing() {
        let pool = KeepalivePool<Connection>(capacity: 0)
        let connection = Connection()
        pool.put(connection, address: 0, key: 0)
        #expect(pool.removeExcess() === connection)
    }
}

extension ConnectionKey: ExpressibleByIntegerLiteral {
    init(integerLiteral value: Int) { self.init(settings: value) }
}
