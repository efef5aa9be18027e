import Core
import Glibc
import Net
import Sharing
import Testing

@testable import Upstream

/// A service of two workers and a checker to which things happen by chance, beside the reference.
private final class Schedule {
    /// A request that has a server now.
    private struct Request {
        let group: PeerGroup
        let reference: ReferenceGroup
        let selection: Selection
        var tried: Set<Int>
        var usesBackups: Bool
        var peer: Int
    }

    private var generator: SplitMix
    /// One view of the shared memory for each process: the checker's is the last.
    private var tables: [PeerStateTable] = []
    private let zone = ReferenceZone()
    private var settings = UpstreamSettings(name: "group")
    private var groups: [PeerGroup] = []
    private var references: [ReferenceGroup] = []
    private var requests: [Request] = []
    private var nowMs: Int64 = 1_000_000
    private var serversMade = 0
    private(set) var picks = 0

    init(seed: UInt64, _ method: BalancingMethod, isShared: Bool) throws {
        generator = SplitMix(seed: seed)
        settings.method = method
        settings.isChecked = chance(70)
        settings.panicThreshold = chance(30) ? 40 : 0
        let hasSlowStart = chance(30)
        let weights = [[1], [1], [5, 1, 1], [1, 2], [10, 7, 3, 100]][number(5)]
        // More than a word of bits has, and than the journal remembers.
        let count = chance(15) ? 60 + number(40) : 1 + number(12)
        for _ in 0..<count { settings.peers.append(server(weights, hasSlowStart)) }
        guard isShared else {
            groups = [PeerGroup(settings, table: nil)]
            references = [ReferenceGroup(settings, zone)]
            return
        }
        let tenants = try Tenants(workers: 2, capacities: [256])
        let table = try PeerStateTable(places: tenants.table(0), workers: 2)
        for process in 0..<3 {
            let own = try Tenants(
                workers: 2, capacities: [256], adopting: dup(tenants.descriptor ?? -1))
            own.enter()
            let view = try PeerStateTable(
                places: own.table(0), workers: 2, adopting: table.descriptors.map { dup($0) })
            // The reference knows of no slow start of servers that are new.
            view.isServiceStart = true
            if process < 2 { view.serve(as: process) }
            tables.append(view)
            groups.append(PeerGroup(settings, table: view))
            references.append(ReferenceGroup(settings, zone))
        }
    }

    private func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &generator) }
    private func chance(_ percent: Int) -> Bool { number(100) < percent }

    private func server(_ weights: [Int], _ hasSlowStart: Bool) -> PeerSettings {
        serversMade += 1
        var peer = PeerSettings(
            server: "s\(serversMade)", address: SocketAddress(.ipv4(UInt32(serversMade), port: 80)))
        peer.weight = weights[number(weights.count)]
        peer.isBackup = chance(15)
        peer.isDown = chance(5)
        if chance(20) { peer.maxConnections = 1 + number(3) }
        if chance(30) { peer.maxFails = number(4) }
        peer.failTimeoutSeconds = 1 + number(5)
        if hasSlowStart { peer.slowStartMs = 1000 + number(5000) }
        return peer
    }

    // MARK: What happens

    /// - Returns: what went wrong.
    func step() -> String? {
        switch number(100) {
        case 0..<55: return begin()
        case 55..<80: return end()
        case 80..<88: nowMs += Int64(number(40))
        case 88..<92: nowMs += Int64(number(4000))
        case 92..<98: settle()
        case 98: for _ in 0..<number(150) { settle() }
        default: reload()
        }
        return nil
    }

    private func begin() -> String? {
        let worker = number(min(groups.count, 2))
        let selection = Selection()
        let request = Request(
            group: groups[worker], reference: references[worker], selection: selection, tried: [],
            usesBackups: false, peer: 0)
        return choose(request)
    }

    private func choose(_ request: Request) -> String? {
        var request = request
        picks += 1
        let expected = request.reference.pick(
            tried: &request.tried, usesBackups: &request.usesBackups, nowMs: nowMs)
        let pick = request.group.pick(request.selection, nowMs: nowMs)
        guard pick == expected.map({ .peer($0) }) ?? .none else {
            return "\(pick) instead of \(String(describing: expected)) in choice \(picks)"
        }
        guard let expected else { return nil }
        request.peer = expected
        requests.append(request)
        return nil
    }

    private func end() -> String? {
        guard !requests.isEmpty else { return nil }
        let request = requests.remove(at: number(requests.count))
        let outcome = [AttemptOutcome.success, .success, .failure, .neutral][number(4)]
        request.group.finished(request.peer, outcome, nowMs: nowMs)
        request.reference.finished(request.peer, outcome, nowMs: nowMs)
        // Requests of former groups end; those of today's may be tried again.
        guard case .failure = outcome, groups.contains(where: { $0 === request.group }), chance(80) else {
            return nil
        }
        return choose(request)
    }

    private func settle() {
        guard settings.isChecked, let checker = groups.last, let reference = references.last else { return }
        let index = number(checker.peers.count)
        let health = [Health.up, .up, .unhealthy, .draining][number(4)]
        checker.settle(index, health, nowMs: nowMs, wallMs: 1)
        reference.settle(index, health, nowMs: nowMs)
    }

    /// The configuration changes, in all processes.
    private func reload() {
        let hasSlowStart = settings.peers.contains { $0.slowStartMs > 0 }
        let weights = settings.peers.map(\.weight)
        if settings.peers.count > 1, chance(50) { settings.peers.remove(at: number(settings.peers.count)) }
        if chance(50) {
            settings.peers.insert(server(weights, hasSlowStart), at: number(settings.peers.count + 1))
        }
        for index in settings.peers.indices where chance(20) {
            settings.peers[index].weight = weights[number(weights.count)]
            settings.peers[index].maxConnections = number(4)
            settings.peers[index].isDown = chance(20)
            settings.peers[index].isDraining = chance(10)
        }
        for index in groups.indices {
            let table = tables.isEmpty ? nil : tables[index]
            groups[index] = PeerGroup(settings, table: table, former: groups[index])
            references[index] = ReferenceGroup(settings, zone, former: references[index])
        }
    }
}

@Suite("Turns") struct TurnLawTests {
    @Test(
        "whatever happens, the choices are those of a straightforward implementation",
        arguments: [BalancingMethod.roundRobin, .leastConnections], [true, false])
    func choicesAreTheReferences(method: BalancingMethod, isShared: Bool) throws {
        for seed in 0..<UInt64(80) {
            let schedule = try Schedule(seed: seed, method, isShared: isShared)
            for step in 0..<500 {
                guard let wrong = schedule.step() else { continue }
                Issue.record("seed \(seed), step \(step): \(wrong)")
                return
            }
            #expect(schedule.picks > 0)
        }
    }

    @Test("a line that has gained too much is counted anew, and nobody loses his turn")
    func rebasing() {
        let group = PeerGroup.of(["a", "b", "c"]) { peers in peers[0].weight = 5 }
        let turns = Turns(group.peers, [0..<3, 3..<3], gainMax: 4 << 10)
        let open = [true, true, true]
        let sequence = (0..<14).compactMap { _ in turns.take(0, open, Selection(), nowMs: 1) }
        #expect(sequence == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
    }

    @Test("a number finds the peer in whose share of the weights it lies")
    func shares() {
        let weights = [3, 1, 1, 65_535, 2]
        let group = PeerGroup.of(weights.map { "\($0)" }) { peers in
            for index in peers.indices { peers[index].weight = weights[index] }
        }
        let shares = WeightShares(group.peers, 0..<5)
        #expect(shares.total == weights.reduce(0, +))
        let owners = weights.indices.flatMap { [Int](repeating: $0, count: weights[$0]) }
        #expect(owners.indices.allSatisfy { shares.peer(at: $0) == owners[$0] })
        #expect(WeightShares([], 0..<0).total == 0)
    }
}

@Suite("Journal of changes") struct ChangeJournalTests {
    @Test("the last changes are known, in all processes; those before are not, and those to come")
    func remembers() throws {
        let memory = try SharedMemory(privateCount: 3 + ChangeJournal.numbers)
        let writer = ChangeJournal(memory, at: 3)
        let reader = ChangeJournal(memory, at: 3)
        for peer in 0..<100 { writer.note(peer) }
        #expect(reader.count == 100)
        #expect(reader.peer(ofChange: 100) == 99)
        #expect(reader.peer(ofChange: 37) == 36)
        #expect(reader.peer(ofChange: 36) == nil)
        #expect(reader.peer(ofChange: 101) == nil)
    }

    @Test("a change that is counted and not yet written is not taken for another one")
    func unwritten() throws {
        let memory = try SharedMemory(privateCount: ChangeJournal.numbers)
        let journal = ChangeJournal(memory, at: 0)
        memory.add(0, 1)
        #expect(journal.count == 1)
        #expect(journal.peer(ofChange: 1) == nil)
    }
}
