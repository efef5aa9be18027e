import Glibc
import Net
import Testing

@testable import Upstream

@Suite("Shared state of peers") struct PeerStateTests {
    @Test("the same identity finds the same place, another finds another")
    func identityFindsItsPlace() throws {
        let table = try PeerStateTable(capacity: 8, workers: 2)
        let first = try #require(table.state(for: "group 127.0.0.1:80")).state
        first.countFailure(second: 1)
        #expect(table.state(for: "group 127.0.0.1:80")?.state.fails == 1)
        #expect(table.state(for: "group 127.0.0.2:80")?.state.fails == 0)
    }

    @Test("a full table says so")
    func fullTableSaysSo() throws {
        let table = try PeerStateTable(capacity: 2, workers: 2)
        #expect(table.state(for: "a") != nil)
        #expect(table.state(for: "b") != nil)
        #expect(table.state(for: "c") == nil)
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
        let table = try PeerStateTable(capacity: 8, workers: 2)
        let state = try #require(table.state(for: "a")).state
        state.fails = 7
        state.reason.write("refused")
        let copies = table.descriptors.map { dup($0) }
        let other = try PeerStateTable(capacity: 8, workers: 2, adopting: copies)
        let found = try #require(other.state(for: "a"))
        #expect(!found.isNew && found.state.fails == 7 && found.state.reason.read() == "refused")
        let tooShort = table.descriptors.map { dup($0) }
        #expect(throws: Errno.self) { try PeerStateTable(capacity: 8000, workers: 2, adopting: tooShort) }
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
