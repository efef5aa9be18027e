import Testing

@testable import Sharing

@Suite("stub_status counters")
struct CountersTests {
    @Test("the sums are over all workers")
    func sumsAreOverAllWorkers() throws {
        let counters = try Counters(slots: 3)
        counters.slab(0).add(.accepts, 2)
        counters.slab(2).add(.accepts, 3)
        counters.slab(2).add(.active, 1)
        #expect(counters.slab(1).total(.accepts) == 5)
        #expect(counters.slab(1).total(.active) == 1)
        #expect(counters.slab(1).total(.requests) == 0)
    }

    @Test("a worker that is gone has no connections left, but what it counted stays")
    func endedWorkerLeavesCounts() throws {
        let counters = try Counters(slots: 2)
        let slab = counters.slab(1)
        for counter in Counter.allCases { slab.add(counter, 7) }
        counters.workerEnded(slot: 1)
        #expect(slab.total(.accepts) == 7)
        #expect(slab.total(.handled) == 7)
        #expect(slab.total(.requests) == 7)
        for counter in Counter.allCases where counter.isGauge { #expect(slab.total(counter) == 0) }
    }
}
