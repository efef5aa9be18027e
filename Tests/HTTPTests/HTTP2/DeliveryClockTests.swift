import Testing

@testable import HTTP

@Suite("Delivery clock") struct DeliveryClockTests {
    private static let least = DeliveryClock.leastAhead

    @Test("near by, 64 KiB are under way at most, and half of that before anybody is asked")
    func nearBy() {
        let clock = DeliveryClock(sentCount: 0)
        #expect(clock.allowance == 65_536)
        clock.sent(32_767)
        #expect(!clock.isDue)
        clock.sent(1)
        #expect(clock.isDue && clock.allowance == 32_768)
    }

    @Test("nothing is allowed beyond what the client has not read, until it answers")
    func waits() {
        let clock = DeliveryClock(sentCount: 0)
        #expect(clock.allowance == Self.least && !clock.isDue)
        clock.sent(Self.least / 2)
        #expect(clock.isDue)
        let first = clock.ask(nowUs: 0)
        #expect(!clock.isDue && first == UInt64(Self.least / 2))
        clock.sent(Self.least / 2)
        #expect(clock.allowance == 0 && clock.isDue)
        let second = clock.ask(nowUs: 100)
        #expect(clock.answered(first, nowUs: 200, roundTripUs: 10))
        #expect(clock.allowance == Self.least / 2)
        #expect(clock.answered(second, nowUs: 300, roundTripUs: 10))
        #expect(clock.allowance == Self.least)
    }

    @Test("what was sent before the clock was made counts as unread")
    func startsBehind() {
        let clock = DeliveryClock(sentCount: 5 << 20)
        #expect(clock.allowance == 0 && clock.isDue)
        let count = clock.ask(nowUs: 0)
        #expect(clock.answered(count, nowUs: 40_000, roundTripUs: 10) && clock.allowance == Self.least)
    }

    @Test("answers to what was never asked, or is known, mean nothing")
    func ignoresInvented() {
        let clock = DeliveryClock(sentCount: 1 << 20)
        #expect(!clock.answered(1, nowUs: 0, roundTripUs: 0))
        let count = clock.ask(nowUs: 0)
        #expect(!clock.answered(count + 1, nowUs: 0, roundTripUs: 0))
        #expect(!clock.answered(.max, nowUs: 0, roundTripUs: 0))
        #expect(clock.answered(count, nowUs: 0, roundTripUs: 0))
        #expect(
            !clock.answered(count, nowUs: 0, roundTripUs: 0) && !clock.answered(0, nowUs: 0, roundTripUs: 0))
    }

    @Test("who is far away and reads fast gets twice what is under way")
    func followsNetwork() {
        let clock = DeliveryClock(sentCount: 0)
        var nowUs: Int64 = 0
        // What may be is sent; it is read as it arrives, 50 ms later.
        for _ in 0..<12 {
            clock.sent(min(clock.allowance, 4 << 20))
            let count = clock.ask(nowUs: nowUs)
            nowUs += 50_000
            #expect(clock.answered(count, nowUs: nowUs, roundTripUs: 50_000))
        }
        #expect(clock.allowance >= 4 << 20)
        // The same distance, and a client that takes ten times as long: a fifth of that will do.
        clock.sent(1 << 20)
        let count = clock.ask(nowUs: nowUs)
        #expect(clock.answered(count, nowUs: nowUs + 500_000, roundTripUs: 50_000))
        #expect(clock.allowance == 2 * (1 << 20) / 10)
    }

    @Test("who does not answer is waited for no more")
    func givesUp() {
        let clock = DeliveryClock(sentCount: 1 << 20)
        clock.look(nowUs: 10_000_000)
        #expect(!clock.isGivenUp)
        let first = clock.ask(nowUs: 0)
        clock.sent(Self.least)
        _ = clock.ask(nowUs: 900_000)
        #expect(clock.answered(first, nowUs: 950_000, roundTripUs: 0))
        clock.look(nowUs: 1_900_000)
        #expect(!clock.isGivenUp)
        clock.look(nowUs: 1_950_000)
        #expect(clock.isGivenUp && clock.allowance == .max && !clock.isDue)
    }
}
