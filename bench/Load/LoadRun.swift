import CLinux
import Glibc
import Net

/// Generating processes at work.
final class LoadRun {
    private let options: LoadOptions
    private let tallies: [LoadTally]
    private var children: [pid_t] = []

    /// Starts them.
    init(_ options: LoadOptions) throws {
        self.options = options
        let name = options.host.hasPrefix("[") ? String(options.host.dropFirst().dropLast()) : options.host
        guard let address = SocketAddress.resolve(host: name, port: options.port).first else {
            throw LoadOptions.Complaint(text: "\"\(options.host)\" has no address")
        }
        let memory = try SharedMemory(count: options.threads * LoadTally.numbers)
        tallies = (0..<options.threads).map { LoadTally(memory, index: $0) }
        for (index, tally) in tallies.enumerated() {
            let pid = portico_fork()
            if pid == 0 { LoadRun.generate(options, address, tally, index) }
            guard pid > 0 else { throw LoadOptions.Complaint(text: "fork() failed") }
            children.append(pid)
        }
    }

    /// What comes of it is lost if nobody waits.
    deinit {
        interrupt()
        while !hasEnded { usleep(1000) }
    }

    /// One generating process's whole life.
    private static func generate(
        _ options: LoadOptions, _ address: SocketAddress, _ tally: LoadTally, _ index: Int
    ) -> Never {
        _ = portico_prctl(Int32(PR_SET_PDEATHSIG), UInt(SIGTERM))
        func share(_ all: Int) -> Int { all / options.threads + (index < all % options.threads ? 1 : 0) }
        do {
            let generator = try LoadGenerator(
                options, address, tally, connections: share(options.connections),
                requests: options.requests.map(share),
                rate: options.rate.map { $0 / Double(options.threads) },
                index: index)
            generator.run()
            _exit(0)
        } catch {
            Output.complain("\(error)")
            _exit(2)
        }
    }

    /// Whether all of them are done.
    var hasEnded: Bool {
        var status: Int32 = 0
        children.removeAll { waitpid($0, &status, WNOHANG) != 0 }
        return children.isEmpty
    }

    /// Ends it early; what was counted stays.
    func interrupt() {
        for pid in children { kill(pid, SIGTERM) }
    }

    func wait() {
        while !hasEnded { usleep(2000) }
    }

    /// Answers so far.
    var answers: Int { tallies.reduce(0) { $0 + $1[.answers] } }

    /// What it came to; complete when it has ended.
    var report: LoadReport { LoadReport(options, tallies) }
}
