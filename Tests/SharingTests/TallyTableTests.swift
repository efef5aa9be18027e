import Net
import Testing

@testable import Sharing

@Suite("Latency buckets") struct LatencyBucketsTests {
    @Test("every duration falls into a bucket whose middle is off by at most a thirty-second")
    func precision() {
        var last = -1
        var us: Int64 = 0
        while us < 1 << 35 {
            let bucket = LatencyBuckets.bucket(ofMicroseconds: us)
            let (lower, upper) = (LatencyBuckets.lowerBound(bucket), LatencyBuckets.upperBound(bucket))
            #expect(lower <= us && us <= upper && bucket >= last, "\(us) µs in bucket \(bucket)")
            for edge in [lower, upper] {
                #expect(abs(LatencyBuckets.middle(bucket) - edge) * 32 <= edge, "\(us) µs")
            }
            last = bucket
            // Each microsecond at first, then steps that no bucket is passed over by.
            us += max(1, us / 50)
        }
        #expect(last == LatencyBuckets.count - 1)
    }

    @Test("buckets lie side by side, and what is out of their range belongs to the first or the last")
    func edges() {
        #expect(LatencyBuckets.bucket(ofMicroseconds: -5) == 0)
        #expect(LatencyBuckets.bucket(ofMicroseconds: .min) == 0)
        #expect(LatencyBuckets.bucket(ofMicroseconds: .max) == LatencyBuckets.count - 1)
        for bucket in 0..<LatencyBuckets.count {
            #expect(LatencyBuckets.bucket(ofMicroseconds: LatencyBuckets.upperBound(bucket)) == bucket)
            #expect(LatencyBuckets.bucket(ofMicroseconds: LatencyBuckets.lowerBound(bucket)) == bucket)
            guard bucket > 0 else { continue }
            #expect(LatencyBuckets.upperBound(bucket - 1) + 1 == LatencyBuckets.lowerBound(bucket))
        }
    }

    @Test("percentiles are those of the durations, right to a thirty-second")
    func percentiles() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == nil)
        for us in 1...100_000 { histogram.add(microseconds: Int64(us)) }
        for part in [0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1] {
            let found = Double(histogram.percentile(part) ?? 0)
            #expect(abs(found - part * 100_000) <= part * 100_000 / 32, "\(part): \(found)")
            let count = Double(histogram.counts(upTo: [Int64(part * 100_000)])[0])
            #expect(abs(count - part * 100_000) <= part * 100_000 / 32, "\(part): \(count)")
        }
        #expect(histogram.percentile(0.00001) == 1 && histogram.counts(upTo: [31]) == [31])
        #expect(histogram.total == 100_000 && histogram.sumUs == 5_000_050_000)
        #expect(histogram.since(histogram).total == 0)
    }
}

@Suite("Tally table") struct TallyTableTests {
    @Test("what several workers count of a thing is summed, and other things are not touched")
    func sums() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
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

    @Test("what is under way in a worker is its own, however many workers there are")
    func gaugesOfMany() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
        for worker in [0, 14, 15, 16, 17, 1023] {
            table.serve(as: worker)
            let row = table.row(named: "a")
            row.add(.processing, 2)
            row.set(.idle, 3)
            row.add(.requests)
        }
        #expect(table.sum(named: "a")[.processing] == 12 && table.sum(named: "a")[.idle] == 18)
        // One ends, and another one begins in its place.
        table.forget(worker: 16)
        #expect(table.sum(named: "a")[.processing] == 10 && table.sum(named: "a")[.idle] == 15)
        table.serve(as: 15)
        #expect(table.sum(named: "a")[.processing] == 8 && table.sum(named: "a")[.requests] == 6)
    }

    @Test("a full table counts what has no place nowhere, and does no harm")
    func full() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 2))
        var rows = ["a", "b", "c", "d"].map { table.row(named: $0) }
        for row in rows { row.add(.requests) }
        #expect(rows.map(\.isSeen) == [true, true, false, false])
        #expect(table.sum(named: "a")[.requests] == 1 && table.sum(named: "b")[.requests] == 1)
        #expect(table.sum(named: "c")[.requests] == 0)
        // One that nobody counts in any more is another's, who begins with nothing.
        rows.removeFirst()
        let next = table.row(named: "e")
        #expect(next.isSeen && table.sum(named: "e")[.requests] == 0)
        #expect(table.sum(named: "a")[.requests] == 0 && table.sum(named: "b")[.requests] == 1)
        withExtendedLifetime((rows, next)) {}
    }

    @Test("what was under way in a worker that died is over; what it counted stays")
    func death() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 2))
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
