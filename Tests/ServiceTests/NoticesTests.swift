import Testing

@testable import Service

@Suite("Notices for a service manager") struct NoticesTests {
    private func notices(_ environment: [String: String], pid: Int32 = 7) -> Notices {
        Notices(pid: pid) { environment[$0] }
    }

    @Test("signs of life are due at half the limit, for whom they are meant")
    func life() {
        let socket = "@nobody"
        var asked = notices(["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"])
        _ = asked.ready()
        #expect(asked.dueMs(nowMs: 0, workers: 1) == 0)
        #expect(asked.lives(nowMs: 1000)?.contains("WATCHDOG=1") == true, "nobody listens there")
        #expect(asked.dueMs(nowMs: 1000, workers: 1) == 2500)
        #expect(asked.lives(nowMs: 2499) == nil)
        #expect(asked.lives(nowMs: 2500) != nil)
        for other in [
            ["NOTIFY_SOCKET": socket], ["WATCHDOG_USEC": "3000000"],
            ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"],
            ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "0"],
            ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "-5"],
            ["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "99999999999999999999"], [:],
        ] {
            var silent = notices(other)
            _ = silent.ready()
            #expect(silent.dueMs(nowMs: 0, workers: 1) == nil, "\(other)")
            #expect(silent.lives(nowMs: 0) == nil, "\(other)")
        }
        // However short the limit, there is other work to do.
        var hasty = notices(["NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "1"])
        _ = hasty.lives(nowMs: 0)
        #expect(hasty.lives(nowMs: Notices.intervalMsMin - 1) == nil)
    }

    @Test("workers are looked at until it is told that they serve, and where there are any")
    func looks() {
        var asked = notices(["NOTIFY_SOCKET": "@nobody"])
        #expect(asked.dueMs(nowMs: 100, workers: 2) == 100 + Notices.lookMs)
        #expect(asked.dueMs(nowMs: 100, workers: 0) == nil)
        #expect(asked.ready() != nil)
        #expect(asked.ready() == nil && asked.dueMs(nowMs: 100, workers: 2) == nil)
        asked.awaitWorkers(status: "again")
        #expect(asked.dueMs(nowMs: 100, workers: 2) != nil)
        #expect(asked.stopping() != nil)
        #expect(asked.dueMs(nowMs: 100, workers: 2) == nil, "who ends does not become ready")
        var unasked = notices([:])
        unasked.awaitWorkers(status: "again")
        #expect(unasked.ready() == nil && unasked.stopping() == nil && unasked.reloading(nowUs: 1) == nil)
    }
}
