import Testing

@testable import Proxy

@Suite("limit_rate") struct RateLimitTests {
    private let limit = RateLimit(bytesPerSecond: 1000, after: 500, startMs: 10_900)

    @Test("each second begun allows the bytes of a second, and those before the limit are free")
    func allowance() {
        #expect(limit.allowance(nowMs: 10_999, sent: 0) == 1500)
        #expect(limit.allowance(nowMs: 11_000, sent: 0) == 2500)
        #expect(limit.allowance(nowMs: 11_000, sent: 2500) == 0)
        #expect(limit.allowance(nowMs: 10_000, sent: 0) == 1500)
    }

    @Test("what was sent too early is waited for")
    func wait() {
        #expect(limit.wait(allowance: 0) == 1)
        #expect(limit.wait(allowance: -500) == 501)
    }

    @Test("bytes take their time, free ones none")
    func time() {
        #expect(limit.time(from: 0, to: 500) == 0)
        #expect(limit.time(from: 0, to: 1500) == 1000)
        #expect(limit.time(from: 1500, to: 1750) == 250)
    }

    @Test("no number is too large")
    func extremes() {
        let limit = RateLimit(bytesPerSecond: .max, after: .max, startMs: 0)
        #expect(limit.allowance(nowMs: .max, sent: 0) > 0)
        #expect(limit.wait(allowance: .min + 1) > 0)
        #expect(limit.time(from: 0, to: .max) > 0)
        #expect(!RateLimit(bytesPerSecond: -1, after: 0, startMs: 0).isOn)
    }

    @Test("bytes of one moment count together")
    func burst() {
        var limit = limit
        #expect(limit.burstStart(nowMs: 5, sent: 10) == 10)
        #expect(limit.burstStart(nowMs: 5, sent: 20) == 10)
        #expect(limit.burstStart(nowMs: 6, sent: 30) == 30)
    }
}
