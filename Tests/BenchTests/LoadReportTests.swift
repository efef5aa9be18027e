import Foundation
import Net
import Testing

@testable import portico_bench

@Suite("the report of portico-bench load")
struct LoadReportTests {
    /// A second in which 1,000 answers came after 1 to 1,000 microseconds each.
    private static func report(
        _ words: [String] = [], cpuUs: Int = 100_000, waitedUs: Int = 0,
        change: (LoadTally) -> Void = { _ in }
    ) throws -> LoadReport {
        let memory = try SharedMemory(privateCount: LoadTally.numbers)
        let tally = LoadTally(memory, index: 0)
        tally.set(.answers, 1000)
        tally.set(.class2, 1000)
        tally.set(.bytes, 5_000_000)
        tally.set(.beganUs, 1)
        tally.set(.endedUs, 1_000_001)
        tally.set(.cpuUs, cpuUs)
        tally.set(.waitedUs, waitedUs)
        for us in 1...1000 as ClosedRange<Int64> {
            tally.uncorrected.add(us)
            tally.corrected.add(us * 2)
        }
        change(tally)
        return LoadReport(try LoadOptions(words + ["http://a/"]), [tally])
    }

    @Test("rate, bytes and percentiles stand in the text, with a chart")
    func text() throws {
        let text = try Self.report().text(.text)
        for part in [
            "1000 answers in 1.00 s, 1000.0/s, 5.00 MB/s", "2xx 1000", "p50               500 us",
            "p90               900 us", "p99.9             999 us", "max              1.00 ms", "<= ", "###",
        ] {
            #expect(text.contains(part), "\(part) is missing in\n\(text)")
        }
        #expect(!text.contains("warning"))
    }

    @Test("an open loop's latencies count from when requests were due, and both kinds are told")
    func corrected() throws {
        let report = try Self.report(["-r", "1000"])
        #expect(report.latency.percentile(0.5) == 1000)
        #expect(report.number(named: "p99_us") == 1980 && report.number(named: "uncorrected_p99_us") == 990)
        #expect(report.text(.text).contains("from when due   from when sent"))
    }

    @Test("JSON reads as JSON, and CSV has a value for each name")
    func machines() throws {
        let report = try Self.report(["--max-p99", "1us"], cpuUs: 990_000)
        let object =
            try JSONSerialization.jsonObject(with: Data(report.text(.json).utf8)) as? [String: Any] ?? [:]
        #expect(object["answers"] as? Int == 1000 && object["p90_us"] as? Int == 900)
        #expect((object["warnings"] as? [String])?.count == 1 && (object["missed"] as? [String])?.count == 1)
        let rows = report.text(.csv).split(separator: "\n").map { $0.split(separator: ",") }
        #expect(rows.count == 2 && rows[0].count == rows[1].count)
    }

    @Test("it says when the generator was the limit, had no core, or did not keep its rate")
    func warnings() throws {
        #expect(try Self.report(cpuUs: 950_000).warnings.first?.contains("95 % of a core") == true)
        #expect(try Self.report(waitedUs: 300_000).warnings.first?.contains("waited for a core") == true)
        let slow = try Self.report(["-r", "2000"])
        #expect(slow.isSaturated && slow.warnings.first?.contains("and not the 2000 asked for") == true)
        #expect(try Self.report(["-r", "1010"]).warnings.isEmpty)
    }

    @Test(
        "each threshold that is missed is named",
        arguments: [
            (["--max-p50", "499us"], "p50 is 500 us"), (["--max-p99", "989us"], "p99 is 990 us"),
            (["--max-p999", "998us"], "p99.9 is 999 us"), (["--max-errors", "4"], "5 errors"),
            (["--min-rate", "1001"], "1000.0 answers a second"),
        ])
    func thresholds(_ words: [String], _ complaint: String) throws {
        let report = try Self.report(words) { tally in
            tally.set(.timeouts, 2)
            tally.set(.class5, 3)
        }
        #expect(report.missedThresholds.count == 1 && report.missedThresholds[0].hasPrefix(complaint))
    }

    @Test("thresholds that are kept are not")
    func keptThresholds() throws {
        let words = ["--max-p50", "500us", "--max-p99", "990us", "--max-errors", "0", "--min-rate", "1000"]
        #expect(try Self.report(words).missedThresholds.isEmpty)
    }
}
