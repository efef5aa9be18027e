/// What a scenario came to: every round of every server.
struct ComparisonResult {
    struct Run {
        var userUs = 0.0
        var systemUs = 0.0
        var rate = 0.0
        var p50Us: Int64 = 0
        var p99Us: Int64 = 0
        /// Of the worker; for idle connections: for each of them.
        var memoryKiB = 0.0
        var errors = 0
        /// It did not keep up with the rate that was asked of it.
        var isSaturated = false

        var cpuUs: Double { userUs + systemUs }
    }

    let scenario: Scenario
    private var runs: [(name: String, runs: [Run])] = []

    init(scenario: Scenario) { self.scenario = scenario }

    mutating func add(_ run: Run, of name: String) {
        if let index = runs.firstIndex(where: { $0.name == name }) {
            runs[index].runs.append(run)
        } else {
            runs.append((name, [run]))
        }
    }

    var hasErrors: Bool { runs.contains { $0.runs.contains { $0.errors > 0 || $0.isSaturated } } }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private var isIdle: Bool { scenario.idle > 0 }

    private var measure: Scenario.Measure {
        if isIdle { return .memory }
        return scenario.measure ?? (scenario.fraction == nil ? .cpu : .p99)
    }

    private func number(_ run: Run) -> Double {
        switch measure {
        case .cpu: run.cpuUs
        case .rate: run.rate
        case .p99: Double(run.p99Us)
        case .memory: run.memoryKiB
        }
    }

    /// The ratio to the baseline, round by round; `nil`: there is none, or something went wrong.
    private func ratios(_ name: String) -> [Double]? {
        let baseline = scenario.baseline
        guard !hasErrors, name != baseline, let base = runs.first(where: { $0.name == baseline })?.runs,
            let own = runs.first(where: { $0.name == name })?.runs
        else { return nil }
        return zip(own, base).map { number($0) / max(number($1), 1e-9) }
    }

    /// Over the column of ratios.
    private var ratioTitle: String {
        switch measure {
        case .cpu: "of \(scenario.baseline)"
        case .rate, .memory: "\(measure.rawValue) of \(scenario.baseline)"
        case .p99: "p99 of \(scenario.baseline)'s"
        }
    }

    // MARK: Text

    var text: String {
        var lines = ["", "\(scenario.name): \(scenario.title)"]
        let width = 1 + (["portico "] + runs.map(\.name)).map(\.count).reduce(0, max)
        let columns =
            isIdle
            ? ["KiB a connection"] : ["CPU us", "user", "system", "req/s", "p50", "p99", "memory"]
        lines.append(
            Output.padded("", width) + columns.map { Output.padded($0, -11) }.joined()
                + Output.padded(ratioTitle, -26))
        for (name, runs) in runs {
            lines.append(
                Output.padded(name, width) + cells(runs).map { Output.padded($0, -11) }.joined() + ratio(name)
            )
        }
        if hasErrors {
            for (name, runs) in runs {
                let errors = runs.reduce(0) { $0 + $1.errors }
                if errors > 0 { lines.append("\(name): \(errors) errors, so there are no ratios") }
                let rounds = runs.count(where: \.isSaturated)
                guard rounds > 0 else { continue }
                lines.append(
                    "\(name): did not keep up in \(rounds) of \(runs.count) rounds, so there are no ratios")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func cells(_ runs: [Run]) -> [String] {
        func middle(_ value: (Run) -> Double) -> Double { ComparisonResult.median(runs.map(value)) }
        if isIdle { return [Output.decimal(middle(\.memoryKiB), 2)] }
        return [
            Output.decimal(middle(\.cpuUs), 2), Output.decimal(middle(\.userUs), 2),
            Output.decimal(middle(\.systemUs), 2), Output.decimal(middle(\.rate), 0),
            LoadReport.time(Int64(middle { Double($0.p50Us) })),
            LoadReport.time(Int64(middle { Double($0.p99Us) })),
            "\(Output.decimal(middle(\.memoryKiB) / 1024, 1)) MiB",
        ]
    }

    private func ratio(_ name: String) -> String {
        guard let ratios = ratios(name), let low = ratios.min(), let high = ratios.max() else { return "" }
        let middle = Output.decimal(ComparisonResult.median(ratios), 2)
        return Output.padded("\(middle) (\(Output.decimal(low, 2))-\(Output.decimal(high, 2)))", -26)
    }

    // MARK: JSON

    var json: String {
        let servers = runs.map { name, runs in
            var members = [
                "\"name\": \"\(name)\"", "\"errors\": \(runs.reduce(0) { $0 + $1.errors })",
                "\"saturated\": \(runs.count(where: \.isSaturated))",
                "\"cpu_us\": [\(list(runs.map(\.cpuUs)))]", "\"user_us\": [\(list(runs.map(\.userUs)))]",
                "\"system_us\": [\(list(runs.map(\.systemUs)))]", "\"rate\": [\(list(runs.map(\.rate)))]",
                "\"p50_us\": [\(list(runs.map { Double($0.p50Us) }))]",
                "\"p99_us\": [\(list(runs.map { Double($0.p99Us) }))]",
                "\"memory_kib\": [\(list(runs.map(\.memoryKiB)))]",
            ]
            if let ratios = ratios(name) {
                let key = "of_\(scenario.baseline.replacing("-", with: "_"))"
                members.append("\"measure\": \"\(measure.rawValue)\"")
                members.append("\"\(key)\": \(Output.decimal(ComparisonResult.median(ratios), 3))")
                members.append("\"\(key)_rounds\": [\(list(ratios))]")
            }
            return "{" + members.joined(separator: ", ") + "}"
        }
        return "{\"scenario\": \"\(scenario.name)\", \"servers\": [\(servers.joined(separator: ", "))]}"
    }

    private func list(_ values: [Double]) -> String {
        values.map { Output.decimal($0, 2) }.joined(separator: ", ")
    }
}
