internal import Config
internal import Net

/// What the processes obey: the main and events contexts.
public struct MainSettings: Sendable {
    /// Whether `worker_processes` is `auto` or a number; what it comes to.
    public internal(set) var workerProcesses = 1
    /// Most connections, of clients, that one worker has at one time.
    public internal(set) var workerConnections = 512
    /// `batch_sends`
    var batchesSends = true
    /// `multi_accept`
    var acceptsSeveral = false
    /// `worker_rlimit_nofile`; `nil`: the system's limit stays.
    public internal(set) var workerFileLimit: Int?
    /// `pattern_match_limit`
    var patternMatchLimit = 10_000_000
    /// As nice(1) counts: -20 is the most urgent.
    public internal(set) var workerPriority = 0
    /// How long a finishing worker may take, in milliseconds; 0: as long as its requests take.
    public internal(set) var workerShutdownTimeoutMs = 0
    /// How long a service that was told to stop goes on while readiness fails, in milliseconds; 0: not at
    /// all.
    public internal(set) var shutdownDelayMs = 0
    /// Shortest time for a watchdog: busy loops are no less alive.
    private static var watchdogMinMs: Int { 100 }

    /// `worker_watchdog`: how long a loop may stand still, in milliseconds; 0: as long as it likes.
    public internal(set) var watchdogMs = 10_000
    /// `proxy_bind … transparent` somewhere: workers may call from addresses of others.
    public internal(set) var bindsTransparently = false
    /// Who workers run as when the master is root.
    public internal(set) var user = "nobody"
    /// `nil`: the group called like the user, or else the user's own.
    public internal(set) var group: String?
    /// Absolute once the configuration is complete.
    public internal(set) var pidPath = "logs/portico.pid"
    /// `control_socket`; `nil`: there is none, empty: beside the pid file.
    var controlSocket: String?
    /// `daemon`: the program leaves the terminal.
    public internal(set) var daemonizes = true
    /// `master_process`: worker processes are forked.
    public internal(set) var usesMaster = true
    /// Where workers would leave core files.
    public internal(set) var workingDirectory: String?
    /// `worker_cpu_affinity`: masks, the last one for all workers that have none.
    var cpuMasks: [UInt64] = []
    var spreadsOverCPUs = false
    /// Environment variables kept or set.
    var environment: [String] = []

    /// The longest time that a loop waits for events: its master wants to see that it turns.
    package var longestWaitMs: Int32 { watchdogMs > 0 ? Int32(min(max(watchdogMs / 4, 1), 60_000)) : 60_000 }

    /// The processors that a worker may run on; `nil`: all.
    public func cpuMask(forWorker index: Int) -> UInt64? {
        if spreadsOverCPUs {
            let count = min(Host.processorCount, 64)
            let allowed = cpuMasks.first ?? .max
            let processors = (0..<count).filter { allowed & (1 << UInt64($0)) != 0 }
            return processors.isEmpty ? nil : 1 << UInt64(processors[index % processors.count])
        }
        guard let last = cpuMasks.last else { return nil }
        return index < cpuMasks.count ? cpuMasks[index] : last
    }
}

extension MainSettings {
    static var directives: [Directive<Block>] { processRows + identityRows + eventRows }

    private static var processRows: [Directive<Block>] {
        [
            Directive(
                "control_socket",
                "A UNIX socket for its owner, which `portico top` and `-s status` ask; `on`: beside `pid`.",
                "on | off | path", default: "off", in: .main, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                switch statement.argument(0) {
                case "off": block.main.controlSocket = nil
                case "on": block.main.controlSocket = ""
                case let path where path.hasPrefix("unix:") || path.isEmpty: throw .invalidValue(statement)
                case let path: block.main.controlSocket = path
                }
            },
            Directive(
                "worker_processes", "How many processes serve; `auto` is one for each processor.",
                "number | auto",
                default: "1", in: .main, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                if statement.argument(0) == "auto" { return block.main.workerProcesses = Host.processorCount }
                guard let count = Units.number(statement.argument(0)), count > 0, count <= 1024 else {
                    throw .invalidValue(statement)
                }
                block.main.workerProcesses = count
            },
            .milliseconds(
                "worker_shutdown_timeout", "Longest time that a finishing worker may take.", in: .main,
                default: "0",
                \.main.workerShutdownTimeoutMs),
            .milliseconds(
                "shutdown_delay",
                "How long after TERM the service goes on while \"readiness\" fails, before it ends.",
                in: .main, default: "0", \.main.shutdownDelayMs),
            Directive(
                "worker_watchdog",
                "A worker or checker whose loop stands still for so long is killed and replaced; 0: never.",
                "time", default: "10s", in: .main, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let limit = Units.milliseconds(statement.argument(0)) else {
                    throw .invalidValue(statement)
                }
                // A turn that computes a password's hash, or waits for a slow disk, takes some of it.
                guard limit == 0 || limit >= MainSettings.watchdogMinMs else {
                    throw ConfigError(
                        "\"worker_watchdog\" must be 0 or at least \(MainSettings.watchdogMinMs)ms", statement
                    )
                }
                block.main.watchdogMs = limit
            },
            Directive(
                "worker_rlimit_nofile", "Most open files of a worker.", "number", in: .main, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let limit = Units.number(statement.argument(0)) else {
                    throw ConfigError("\"worker_rlimit_nofile\" directive invalid number", statement)
                }
                block.main.workerFileLimit = limit
            },
            Directive(
                "pattern_match_limit",
                "Steps of one match of a regular expression, within 50 ms; beyond, the request gets 500.",
                "number", default: "10000000", in: .main, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let limit = Units.number(statement.argument(0)), limit > 0 else {
                    throw .invalidValue(statement)
                }
                block.main.patternMatchLimit = limit
            },
            Directive(
                "worker_priority", "Scheduling priority of the workers, as of nice.", "number", default: "0",
                in: .main,
                arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let value = Int32(statement.argument(0)) else {
                    throw ConfigError("\"worker_priority\" directive invalid number", statement)
                }
                block.main.workerPriority = Int(value)
            },
            Directive(
                "worker_cpu_affinity", "Processors that workers are bound to.",
                "cpumask ... | auto [cpumask]",
                in: .main, arity: 1...Int.max
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let isSpread = statement.argument(0) == "auto"
                block.main.spreadsOverCPUs = isSpread
                guard !isSpread || statement.arguments.count <= 2 else {
                    throw .invalidArgumentCount(statement)
                }
                for word in statement.arguments.dropFirst(isSpread ? 1 : 0) {
                    block.main.cpuMasks.append(try cpuMask(word, statement))
                }
            },
            .flag(
                "daemon", "Whether the program goes into the background.", in: .main, default: true,
                \.main.daemonizes),
            .flag(
                "master_process", "Whether worker processes are started; `off` serves in one process.",
                in: .main,
                default: true, \.main.usesMaster),
        ]
    }

    private static func cpuMask(_ word: String, _ statement: Statement) throws(ConfigError) -> UInt64 {
        if let stranger = word.first(where: { $0 != "0" && $0 != "1" }) {
            throw ConfigError("invalid character \"\(stranger)\" in \"worker_cpu_affinity\"", statement)
        }
        guard let mask = UInt64(word, radix: 2) else {
            throw ConfigError("\"worker_cpu_affinity\" supports up to 64 CPUs only", statement)
        }
        return mask
    }

    private static var identityRows: [Directive<Block>] {
        [
            Directive(
                "user", "The user and group that workers run as.", "user [group]", default: "nobody nobody",
                in: .main,
                arity: 1...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.main.user = statement.argument(0)
                block.main.group = statement.arguments.count > 1 ? statement.argument(1) : nil
                try checkAccount(block, statement)
            },
            Directive(
                "pid", "The file with the number of the master process.", "file", default: "logs/portico.pid",
                in: .main, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.main.pidPath = statement.argument(0)
            },
            Directive(
                "working_directory", "The directory of the workers.", "directory", in: .main, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.main.workingDirectory = statement.argument(0)
            },
            Directive(
                "env", "An environment variable that is kept or set.", "variable[=value]", default: "TZ",
                in: .main,
                arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.main.environment.append(statement.argument(0))
            }.repeatable,
        ]
    }

    /// Only root can become somebody else; who is that user already need not.
    private static func checkAccount(_ block: Block, _ statement: Statement) throws(ConfigError) {
        guard ProcessID.isSuperuser else {
            let account = try? Account(user: block.main.user, group: block.main.group)
            if account?.user == ProcessID.user { return }
            return block.builder.warn(
                ConfigError(
                    "the \"user\" directive makes sense only if the master process runs with super-user"
                        + " privileges, ignored", statement))
        }
        do throws(UnknownAccount) {
            _ = try Account(user: block.main.user, group: block.main.group)
        } catch {
            throw ConfigError(error.message, statement)
        }
    }

    private static var eventRows: [Directive<Block>] {
        [
            Directive("events", "How connections are dealt with.", "", in: .main, arity: 0...0) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.readEvents(statement)
            }.block(.definition).once,
            Directive(
                "worker_connections", "Most connections of clients that a worker has at one time.", "number",
                default: "512",
                in: .events, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                guard let count = Units.number(statement.argument(0)), count > 0 else {
                    throw ConfigError(
                        "invalid number \"\(statement.argument(0))\" in \"worker_connections\" directive",
                        statement)
                }
                block.main.workerConnections = count
            },
            .flag(
                "batch_sends",
                "Whether what a turn of the loop sends goes to the kernel in one call, by io_uring.",
                in: .events, default: true, \.main.batchesSends),
            .flag(
                "multi_accept", "Whether all clients that wait are accepted at one time, rather than one.",
                in: .events, default: false, \.main.acceptsSeveral),
            Directive(
                "use", "The method of waiting for events: always epoll.", "method", in: .events, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard statement.argument(0) == "epoll" else {
                    throw ConfigError(
                        "invalid event type \"\(statement.argument(0))\"; there is \"epoll\" only", statement)
                }
            },
        ]
    }
}
