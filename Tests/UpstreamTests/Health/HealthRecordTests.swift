import Config
import Net
import Sharing
import Testing

@testable import Upstream

@Suite("Verdicts of health checks") struct HealthRecordTests {
    private func settings(fails: Int, passes: Int) -> HealthCheckSettings {
        var settings = HealthCheckSettings()
        settings.fails = fails
        settings.passes = passes
        return settings
    }

    @Test("so many failures in a row make it unhealthy, so many passes bring it back")
    func failsAndPasses() {
        var record = HealthRecord(settings(fails: 3, passes: 2), health: .unchecked)
        let change1 = record.note(.passed)
        #expect(change1)
        #expect(record.health == .up)
        for answer: HealthRecord.Answer in [.failed, .failed, .passed, .failed, .failed] {
            let isChange = record.note(answer)
            #expect(!isChange)
        }
        #expect(record.isChanging)
        let isUnhealthy = record.note(.failed)
        #expect(isUnhealthy)
        #expect(record.health == .unhealthy)
        #expect(!record.isChanging)
        let change2 = record.note(.passed)
        #expect(!change2)
        #expect(record.isChanging)
        let change3 = record.note(.passed)
        #expect(change3)
        #expect(record.health == .up)
        #expect(!record.isChanging)
    }

    @Test("a drain answer counts at once, from whatever state, and a pass ends it")
    func drainCountsAtOnce() {
        for health: Health in [.unchecked, .up, .unhealthy, .checking] {
            var record = HealthRecord(settings(fails: 3, passes: 1), health: health)
            let change4 = record.note(.draining)
            #expect(change4)
            #expect(record.health == .draining)
            let change5 = record.note(.passed)
            #expect(change5)
            #expect(record.health == .up)
        }
    }

    @Test("a mandatory check keeps a server out until it has passed")
    func mandatory() {
        var record = HealthRecord(settings(fails: 1, passes: 2), health: .checking)
        #expect(record.isChanging)
        let change6 = record.note(.passed)
        #expect(!change6)
        #expect(!record.health.takesRequests)
        let change7 = record.note(.passed)
        #expect(change7)
        #expect(record.health.takesRequests)
    }

    @Test("of several checks the worst answer counts")
    func worst() {
        #expect(Health.worst([.up, .unhealthy, .draining]) == .unhealthy)
        #expect(Health.worst([.up, .draining]) == .draining)
        #expect(Health.worst([.unchecked, .up]) == .up)
        #expect(Health.worst([]) == .unchecked)
    }
}

@Suite("Parameters of health_check") struct HealthCheckSettingsTests {
    private func read(_ text: String) throws -> HealthCheckSettings {
        let words = ["health_check"] + text.split(separator: " ").map(String.init)
        return try HealthCheckSettings(
            Statement(words: words, block: nil, location: SourceLocation(file: "c", line: 1)))
    }

    @Test("all parameters are read")
    func all() throws {
        let made = try read(
            "interval=2s fastinter=100ms jitter=300ms timeout=1s fails=3 passes=2 uri=/x mandatory persistent"
                + " match=m port=81 keepalive_time=1m panic_threshold=50%")
        #expect(made.intervalMs == 2000 && made.fastIntervalMs == 100 && made.jitterMs == 300)
        #expect(made.deadlineMs == 1000 && made.fails == 3 && made.passes == 2 && made.uri == "/x")
        #expect(made.isMandatory && made.isPersistent && made.match == "m" && made.port == 81)
        #expect(made.keepaliveTimeMs == 60_000 && made.panicThreshold == 50)
        #expect(try read("").deadlineMs == 5000)
        let call = try read("type=grpc grpc_service=a.B grpc_status=12")
        #expect(call.kind == .grpc && call.grpcService == "a.B" && call.grpcStatus == 12)
        #expect(try read("interval=100ms").deadlineMs == 1000)
    }

    @Test(
        "what cannot be meant is refused",
        arguments: [
            "interval=0", "interval=x", "fails=0", "passes=-1", "uri=x", "uri=", "port=0", "port=65536",
            "match=", "persistent", "mandatory=1", "type=udp", "type=tcp uri=/x",
            "type=grpc uri=/x", "type=grpc match=m", "grpc_service=a", "grpc_status=12",
            "type=grpc grpc_status=17", "type=grpc grpc_service=",
            "panic_threshold=101%", "foo", "foo=1",
        ])
    func refused(_ text: String) {
        #expect(throws: ConfigError.self) { try read(text) }
    }
}

@Suite("Health in choosing") struct HealthChoiceTests {
    private func group(_ change: (inout UpstreamSettings) -> Void = { _ in }) -> PeerGroup {
        var settings = PeerGroup.of(["a", "b", "c"]).settings
        settings.isChecked = true
        change(&settings)
        return PeerGroup(settings, table: nil)
    }

    private func shares(_ group: PeerGroup, at now: Int64, count: Int = 300) -> [Int] {
        var shares = [0, 0, 0]
        for number in 0..<count {
            if let index = group.pickOnce(key: "\(number)", at: now) { shares[index] += 1 }
        }
        return shares
    }

    @Test("servers that are unhealthy, draining or still to be checked get nothing")
    func unhealthyGetNothing() {
        for health: Health in [.unhealthy, .draining, .checking] {
            let group = group()
            group.settle(1, health, nowMs: 1, wallMs: 1)
            #expect(shares(group, at: 10) == [150, 0, 150])
        }
    }

    @Test("a server that recovers gets its share little by little")
    func slowStart() {
        let group = group { settings in
            for index in settings.peers.indices { settings.peers[index].slowStartMs = 100_000 }
        }
        group.settle(1, .unhealthy, nowMs: 1000, wallMs: 1)
        group.settle(1, .up, nowMs: 100_000, wallMs: 1)
        #expect(shares(group, at: 100)[1] == 0)
        #expect((10...20).contains(shares(group, at: 110)[1]))
        #expect((50...70).contains(shares(group, at: 150)[1]))
        #expect(shares(group, at: 201) == [100, 100, 100])
    }

    @Test("a slow start that ends and begins anew within a second begins with nothing")
    func slowStartAnew() {
        let group = group { settings in
            for index in settings.peers.indices { settings.peers[index].slowStartMs = 500 }
        }
        func choices(_ nowMs: Int64) -> [Int] {
            (0..<6).compactMap { _ in
                guard case .peer(let index) = group.pick(Selection(), nowMs: nowMs) else { return nil }
                return index
            }
        }
        for begin: Int64 in [100_000, 100_700] {
            group.settle(1, .unhealthy, nowMs: begin, wallMs: 1)
            group.settle(1, .up, nowMs: begin, wallMs: 1)
            #expect(!choices(begin).contains(1))
            #expect(choices(begin + 600).contains(1))
        }
    }

    @Test("with least_conn too")
    func slowStartWithLeastConnections() {
        let group = group { settings in
            settings.method = .leastConnections
            for index in settings.peers.indices { settings.peers[index].slowStartMs = 100_000 }
        }
        group.settle(1, .unhealthy, nowMs: 1000, wallMs: 1)
        group.settle(1, .up, nowMs: 100_000, wallMs: 1)
        let selection = Selection()
        var chosen: [Int] = []
        for _ in 0..<10 {
            selection.reset()
            if case .peer(let index) = group.pick(selection, nowMs: 120_000) { chosen.append(index) }
        }
        #expect(chosen.filter { $0 == 1 }.count <= 1)
    }

    @Test("a server whose ban is over starts slowly as well")
    func slowStartAfterBan() {
        let group = group { settings in
            for index in settings.peers.indices { settings.peers[index].slowStartMs = 100_000 }
        }
        group.finished(1, .failure, nowMs: 1_000_000)
        #expect(shares(group, at: 1005)[1] == 0)
        _ = shares(group, at: 1011)
        group.finished(1, .success, nowMs: 1_012_000)
        #expect((10...60).contains(shares(group, at: 1040)[1]))
    }

    @Test("a server that is new after a reload starts slowly; at the start of the service nobody does")
    func newServersStartSlowly() throws {
        let table = try PeerStateTable(capacity: 16, workers: 1)
        var settings = group().settings
        for index in settings.peers.indices { settings.peers[index].slowStartMs = 100_000 }
        let last = settings.peers.removeLast()
        settings.isMandatory = true
        table.isServiceStart = true
        let first = PeerGroup(settings, table: table)
        table.isServiceStart = false
        #expect(first.peers.map(\.state.health) == [.checking, .checking])
        #expect(first.peers.allSatisfy { !$0.isRamping(nowMs: 1000) })
        for index in 0..<2 { first.peers[index].state.health = .up }
        settings.peers.append(last)
        let second = PeerGroup(settings, table: table)
        #expect(second.peers.map(\.state.health) == [.up, .up, .checking])
        let nowMs = Net.Clock().nowMs
        #expect(second.peers.map { $0.isRamping(nowMs: nowMs) } == [false, false, true])
        // Nothing checks them any more: what was found out must not last.
        second.peers[0].state.health = .unhealthy
        PeerStateTable.forgetChecks(try #require(table.reserve(settings)))
        #expect(second.peers.map(\.state.health) == [.unchecked, .up, .unchecked])
        withExtendedLifetime(first) {}
    }

    @Test("below the panic threshold what checks say does not count; above it, it does")
    func panic() {
        let group = group { $0.panicThreshold = 50 }
        group.settle(0, .unhealthy, nowMs: 1, wallMs: 1)
        #expect(!group.isInPanic)
        #expect(shares(group, at: 10)[0] == 0)
        group.settle(1, .unhealthy, nowMs: 1, wallMs: 1)
        #expect(group.isInPanic)
        #expect(shares(group, at: 10) == [100, 100, 100])
    }

    @Test("there is no panic while a backup is healthy: it serves, and no server that is not")
    func noPanicBesidesABackup() {
        let group = group { settings in
            settings.panicThreshold = 100
            settings.peers[2].isBackup = true
        }
        group.settle(0, .unhealthy, nowMs: 1, wallMs: 1)
        group.settle(1, .unhealthy, nowMs: 1, wallMs: 1)
        #expect(!group.isInPanic && shares(group, at: 10) == [0, 0, 300])
        group.settle(2, .unhealthy, nowMs: 1, wallMs: 1)
        #expect(group.isInPanic && shares(group, at: 10) == [150, 150, 0])
    }

    @Test(
        "servers that are drained, down or still to be checked are not counted for the panic, nor used in it")
    func panicCountsWhoIsMeantToServe() {
        let drained = group { settings in
            settings.panicThreshold = 50
            settings.peers[0].isDraining = true
        }
        drained.settle(1, .unhealthy, nowMs: 1, wallMs: 1)
        // One of two, not two of three.
        #expect(drained.healthyPrimaries.healthy == 1 && drained.healthyPrimaries.all == 2)
        #expect(!drained.isInPanic)
        drained.settle(2, .unhealthy, nowMs: 1, wallMs: 1)
        #expect(drained.isInPanic && shares(drained, at: 10) == [0, 150, 150])
        for health: Health in [.draining, .checking] {
            let group = group { $0.panicThreshold = 100 }
            group.settle(0, health, nowMs: 1, wallMs: 1)
            #expect(!group.isInPanic && shares(group, at: 10) == [0, 150, 150])
            group.settle(1, .unhealthy, nowMs: 1, wallMs: 1)
            #expect(group.isInPanic && shares(group, at: 10) == [0, 150, 150])
            group.settle(1, health, nowMs: 1, wallMs: 1)
            group.settle(2, health, nowMs: 1, wallMs: 1)
            #expect(!group.isInPanic && shares(group, at: 10) == [0, 0, 0])
        }
    }

    @Test("servers that never serve are no tries")
    func tries() {
        #expect(group().triesMax == 3)
        #expect(group { $0.peers[0].isDown = true }.triesMax == 2)
        #expect(
            group {
                $0.peers[0].isDraining = true
                $0.peers[1].isBackup = true
                $0.peers[2].isUnresolved = true
            }.triesMax == 1)
    }

    @Test("a server marked drain gets no new request")
    func drainParameter() {
        #expect(shares(group { $0.peers[2].isDraining = true }, at: 10)[2] == 0)
    }
}
