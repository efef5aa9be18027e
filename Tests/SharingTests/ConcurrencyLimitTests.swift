import Core
import Testing

@testable import Sharing

@Suite("A limit that is found") struct ConcurrencyLimitTests {
    /// A server that does so many requests at once and lets others wait, and clients that keep it at its limit.
    private struct Server {
        var places: Double
        var serviceUs = 20_000.0
        var bounds = 4...512
        var limit: ConcurrencyLimit
        var nowMs: Int64 = 100_000
        /// Requests that were done, as a part of those that could have been.
        var done = 0.0
        var windows = 0
        private var generator = SplitMix(seed: 99)

        init(places: Double, bounds: ClosedRange<Int> = 4...512) {
            self.places = places
            self.bounds = bounds
            limit = ConcurrencyLimit(floor: bounds.lowerBound)
        }

        /// - Parameter offered: requests that there would be without a limit.
        mutating func run(ms: Int64, offered: Int = 10_000) {
            let end = nowMs + ms
            while nowMs < end {
                let next = limit.nextWindow
                nowMs += next.waitMs + next.lengthMs
                let active = min(limit.allowed(bounds), offered)
                // The mean of 50 that are spread exponentially is off by a seventh.
                let noise = 1 + (Double.random(in: -1...1, using: &generator)) * 0.2
                let mean = serviceUs * max(1, Double(active) / places) * noise
                done += min(1, Double(active) / min(places, Double(offered)))
                windows += 1
                limit.follow(
                    ConcurrencyLimit.Window(meanUs: Int(mean), requestsMax: active, endMs: nowMs), bounds)
            }
        }
    }

    @Test(
        "comes to what the server can do, and not much above, within two seconds",
        arguments: [
            8.0, 20, 64, 200,
        ])
    func converges(places: Double) {
        var server = Server(places: places)
        server.run(ms: 2000)
        for _ in 0..<120 {
            server.run(ms: 1000)
            let allowed = Double(server.limit.estimate >> 10)
            #expect(allowed > places * 0.9 && allowed < places * 3 + 8, "\(allowed)")
        }
        #expect(server.done / Double(server.windows) > 0.95)
    }

    @Test("follows a server that can do less, and more, from now on")
    func follows() {
        var server = Server(places: 100)
        server.run(ms: 5000)
        server.places = 25
        server.run(ms: 2000)
        #expect(server.limit.estimate >> 10 < 75)
        server.places = 200
        server.run(ms: 5000)
        #expect(server.limit.estimate >> 10 > 180)
    }

    @Test("answers that come later for another reason do not keep the limit low")
    func otherReasons() {
        var server = Server(places: 100)
        server.run(ms: 5000)
        server.serviceUs *= 10
        server.run(ms: 12_000)
        #expect(server.limit.estimate >> 10 > 90)
    }

    @Test("few requests say nothing of the limit; bounds hold")
    func bounds() {
        var server = Server(places: 100)
        server.run(ms: 5000)
        let known = server.limit.estimate
        server.run(ms: 60_000, offered: 10)
        #expect(server.limit.estimate == known)
        var small = Server(places: 1, bounds: 6...10)
        small.run(ms: 60_000)
        #expect(small.limit.allowed(6...10) >= 6)
        var large = Server(places: 1000, bounds: 6...10)
        large.run(ms: 60_000)
        #expect(large.limit.allowed(6...10) == 10)
    }

    @Test("any numbers are borne")
    func extremes() {
        for mean in [Int.min, 0, 1, 3_600_000_000] {
            for requests in [Int.min / 2, 0, 1 << 40] {
                for bounds in [1...1, 1...Int(Int32.max)] {
                    var limit = ConcurrencyLimit(floor: bounds.lowerBound)
                    for second in 0..<60 {
                        let window = ConcurrencyLimit.Window(
                            meanUs: mean, requestsMax: requests, endMs: Int64(second) * 1000)
                        limit.follow(window, bounds)
                        #expect(bounds.contains(limit.allowed(bounds)))
                        _ = limit.nextWindow
                    }
                }
            }
        }
    }

    @Test("workers find one limit together, a new one begins with it, and another bound holds at once")
    func shared() throws {
        let table = try PeerStateTable(capacity: 4, workers: 2)
        let first = try #require(table.state(for: "a")).state
        let second = try #require(table.state(for: "a")).state
        first.adapt(within: 4...64)
        #expect(second.limit == 4)
        for number in 0..<2000 {
            let state = number % 2 == 0 ? first : second
            for _ in 0..<4 { state.connectionBegan() }
            state.answered(afterUs: 10_000, nowMs: 100_000 + Int64(number), within: 4...64)
        }
        #expect(first.limit == 64 && second.limit == 64)
        second.adapt(within: 4...64)
        #expect(first.limit == 64)
        second.adapt(within: 4...16)
        #expect(first.limit == 16)
        second.setLimit(0)
        #expect(first.limit == 0)
        first.adapt(within: 8...64)
        #expect(second.limit == 8)
    }
}
