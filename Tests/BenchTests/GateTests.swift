import Testing

@testable import portico_bench

@Suite("the gate of what a request costs")
struct GateTests {
    @Test("limits read as they were written")
    func roundTrip() throws {
        var limits = GateLimits()
        limits.numbers = ["keepalive allocations": 0, "keepalive receives": 2.5]
        #expect(try GateLimits(text: limits.text) == limits)
    }

    @Test(
        "what is no limit is refused",
        arguments: ["keepalive", "keepalive sends", "keepalive sends x", "a b -1", "a b 1 2"])
    func refusals(_ text: String) {
        #expect(throws: LoadOptions.Complaint.self) { try GateLimits(text: text) }
    }

    @Test("a number above its limit is a complaint, and so is one that is missing")
    func complaints() throws {
        let limits = try GateLimits(text: "a allocations 0\na sends 2\nb sends 2\n")
        func complaints(_ text: String) throws -> Int {
            limits.complaints(try GateLimits(text: text), scenarios: ["a"]).count
        }
        #expect(try complaints("a allocations 0.01\na sends 2.05") == 0)
        #expect(try complaints("a allocations 1\na sends 2") == 1)
        #expect(try complaints("a allocations 0\na sends 3") == 1)
        #expect(try complaints("a allocations 0") == 1)
    }

    @Test("the summary of strace is read, with and without errors in a line")
    func systemCalls() {
        let count = SystemCallCount(
            summary: """
                % time     seconds  usecs/call     calls    errors syscall
                ------ ----------- ----------- --------- --------- ----------------
                 40.00    0.000400           1       400           sendto
                 30.00    0.000300           1       600       200 recvfrom
                 20.00    0.000200           1       201           epoll_wait
                 10.00    0.000100           1         3         1 futex
                ------ ----------- ----------- --------- --------- ----------------
                100.00    0.001000           1      1204       201 total
                """)
        #expect(count.calls == ["sendto": 400, "recvfrom": 600, "epoll_wait": 201, "futex": 3])
        #expect(count.count(.receives) == 600 && count.count(.sends) == 400)
        #expect(count.count(.waits) == 201 && count.count(.others) == 3)
    }

    @Test("valgrind's number of allocations is read")
    func heapUsage() {
        let line = "==1==   total heap usage: 10,194 allocs, 9,398 frees, 1,486,717 bytes allocated"
        #expect(GateMeasurement.heapUsage("==1== HEAP SUMMARY:\n\(line)\n") == 10194)
        #expect(GateMeasurement.heapUsage("nothing") == nil)
    }
}
