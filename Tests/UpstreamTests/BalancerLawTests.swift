import Config
import Core
import Net
import Sharing
import Testing

@testable import Upstream

/// Laws that hold for every balancing method.
@Suite("Every balancing method") struct BalancerLawTests {
    /// Round robin, and what each directive makes of each way of writing it.
    static let methods: [BalancingMethod] =
        [.roundRobin]
        + BalancingMethod.directives.flatMap { row in
            ways(row.syntax).compactMap { try? method(row, $0) }
        }

    /// Words of which the optional ones may be left out, from the last on, and of which one of several may
    /// stand in a place: `key [consistent]`, `header|last_byte [inflight]`.
    private static func ways(_ syntax: String) -> [[String]] {
        let words = syntax.split(separator: " ").map(String.init)
        let required = words.prefix { !$0.hasPrefix("[") }.count
        return (required...words.count).flatMap { count in
            words.prefix(count).reduce([[]]) { ways, word in
                let choices = word.filter { !"[]".contains($0) }.split(separator: "|").map(String.init)
                return ways.flatMap { way in choices.map { way + [$0] } }
            }
        }
    }

    private static func method(_ row: Directive<UpstreamBlock>, _ words: [String]) throws -> BalancingMethod {
        let block = UpstreamBlock(
            name: "group", resolve: { _, _ in [] },
            readState: { (statement) throws(ConfigError) in throw ConfigError("no state", statement) },
            warn: { _ in })
        let location = SourceLocation(file: "t", line: 1)
        try row.apply(block, Statement(words: [row.name] + words, block: nil, location: location))
        return block.settings.method
    }

    @Test("every directive of a method is under these laws, in each way of writing it")
    func allAreHere() {
        let names = Set(Self.methods.compactMap(\.name))
        #expect(names == Set(BalancingMethod.directives.map(\.name)))
        // Those with words that may be left out are here more than once.
        #expect(Self.methods.count > names.count + 1)
    }

    @Test("chooses only peers that are not down", arguments: methods)
    func skipsDownPeers(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b", "c"], method) { peers in peers[1].isDown = true }
        for number in 0..<200 {
            let index = group.pickOnce(key: "key\(number)")
            #expect(index != nil && index != 1)
        }
    }

    @Test("chooses each peer once for one request, then none", arguments: methods)
    func skipsTriedPeers(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b", "c", "d"], method)
        let selection = Selection.of(key: "key")
        var seen: Set<Int> = []
        for _ in 0..<4 {
            guard case .peer(let index) = group.pick(selection, nowMs: 100_000) else {
                Issue.record("no peer although some are left")
                return
            }
            #expect(seen.insert(index).inserted)
        }
        #expect(group.pick(selection, nowMs: 100_000) == .none)
    }

    @Test("says none when all peers are down", arguments: methods)
    func noneWhenAllAreDown(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b"], method) { peers in
            peers[0].isDown = true
            peers[1].isDown = true
        }
        #expect(group.pickOnce(key: "x") == nil)
    }

    @Test("leaves a peer alone that failed too often, until its time has passed", arguments: methods)
    func bansFailedPeers(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b"], method)
        fail(group, peer: 0, at: 100)
        for number in 0..<50 { #expect(group.pickOnce(key: "k\(number)", at: 105) == 1) }
        let later = Set((0..<200).compactMap { group.pickOnce(key: "k\($0)", at: 200) })
        #expect(later == [0, 1])
    }

    /// Of two idle servers that are equally fast, `least_time` has the one with more weight always done first.
    @Test("spreads requests by weight", arguments: methods.filter { $0.name != "least_time" })
    func spreadsByWeight(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b"], method) { peers in peers[0].weight = 3 }
        var counts = [0, 0]
        for number in 0..<4000 {
            if let index = group.pickOnce(key: "client \(number * 7919)", address: number) {
                counts[index] += 1
            }
        }
        // Least connections sees no load here and goes by weight as well.
        #expect(counts[0] > counts[1] * 2 && counts[0] < counts[1] * 4, "\(counts)")
    }

    @Test("spreads requests that go on by weight", arguments: methods)
    func spreadsLoadByWeight(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b"], method) { peers in peers[0].weight = 3 }
        for number in 0..<2000 {
            _ = group.pick(Selection.of(key: "client \(number * 7919)", address: number), nowMs: 100_000)
        }
        let counts = group.peers.map(\.state.connections)
        #expect(counts[0] > counts[1] * 2 && counts[0] < counts[1] * 4, "\(counts)")
    }

    @Test("leaves no server alone for long, however slow it was", arguments: methods)
    func starvesNobody(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b", "c"], method)
        var last = [0, 0, 0]
        for number in 0..<30_000 {
            let nowMs = 100_000 + Int64(number) * 10
            let selection = Selection.of(key: "client \(number * 7919)", address: number)
            guard case .peer(let index) = group.pick(selection, nowMs: nowMs) else { continue }
            last[index] = number
            let us: Int64 = (index == 2 ? 900_000 : 10_000) + Int64(number * 7919 % 1000)
            group.end(index, selection, afterUs: us, nowMs: nowMs)
        }
        // Two minutes are the longest.
        #expect(last.allSatisfy { $0 > 18_000 }, "\(last)")
    }

    @Test("respects max_conns", arguments: methods)
    func respectsMaxConnections(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b"], method) { peers in
            peers[0].maxConnections = 1
            peers[1].maxConnections = 1
        }
        let picks = (0..<3).map { group.pick(Selection.of(key: "k\($0)"), nowMs: 1000) }
        #expect(picks.filter { $0 == .none }.count == 1)
    }

    private func fail(_ group: PeerGroup, peer: Int, at now: Int64) {
        for _ in 0..<1000 where group.peers[peer].state.fails == 0 {
            let number = Int.random(in: 0..<1_000_000)
            let selection = Selection.of(key: "fail\(number)", address: number)
            guard case .peer(let index) = group.pick(selection, nowMs: now * 1000) else { continue }
            group.end(index, selection, index == peer ? .failure : .success, nowMs: now * 1000)
        }
    }
}

extension PeerGroup {
    /// A group of 127.0.0.1 … with the given names; `change` sets weights and the like.
    static func of(
        _ names: [String], _ method: BalancingMethod = .roundRobin,
        change: (inout [PeerSettings]) -> Void = { _ in }
    ) -> PeerGroup {
        var settings = UpstreamSettings(name: "group")
        settings.method = method
        settings.peers = names.enumerated().map { index, name in
            PeerSettings(
                server: "\(name):80", address: SocketAddress(.ipv4(0x7F00_0001 + UInt32(index), port: 80)))
        }
        change(&settings.peers)
        return PeerGroup(settings, table: nil)
    }

    /// Chooses for one request that ends well at once.
    func pickOnce(key: String, address: Int = 0, at now: Int64 = 100) -> Int? {
        let selection = Selection.of(key: key, address: address == 0 ? key.hashValue : address)
        guard case .peer(let index) = pick(selection, nowMs: now * 1000) else { return nil }
        end(index, selection, .neutral, nowMs: now * 1000)
        return index
    }

    /// As the one who asks a peer does: its head comes, and all of it.
    func end(
        _ index: Int, _ selection: Selection, _ outcome: AttemptOutcome = .success, afterUs us: Int64 = 1000,
        nowMs: Int64
    ) {
        if wantsTimes {
            if case .success = outcome { headArrived(index, selection, afterUs: us, nowMs: nowMs) }
            timingEnded(index, outcome, selection, after: (us, nowMs))
        }
        finished(index, outcome, nowMs: nowMs)
    }
}

extension Selection {
    static func of(key: String, address: Int = 0) -> Selection {
        let selection = Selection()
        selection.setHashKey(Array(key.utf8).span)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: address >> (8 * $0)) }
        selection.setClientAddress(bytes.span)
        return selection
    }
}
