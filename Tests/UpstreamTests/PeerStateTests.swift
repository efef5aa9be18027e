import Glibc
import Net
import Sharing
import Testing

@testable import Sharing
@testable import Upstream

@Suite("Shared state of peers") struct PeerStateTests {
    @Test("the same identity finds the same place, another finds another")
    func identityFindsItsPlace() throws {
        let table = try PeerStateTable(capacity: 8, workers: 2)
        let first = try #require(table.state(for: "group 127.0.0.1:80")).state
        first.countFailure(second: 1)
        #expect(table.state(for: "group 127.0.0.1:80")?.state.fails == 1)
        #expect(table.state(for: "group 127.0.0.2:80")?.state.fails == 0)
        withExtendedLifetime(first) {}
    }

    @Test("a full table says so")
    func fullTableSaysSo() throws {
        let table = try PeerStateTable(capacity: 2, workers: 2)
        var states = [table.state(for: "a"), table.state(for: "b")]
        #expect(states.allSatisfy { $0?.isNew == true } && table.state(for: "c") == nil)
        #expect(table.state(for: "a")?.isNew == false)
        states.removeLast()
        #expect(table.state(for: "c")?.isNew == true)
        withExtendedLifetime(states) {}
    }

    @Test(
        "a place that becomes another's has nothing of the one before, not even what a dead worker had there")
    func reuse() throws {
        let table = try PeerStateTable(capacity: 1, workers: 2)
        table.serve(as: 1)
        var state = table.state(for: "a", in: "g")?.state
        state?.connectionBegan()
        state?.countFailure(second: 9)
        state?.health = .unhealthy
        state?.reason.write("refused")
        state = nil
        // The same peer, that nobody knew for a while, begins anew as well.
        for identity in ["b", "b"] {
            var beginning = PeerBeginning()
            beginning.isMandatory = true
            let next = try #require(table.state(for: identity, in: "h", beginning: beginning))
            #expect(next.isNew && next.state.connections == 0 && next.state.fails == 0)
            #expect(next.state.reason.read() == "")
            #expect(next.state.health == .checking && table.busyCount(in: "g", besides: []) == 0)
            next.state.connectionBegan()
            next.state.health = .up
            table.forget(worker: 1)
            #expect(next.state.connections == 0)
        }
    }

    @Test("places are reserved for all peers of a group, or for none")
    func reservation() throws {
        let table = try PeerStateTable(capacity: 3, workers: 1)
        let two = table.reserve(PeerGroup.of(["a", "b"]).settings)
        #expect(two?.count == 2)
        var other = PeerGroup.of(["a", "b"]).settings
        other.name = "other"
        #expect(table.reserve(other) == nil)
        #expect(table.reserve(PeerGroup.of(["a", "b", "c"]).settings)?.count == 3)
        withExtendedLifetime(two) {}
    }

    @Test("connections never count below zero")
    func connectionsStayPositive() throws {
        let state = try #require(PeerStateTable(capacity: 1, workers: 2).state(for: "a")).state
        state.connectionEnded()
        #expect(state.connections == 0)
    }

    @Test("connections of a worker that died are taken back, those of others stay")
    func deadWorkersConnections() throws {
        let table = try PeerStateTable(capacity: 8, workers: 2)
        table.serve(as: 0)
        let first = try #require(table.state(for: "a")).state
        table.serve(as: 1)
        let second = try #require(table.state(for: "a")).state
        for _ in 0..<3 { first.connectionBegan() }
        second.connectionBegan()
        #expect(first.connections == 4)
        table.forget(worker: 0)
        #expect(second.connections == 1)
    }

    @Test("servers of a group that have requests are found, whoever else is in the table")
    func busyServers() throws {
        let table = try PeerStateTable(capacity: 8, workers: 2)
        let states = try ["g a", "g b", "g c", "h a"].map { identity in
            try #require(table.state(for: identity, in: String(identity.prefix(1)))).state
        }
        for index in [0, 1, 3] { states[index].connectionBegan() }
        #expect(table.busyCount(in: "g", besides: []) == 2)
        #expect(table.busyCount(in: "g", besides: [states[0].number]) == 1)
        #expect(table.busyCount(in: "none", besides: []) == 0)
        states[1].connectionEnded()
        #expect(table.busyCount(in: "g", besides: [states[0].number]) == 0)
    }

    @Test("another binary goes on with the table that it is handed")
    func tableIsHandedOn() throws {
        let tenants = try Tenants(workers: 2, capacities: [8])
        tenants.enter()
        let table = try PeerStateTable(places: tenants.table(0), workers: 2)
        let state = try #require(table.state(for: "a")).state
        state.fails = 7
        state.reason.write("refused")
        let copies = table.descriptors.map { dup($0) }
        let adopted = try Tenants(
            workers: 2, capacities: [8], adopting: dup(try #require(tenants.descriptor)))
        adopted.enter()
        let other = try PeerStateTable(places: adopted.table(0), workers: 2, adopting: copies)
        let found = try #require(other.state(for: "a"))
        #expect(!found.isNew && found.state.fails == 7 && found.state.reason.read() == "refused")
        let tooShort = table.descriptors.map { dup($0) }
        let places = try PlaceTable(capacity: 8000)
        #expect(throws: Errno.self) { try PeerStateTable(places: places, workers: 2, adopting: tooShort) }
        withExtendedLifetime(state) {}
    }

    @Test("a reason is cut at its length, and read back whole")
    func reasons() throws {
        let state = try #require(PeerStateTable(capacity: 1, workers: 1).state(for: "a")).state
        #expect(state.reason.read() == "")
        for text in ["503 from GET /status/ready", "", String(repeating: "x", count: SharedText.byteMax)] {
            state.reason.write(text)
            #expect(state.reason.read() == text)
        }
        state.reason.write(String(repeating: "y", count: 1000))
        #expect(state.reason.read().utf8.count == SharedText.byteMax)
    }
}
