import Foundation
import Sharing
import Testing

@testable import Upstream

/// A slow server, a failing one and a new one among many. `PORTICO_SIMULATION=1000` says how many servers
/// there are, and has the figures printed.
@Suite("One slow, one failing, one new server among many") struct BalancingSimulationTests {
    private static let servers = ProcessInfo.processInfo.environment["PORTICO_SIMULATION"].flatMap(Int.init)

    private func simulate(_ name: String, _ method: BalancingMethod) -> BalancingSimulation.Result {
        let count = Self.servers ?? 50
        var simulation = BalancingSimulation(method, servers: count, seconds: Self.servers == nil ? 2 : 4)
        let result = simulation.run(load: 0.7)
        if Self.servers != nil {
            let usual = result.counts.dropFirst(4)
            let mean = Double(usual.reduce(0, +)) / Double(usual.count)
            let lateMean = Double(result.lateCounts.dropFirst(4).reduce(0, +)) / Double(usual.count)
            func part(_ count: Int, of mean: Double) -> Int { Int((Double(count) / mean * 100).rounded()) }
            print(
                "\(name): \(result.times.count) requests, p50 \(result.percentile(0.5)),"
                    + " p99 \(result.percentile(0.99)), p99.9 \(result.percentile(0.999)),"
                    + " max \(result.times.last ?? 0) us;"
                    + " spread \(part(usual.min() ?? 0, of: mean))-\(part(usual.max() ?? 0, of: mean)) %,"
                    + " slow \(part(result.counts[1], of: mean)) %, failing \(result.counts[2]) requests,"
                    + " new \(part(result.lateCounts[3], of: lateMean)) % (at most \(result.newcomerMost) at once)"
            )
        }
        return result
    }

    @Test("ewma and least_time leave the slow one nearly alone, and spread the rest")
    func spread() {
        let plain = simulate("round robin", .roundRobin)
        let fewest = simulate("least_conn", .leastConnections)
        let timed = [
            simulate("ewma", .ewma(seed: 1)),
            simulate("least_time header", .leastTime(.header, inflight: false)),
            simulate("random two least_time", .random(two: .leastTime(.header))),
        ]
        for result in timed {
            let usual = result.counts.dropFirst(4)
            let mean = usual.reduce(0, +) / usual.count
            #expect(result.counts[BalancingSimulation.slow] < mean / 4)
            #expect((usual.min() ?? 0) > mean / 2 && (usual.max() ?? 0) < mean * 2)
            let late = result.lateCounts.dropFirst(4).reduce(0, +) / usual.count
            #expect((late / 3...late * 2).contains(result.lateCounts[BalancingSimulation.new]))
            // It is not overrun when it comes.
            #expect(result.newcomerMost < 24)
        }
        // One that is so slow has a queue without end where nobody sees it.
        #expect(timed[0].percentile(0.999) < plain.percentile(0.999))
        #expect(timed[0].percentile(0.99) < 2 * fewest.percentile(0.99))
    }
}
