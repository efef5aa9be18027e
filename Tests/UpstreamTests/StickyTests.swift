import Config
import Core
import Net
import Sharing
import Testing

@testable import Upstream

/// `sticky` beside every balancing method: who is bound goes where it was.
@Suite("sticky, beside every balancing method") struct StickyTests {
    private static let sticky = StickySettings(method: .route, lookups: ["arg_route"])

    /// Servers called by their names; the last `backups` of them are backups.
    private func group(
        _ names: [String], _ method: BalancingMethod, change: (inout [PeerSettings]) -> Void = { _ in }
    ) -> PeerGroup {
        var settings = UpstreamSettings(name: "group")
        settings.method = method
        settings.sticky = StickyTests.sticky
        settings.peers = names.enumerated().map { index, name in
            var peer = PeerSettings(
                server: "\(name):80", address: SocketAddress(.ipv4(0x7F00_0001 + UInt32(index), port: 80)))
            peer.route = name
            return peer
        }
        change(&settings.peers)
        return PeerGroup(settings, table: nil)
    }

    private func selection(_ number: Int, boundTo name: String?, in group: PeerGroup) -> Selection {
        let selection = Selection.of(key: "client \(number)", address: number * 7919)
        group.bind(selection, to: name.flatMap { ServerID(Array($0.utf8).span) })
        return selection
    }

    private func pick(_ group: PeerGroup, _ number: Int, boundTo name: String?, at now: Int64 = 100) -> Int? {
        let selection = selection(number, boundTo: name, in: group)
        guard case .peer(let index) = group.pick(selection, nowMs: now * 1000) else { return nil }
        group.finished(index, .neutral, nowMs: now * 1000)
        return index
    }

    @Test("who is bound goes to its server", arguments: BalancerLawTests.methods)
    func bound(method: BalancingMethod) {
        let group = group(["a", "b", "c"], method)
        for number in 0..<60 {
            #expect(pick(group, number, boundTo: ["a", "b", "c"][number % 3]) == number % 3)
        }
    }

    @Test("who is bound to nobody that is here is given any server", arguments: BalancerLawTests.methods)
    func unknown(method: BalancingMethod) {
        let group = group(["a", "b", "c"], method)
        let known = Set((0..<200).compactMap { pick(group, $0, boundTo: "gone") })
        #expect(known == [0, 1, 2])
        for name in ["", String(repeating: "a", count: 33), String(repeating: "a", count: 100_000)] {
            #expect(pick(group, 1, boundTo: name) != nil)
        }
    }

    @Test(
        "a server that failed for the request is not its server any more", arguments: BalancerLawTests.methods
    )
    func tried(method: BalancingMethod) {
        let group = group(["a", "b", "c"], method)
        let selection = selection(1, boundTo: "b", in: group)
        #expect(group.pick(selection, nowMs: 100_000) == .peer(1))
        guard case .peer(let next) = group.pick(selection, nowMs: 100_000) else {
            Issue.record("no other server")
            return
        }
        #expect(next != 1)
    }

    @Test("a server that cannot serve is not waited for", arguments: BalancerLawTests.methods)
    func cannotServe(method: BalancingMethod) {
        let changes: [(inout PeerSettings) -> Void] = [
            { $0.isDown = true }, { $0.isUnresolved = true },
            {
                $0.isDown = true
                $0.isDraining = true
            },
        ]
        for change in changes {
            let group = group(["a", "b", "c"], method) { change(&$0[1]) }
            for number in 0..<20 {
                let index = pick(group, number, boundTo: "b")
                #expect(index != nil && index != 1)
            }
        }
        let full = group(["a", "b", "c"], method) { $0[1].maxConnections = 1 }
        #expect(full.pick(selection(1, boundTo: "b", in: full), nowMs: 100_000) == .peer(1))
        #expect(full.pick(selection(2, boundTo: "b", in: full), nowMs: 100_000) != .peer(1))
        let failed = group(["a", "b", "c"], method)
        #expect(failed.pick(selection(1, boundTo: "b", in: failed), nowMs: 100_000) == .peer(1))
        failed.finished(1, .failure, nowMs: 100_000)
        #expect(pick(failed, 1, boundTo: "b", at: 101) != 1)
        #expect(pick(failed, 1, boundTo: "b", at: 200) == 1)
    }

    @Test(
        "a server that is drained serves who is bound to it, and nobody else",
        arguments: BalancerLawTests.methods)
    func drained(method: BalancingMethod) {
        for isByCheck in [false, true] {
            let group = group(["a", "b", "c"], method) { $0[1].isDraining = !isByCheck }
            if isByCheck { group.settle(1, .draining, nowMs: 50_000, wallMs: 50_000) }
            for number in 0..<40 {
                #expect(pick(group, number, boundTo: "b") == 1)
                #expect(pick(group, number, boundTo: nil) != 1)
                #expect(pick(group, number, boundTo: "gone") != 1)
            }
            group.settle(1, .unhealthy, nowMs: 50_000, wallMs: 50_000)
            #expect(pick(group, 1, boundTo: "b") != 1)
        }
    }

    @Test("a drained server may fail, and all others are tried then", arguments: BalancerLawTests.methods)
    func drainedTries(method: BalancingMethod) {
        let group = group(["a", "b"], method) { $0[1].isDraining = true }
        #expect(group.triesMax(for: selection(1, boundTo: "b", in: group)) == 2)
        #expect(group.triesMax(for: selection(1, boundTo: "a", in: group)) == 1)
        #expect(group.triesMax(for: selection(1, boundTo: nil, in: group)) == 1)
    }

    @Test("the only server is drained: it serves who is bound to it", arguments: BalancerLawTests.methods)
    func only(method: BalancingMethod) {
        let group = group(["a"], method) { $0[0].isDraining = true }
        #expect(pick(group, 1, boundTo: "a") == 0)
        #expect(pick(group, 1, boundTo: nil) == nil)
    }

    @Test("servers of one route serve in their order", arguments: BalancerLawTests.methods)
    func oneRoute(method: BalancingMethod) {
        let group = group(["a", "b", "c"], method) {
            $0[1].route = "same"
            $0[2].route = "same"
        }
        let selection = selection(1, boundTo: "same", in: group)
        #expect(group.pick(selection, nowMs: 100_000) == .peer(1))
        #expect(group.pick(selection, nowMs: 100_000) == .peer(2))
        #expect(group.pick(selection, nowMs: 100_000) == .peer(0))
    }

    @Test("a backup keeps those who are bound to it while no primary serves")
    func backups() {
        let group = group(["a", "b", "c"], .roundRobin) {
            $0[1].isBackup = true
            $0[2].isBackup = true
        }
        #expect(pick(group, 1, boundTo: "c") == 0)
        group.settle(0, .unhealthy, nowMs: 50_000, wallMs: 50_000)
        for number in 0..<6 { #expect(pick(group, number, boundTo: "c") == 2) }
    }

    @Test("a server is called the same wherever it stands", arguments: BalancerLawTests.methods)
    func reordered(method: BalancingMethod) {
        let first = group(["a", "b", "c"], method) { for index in 0..<3 { $0[index].route = "" } }
        let other = group(["a", "b", "c"], method) {
            for index in 0..<3 { $0[index].route = "" }
            $0.reverse()
            $0.remove(at: 1)
        }
        let selection = Selection.of(key: "x")
        other.bind(selection, to: first.stickyID(of: 0))
        #expect(other.pick(selection, nowMs: 1000) == .peer(1))
        // As nginx has it.
        let out = ByteBuffer(capacity: 32)
        first.stickyID(of: 0).map { out.append($0) }
        #expect(out.bytes == Array(Digest.hex(Digest.md5(Array("127.0.0.1:80".utf8))).utf8))
    }

    @Test("those who are bound count in the spreading of the others")
    func spread() {
        let group = group(["a", "b", "c"], .roundRobin)
        var counts = [0, 0, 0]
        for number in 0..<300 {
            if let index = pick(group, number, boundTo: number % 3 == 0 ? "a" : nil) { counts[index] += 1 }
        }
        #expect(counts == [100, 100, 100], "\(counts)")
    }

    @Test("a server that is overrun by those who are bound to it gets others again at once")
    func overrun() {
        let group = group(["a", "b", "c"], .roundRobin)
        for number in 0..<1000 { #expect(pick(group, number, boundTo: "a") == 0) }
        let next = (0..<6).compactMap { pick(group, $0, boundTo: nil) }
        #expect(next.contains(0), "\(next)")
        #expect(Set(next) == [0, 1, 2])
    }

    @Test("a group without sticky knows no names")
    func without() {
        let group = PeerGroup.of(["a", "b"])
        #expect(!group.isSticky)
        #expect(group.stickyID(of: 0) == nil)
        let selection = Selection.of(key: "x")
        group.bind(selection, to: ServerID([1, 2, 3].span))
        #expect(selection.bound == -1)
    }
}
