import Testing

@testable import Service

@Suite("Watchdog's look") struct WatchdogLookTests {
    private func loop(_ pid: Int32, _ turn: Int) -> Watchdog.Loop { Watchdog.Loop(pid: pid, lastTurn: turn) }

    @Test("a loop hangs when its mark has been the same for the limit")
    func hangs() {
        var watchdog = Watchdog()
        for now in stride(from: Int64(0), through: 9_000, by: 1000) {
            #expect(
                watchdog.look(at: [loop(1, 5), loop(2, Int(now) + 1)], limitMs: 10_000, nowMs: now) == [])
        }
        #expect(watchdog.look(at: [loop(1, 5), loop(2, 9000)], limitMs: 10_000, nowMs: 10_000) == [1])
        // Told once, until it has stood still for as long again.
        #expect(watchdog.look(at: [loop(1, 5)], limitMs: 10_000, nowMs: 11_000) == [])
    }

    @Test("time in which nobody looked does not count")
    func sleeps() {
        var watchdog = Watchdog()
        _ = watchdog.look(at: [loop(1, 5)], limitMs: 10_000, nowMs: 0)
        #expect(watchdog.look(at: [loop(1, 5)], limitMs: 10_000, nowMs: 3_600_000) == [])
        for step in 1...7 {
            let now = Int64(3_600_000 + step * 1000)
            #expect(watchdog.look(at: [loop(1, 5)], limitMs: 10_000, nowMs: now) == [])
        }
        #expect(watchdog.look(at: [loop(1, 5)], limitMs: 10_000, nowMs: 3_608_000) == [1])
    }

    @Test("one that has not begun may take a minute, and with 0 everybody any time")
    func patient() {
        var watchdog = Watchdog()
        for now in stride(from: Int64(0), through: 59_000, by: 1000) {
            #expect(watchdog.look(at: [loop(1, 0)], limitMs: 10_000, nowMs: now) == [])
        }
        #expect(watchdog.look(at: [loop(1, 0)], limitMs: 10_000, nowMs: 60_000) == [1])
        for now in stride(from: Int64(0), through: 100_000, by: 1000) {
            #expect(watchdog.look(at: [loop(1, 7)], limitMs: 0, nowMs: now) == [])
        }
    }
}
