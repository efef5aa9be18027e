import Config
import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Methods that go by response times") struct TimedMethodTests {
    /// One request that is answered after `ms`.
    private func ask(_ group: PeerGroup, ms: [Int64], at nowMs: Int64) -> Int? {
        let selection = Selection.of(key: "")
        guard case .peer(let index) = group.pick(selection, nowMs: nowMs) else { return nil }
        group.end(index, selection, afterUs: ms[index] * 1000, nowMs: nowMs + ms[index])
        return index
    }

    @Test(
        "the slow server gets few of the requests, whichever method looks at times",
        arguments: [
            BalancingMethod.leastTime(.header, inflight: false), .leastTime(.lastByte, inflight: false),
            .leastTime(.header, inflight: true), .random(two: .leastTime(.header)),
            .random(two: .leastTime(.lastByte)), .ewma(seed: 7),
        ])
    func slowServer(method: BalancingMethod) {
        let group = PeerGroup.of(["a", "b", "c"], method)
        var counts = [0, 0, 0]
        for number in 0..<3000 {
            guard let index = ask(group, ms: [5, 5, 400], at: 100_000 + Int64(number) * 10) else { continue }
            counts[index] += 1
        }
        #expect(counts[0] > 1000 && counts[1] > 1000 && counts[2] < 100, "\(counts)")
        #expect(counts[2] > 0)
    }

    @Test("least_time: a new time weighs a twentieth; steps of 20 ms; 5 s at most; halved where nobody asks")
    func leastTimeArithmetic() {
        let group = PeerGroup.of(["a", "b"], .leastTime(.header, inflight: false))
        let peer = group.peers[0]
        let timing = Timing(part: .header)
        peer.state.checked = 100
        for ms in [100, 200] { ResponseTimes.average(peer, .header, ms * 1_000_000, 100_000) }
        #expect(peer.state.time(to: .header) == 105_000_000)
        #expect(ResponseTimes.expected(peer, timing, 100_000) == 120)
        // Its window has passed: once, twice.
        #expect(ResponseTimes.expected(peer, timing, 110_000) == 120)
        #expect(ResponseTimes.expected(peer, timing, 111_000) == 60)
        #expect(ResponseTimes.expected(peer, timing, 122_000) == 40)
        #expect(ResponseTimes.expected(peer, timing, 100_000_000) == 20)
        peer.state.setTime(to: .header, ns: 9_000_000_000, nowMs: 100_000)
        #expect(ResponseTimes.expected(peer, timing, 100_000) == 5000)
    }

    @Test("inflight: a server that does not answer is seen before it does")
    func inflight() {
        for inflight in [false, true] {
            let group = PeerGroup.of(["a", "b"], .leastTime(.header, inflight: inflight))
            var nowMs: Int64 = 100_000
            for _ in 0..<40 {
                _ = ask(group, ms: [10, 10], at: nowMs)
                nowMs += 10
            }
            // Each gets one; that of the first is not answered any more, those of the second are.
            let held = [Selection.of(key: ""), Selection.of(key: "")]
            var picked: [Int] = []
            for selection in held {
                if case .peer(let index) = group.pick(selection, nowMs: nowMs) { picked.append(index) }
            }
            #expect(Set(picked) == [0, 1])
            for (index, selection) in zip(picked, held) where index == 1 {
                group.end(1, selection, afterUs: 10_000, nowMs: nowMs + 10)
            }
            // The first looks half as good for its one request, and the second has two: but it hangs.
            _ = group.pick(Selection.of(key: ""), nowMs: nowMs + 20)
            _ = group.pick(Selection.of(key: ""), nowMs: nowMs + 20)
            let expected = ResponseTimes.expected(
                group.peers[0], Timing(part: .header, countsUnfinished: inflight), nowMs + 1000)
            #expect(inflight ? expected > 500 : expected == 20)
        }
    }

    @Test("requests that wait are forgotten with the worker that had them")
    func deadWorker() throws {
        let table = try PeerStateTable(capacity: 8, workers: 2)
        table.serve(as: 0)
        let first = try #require(table.state(for: "a")).state
        table.serve(as: 1)
        let second = try #require(table.state(for: "a")).state
        first.unfinishedBegan(atMs: 1000)
        first.unfinishedBegan(atMs: 2000)
        second.unfinishedBegan(atMs: 3000)
        #expect(second.unfinishedAgeMs(nowMs: 4000) == 2000)
        table.forget(worker: 0)
        #expect(second.unfinishedAgeMs(nowMs: 4000) == 1000)
        second.unfinishedEnded(begunAtMs: 3000)
        #expect(second.unfinishedAgeMs(nowMs: 4000) == nil)
    }

    @Test("ewma: rises to a peak at once, forgets it by half-lives, and moves to the others' time")
    func ewmaArithmetic() {
        let group = PeerGroup.of(["a", "b"], .ewma(seed: 1))
        let peer = group.peers[0]
        let balancer = group.balancer
        balancer.answered(peer, afterNs: 10_000_000, nowMs: 100_000)
        balancer.answered(peer, afterNs: 90_000_000, nowMs: 100_000)
        #expect(peer.state.time(to: .header) == 90_000_000)
        balancer.answered(peer, afterNs: 10_000_000, nowMs: 105_000)
        #expect(peer.state.time(to: .header) == 50_000_000)
        // One after the other within a millisecond: no time to forget in.
        balancer.answered(peer, afterNs: 10_000_000, nowMs: 105_000)
        #expect(peer.state.time(to: .header) == 50_000_000)
        for (nowMs, time) in [(105_000, 50), (110_000, 50), (115_000, 30), (120_000, 20), (9_000_000, 10)] {
            let found = EWMA.expected(peer, towards: 10_000_000, 5000, Int64(nowMs))
            #expect(found == time * 1_000_000)
        }
    }

    @Test("ewma: halving takes any numbers")
    func halving() {
        for difference in [Int.min, -1, 0, 1, Int.max] {
            for age in [0, 1, 4999, Int.max] {
                for halfLife in [1, 5000, 86_400_000] { _ = EWMA.halved(difference, age, halfLife) }
            }
        }
        #expect(EWMA.halved(1000, 5000, 5000) == 500 && EWMA.halved(-1000, 2500, 5000) == -750)
    }

    @Test("ewma: a server that fails at once does not look fast")
    func ewmaFailing() {
        let group = PeerGroup.of(["a", "b", "c"], .ewma(seed: 5)) { peers in
            for index in peers.indices { peers[index].maxFails = 0 }
        }
        var counts = [0, 0, 0]
        for number in 0..<3000 {
            let nowMs = 100_000 + Int64(number) * 2
            let selection = Selection.of(key: "")
            guard case .peer(let index) = group.pick(selection, nowMs: nowMs) else { continue }
            counts[index] += 1
            let us: Int64 = index == 2 ? 100 : 10_000
            group.end(index, selection, index == 2 ? .failure : .success, afterUs: us, nowMs: nowMs)
        }
        #expect(counts[2] < 100, "\(counts)")
    }

    @Test("what was learnt goes on in the group that a reload makes")
    func reload() {
        let former = PeerGroup.of(["a", "b"], .leastTime(.header, inflight: false))
        former.peers[1].state.setTime(to: .header, ns: 300_000_000, nowMs: 100_000)
        let group = PeerGroup(former.settings, table: nil, former: former)
        #expect(group.peers[1].state.time(to: .header) == 300_000_000)
    }
}

@Suite("Hashing with bounds, and by whole addresses") struct HashVariantTests {
    @Test("bound: one key that all ask for fills no server beyond its part, and stays where it can")
    func bound() {
        let names = (0..<10).map { "10.0.0.\($0):80" }
        let group = PeerGroup.of(names, .hash(key: "", .consistent(bound: 125)))
        var order: [Int] = []
        for placed in 1...1000 {
            guard case .peer(let index) = group.pick(Selection.of(key: "hot"), nowMs: 100_000) else {
                Issue.record("no server")
                return
            }
            if !order.contains(index) { order.append(index) }
            let most = group.peers.map(\.state.connections).max() ?? 0
            #expect(most * 100 < 125 * placed / 10 + 100)
        }
        #expect(order.count >= 8)
        // Without load the key is where plain ketama has it.
        let plain = PeerGroup.of(names, .hash(key: "", .consistent(bound: nil)))
        #expect(plain.pickOnce(key: "hot") == order[0])
        let idle = PeerGroup.of(names, .hash(key: "", .consistent(bound: 125)))
        for number in 0..<200 { #expect(idle.pickOnce(key: "\(number)") == plain.pickOnce(key: "\(number)")) }
    }

    @Test("ip_hash full: neighbours in one network are spread, the same address is not")
    func wholeAddress() {
        let peers = (0..<8).map { "10.0.0.\($0):80" }
        for isFull in [false, true] {
            let group = PeerGroup.of(peers, .ipHash(isFull: isFull))
            func pick(_ last: UInt8) -> Pick {
                let selection = Selection()
                selection.setClientAddress([192, 0, 2, last].span)
                return group.pick(selection, nowMs: 100_000)
            }
            let picks = (0..<200).map { pick(UInt8($0)) }
            #expect(Set(picks.map { "\($0)" }).count == (isFull ? 8 : 1))
            #expect(picks == (0..<200).map { pick(UInt8($0)) })
        }
    }

    @Test(
        "words that cannot stand there are refused",
        arguments: [
            ("hash", ["k", "bound=125%"]), ("hash", ["k", "consistent", "bound=100%"]),
            ("hash", ["k", "consistent", "bound=125"]), ("hash", ["k", "consistent", "consistent"]),
            ("hash", ["k", "consistent", "bound=125%", "bound=125%"]), ("ip_hash", ["whole"]),
            ("least_time", ["first_byte"]), ("least_time", ["header", "in"]),
            ("random", ["two", "least_time"]),
            ("random", ["two", "least_time=byte"]), ("ewma", ["decay=0"]), ("ewma", ["decay="]),
            ("ewma", ["x"]),
            ("ewma", ["decay=99999d"]),
        ])
    func refused(name: String, words: [String]) throws {
        let row = try #require(BalancingMethod.directives.first { $0.name == name })
        let block = UpstreamBlock(
            name: "group", resolve: { _, _ in [] },
            readState: { (statement) throws(ConfigError) in throw ConfigError("no state", statement) },
            warn: { _ in })
        let place = SourceLocation(file: "t", line: 1)
        #expect(throws: ConfigError.self) {
            try row.apply(block, Statement(words: [name] + words, block: nil, location: place))
        }
    }
}
