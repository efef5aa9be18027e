import Net
import Testing

@testable import Upstream

@Suite("Shared state of peers") struct PeerStateTests {
    @Test("the same identity finds the same place, another finds another")
    func identityFindsItsPlace() throws {
        let table = try PeerStateTable(capacity: 8)
        let first = try #require(table.state(for: "group 127.0.0.1:80"))
        first.countFailure()
        #expect(table.state(for: "group 127.0.0.1:80")?.fails == 1)
        #expect(table.state(for: "group 127.0.0.2:80")?.fails == 0)
    }

    @Test("a full table says so")
    func fullTableSaysSo() throws {
        let table = try PeerStateTable(capacity: 2)
        #expect(table.state(for: "a") != nil)
        #expect(table.state(for: "b") != nil)
        #expect(table.state(for: "c") == nil)
    }

    @Test("connections never count below zero")
    func connectionsStayPositive() throws {
        let state = try #require(PeerStateTable(capacity: 1).state(for: "a"))
        state.connectionEnded()
        #expect(state.connections == 0)
    }
}
