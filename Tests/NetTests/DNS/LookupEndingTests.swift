import Testing

@testable import Net

@Suite("How lookups end") struct LookupEndingTests {
    @Test(
        "lookups are told apart by their RCODE",
        arguments: [
            (1, LookupEnding.formatError), (2, .serverFailure), (3, .noSuchName),
            (4, .notImplemented), (5, .refused), (110, .timedOut), (9, .unknown),
        ])
    func codes(_ code: Int, _ ending: LookupEnding) {
        #expect(LookupEnding(code: code) == ending)
    }
}
