import CLinux
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
        // The gateway and the generators inherit it.
        if let own = serverCores {
            _ = portico_set_affinity((1 << UInt(min(CompareCommand.cores, 63))) - 1 << UInt(own))
        }
        let gatewayPort = try ServerProcess.freePort()
        let gateway = try ServerProcess(
            ["/proc/self/exe", "gateway", "--port", "\(gatewayPort)"] + scenario.gateway, name: "gateway",
            log: folder + "/gateway.log")
        defer { gateway.stop() }
        guard ServerProcess.await(port: gatewayPort) else {
            throw complaint("the gateway does not start", "gateway")
        }
        try scenario.makeCertificate(in: folder)
        try scenario.makeFiles(in: folder)
        var contestants: [Contestant] = []
        defer { for contestant in contestants { contestant.process.stop() } }
        for (name, file) in scenario.configurations {
            guard let program = program(name) else { continue }
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

    /// The lowest cores, which are the servers' alone; `nil`: everything runs where it likes.
    private var serverCores: Int? {
        options.isPinned && CompareCommand.cores > scenario.cores ? scenario.cores : nil
    }

    /// What runs under a server's name; `nil`: it is not installed.
    private func program(_ name: String) -> String? {
        if let binary = options.binaries[name] { return binary }
        guard let program = Scenario.program(of: name) else { return nil }
        if program == "portico" { return options.portico }
        return ["/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"].map { $0 + program }
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
            switch Scenario.program(of: name) {
            case "haproxy": [program, "-db", "-f", path]
            case "h2o": [program, "-c", path]
            default: [program, "-p", folder, "-c", path, "-g", "daemon off;"]
            }
        let process = try ServerProcess(
            words, name: name, log: "\(folder)/\(name).log", cores: serverCores)
        guard ServerProcess.await(port: port), !process.hasEnded else {
            throw complaint("\(name) does not start", name)
        }
        return Contestant(process: process, port: port)
    }

    // MARK: Measuring

    /// What all are to be sent in a second; `nil`: as many as they take.
    private func rate(_ contestants: [Contestant]) throws -> Double? {
        guard let fraction = scenario.fraction else { return nil }
        let name = scenario.baseline
        guard let baseline = contestants.first(where: { $0.process.name == name }) else {
            throw LoadOptions.Complaint(
                text: "\(scenario.name): a part of what \(name) can do, and there is no \(name)")
        }
        let url = "\(scenario.scheme)://127.0.0.1:\(baseline.port)\(scenario.path)"
        // The first second fills pools and caches. The lowest of three, as others may use the machine too.
        let words = scenario.load + ["--warmup", "1s", "-d", "1s", "-q", url]
        let rates = try (0..<3).map { _ in try LoadCommand.measure(try LoadOptions(words)).rate }
        return rates.min().map { $0 * fraction }
    }

    private func measure(_ contestant: Contestant, _ rate: Double?) throws -> ComparisonResult.Run {
        if scenario.idle > 0 { return try measureIdle(contestant) }
        let url = "\(scenario.scheme)://127.0.0.1:\(contestant.port)\(scenario.path)"
        let words = scenario.load(of: contestant.process.name)
        var load = try LoadOptions(words + ["-d", "\(options.seconds)s", "-q", url])
        if let rate { load.rate = rate }
        let idle =
            try scenario.beside > 0
            ? HeldConnections(try LoadOptions(["-c", "\(scenario.beside)", url])) : nil
        defer { idle?.close() }
        // Pools and caches are filled before anybody counts.
        _ = try LoadCommand.measure(try LoadOptions(words + ["-d", "300ms", "-q", url]))
        let pids = contestant.process.servingPIDs
        guard let before = ProcessTimes(pids: pids) else {
            throw complaint("it ended", contestant.process.name)
        }
        let report = try LoadCommand.measure(load)
        guard let after = ProcessTimes(pids: pids) else {
            throw complaint("it ended", contestant.process.name)
        }
        let answers = Double(max(report.answers, 1))
        return ComparisonResult.Run(
            userUs: Double(after.userUs - before.userUs) / answers,
            systemUs: Double(after.systemUs - before.systemUs) / answers, rate: report.rate,
            p50Us: report.latency.percentile(0.5), p99Us: report.latency.percentile(0.99),
            memoryKiB: Double(ProcessTimes.memoryKiB(pids: pids)),
            errors: report.errors + (idle.map { scenario.beside - $0.count } ?? 0),
            isSaturated: report.isSaturated)
    }

    private func measureIdle(_ contestant: Contestant) throws -> ComparisonResult.Run {
        let pids = contestant.process.servingPIDs
        let url = "\(scenario.scheme)://127.0.0.1:\(contestant.port)\(scenario.path)"
        let options = try LoadOptions(scenario.load + ["-c", "\(scenario.idle)", "-q", url])
        // The first ones make what all of them share.
        _ = try LoadCommand.measure(try LoadOptions(scenario.load + ["-c", "50", "-n", "50", "-q", url]))
        let before = ProcessTimes.memoryKiB(pids: pids)
        let held = try HeldConnections(options)
        let after = ProcessTimes.memoryKiB(pids: pids)
        let errors = scenario.idle - held.count
        held.close()
        return ComparisonResult.Run(
            memoryKiB: Double(after - before) / Double(max(held.count, 1)), errors: errors)
    }
}
