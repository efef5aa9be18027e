import Foundation
import TestSupport
import Testing

/// Portico with its processes, started as operators start it; they all end with it.
///
/// In the text `%PREFIX%` is its directory, and `%PORT1%`, `%PORT2%` are ports of its own.
final class Service {
    /// How it is started.
    enum Manner: Sendable, CaseIterable {
        case foreground
        /// `daemon on`: the command returns.
        case daemon
    }

    let directory: TemporaryDirectory
    let ports: [UInt16]
    let manner: Manner
    /// The command that starts it; in the foreground it is the master itself.
    let command: Program
    let workerCount: Int
    /// Where orders go.
    var master: pid_t

    var port: UInt16 { ports[0] }

    static let usual = """
        worker_processes 2;
        error_log %PREFIX%/error.log notice;
        events { }
        http {
            access_log off;
            upstream app { zone app 64k; server 127.0.0.1:%PORT1%; health_check interval=500ms; }
            server { listen 127.0.0.1:%PORT1%;
                location / { return 200 "fine\\n"; }
                location /app { proxy_pass http://app/; }
                location /ready { readiness; }
                location /status { status; } }
        }

        """

    /// Starts it, and waits until it answers and has its workers and its checker.
    ///
    /// - Parameters:
    ///   - workers: how many the text asks for.
    ///   - shell: words of a shell before it is started in the shell's place.
    ///   - descriptors: open ones that it gets as 3, 4 and so on.
    init(
        _ text: String = Service.usual, _ manner: Manner = .foreground, workers count: Int = 2,
        standard: Program.Standard = .files, shell: String? = nil, descriptors: [Int32] = []
    ) throws {
        workerCount = count
        directory = try TemporaryDirectory()
        ports = [try FreePort.next(), try FreePort.next()]
        self.manner = manner
        try directory.write("", to: "error.log", mode: 0o666)
        let folder = directory.path
        var words = ["-p", folder + "/", "-c", folder + "/server.conf", "-e", folder + "/error.log"]
        var path = Binary.portico
        if let shell {
            let quoted = ([path] + words).map { "'\($0)'" }.joined(separator: " ")
            (path, words) = ("sh", ["-c", "\(shell) exec \(quoted)"])
        }
        try Service.text(text, manner, directory, ports).write(
            toFile: folder + "/server.conf", atomically: true, encoding: .utf8)
        command = try Program(
            path, words, in: directory, name: "server", descriptors: descriptors, standard: standard)
        master = command.pid
        if manner == .daemon {
            let ending = command.waitForEnd(within: 20)
            try #require(ending == .exited(0), "\(command.errors)")
            // It stands before the command returns.
            master = try #require(pidInFile())
        }
        let isUp = waitUntil(Deadline(in: 20)) { isWhole() }
        try #require(isUp, "\(log)")
    }

    private static func text(
        _ text: String, _ manner: Manner, _ directory: TemporaryDirectory, _ ports: [UInt16]
    ) -> String {
        "daemon \(manner == .daemon ? "on" : "off"); pid \(directory.path)/server.pid;\n"
            + text.replacingOccurrences(of: "%PREFIX%", with: directory.path)
            .replacingOccurrences(of: "%PORT1%", with: "\(ports[0])")
            .replacingOccurrences(of: "%PORT2%", with: "\(ports[1])")
    }

    func rewrite(_ text: String) throws {
        try Service.text(text, manner, directory, ports).write(
            toFile: directory.path + "/server.conf", atomically: true, encoding: .utf8)
    }

    deinit { end() }

    /// Ends whatever masters there are, with all their processes.
    private func end() {
        let masters = Set([master, pidInFile(), pidInFile("server.pid.oldbin")].compactMap { $0 }).filter(
            Service.isAlive)
        let all = masters.flatMap { [$0] + Service.children(of: $0) }
        for pid in masters { kill(pid, SIGTERM) }
        _ = waitUntil(Deadline(in: 5)) { command.endingNow == nil || !all.contains(where: Service.isAlive) }
        for pid in all where Service.isAlive(pid) { kill(pid, SIGKILL) }
        command.stop(within: 1)
    }

    // MARK: Processes

    /// It is there, and not merely to be reaped.
    static func isAlive(_ pid: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let name = stat.lastIndex(of: ")")
        else { return false }
        return !" Z X".contains(stat[stat.index(name, offsetBy: 2)])
    }

    static func children(of pid: pid_t) -> [pid_t] {
        let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { pid_t($0) }.filter(isAlive).sorted()
    }

    /// What `ps` shows.
    static func title(of pid: pid_t) -> String {
        let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
        return String(decoding: bytes.split(separator: 0).first ?? Data(), as: UTF8.self)
    }

    var workers: [pid_t] { workers(of: master) }
    func workers(of master: pid_t) -> [pid_t] {
        Service.children(of: master).filter { Service.title(of: $0).hasPrefix("portico: worker process") }
    }

    var checker: pid_t? { checker(of: master) }
    func checker(of master: pid_t) -> pid_t? {
        Service.children(of: master).first { Service.title(of: $0) == "portico: checker process" }
    }

    /// All workers and the checker are there, and it answers.
    func isWhole() -> Bool { workers.count == workerCount && checker != nil && answers() }

    // MARK: Asking

    func answers() -> Bool { (try? RawClient.get(port, "/"))?.status == 200 }

    func body(_ path: String) throws -> String { String(latin1: try RawClient.get(port, path).body) }

    var log: String { directory.read("error.log") + command.errors }

    func pidInFile(_ name: String = "server.pid") -> pid_t? {
        pid_t(directory.read(name).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func has(_ name: String) -> Bool { access(directory.path + "/" + name, F_OK) == 0 }

    /// Lets USR2 start a new binary.
    ///
    /// - Returns: its number, when it has its workers.
    func upgrade() throws -> pid_t {
        let old = master
        kill(old, SIGUSR2)
        var next: pid_t?
        let isThere = waitUntil(Deadline(in: 20)) {
            next = pidInFile()
            guard let next, next != old else { return false }
            return workers(of: next).count == 2
        }
        try #require(isThere, "\(log)")
        return try #require(next)
    }
}

/// Waits until a process has ended.
func waitForEnd(of pid: pid_t, within seconds: Double = 15) -> Bool {
    waitUntil(Deadline(in: seconds)) { !Service.isAlive(pid) }
}
