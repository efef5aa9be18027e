import Net
import Testing

@testable import portico_bench

@Suite("latencies")
struct LatencyRecordTests {
    @Test("a bucket's longest duration is at most a thousandth above any in it")
    func precision() {
        for us in [0, 1, 1023, 2047, 2048, 2049, 5000, 123_456, 9_999_999, 1 << 31] as [Int64] {
            let upper = LatencyRecord.upperBound(LatencyRecord.bucket(us))
            #expect(upper >= us)
            #expect(Double(upper - us) <= Double(us) / 1000)
        }
    }

    @Test("buckets follow each other without a gap")
    func order() {
        for bucket in 1..<LatencyRecord.bucketCount - 1 {
            let upper = LatencyRecord.upperBound(bucket)
            #expect(LatencyRecord.bucket(upper) == bucket)
            #expect(LatencyRecord.bucket(upper + 1) == bucket + 1)
        }
    }

    @Test("what is negative or longer than the longest is counted at the ends")
    func ends() {
        #expect(LatencyRecord.bucket(-5) == 0)
        #expect(LatencyRecord.bucket(.max) == LatencyRecord.bucketCount - 1)
    }

    @Test("percentiles of 1 to 1,000 microseconds are themselves")
    func percentiles() throws {
        let record = LatencyRecord(try SharedMemory(privateCount: LatencyRecord.numbers), at: 0)
        for us in 1...1000 as ClosedRange<Int64> { record.add(us) }
        var summary = LatencySummary()
        record.add(to: &summary)
        #expect(summary.total == 1000)
        #expect(summary.percentile(0.5) == 500)
        #expect(summary.percentile(0.99) == 990)
        #expect(summary.percentile(0.999) == 999)
        #expect(summary.percentile(1) == 1000)
        #expect(summary.meanUs == 500.5)
        #expect(summary.maxUs == 1000)
    }

    @Test("nothing recorded is zero everywhere")
    func empty() {
        #expect(LatencySummary().percentile(0.99) == 0)
        #expect(LatencySummary().meanUs == 0)
    }
}
