import Foundation
import TestSupport

/// A case in which the programs differ without a rule that says they should.
struct Finding: Sendable {
    let seed: UInt64
    var testCase: GeneratedCase
    var model: [String]
    var ours: [String]

    /// The minimal pair, and both answers.
    var text: String {
        let port: UInt16 = 8080
        let requests = testCase.asks.flatMap(\.requests).map {
            String(latin1: $0.bytes(port: port)).replacing("\r\n", with: "\\r\\n\n").replacing(
                "\r", with: "\\r")
        }
        let answers = testCase.asks.flatMap(\.answers).map { answer in
            answer.forGateway.steps.map { step in
                if case .send(let bytes) = step {
                    return String(latin1: bytes).replacing("\r\n", with: "\\r\\n\n")
                }
                return "(\(step))\n"
            }.joined()
        }
        return """
            ##### seed \(seed)
            --- configuration
            \(testCase.servers.map { $0.text() }.joined())--- request
            \(requests.joined(separator: "\n"))\(answers.isEmpty ? "" : "--- the gateway's answers\n" + answers.joined(separator: "\n"))
            --- nginx
            \(model.joined(separator: "\n"))
            --- portico
            \(ours.joined(separator: "\n"))

            """
    }
}

/// Makes cases from seeds, has both programs go through them, and shrinks what differs.
struct Generator {
    struct Report: CustomStringConvertible {
        var cases = 0
        var asks = 0
        /// Differences that no rule explains.
        var differing = 0
        /// Those that were not there a second time.
        var passing = 0
        /// By the rules' names.
        var excused: [String: Int] = [:]
        var refusedByModel = 0
        var findings: [Finding] = []
        /// Lines of Portico's log that should not be there.
        var alarms: [String] = []

        var description: String {
            let meant = excused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return """
                \(asks) asks of \(cases) configurations (nginx refused \(refusedByModel)); \(differing) differences, \
                \(passing) of them not again; meant to differ: \(meant.joined(separator: ", "))
                """
        }
    }

    let stage: GeneratorStage
    private(set) var report = Report()
    /// Differences of one kind are shrunk only so many times.
    private var kinds: [String: Int] = [:]
    var shrinkingSeconds = 30.0
    var findingsPerKind = 2
    var say: (String) -> Void = { _ in }

    init(stage: GeneratorStage) {
        self.stage = stage
    }

    static func testCase(seed: UInt64) -> GeneratedCase {
        var grammar = ConfigurationGrammar(dice: Dice(seed: seed))
        let servers = grammar.servers()
        var requests = RequestGrammar(dice: Dice(seed: seed ^ 0x5eed), servers: servers)
        return GeneratedCase(servers: servers, asks: (0..<20).map { _ in requests.ask() })
    }

    /// Goes through the seeds until the deadline.
    mutating func run(seeds: some Sequence<UInt64>, until deadline: Deadline) throws {
        var batch: [(seed: UInt64, testCase: GeneratedCase)] = []
        for seed in seeds {
            batch.append((seed, Generator.testCase(seed: seed)))
            guard batch.count == GeneratorStage.width else { continue }
            try runBatch(batch)
            batch = []
            if deadline.hasPassed { return }
        }
        if !batch.isEmpty { try runBatch(batch) }
    }

    private mutating func runBatch(_ batch: [(seed: UInt64, testCase: GeneratedCase)]) throws {
        let pairs = try compare(batch.map(\.testCase))
        for ((seed, testCase), pair) in zip(batch, pairs) {
            report.cases += 1
            switch pair {
            case .refusedByModel(let why):
                report.refusedByModel += 1
                say("nginx refuses seed \(seed): \(why)")
            case .refusedByUs(let why):
                report.differing += 1
                let refused = GeneratedCase(servers: testCase.servers, asks: [])
                report.findings.append(
                    Finding(seed: seed, testCase: refused, model: ["starts"], ours: [why]))
                say("portico refuses seed \(seed): \(why)")
            case .seen(let model, let ours):
                report.asks += testCase.asks.count
                for index in testCase.asks.indices {
                    guard
                        let difference = Difference(
                            servers: testCase.servers, ask: testCase.asks[index], model: model[index],
                            ours: ours[index])
                    else { continue }
                    try note(seed, testCase, at: index, difference)
                }
            }
        }
    }

    private mutating func note(
        _ seed: UInt64, _ testCase: GeneratedCase, at index: Int, _ difference: Difference
    ) throws {
        if let rule = difference.rule {
            report.excused[rule.name, default: 0] += 1
            return
        }
        report.differing += 1
        let kind = difference.kind
        kinds[kind, default: 0] += 1
        if kinds[kind, default: 0] > findingsPerKind { return }
        let alone = GeneratedCase(servers: testCase.servers, asks: [testCase.asks[index]])
        guard var finding = try confirm(alone, seed) else {
            report.passing += 1
            say("seed \(seed), ask \(index): did not happen again (\(kind))")
            return
        }
        try shrink(&finding, until: Deadline(in: shrinkingSeconds))
        report.findings.append(finding)
        say(finding.text)
    }

    private mutating func confirm(_ testCase: GeneratedCase, _ seed: UInt64) throws -> Finding? {
        guard case .seen(let model, let ours) = try compare([testCase])[0],
            let difference = Difference(
                servers: testCase.servers, ask: testCase.asks[0], model: model[0], ours: ours[0]),
            difference.rule == nil
        else { return nil }
        return Finding(seed: seed, testCase: testCase, model: model[0], ours: ours[0])
    }

    // MARK: shrinking

    /// Takes away what can go while the programs still differ; many attempts share one start.
    private mutating func shrink(_ finding: inout Finding, until deadline: Deadline) throws {
        while !deadline.hasPassed {
            var candidates = finding.testCase.smaller
            var isSmaller = false
            while !candidates.isEmpty, !isSmaller, !deadline.hasPassed {
                let attempt = Array(candidates.prefix(GeneratorStage.width))
                candidates.removeFirst(attempt.count)
                for (testCase, pair) in zip(attempt, try compare(attempt)) {
                    guard case .seen(let model, let ours) = pair,
                        let difference = Difference(
                            servers: testCase.servers, ask: testCase.asks[0], model: model[0], ours: ours[0]),
                        difference.rule == nil
                    else { continue }
                    finding = Finding(seed: finding.seed, testCase: testCase, model: model[0], ours: ours[0])
                    isSmaller = true
                    break
                }
            }
            if !isSmaller { return }
        }
    }

    // MARK: comparing

    private enum Pair {
        case seen([[String]], [[String]])
        case refusedByModel(String)
        case refusedByUs(String)
    }

    /// Runs both on a batch; when one does not start, halves of it, so that one bad case costs itself.
    private mutating func compare(_ cases: [GeneratedCase]) throws -> [Pair] {
        let model = try stage.run(cases, .nginx)
        guard case .seen(let theirs, _) = model else {
            return try halves(cases, model) { .refusedByModel($0) }
        }
        let outcome = try stage.run(cases, .portico)
        guard case .seen(let ours, let alarms) = outcome else {
            return try halves(cases, outcome) { .refusedByUs($0) }
        }
        report.alarms += alarms
        return zip(theirs, ours).map { .seen($0, $1) }
    }

    private mutating func halves(
        _ cases: [GeneratedCase], _ outcome: GeneratorStage.Outcome, _ pair: (String) -> Pair
    ) throws -> [Pair] {
        guard case .refused(let why) = outcome else { return [] }
        if cases.count == 1 { return [pair(why)] }
        let middle = cases.count / 2
        return try compare(Array(cases[..<middle])) + compare(Array(cases[middle...]))
    }
}
