/// A piece of the hot path, to be run many times.
struct MicroPiece {
    let name: String
    /// Does it so often; what it returns keeps the compiler from leaving it out.
    let run: (Int) -> Int

    /// What one time costs.
    struct Cost: Equatable {
        /// Nanoseconds: the quickest batch, which nothing disturbed, and the middle one.
        var bestNs: Double
        var medianNs: Double
        /// `nil`: this build cannot count them.
        var allocations: Double?
    }

    /// - Parameter timeMs: for how long it is repeated.
    func measure(timeMs: Int) -> Cost {
        var checksum = run(1)
        var count = 1
        // Batches long enough for the clock, short enough that some of them are not interrupted.
        while case let ns = MicroPiece.time({ checksum &+= run(count) }), ns < 1_000_000, count < 1 << 30 {
            count = max(count * 2, Int(Double(count) * 1_000_000 / Double(max(ns, 1))) / 2)
        }
        let before = AllocationCount.current
        checksum &+= run(count)
        let allocations = AllocationCount.current - before
        var batches: [Double] = []
        let end = LoadGenerator.nowUs() + Int64(timeMs) * 1000
        repeat {
            batches.append(Double(MicroPiece.time { checksum &+= run(count) }) / Double(count))
        } while LoadGenerator.nowUs() < end
        batches.sort()
        MicroPiece.consume(checksum)
        return Cost(
            bestNs: batches[0], medianNs: batches[batches.count / 2],
            allocations: AllocationCount.isCounting ? Double(allocations) / Double(count) : nil)
    }

    private static func time(_ body: () -> Void) -> Int64 {
        let start = ContinuousClock.now
        body()
        let spent = start.duration(to: .now).components
        return spent.seconds * 1_000_000_000 + spent.attoseconds / 1_000_000_000
    }

    @inline(never)
    private static func consume(_ checksum: Int) {}
}
