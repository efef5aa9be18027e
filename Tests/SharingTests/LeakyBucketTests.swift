import Sharing
import Testing

@Suite("Leaky buckets") struct LeakyBucketTests {
    @Test("a request fills by 1000, and what the rate lets run out is gone, in whole thousandths")
    func fills() {
        #expect(LeakyBucket.filled(0, afterMs: 0, rate: 1000) == 1000)
        #expect(LeakyBucket.filled(1000, afterMs: 999, rate: 1000) == 1001)
        #expect(LeakyBucket.filled(1000, afterMs: 5000, rate: 1000) == 0)
        // A request a minute is 16 thousandths a second.
        #expect(LeakyBucket.filled(1000, afterMs: 62, rate: 16) == 2000)
        #expect(LeakyBucket.filled(1000, afterMs: 63, rate: 16) == 1999)
        #expect(LeakyBucket.left(of: 1000, afterMs: 62_500, rate: 16) == 0)
        #expect(LeakyBucket.left(of: 1000, afterMs: 62_437, rate: 16) == 2)
    }

    @Test("a clock that is behind does not run; one that was set back is believed")
    func clocks() {
        #expect(LeakyBucket.elapsedMs(since: 1000, nowMs: 1500) == 500)
        #expect(LeakyBucket.elapsedMs(since: 1500, nowMs: 1000) == 0)
        #expect(LeakyBucket.elapsedMs(since: 61_000, nowMs: 1000) == 0)
        #expect(LeakyBucket.elapsedMs(since: 61_001, nowMs: 1000) == 1)
    }

    @Test("a request waits for what is beyond the free part")
    func delays() {
        #expect(LeakyBucket.delayMs(excess: 1000, free: 0, rate: 1000) == 1000)
        #expect(LeakyBucket.delayMs(excess: 999, free: 0, rate: 2000) == 499)
        #expect(LeakyBucket.delayMs(excess: 3000, free: 2000, rate: 500) == 2000)
        #expect(LeakyBucket.delayMs(excess: 3000, free: 3000, rate: 500) == 0)
    }

    @Test("no number overflows")
    func extremes() {
        let numbers = [0, 1, 999, 1000, Int.max / 2, Int.max - 1, Int.max]
        for rate in numbers where rate > 0 {
            for number in numbers {
                #expect(LeakyBucket.filled(number, afterMs: number, rate: rate) >= 0)
                #expect(LeakyBucket.left(of: number, afterMs: number, rate: rate) >= 0)
                #expect(LeakyBucket.delayMs(excess: number, free: 0, rate: rate) >= 0)
            }
        }
        #expect(LeakyBucket.elapsedMs(since: .min, nowMs: .max) >= 0)
    }
}
