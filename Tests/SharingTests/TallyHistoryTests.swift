import Net
import Testing

@testable import Sharing

@Suite("Tally history") struct TallyHistoryTests {
    @Test("windows say what was counted within them, whatever came before")
    func windows() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
        let row = table.row(named: "a")
        for _ in 0..<1000 { row.add(.requests) }
        // Ten requests in each five seconds of six minutes.
        for turn in 0..<72 {
            table.look(nowMs: Int64(1_000_000 + turn * 5000))
            for number in 0..<10 {
                row.add(.requests)
                row.add(microseconds: 2000)
                if number == 0 { row.add(status: 503) }
            }
        }
        let nowMs: Int64 = 1_000_000 + 72 * 5000
        let course = table.recent(named: "a", table.sum(named: "a"), nowMs: nowMs)
        #expect(course.windows.map(\.meantMs) == [10_000, 60_000, 300_000])
        #expect(course.windows.map(\.lengthMs) == [10_000, 60_000, 300_000])
        #expect(course.windows.map(\.requests) == [20, 120, 600])
        #expect(course.windows.map(\.serverErrors) == [2, 12, 60])
        #expect(course.windows.allSatisfy { $0.tenthsPerSecond == 20 && $0.meanUs == 2000 })
        #expect(course.requests == Array(repeating: 30, count: 20))
        #expect(table.recent(named: "nobody", TallySum(), nowMs: nowMs).windows.isEmpty)
    }

    @Test("windows have latencies of their own, alone and of several things")
    func latencies() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
        let (slow, fast, idle) = (table.row(named: "s"), table.row(named: "f"), table.row(named: "i"))
        idle.add(.requests)
        idle.add(microseconds: 7_000_000)
        var nowMs: Int64 = 1_000_000
        for turn in 0..<300 {
            table.look(nowMs: nowMs)
            // It is slow of late: for the last ten seconds and what is left of five.
            for number in 1...100 {
                for row in [slow, fast] { row.add(.requests) }
                let isBad = turn >= 297 || number > 98 && turn >= 285
                slow.add(microseconds: isBad ? 800_000 : 3000)
                fast.add(microseconds: 500)
            }
            nowMs += 5000
        }
        nowMs -= 1
        func windows(_ name: String) -> [RecentWindow] {
            table.recent(named: name, table.sum(named: name), nowMs: nowMs).windows
        }
        func isNear(_ us: Int, _ wanted: Int) -> Bool { abs(us - wanted) <= wanted / 8 }
        let found = windows("s")
        #expect(found.map { isNear($0.latency.p50, 800_000) } == [true, false, false])
        #expect(found.map { isNear($0.latency.p50, 3000) } == [false, true, true])
        #expect(found.map { isNear($0.latency.p95, 800_000) } == [true, true, false])
        #expect(found.map { isNear($0.latency.p99, 800_000) } == [true, true, true])
        #expect(windows("f").allSatisfy { isNear($0.latency.p50, 500) && isNear($0.latency.p99, 500) })
        #expect(windows("i").allSatisfy { $0.requests == 0 && $0.latency.p99 == 0 })
        let both = RecentWindow.sums([windows("s"), [], windows("f"), windows("i")])
        #expect(both.map(\.requests) == zip(found, windows("f")).map { $0.requests + $1.requests })
        #expect(isNear(both[0].latency.p50, 500) && isNear(both[0].latency.p95, 800_000))
        #expect(RecentWindow.sums([[], []]).isEmpty)
    }

    @Test("a thing that is young has its whole life in each window")
    func young() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 8))
        #expect(table.recent(named: "a", TallySum(), nowMs: 1).windows.isEmpty)
        table.look(nowMs: 1000)
        let row = table.row(named: "a")
        row.add(.requests, 5)
        let course = table.recent(named: "a", table.sum(named: "a"), nowMs: 3000)
        #expect(course.windows.map(\.requests) == [5, 5, 5] && course.windows[2].lengthMs == 2000)
        #expect(course.requests.isEmpty)
    }

    @Test("a place that becomes another's forgets what it was")
    func foreign() throws {
        let table = try TallyTable(places: PlaceTable(capacity: 4))
        for name in ["a", "b", "c", "d"] { table.row(named: name).add(.requests, 1000) }
        for turn in 0..<5 { table.look(nowMs: Int64(1000 + turn * 5000)) }
        table.row(named: "e").add(.requests, 7)
        let course = table.recent(named: "e", table.sum(named: "e"), nowMs: 22_000)
        #expect(course.windows.map(\.requests) == [7, 7, 7])
    }

    @Test("the service's windows have latencies of their own")
    func service() throws {
        let recent = try RecentWindows()
        let table = try TallyTable(places: PlaceTable(capacity: 1))
        let row = table.row(named: "a")
        #expect(recent.windows.isEmpty)
        for turn in 0..<200 {
            recent.take(table.sum(named: "a"), nowMs: Int64(turn * 2000))
            for _ in 0..<4 {
                row.add(.requests)
                // The last seconds are slow.
                row.add(microseconds: turn < 190 ? 100 : 9000)
            }
        }
        recent.take(table.sum(named: "a"), nowMs: 400_000)
        #expect(recent.windows.map(\.tenthsPerSecond) == [20, 20, 20])
        #expect(recent.windows.map(\.latency.p50).map { $0 > 8000 } == [true, false, false])
        #expect((300_000...312_000).contains(try #require(recent.windows.last).lengthMs))
    }
}
