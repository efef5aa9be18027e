import Testing

@testable import portico_bench

@Suite("pieces of the hot path")
struct MicroTests {
    @Test("every piece does something, and has a name of its own")
    func pieces() {
        let pieces = MicroPieces.all
        #expect(Set(pieces.map(\.name)).count == pieces.count)
        for piece in pieces where !piece.name.hasSuffix("/1000") {
            #expect(piece.run(64) > 0, "\(piece.name)")
            #expect(!piece.name.contains(" "))
        }
    }

    @Test("what is done between a head and its log line is among them")
    func exchanges() {
        #expect(MicroPieces.exchanges.count == 6)
    }

    @Test("a baseline reads as it was written")
    func roundTrip() throws {
        var baseline = MicroBaseline()
        baseline.lines["date"] = .init(bestNs: 12.5, allocations: 0)
        baseline.lines["pick/hash/3"] = .init(bestNs: 100, allocations: nil)
        #expect(try MicroBaseline(text: baseline.text) == baseline)
        #expect(baseline.hasAllocations)
    }

    @Test(
        "what is no baseline is refused",
        arguments: ["date", "date x 0", "date 1 y", "date 0 0", "date 1 0 0"])
    func refusals(_ text: String) {
        #expect(throws: LoadOptions.Complaint.self) { try MicroBaseline(text: text) }
    }

    @Test("one more allocation is a complaint; time is one only if it is judged")
    func complaints() {
        var baseline = MicroBaseline()
        baseline.lines["date"] = .init(bestNs: 100, allocations: 0)
        func complaint(_ ns: Double, _ allocations: Double, _ rise: Double?) -> String? {
            baseline.complaint(
                "date", .init(bestNs: ns, medianNs: ns, allocations: allocations), maxRise: rise)
        }
        #expect(complaint(500, 0, nil) == nil)
        #expect(complaint(100, 1, nil) != nil)
        #expect(complaint(119, 0, 0.2) == nil)
        #expect(complaint(121, 0, 0.2) != nil)
        #expect(baseline.complaint("other", .init(bestNs: 1, medianNs: 1, allocations: 9), maxRise: 0) == nil)
    }
}
