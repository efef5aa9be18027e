import Core
import Net
import Testing

@testable import Sharing

@Suite("Sessions of servers") struct SessionTableTests {
    private static var timeoutMs: Int { 10_000 }

    private func table(_ byteCount: Int = 32 << 10) throws -> SessionTable {
        try SessionTable(label: "test", byteCount: byteCount, adopting: nil)
    }

    private func id(_ text: String) throws -> ServerID {
        let id = ServerID(Array(text.utf8).span)
        return try #require(id)
    }

    private func bind(
        _ table: SessionTable, _ session: String, to server: String, at nowMs: Int,
        unknown: SessionTable.Unknown = .made
    ) throws -> Bool {
        table.bind(
            Array(session.utf8).span, to: try id(server), nowMs: nowMs,
            timeoutMs: SessionTableTests.timeoutMs, unknown: unknown)
    }

    private func server(_ table: SessionTable, _ session: String, at nowMs: Int) -> String? {
        let found = table.server(
            of: Array(session.utf8).span, nowMs: nowMs, timeoutMs: SessionTableTests.timeoutMs)
        return found.map { id in
            let out = ByteBuffer(capacity: 32)
            out.append(id)
            return String(decoding: out.bytes, as: UTF8.self)
        }
    }

    @Test(
        "a session leads to its server, whatever that is called",
        arguments: ["a", "12345678", "123456789", String(repeating: "f", count: 32)])
    func names(name: String) throws {
        let table = try table()
        #expect(server(table, "s", at: 1000) == nil)
        #expect(try bind(table, "s", to: name, at: 1000))
        #expect(server(table, "s", at: 1000) == name)
        #expect(server(table, "t", at: 1000) == nil)
        #expect(try bind(table, "s", to: "other", at: 1000))
        #expect(server(table, "s", at: 1000) == "other")
        #expect(table.slots.takenCount == 1)
    }

    @Test("a session lasts as long as it is used")
    func timeout() throws {
        let table = try table()
        #expect(try bind(table, "s", to: "a", at: 1000))
        #expect(server(table, "s", at: 10_999) == "a")
        #expect(try bind(table, "s", to: "a", at: 10_999, unknown: .ignored))
        #expect(server(table, "s", at: 20_998) == "a")
        #expect(server(table, "s", at: 20_999) == nil)
        // It is over, and only a server can begin it anew.
        #expect(try bind(table, "s", to: "a", at: 20_999, unknown: .ignored))
        #expect(server(table, "s", at: 20_999) == nil)
        #expect(table.slots.takenCount == 0)
        #expect(try bind(table, "s", to: "b", at: 20_999))
        #expect(server(table, "s", at: 20_999) == "b")
    }

    @Test("what a client made up is not kept")
    func madeUp() throws {
        let table = try table()
        for number in 0..<1000 {
            #expect(try bind(table, "forged \(number)", to: "a", at: 1000, unknown: .ignored))
        }
        #expect(table.slots.takenCount == 0)
    }

    @Test("a flood of sessions leaves those that are used, and memory bounded")
    func flood() throws {
        let table = try table()
        #expect(try bind(table, "used", to: "a", at: 1000))
        for number in 0..<5000 {
            #expect(try bind(table, "session \(number)", to: "b", at: 1001))
            if number % 50 == 0 { #expect(try bind(table, "used", to: "a", at: 1001, unknown: .ignored)) }
            #expect(table.slots.takenCount <= table.slots.capacity)
        }
        #expect(server(table, "used", at: 1002) == "a")
        #expect(server(table, "session 4999", at: 1002) == "b")
        #expect(server(table, "session 1", at: 1002) == nil)
    }

    @Test("a session that is too long for the zone is refused")
    func tooLong() throws {
        let table = try table()
        #expect(try !bind(table, String(repeating: "x", count: 60_000), to: "a", at: 1000))
        #expect(try !bind(table, String(repeating: "x", count: 70_000), to: "a", at: 1000))
        #expect(server(table, String(repeating: "x", count: 70_000), at: 1000) == nil)
    }

    @Test("another process finds the sessions")
    func adopted() throws {
        let table = try table()
        #expect(try bind(table, "s", to: "a", at: 1000))
        let descriptor = try #require(table.descriptor.flatMap { Socket.duplicate($0) })
        let other = try SessionTable(label: "test", byteCount: 32 << 10, adopting: descriptor)
        #expect(server(other, "s", at: 1000) == "a")
    }

    @Test("a name that was kept in part is none")
    func damaged() {
        #expect(ServerID(count: 33) { _ in 1 } == nil)
        #expect(ServerID(count: 0) { _ in 1 } == nil)
        #expect(ServerID(count: -1) { _ in 1 } == nil)
        #expect(ServerID([UInt8](repeating: 1, count: 33).span) == nil)
        #expect(ServerID([UInt8]().span) == nil)
    }
}
