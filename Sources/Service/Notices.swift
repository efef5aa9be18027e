internal import Glibc
internal import Net

/// What the service manager that started this process hears of it, sd_notify(3); nothing where none listens.
struct Notices {
    private let socket: NotifySocket?
    /// The time between two signs of life; `nil`: nobody waits for any.
    private let intervalMs: Int64?
    private var lifeDueMs: Int64 = 0
    /// The state, in words, that goes with the news that the workers serve; `nil`: that has been told.
    private(set) var untold: String?

    /// Variables that are read; the successor of a binary finds the first two as well.
    static let socketVariable = "NOTIFY_SOCKET"
    static let watchdogVariable = "WATCHDOG_USEC"
    static let watchdogPIDVariable = "WATCHDOG_PID"

    /// How often the workers are looked at until they serve.
    static var lookMs: Int64 { 20 }
    /// No sign of life is sent more often.
    static var intervalMsMin: Int64 { 50 }

    /// - Parameters:
    ///   - value: of a variable of the environment.
    ///   - pid: of the process that is to tell.
    init(pid: Int32, value: (String) -> String?) {
        socket = value(Notices.socketVariable).flatMap { NotifySocket($0) }
        let limitUs = value(Notices.watchdogVariable).flatMap { Int64($0) } ?? 0
        let isMeant = value(Notices.watchdogPIDVariable).map { $0 == "\(pid)" } ?? true
        // Half of it, so that one that is late is no harm.
        intervalMs =
            socket != nil && limitUs > 0 && isMeant ? max(Notices.intervalMsMin, limitUs / 2000) : nil
        if socket != nil { untold = "" }
    }

    /// As the environment of this process says.
    static func ofEnvironment() -> Notices {
        Notices(pid: getpid()) { name in getenv(name).map { String(cString: $0) } }
    }

    /// When there is something to do without a signal; `nil`: never.
    ///
    /// - Parameter workers: how many there are that may begin to serve.
    func dueMs(nowMs: Int64, workers: Int) -> Int64? {
        let looks = untold == nil || workers == 0 ? nil : nowMs + Notices.lookMs
        let lives = intervalMs == nil ? nil : lifeDueMs
        return [looks, lives].compactMap { $0 }.min()
    }

    /// That the service is ready, or ready again, is to be said when its workers serve.
    mutating func awaitWorkers(status: String) {
        if socket != nil { untold = status }
    }

    /// Says that it is ready.
    ///
    /// - Returns: what the log should know of it; as of the other calls.
    mutating func ready() -> String? {
        guard let status = untold else { return nil }
        untold = nil
        return send("READY=1\nMAINPID=\(getpid())\nSTATUS=\(Notices.line(status))")
    }

    /// Says that a new configuration is being read.
    func reloading(nowUs: Int64) -> String? { send("RELOADING=1\nMONOTONIC_USEC=\(nowUs)") }

    /// Says that the service ends.
    mutating func stopping() -> String? {
        untold = nil
        return send("STOPPING=1")
    }

    /// Says which process is the service from now on.
    mutating func succeeded(by pid: Int32) -> String? {
        untold = nil
        return send("MAINPID=\(pid)")
    }

    /// Says that this process lives, when that is due.
    mutating func lives(nowMs: Int64) -> String? {
        guard let intervalMs, nowMs >= lifeDueMs else { return nil }
        lifeDueMs = nowMs + intervalMs
        return send("WATCHDOG=1")
    }

    /// A value ends with its line.
    private static func line(_ text: String) -> String {
        String(text.prefix(400).map { $0.isNewline ? " " : $0 })
    }

    private func send(_ lines: String) -> String? {
        guard let socket else { return nil }
        do throws(Errno) {
            try socket.send(lines)
            return nil
        } catch {
            return "the service manager was not told \"\(lines.prefix { !$0.isNewline })\" \(error.logText)"
        }
    }
}
