import Net
import Testing

@testable import Sharing

@Suite("Counts of resolvers") struct ResolverTableTests {
    @Test("a zone is found by its name; a table that is full has no place for another")
    func places() throws {
        let table = try ResolverTable(places: PlaceTable(capacity: 2))
        var used = [table.tally(named: "a"), table.tally(named: "b")]
        table.tally(named: "a")?.began(isService: false)
        table.tally(named: "b")?.ended(.refused)
        table.tally(named: "a")?.began(isService: false)
        table.tally(named: "b")?.began(isService: true)
        #expect(table.tally(named: "b")?.serviceCount == 1 && table.tally(named: "b")?.nameCount == 0)
        #expect(table.tally(named: "a")?.nameCount == 2 && table.tally(named: "b")?[.refused] == 1)
        #expect(table.tally(named: "c") == nil)
        used.removeLast()
        #expect(table.tally(named: "c")?[.refused] == 0)
        withExtendedLifetime(used) {}
    }
}
