import Testing

@testable import Net

@Suite("Counts of resolvers") struct ResolverTableTests {
    @Test("a zone is found by its name; a table that is full has no place for another")
    func places() throws {
        let table = try ResolverTable(capacity: 2)
        var used = [table.tally(named: "a"), table.tally(named: "b")]
        table.tally(named: "a")?.add(.names)
        table.tally(named: "b")?.add(.refused)
        table.tally(named: "a")?.add(.names)
        #expect(table.tally(named: "a")?[.names] == 2 && table.tally(named: "b")?[.refused] == 1)
        #expect(table.tally(named: "c") == nil)
        used.removeLast()
        #expect(table.tally(named: "c")?[.refused] == 0)
        withExtendedLifetime(used) {}
    }

    @Test(
        "lookups are told apart by their RCODE",
        arguments: [
            (1, ResolverTable.Count.formatError), (2, .serverFailure), (3, .noSuchName),
            (4, .notImplemented), (5, .refused), (110, .timedOut), (9, .unknown),
        ])
    func codes(_ code: Int, _ count: ResolverTable.Count) {
        #expect(ResolverTable.Count(code: code) == count)
    }
}
