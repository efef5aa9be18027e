import Sharing
import Testing

@testable import Proxy

@Suite("Range (RFC 9110 14.2)")
struct ByteRangesTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let field: String
        let verdict: ByteRanges.Verdict
        var ranges: [Range<Int64>] = []
        var testDescription: String { field }
    }

    static let samples = [
        Sample(field: "bytes=0-4", verdict: .partial, ranges: [0..<5]),
        Sample(field: "bytes=5-", verdict: .partial, ranges: [5..<10]),
        Sample(field: "bytes=-3", verdict: .partial, ranges: [7..<10]),
        Sample(field: "bytes=-30", verdict: .partial, ranges: [0..<10]),
        Sample(field: "bytes=0-1, 4-5 ,-1", verdict: .partial, ranges: [0..<2, 4..<6, 9..<10]),
        Sample(field: "bytes=8-99", verdict: .partial, ranges: [8..<10]),
        Sample(field: "BYTES=0-0", verdict: .partial, ranges: [0..<1]),
        Sample(field: "bytes=10-", verdict: .unsatisfiable),
        Sample(field: "bytes=10-12", verdict: .unsatisfiable),
        Sample(field: "bytes=a-b", verdict: .unsatisfiable),
        Sample(field: "bytes=1-2x", verdict: .unsatisfiable),
        Sample(field: "bytes=5", verdict: .unsatisfiable),
        Sample(field: "bytes=99999999999999999999-", verdict: .unsatisfiable),
        Sample(field: "bytes=0-9,0-9", verdict: .whole),
        Sample(field: "items=0-4", verdict: .whole),
        Sample(field: "bytes=", verdict: .whole),
    ]

    @Test("a field is read as nginx reads it", arguments: samples)
    func fieldIsRead(_ sample: Sample) {
        var ranges = ByteRanges()
        let verdict = ranges.parse(Array(sample.field.utf8).span, length: 10, rangesMax: .max)
        #expect(verdict == sample.verdict)
        if verdict == .partial { #expect(ranges.ranges == sample.ranges) }
    }

    @Test("more ranges than max_ranges are ignored")
    func tooManyRangesAreIgnored() {
        var ranges = ByteRanges()
        let field = Array("bytes=0-0,2-2,4-4".utf8)
        for (rangesMax, expected) in [(2, ByteRanges.Verdict.whole), (3, .partial), (0, .whole)] {
            let verdict = ranges.parse(field.span, length: 10, rangesMax: rangesMax)
            #expect(verdict == expected)
        }
    }
}
