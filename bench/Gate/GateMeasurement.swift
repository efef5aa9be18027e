import CLinux
import Glibc
import Net

/// Counts what a request costs: a server is given some requests and then more of them, and the difference
/// is theirs alone.
struct GateMeasurement {
    private static var few: Int { 200 }
    private static var many: Int { 1200 }

    private let scenario: Scenario
    private let portico: String
    private let folder: String
    private let gatewayPort: UInt16

    /// - Returns: allocations, and calls of each kind; those that a missing program counts are missing.
    static func measure(_ scenario: Scenario, portico: String) throws -> [(metric: String, number: Double)] {
        let folder = try ScratchFolder.make()
        defer { ScratchFolder.remove(folder) }
        let port = try ServerProcess.freePort()
        let gateway = try ServerProcess(
            ["/proc/self/exe", "gateway", "--port", "\(port)"] + scenario.gateway, name: "gateway",
            log: folder + "/gateway.log")
        defer { gateway.stop() }
        guard ServerProcess.await(port: port) else {
            throw LoadOptions.Complaint(text: "\(scenario.name): the gateway does not start")
        }
        try scenario.makeCertificate(in: folder)
        let measurement = GateMeasurement(
            scenario: scenario, portico: portico, folder: folder, gatewayPort: port)
        return try measurement.allocations() + measurement.systemCalls()
    }

    private init(scenario: Scenario, portico: String, folder: String, gatewayPort: UInt16) {
        self.scenario = scenario
        self.portico = portico
        self.folder = folder
        self.gatewayPort = gatewayPort
    }

    private static func perRequest(_ fewer: Int, _ more: Int) -> Double {
        // What comes with time may be more among the few: below zero is zero.
        max(0, Double(more - fewer) / Double(many - few))
    }

    static func program(_ name: String) -> String? {
        ["/usr/bin/", "/usr/local/bin/"].map { $0 + name }.first { access($0, X_OK) == 0 }
    }

    // MARK: Serving

    /// One process that serves, behind the words of another program if there are any.
    private func start(behind words: [String]) throws -> (process: ServerProcess, port: UInt16) {
        guard let file = scenario.configuration(of: "portico") else {
            throw LoadOptions.Complaint(text: "\(scenario.name) has no configuration for portico")
        }
        let port = try ServerProcess.freePort()
        let text = try scenario.configuration(
            of: file, name: "portico", port: port, gateway: gatewayPort, in: folder)
        try ScratchFolder.write(text, to: folder + "/portico.conf")
        let own = [
            portico, "-p", folder, "-c", folder + "/portico.conf", "-g", "daemon off; master_process off;",
        ]
        let process = try ServerProcess(words + own, name: "portico", log: folder + "/portico.log")
        guard ServerProcess.await(port: port, seconds: 30), !process.hasEnded else {
            let log = ProcessTimes.read(folder + "/portico.log") ?? ""
            throw LoadOptions.Complaint(text: "\(scenario.name): portico does not start\n\(log.suffix(2000))")
        }
        return (process, port)
    }

    private func request(_ count: Int, _ port: UInt16) throws {
        let url = "\(scenario.scheme)://127.0.0.1:\(port)\(scenario.path)"
        let words = scenario.load + ["-c", "1", "-n", "\(count)", "-q", "--timeout", "30s", url]
        let report = try LoadCommand.measure(try LoadOptions(words))
        guard report.errors == 0, report.answers == count else {
            throw LoadOptions.Complaint(
                text: "\(scenario.name): \(report.errors) of \(count) requests had errors")
        }
    }

    // MARK: Counting

    private func allocations() throws -> [(metric: String, number: Double)] {
        guard let valgrind = GateMeasurement.program("valgrind") else { return [] }
        func total(_ count: Int) throws -> Int {
            let log = "\(folder)/valgrind.\(count)"
            // Only the heap is counted; whether what is read was ever written is not asked.
            let words = [valgrind, "--undef-value-errors=no", "--log-file=\(log)"]
            let (process, port) = try start(behind: words)
            try request(count, port)
            process.stop(seconds: 60)
            guard let number = GateMeasurement.heapUsage(ProcessTimes.read(log) ?? "") else {
                throw LoadOptions.Complaint(text: "\(scenario.name): valgrind says nothing of the heap")
            }
            return number
        }
        let fewer = try total(GateMeasurement.few)
        let more = try total(GateMeasurement.many)
        return [("allocations", GateMeasurement.perRequest(fewer, more))]
    }

    /// `total heap usage: 10,194 allocs, …`
    static func heapUsage(_ log: String) -> Int? {
        for line in log.split(separator: "\n") {
            guard let place = line.firstRange(of: "total heap usage: ") else { continue }
            return Int(line[place.upperBound...].prefix { $0 != " " }.filter { $0 != "," })
        }
        return nil
    }

    private func systemCalls() throws -> [(metric: String, number: Double)] {
        guard let strace = GateMeasurement.program("strace") else { return [] }
        let (process, port) = try start(behind: [])
        // Pools and caches are filled before anybody counts.
        try request(GateMeasurement.few, port)
        func counts(_ count: Int) throws -> SystemCallCount {
            let file = "\(folder)/strace.\(count)"
            let tracer = try ServerProcess(
                [strace, "-c", "-p", "\(process.pid)", "-o", file], name: "strace",
                log: folder + "/strace.log")
            for _ in 0..<500 where !GateMeasurement.isTraced(process.pid) { usleep(10_000) }
            guard GateMeasurement.isTraced(process.pid) else {
                throw LoadOptions.Complaint(text: "strace may not look at processes of this user")
            }
            try request(count, port)
            _ = kill(tracer.pid, SIGINT)
            for _ in 0..<500 where !tracer.hasEnded { usleep(10_000) }
            return SystemCallCount(summary: ProcessTimes.read(file) ?? "")
        }
        let fewer = try counts(GateMeasurement.few)
        let more = try counts(GateMeasurement.many)
        guard !more.calls.isEmpty else {
            throw LoadOptions.Complaint(text: "\(scenario.name): strace counted nothing")
        }
        return SystemCallCount.Kind.allCases.map { kind in
            (kind.rawValue, GateMeasurement.perRequest(fewer.count(kind), more.count(kind)))
        }
    }

    private static func isTraced(_ pid: pid_t) -> Bool {
        let status = ProcessTimes.read("/proc/\(pid)/status") ?? ""
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("TracerPid:") }) else {
            return false
        }
        return line.split(whereSeparator: \.isWhitespace).last != "0"
    }
}
