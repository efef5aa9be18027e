import Net
import Testing

@testable import Sharing

@Suite("Counts of resolvers") struct ResolverTableTests {
    @Test("a zone is found by its name; a table that is full has no place for another")
    func places() throws {
        let table = try ResolverTable(capacity: 2)
        var used = [table.tally(named: "a"), table.tally(named: "b")]
        table.tally(named: "a")?.began()
        table.tally(named: "b")?.ended(.refused)
        table.tally(named: "a")?.began()
        #expect(table.tally(named: "a")?.names == 2 && table.tally(named: "b")?[.refused] == 1)
        #expect(table.tally(named: "c") == nil)
        used.removeLast()
        #expect(table.tally(named: "c")?[.refused] == 0)
        withExtendedLifetime(used) {}
    }
}
