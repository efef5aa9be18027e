import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Smooth weighted round robin") struct RoundRobinTests {
    @Test("weights 5, 1, 1 give a a b a c a a")
    func givesTheSmoothSequence() {
        let group = PeerGroup.of(["a", "b", "c"]) { peers in peers[0].weight = 5 }
        let sequence = (0..<14).compactMap { group.pickOnce(key: "\($0)") }
        #expect(sequence == [0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0])
    }

    @Test("a failure lowers the weight, and choices bring it back")
    func failureLowersTheWeight() {
        let group = PeerGroup.of(["a", "b"]) { peers in
            peers[0].weight = 4
            peers[0].maxFails = 2
        }
        group.finished(0, .failure, nowMs: 1000)
        #expect(group.turns.standing(0).effective == 2)
        for number in 0..<4 { _ = group.pickOnce(key: "\(number)", at: 1) }
        #expect(group.turns.standing(0).effective == 4)
    }

    @Test("backups are chosen only when no primary is usable")
    func backupsComeLast() {
        let group = PeerGroup.of(["a", "b", "c"]) { peers in peers[0].isBackup = true }
        // Backups stand behind the primaries.
        #expect(group.peers.map(\.settings.server) == ["b:80", "c:80", "a:80"])
        #expect(Set((0..<20).compactMap { group.pickOnce(key: "\($0)") }) == [0, 1])
        group.finished(0, .failure, nowMs: 100_000)
        group.finished(1, .failure, nowMs: 100_000)
        #expect(group.pickOnce(key: "x", at: 101) == 2)
    }

    @Test("a group of one peer is never taken out")
    func singlePeerStays() {
        let group = PeerGroup.of(["a"])
        for _ in 0..<5 { group.finished(0, .failure, nowMs: 100_000) }
        #expect(group.pickOnce(key: "x", at: 100) == 0)
    }

    @Test("a peer whose ban has passed gets one request; a success then clears it")
    func successAfterTheBanClears() {
        let group = PeerGroup.of(["a", "b"])
        group.finished(0, .failure, nowMs: 100_000)
        #expect(group.pickOnce(key: "x", at: 110) == 1)
        let later = (0..<2).compactMap { number -> Int? in
            guard case .peer(let index) = group.pick(Selection.of(key: "\(number)"), nowMs: 111000) else {
                return nil
            }
            return index
        }
        #expect(Set(later) == [0, 1])
        group.finished(0, .success, nowMs: 112000)
        #expect(group.peers[0].state.fails == 0)
    }

    @Test("a stale connection from the pool says nothing about its peer")
    func neutralDoesNotCount() {
        let group = PeerGroup.of(["a", "b"])
        group.finished(0, .neutral, nowMs: 100_000)
        #expect(group.peers[0].state.fails == 0)
    }
}
