import CLinux
import Glibc
import Net

/// `portico-bench load`
enum LoadCommand {
    /// - Returns: the exit status.
    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") {
            Output.print(LoadOptions.help)
            return 0
        }
        do {
            let options = try LoadOptions(words)
            let report = try measure(options)
            Output.write(report.text(options.format))
            for complaint in report.missedThresholds { Output.complain(complaint) }
            if report.answers == 0 { return 2 }
            return report.missedThresholds.isEmpty ? 0 : 1
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }

    /// Forks the generators and waits for them.
    static func measure(_ options: LoadOptions) throws -> LoadReport {
        let name = options.host.hasPrefix("[") ? String(options.host.dropFirst().dropLast()) : options.host
        guard let address = SocketAddress.resolve(host: name, port: options.port).first else {
            throw LoadOptions.Complaint(text: "\"\(options.host)\" has no address")
        }
        let memory = try SharedMemory(count: options.threads * LoadTally.numbers)
        let tallies = (0..<options.threads).map { LoadTally(memory, index: $0) }
        // Whatever ends the run early ends the generators; the report is made of what they have counted.
        let signals = try SignalDescriptor([.interrupt, .terminate, .child])
        var children: [pid_t] = []
        for (index, tally) in tallies.enumerated() {
            let pid = portico_fork()
            if pid == 0 { generate(options, address, tally, index) }
            guard pid > 0 else { throw LoadOptions.Complaint(text: "fork() failed") }
            children.append(pid)
        }
        wait(for: &children, signals, options, tallies)
        return LoadReport(options, tallies)
    }

    /// One generating process's whole life.
    private static func generate(
        _ options: LoadOptions, _ address: SocketAddress, _ tally: LoadTally, _ index: Int
    ) -> Never {
        func share(_ all: Int) -> Int { all / options.threads + (index < all % options.threads ? 1 : 0) }
        do {
            let generator = try LoadGenerator(
                options, address, tally, connections: share(options.connections),
                requests: options.requests.map(share), rate: options.rate.map { $0 / Double(options.threads) }
            )
            generator.run()
            _exit(0)
        } catch {
            Output.complain("\(error)")
            _exit(2)
        }
    }

    private static func wait(
        for children: inout [pid_t], _ signals: SignalDescriptor, _ options: LoadOptions,
        _ tallies: [LoadTally]
    ) {
        let showsProgress = Output.hasTerminal && !options.isQuiet
        var last = (answers: 0, us: LoadGenerator.nowUs())
        while !children.isEmpty {
            signals.wait(timeoutMs: 1000)
            while let signal = signals.next() {
                guard signal != .child else { continue }
                for pid in children { kill(pid, SIGTERM) }
            }
            var status: Int32 = 0
            while case let pid = waitpid(-1, &status, WNOHANG), pid > 0 { children.removeAll { $0 == pid } }
            guard showsProgress, !children.isEmpty else { continue }
            let now = (answers: tallies.reduce(0) { $0 + $1[.answers] }, us: LoadGenerator.nowUs())
            let rate = max(0, now.answers - last.answers) * 1_000_000 / Int(max(1, now.us - last.us))
            Output.progress("\(now.answers) answers, \(rate)/s")
            last = now
        }
        if showsProgress { Output.progress("") }
    }
}
