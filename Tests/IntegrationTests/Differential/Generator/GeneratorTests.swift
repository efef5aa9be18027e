import Foundation
import TestSupport
import Testing

/// How long the generators go on, and from which seed.
///
/// `PORTICO_GENERATOR_SEED` is the first seed; `PORTICO_GENERATOR_MINUTES` has them go on for so long,
/// from a seed of the clock when none is given. Without it a fixed set is tried within the bound.
struct GeneratorPlan {
    let firstSeed: UInt64
    let seconds: Double
    let count: UInt64

    init(seconds: Double, count: UInt64) {
        let environment = ProcessInfo.processInfo.environment
        let minutes = environment["PORTICO_GENERATOR_MINUTES"].flatMap(Double.init)
        let seed = environment["PORTICO_GENERATOR_SEED"].flatMap { UInt64($0) }
        self.seconds = minutes.map { $0 * 60 } ?? seconds
        self.count = minutes == nil ? (seed == nil ? count : 1) : .max / 4
        firstSeed = seed ?? (minutes == nil ? 1 : UInt64(time(nil)) << 20)
    }
}

/// Random configurations, requests and gateways; what is found is printed as a minimal pair.
@Suite("generated", .serialized)
struct GeneratorTests {
    @Test(
        "what is generated goes as it goes with nginx",
        .enabled(if: Binary.nginx != nil, "nginx is not installed: there is no model to compare with"))
    func asModel() throws {
        let plan = GeneratorPlan(seconds: 30, count: 240)
        var generator = Generator(stage: try GeneratorStage())
        generator.say = { print($0) }
        let seeds = plan.firstSeed..<(plan.firstSeed + plan.count)
        try generator.run(seeds: seeds, until: Deadline(in: plan.seconds))
        let report = generator.report
        print("generator: from seed \(plan.firstSeed): \(report)")
        for finding in report.findings { Issue.record("\(finding.text)") }
        #expect(report.alarms.isEmpty, "\(report.alarms)")
        // A grammar that nginx refuses tests nothing.
        #expect(report.refusedByModel * 10 <= report.cases)
    }

    @Test("hostile and dying gateways kill nobody and mix nothing up")
    func hostileGateways() throws {
        let plan = GeneratorPlan(seconds: 15, count: .max / 4)
        let scene = try HostileScene()
        let report = try scene.run(from: plan.firstSeed, until: Deadline(in: plan.seconds))
        print("hostile gateways: from seed \(plan.firstSeed): \(report)")
        for fault in report.faults { Issue.record("\(fault)") }
        #expect(report.whole > 0 && report.cut > 0 && report.refused > 0)
    }
}
