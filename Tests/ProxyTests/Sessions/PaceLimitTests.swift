import Config
import Testing

@testable import Proxy

@Suite("client_min_rate") struct PaceLimitTests {
    @Test("anybody may be slow for five seconds")
    func graceIsGiven() {
        var pace = PaceLimit()
        #expect(pace.wait(nowMs: 0, count: 0, gapMs: 60_000) == 5000)
        #expect(!pace.isTooSlow(nowMs: 5000, count: 1, rate: 240))
        #expect(pace.isTooSlow(nowMs: 5001, count: 1, rate: 240))
    }

    @Test("a client at the rate is not too slow, one below it is")
    func rateIsCompared() {
        var pace = PaceLimit()
        _ = pace.wait(nowMs: 1000, count: 100, gapMs: 1000)
        #expect(!pace.isTooSlow(nowMs: 11_000, count: 2500, rate: 240))
        #expect(pace.isTooSlow(nowMs: 11_000, count: 2499, rate: 240))
    }

    @Test("0 switches the check off, and a wait that ended does not count")
    func canBeOff() {
        var pace = PaceLimit()
        _ = pace.wait(nowMs: 0, count: 0, gapMs: 1000)
        #expect(!pace.isTooSlow(nowMs: 100_000, count: 0, rate: 0))
        pace.end()
        #expect(!pace.isTooSlow(nowMs: 100_000, count: 0, rate: 240))
    }

    @Test("the gap's end moves with each progress")
    func gapMoves() {
        var pace = PaceLimit()
        #expect(pace.wait(nowMs: 0, count: 0, gapMs: 1000) == 1000)
        _ = pace.wait(nowMs: 900, count: 1, gapMs: 1000)
        #expect(pace.gapEndsMs == 1900)
    }

    @Test("what brings no byte moves nothing, and nothing postpones the next look")
    func onlyProgressCounts() {
        var pace = PaceLimit()
        _ = pace.wait(nowMs: 0, count: 0, gapMs: 60_000)
        #expect(pace.wait(nowMs: 4000, count: 0, gapMs: 60_000) == 1000)
        #expect(pace.gapEndsMs == 60_000)
        #expect(pace.wait(nowMs: 4999, count: 1, gapMs: 60_000) == 1)
        #expect(pace.gapEndsMs == 64_999)
        #expect(pace.look(nowMs: 5000, count: 1, rate: 240) == .waits(ms: 1000))
        #expect(pace.wait(nowMs: 5900, count: 2, gapMs: 60_000) == 100)
        #expect(pace.look(nowMs: 6000, count: 2, rate: 240) == .tooSlow)
        #expect(pace.look(nowMs: 6000, count: 2, rate: 0) == .waits(ms: 1000))
        #expect(pace.look(nowMs: 65_900, count: 1 << 20, rate: 240) == .timedOut)
    }

    @Test("no rate is too large to be compared")
    func hugeRates() {
        var pace = PaceLimit()
        _ = pace.wait(nowMs: 0, count: 0, gapMs: Units.secondsMax * 1000)
        #expect(pace.isTooSlow(nowMs: 1 << 40, count: 1 << 50, rate: Units.sizeMax))
        #expect(pace.isTooSlow(nowMs: 5001, count: 0, rate: .max))
    }
}
