import CLinux
import Glibc
import Net
import Testing

@testable import Sharing

@Suite("stub_status counters over processes")
struct CountersForkTests {
    @Test("what a forked worker counts is seen by all, and outlives it")
    func forkedWorkerIsSeen() throws {
        let counters = try Counters(slots: 2)
        let child = counters.slab(1)
        // The child only adds to shared numbers: nothing that another thread of this process may hold.
        let pid = portico_fork()
        if pid == 0 {
            child.add(.requests, 5)
            child.add(.active, 2)
            _exit(0)
        }
        #expect(pid > 0)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
        #expect(counters.total(.requests) == 5)
        #expect(counters.total(.active) == 2)
        counters.workerEnded(slot: 1)
        #expect(counters.total(.requests) == 5)
        #expect(counters.total(.active) == 0)
    }
}
