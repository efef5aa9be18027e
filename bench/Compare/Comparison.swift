import Glibc
import Net

/// One scenario, carried out.
struct Comparison {
    private let scenario: Scenario
    private let options: CompareCommand.Options
    private let folder: String

    init(_ scenario: Scenario, _ options: CompareCommand.Options) throws {
        self.scenario = scenario
        self.options = options
        folder = try ScratchFolder.make()
    }

    private struct Contestant {
        let process: ServerProcess
        let port: UInt16
    }

    func run() throws -> ComparisonResult {
        defer { ScratchFolder.remove(folder) }
        let gatewayPort = try ServerProcess.freePort()
        let gateway = try ServerProcess(
            ["/proc/self/exe", "gateway", "--port", "\(gatewayPort)"] + scenario.gateway, name: "gateway",
            log: folder + "/gateway.log")
        defer { gateway.stop() }
        guard ServerProcess.await(port: gatewayPort) else {
            throw complaint("the gateway does not start", "gateway")
        }
        try scenario.makeCertificate(in: folder)
        var contestants: [Contestant] = []
        defer { for contestant in contestants { contestant.process.stop() } }
        for name in ["nginx", "haproxy", "portico"] {
            guard let file = scenario.configurations[name], let program = program(name) else { continue }
            contestants.append(try start(name, program, file, gatewayPort))
        }
        let rate = try rate(contestants)
        var result = ComparisonResult(scenario: scenario)
        for round in 0..<(scenario.idle > 0 ? 1 : options.rounds) {
            // Who begins changes, so that nobody always runs behind the same other.
            for index in contestants.indices {
                let contestant = contestants[(index + round) % contestants.count]
                result.add(try measure(contestant, rate), of: contestant.process.name)
            }
        }
        return result
    }

    private func complaint(_ text: String, _ name: String) -> LoadOptions.Complaint {
        let log = ProcessTimes.read("\(folder)/\(name).log") ?? ""
        return LoadOptions.Complaint(text: "\(scenario.name): \(text)\n\(log.suffix(2000))")
    }

    // MARK: Starting

    private func program(_ name: String) -> String? {
        if name == "portico" { return options.portico }
        return ["/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"].map { $0 + name }
            .first { access($0, X_OK) == 0 }
    }

    private func start(
        _ name: String, _ program: String, _ file: String, _ gatewayPort: UInt16
    ) throws -> Contestant {
        let port = try ServerProcess.freePort()
        let text = try scenario.configuration(
            of: file, name: name, port: port, gateway: gatewayPort, in: folder)
        let path = "\(folder)/\(name).conf"
        try ScratchFolder.write(text, to: path)
        let words =
            name == "haproxy"
            ? [program, "-db", "-f", path] : [program, "-p", folder, "-c", path, "-g", "daemon off;"]
        let process = try ServerProcess(
            words, name: name, log: "\(folder)/\(name).log",
            core: options.isPinned && CompareCommand.cores > 1 ? 0 : nil)
        guard ServerProcess.await(port: port), !process.hasEnded else {
            throw complaint("\(name) does not start", name)
        }
        return Contestant(process: process, port: port)
    }

    // MARK: Measuring

    /// What all are to be sent in a second; `nil`: as many as they take.
    private func rate(_ contestants: [Contestant]) throws -> Double? {
        guard let fraction = scenario.fraction else { return nil }
        guard let nginx = contestants.first(where: { $0.process.name == "nginx" }) else {
            throw LoadOptions.Complaint(text: "\(scenario.name): a part of what nginx can do, and no nginx")
        }
        let url = "\(scenario.scheme)://127.0.0.1:\(nginx.port)\(scenario.path)"
        // The first second fills pools and caches. The lowest of three, as others may use the machine too.
        let words = scenario.load + ["--warmup", "1s", "-d", "1s", "-q", url]
        let rates = try (0..<3).map { _ in try LoadCommand.measure(try LoadOptions(words)).rate }
        return rates.min().map { $0 * fraction }
    }

    private func measure(_ contestant: Contestant, _ rate: Double?) throws -> ComparisonResult.Run {
        if scenario.idle > 0 { return try measureIdle(contestant) }
        let url = "\(scenario.scheme)://127.0.0.1:\(contestant.port)\(scenario.path)"
        var load = try LoadOptions(scenario.load + ["-d", "\(options.seconds)s", "-q", url])
        if let rate { load.rate = rate }
        let idle =
            try scenario.beside > 0
            ? HeldConnections(try LoadOptions(["-c", "\(scenario.beside)", url])) : nil
        defer { idle?.close() }
        // Pools and caches are filled before anybody counts.
        _ = try LoadCommand.measure(try LoadOptions(scenario.load + ["-d", "300ms", "-q", url]))
        let pid = contestant.process.servingPID
        guard let before = ProcessTimes(pid: pid) else {
            throw complaint("it ended", contestant.process.name)
        }
        let report = try LoadCommand.measure(load)
        guard let after = ProcessTimes(pid: pid) else { throw complaint("it ended", contestant.process.name) }
        let answers = Double(max(report.answers, 1))
        return ComparisonResult.Run(
            userUs: Double(after.userUs - before.userUs) / answers,
            systemUs: Double(after.systemUs - before.systemUs) / answers, rate: report.rate,
            p50Us: report.latency.percentile(0.5), p99Us: report.latency.percentile(0.99),
            memoryKiB: Double(ProcessTimes.memoryKiB(pid: pid) ?? 0),
            errors: report.errors + (idle.map { scenario.beside - $0.count } ?? 0),
            isSaturated: report.isSaturated)
    }

    private func measureIdle(_ contestant: Contestant) throws -> ComparisonResult.Run {
        let pid = contestant.process.servingPID
        let url = "\(scenario.scheme)://127.0.0.1:\(contestant.port)\(scenario.path)"
        let options = try LoadOptions(scenario.load + ["-c", "\(scenario.idle)", "-q", url])
        // The first ones make what all of them share.
        _ = try LoadCommand.measure(try LoadOptions(scenario.load + ["-c", "50", "-n", "50", "-q", url]))
        let before = ProcessTimes.memoryKiB(pid: pid) ?? 0
        let held = try HeldConnections(options)
        let after = ProcessTimes.memoryKiB(pid: pid) ?? 0
        let errors = scenario.idle - held.count
        held.close()
        return ComparisonResult.Run(
            memoryKiB: Double(after - before) / Double(max(held.count, 1)), errors: errors)
    }
}
