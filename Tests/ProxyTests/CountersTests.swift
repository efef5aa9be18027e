import Core
import Foundation
import Testing

@testable import Proxy

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

    @Test("the text is nginx's, with the space before the end of each line")
    func textIsNginxs() throws {
        let counters = try Counters(slots: 1)
        let slab = counters.slab(0)
        slab.add(.active, 1)
        slab.add(.accepts, 38)
        slab.add(.handled, 37)
        slab.add(.requests, 36)
        slab.add(.writing, 1)
        let out = ByteBuffer(capacity: 16)
        StubStatus.append(slab, to: out)
        #expect(
            String(decoding: out.bytes, as: UTF8.self)
                == "Active connections: 1 \nserver accepts handled requests\n 38 37 36 \n"
                + "Reading: 0 Writing: 1 Waiting: 0 \n")
    }
}
