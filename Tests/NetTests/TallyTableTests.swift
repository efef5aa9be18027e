import Testing

@testable import Net

@Suite("Latency buckets") struct LatencyBucketsTests {
    @Test("every duration falls into a bucket that is at most an eighth wide, in order")
    func width() {
        var last = -1
        for exponent in 0..<35 {
            for step in [0, 1, 3, 7] {
                let us = (Int64(1) << exponent) + Int64(step) * (Int64(1) << exponent) / 8
                let bucket = LatencyBuckets.bucket(ofMicroseconds: us)
                let upper = LatencyBuckets.upperBound(bucket)
                #expect(upper >= us && (upper - us) * 8 <= max(us, 8), "\(us) µs in bucket \(bucket)")
                #expect(bucket >= last)
                last = bucket
            }
        }
        #expect(LatencyBuckets.bucket(ofMicroseconds: -5) == 0)
        #expect(LatencyBuckets.bucket(ofMicroseconds: .max) == LatencyBuckets.count - 1)
        for bucket in 0..<LatencyBuckets.count {
            #expect(LatencyBuckets.bucket(ofMicroseconds: LatencyBuckets.upperBound(bucket)) == bucket)
        }
    }

    @Test("percentiles are those of the durations, to the precision of the buckets")
    func percentiles() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == nil)
        for us in 1...1000 { histogram.add(microseconds: Int64(us)) }
        #expect((500...563).contains(histogram.percentile(0.5) ?? 0))
        #expect((990...1023).contains(histogram.percentile(0.99) ?? 0))
        #expect(histogram.percentile(1) == 1023)
        #expect(histogram.total == 1000 && histogram.sumUs == 500_500)
        #expect(histogram.count(upTo: 511) == 511)
        #expect(histogram.since(histogram).total == 0)
    }
}

@Suite("Tally table") struct TallyTableTests {
    @Test("what several workers count of a thing is summed, and other things are not touched")
    func sums() throws {
        let table = try TallyTable(capacity: 8)
        for worker in 0..<20 {
            table.serve(as: worker)
            let row = table.row(named: "a")
            row.add(.requests)
            row.add(status: 200)
            row.add(status: 599)
            row.add(status: 9)
            row.add(microseconds: 1000)
            row.set(.selectedMs, worker)
        }
        let sum = table.sum(named: "a")
        #expect(sum[.requests] == 20 && sum[.successful] == 20 && sum[.serverErrors] == 20)
        #expect(sum.statuses == [200: 20] && sum.responses == 40)
        #expect(sum[.selectedMs] == 19 && sum.latency.total == 20 && sum.latency.sumUs == 20_000)
        #expect(table.sum(named: "b")[.requests] == 0)
    }

    @Test("a full table counts what has no place nowhere, and does no harm")
    func full() throws {
        let table = try TallyTable(capacity: 2)
        for name in ["a", "b", "c", "d"] { table.row(named: name).add(.requests) }
        #expect(table.sum(named: "a")[.requests] == 1 && table.sum(named: "b")[.requests] == 1)
        #expect(table.sum(named: "c")[.requests] == 0)
    }

    @Test("what was under way in a worker that died is over; what it counted stays")
    func death() throws {
        let table = try TallyTable(capacity: 2)
        table.serve(as: 3)
        let row = table.row(named: "a")
        row.add(.processing, 2)
        row.add(.requests, 5)
        table.forget(worker: 3)
        #expect(table.sum(named: "a")[.processing] == 0 && table.sum(named: "a")[.requests] == 5)
    }
}

@Suite("Event ring") struct EventRingTests {
    @Test("the last events are kept, the youngest first")
    func order() throws {
        let ring = try EventRing()
        #expect(ring.events(max: 20).isEmpty)
        for index in 0..<100 {
            ring.add(EventRing.Event(atMs: index, status: 502, texts: ["r\(index)", "", "c", ""]))
        }
        let events = ring.events(max: 20)
        #expect(events.map(\.atMs) == Array((80..<100).reversed()))
        #expect(events.first?.texts == ["r99", "", "c", ""])
        #expect(ring.total == 100)
    }
}
