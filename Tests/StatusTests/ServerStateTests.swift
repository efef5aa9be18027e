import Net
import Sharing
import Testing

@testable import Status
@testable import Upstream

/// What a server's state is called: nginx's names, where it has one.
@Suite("State of a server") struct ServerStateTests {
    private func group(_ change: (inout UpstreamSettings) -> Void = { _ in }) -> PeerGroup {
        var settings = UpstreamSettings(name: "u")
        settings.peers = (1...3).map {
            PeerSettings(server: "s\($0)", address: SocketAddress(.ipv4(0x7F00_0001, port: 8000 + $0)))
        }
        change(&settings)
        return PeerGroup(settings, table: nil)
    }

    private func state(_ group: PeerGroup, _ index: Int) -> String {
        StatusReport.Server(group, index, TallySum(), Clock()).state.rawValue
    }

    @Test("what the configuration says goes before what the checks say")
    func configured() {
        let group = group { settings in
            settings.peers[0].isDown = true
            settings.peers[1].isDraining = true
            settings.peers[2].isUnresolved = true
        }
        for index in 0..<3 { group.settle(index, .unhealthy, nowMs: 1, wallMs: 1) }
        #expect((0..<3).map { state(group, $0) } == ["down", "draining", "unavail"])
    }

    @Test(
        "what the checks say goes before what requests met",
        arguments: [
            (Health.unchecked, "unavail"), (.up, "unavail"), (.checking, "checking"),
            (.unhealthy, "unhealthy"), (.draining, "draining"),
        ])
    func checked(health: Health, name: String) {
        let group = group()
        group.settle(0, health, nowMs: 1, wallMs: 1)
        if health.takesRequests { #expect(state(group, 0) == "up") }
        group.finished(0, .failure, nowMs: Clock().nowMs)
        #expect(state(group, 0) == name)
    }

    @Test(
        "a check that passes ends a failure that nobody has repeated",
        arguments: [(0, true), (5, true), (9, true), (12, false), (3600, false)])
    func passed(secondsAfter: Int, isFailing: Bool) throws {
        let tallies = try TallyTable(places: PlaceTable(capacity: 8))
        var settings = UpstreamSettings(name: "u")
        settings.peers = [
            PeerSettings(server: "s", address: SocketAddress(.ipv4(0x7F00_0001, port: 8000)))
        ]
        let group = PeerGroup(settings, table: nil, tallies: tallies)
        let clock = Clock()
        group.settle(0, .up, nowMs: clock.nowMs - 100, wallMs: clock.wallMs - 100)
        let peer = group.peers[0]
        peer.began()
        group.finished(0, .failure, nowMs: clock.nowMs)
        func server() -> StatusReport.Server {
            StatusReport.Server(group, 0, tallies.sum(named: peer.tallyName), clock)
        }
        #expect(server().isTrouble && server().reason == "the last attempt failed")
        // A check that fails says nothing good, whenever it was.
        peer.state.countCheck(passed: false, wallMs: clock.wallMs + 7_200_000)
        #expect(server().isTrouble)
        peer.state.countCheck(passed: true, wallMs: clock.wallMs + Int64(secondsAfter) * 1000)
        #expect(server().isTrouble == isFailing)
    }

    @Test(
        "a server that fails says why, also when it is out of use",
        arguments: [
            (FailureCause.refused, ": connection refused"), (.expired, ": its certificate has expired"),
            (.cut, ": its answer broke off in the middle"), (.status(503), ": it answered 503"),
            (.unknown, ""),
        ])
    func causes(_ cause: FailureCause, _ text: String) throws {
        let tallies = try TallyTable(places: PlaceTable(capacity: 8))
        var settings = UpstreamSettings(name: "u")
        settings.peers = ["s", "t"].map {
            PeerSettings(server: $0, address: SocketAddress(.ipv4(0x7F00_0001, port: 8000)))
        }
        let group = PeerGroup(settings, table: nil, tallies: tallies)
        let clock = Clock()
        func reason(_ index: Int) -> String {
            StatusReport.Server(group, index, tallies.sum(named: group.peers[index].tallyName), clock).reason
        }
        group.peers[0].began()
        group.finished(0, .failure, cause, nowMs: clock.nowMs)
        #expect(reason(0) == "1 failed attempt\(text)")
        group.peers[1].tally?.noteFailure(cause, nowMs: clock.nowMs)
        #expect(reason(1) == "the last attempt failed\(text)")
    }
}
