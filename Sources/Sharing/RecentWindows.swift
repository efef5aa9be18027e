internal import Net

/// The service over its last seconds and minutes: written by one process every other second, read by all.
final class RecentWindows {
    /// How long the windows are meant to be.
    static var lengthsMs: [Int] { [10_000, 60_000, 300_000] }
    private static var size: Int { 8 }

    /// What was counted until a moment.
    private struct Look {
        let atMs: Int64
        let serial: Int
        let requests: Int
        let clientErrors: Int
        let serverErrors: Int
        let latency: LatencyHistogram

        init(_ sum: TallySum, atMs: Int64, serial: Int) {
            self.atMs = atMs
            self.serial = serial
            requests = sum[.requests]
            clientErrors = sum[.clientErrors]
            serverErrors = sum[.serverErrors]
            latency = sum.latency
        }
    }

    private let memory: SharedMemory
    /// Of the process that writes alone; the oldest first.
    private var looks: [Look] = []
    private var serial = 0

    init() throws(Errno) {
        memory = try SharedMemory(count: RecentWindows.lengthsMs.count * RecentWindows.size)
    }

    /// Takes in what has been counted so far.
    func take(_ sum: TallySum, nowMs: Int64) {
        let now = Look(sum, atMs: nowMs, serial: serial)
        for (index, length) in RecentWindows.lengthsMs.enumerated() {
            guard let then = looks.last(where: { nowMs - $0.atMs >= length }) ?? looks.first else { continue }
            publish(index, then, now)
        }
        looks.append(now)
        serial += 1
        let (shortest, longest) = (RecentWindows.lengthsMs[0], RecentWindows.lengthsMs[2])
        // Every fifth is enough for the long ones.
        looks.removeAll { look in
            let age = nowMs - look.atMs
            return age > longest + 12_000 || age > shortest + 4000 && look.serial % 5 != 0
        }
    }

    private func publish(_ index: Int, _ then: Look, _ now: Look) {
        let latency = now.latency.since(then.latency)
        let base = index * RecentWindows.size
        let numbers = [
            Int(now.atMs - then.atMs), now.requests - then.requests, now.clientErrors - then.clientErrors,
            now.serverErrors - then.serverErrors,
        ]
        Seqlock(memory, base).write {
            for (offset, number) in (numbers + Percentiles(latency).numbers).enumerated() {
                memory.storeOrdered(base + 1 + offset, max(0, number))
            }
        }
    }

    /// Those that are known, the shortest first.
    var windows: [RecentWindow] {
        RecentWindows.lengthsMs.indices.compactMap { index in
            let base = index * RecentWindows.size
            let numbers = Seqlock(memory, base).read { _ in (1..<8).map { memory.loadOrdered(base + $0) } }
            guard let numbers, numbers[0] > 0 else { return nil }
            var window = RecentWindow(meantMs: RecentWindows.lengthsMs[index], lengthMs: numbers[0])
            window.requests = numbers[1]
            window.clientErrors = numbers[2]
            window.serverErrors = numbers[3]
            window.latency = Percentiles(p50: numbers[4], p95: numbers[5], p99: numbers[6])
            return window
        }
    }
}
