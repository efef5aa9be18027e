import Glibc

/// `portico-bench gate`: what a request costs in things that can be counted.
enum GateCommand {
    static var help: String {
        """
        portico-bench gate [--portico PATH] [--limits FILE] [--save FILE] SCENARIO …

        Counts allocations (with valgrind) and system calls (with strace) of one process of Portico for each
        request of a connection: the difference of two runs that differ by 1,000 requests. Plain connections
        repeat exactly; with TLS a few tenths depend on how records meet. With --limits the exit status is 1
        if a number is above its limit, or has a limit and could not be measured. --save writes what was
        found as limits.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") || words.isEmpty {
            Output.print(help)
            return words.isEmpty ? 2 : 0
        }
        do {
            return try measure(words)
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    private static func measure(_ words: [String]) throws -> Int32 {
        var portico = CompareCommand.ownFolder + "/portico"
        var limits: GateLimits?
        var save: String?
        var scenarios: [Scenario] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                scenarios.append(try Scenario(path: word))
                continue
            }
            guard let value = rest.popFirst() else {
                throw LoadOptions.Complaint(text: "\(word) needs a value")
            }
            switch word {
            case "--portico": portico = value
            case "--save": save = value
            case "--limits":
                guard let text = ProcessTimes.read(value) else {
                    throw LoadOptions.Complaint(text: "\"\(value)\" cannot be read")
                }
                limits = try GateLimits(text: text)
            default: throw LoadOptions.Complaint(text: "there is no option \(word)")
            }
        }
        guard access(portico, X_OK) == 0 else {
            throw LoadOptions.Complaint(text: "\"\(portico)\" cannot be run; name it with --portico")
        }
        return try judge(scenarios, portico, limits, save)
    }

    private static func judge(
        _ scenarios: [Scenario], _ portico: String, _ limits: GateLimits?, _ save: String?
    ) throws -> Int32 {
        for program in ["valgrind", "strace"] where GateMeasurement.program(program) == nil {
            Output.complain("\(program) is not installed: what it counts is left out")
        }
        var found = GateLimits()
        Output.print("for each request:")
        for scenario in scenarios {
            let numbers = try GateMeasurement.measure(scenario, portico: portico)
            for (metric, number) in numbers { found.numbers["\(scenario.name) \(metric)"] = number }
            let columns = numbers.map { "\($0.metric) \(Output.decimal($0.number, 2))" }
            Output.print(Output.padded(scenario.name, 18) + columns.joined(separator: "  "))
        }
        if let save { try ScratchFolder.write(found.text, to: save) }
        let complaints = limits?.complaints(found, scenarios: scenarios.map(\.name)) ?? []
        for complaint in complaints { Output.complain(complaint) }
        return complaints.isEmpty ? 0 : 1
    }
}
