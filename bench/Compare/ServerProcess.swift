import CLinux
import Glibc
import Net

/// A process that a comparison started, and that ends with it.
final class ServerProcess {
    let pid: pid_t
    let name: String

    /// - Parameters:
    ///   - log: where its output goes.
    ///   - cores: the lowest so many are those that it and its children run on; `nil`: all.
    init(_ words: [String], name: String, log: String, cores: Int? = nil) throws {
        self.name = name
        let pid = portico_fork()
        if pid == 0 {
            if let cores { _ = portico_set_affinity((1 << UInt(cores)) - 1) }
            ServerProcess.become(words, log)
        }
        guard pid > 0 else { throw LoadOptions.Complaint(text: "fork() failed") }
        self.pid = pid
    }

    /// A process that runs `body` and ends.
    init(name: String, log: String, _ body: () -> Void) throws {
        self.name = name
        let pid = portico_fork()
        if pid == 0 {
            ServerProcess.prepare(log)
            body()
            _exit(1)
        }
        guard pid > 0 else { throw LoadOptions.Complaint(text: "fork() failed") }
        self.pid = pid
    }

    private static func become(_ words: [String], _ log: String) -> Never {
        prepare(log)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        if let program = arguments[0] { execvp(program, arguments) }
        _exit(127)
    }

    /// Ends with who started it, writes to the log, and hears all signals.
    private static func prepare(_ log: String) {
        _ = portico_prctl(Int32(PR_SET_PDEATHSIG), UInt(SIGTERM))
        let fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        if fd >= 0 {
            dup2(fd, 1)
            dup2(fd, 2)
        }
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }

    deinit { stop() }

    /// Ends it; waits at most so long before it is killed.
    func stop(seconds: Int = 3) {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == 0 else { return }
        kill(pid, SIGTERM)
        for _ in 0..<(seconds * 100) {
            if waitpid(pid, &status, WNOHANG) != 0 { return }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
    }

    var hasEnded: Bool {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) != 0
    }

    /// The processes that serve: the master's children, or it itself.
    var servingPIDs: [pid_t] {
        let children = ProcessTimes.children(of: pid)
        // H2O serves by itself, and keeps its keys in a child.
        if ProcessTimes.name(of: pid) == "h2o" {
            return [pid] + children.filter { ProcessTimes.name(of: $0) == "h2o" }
        }
        let workers = children.filter { ProcessTimes.name(of: $0) == "portico-worker" }
        if !workers.isEmpty { return workers }
        return children.isEmpty ? [pid] : children
    }

    /// Waits until a port of this machine accepts.
    static func await(port: UInt16, seconds: Int = 5) -> Bool {
        for _ in 0..<(seconds * 100) {
            if isAccepting(port) { return true }
            usleep(10_000)
        }
        return false
    }

    private static func isAccepting(_ port: UInt16) -> Bool {
        switch Socket.connect(SocketAddress(.ipv4(0x7F00_0001, port: port)), from: nil) {
        case .failed: return false
        case .connected(let fd):
            Socket.close(fd)
            return true
        case .inProgress(let fd):
            usleep(5000)
            defer { Socket.close(fd) }
            return Socket.pendingError(fd) == nil
        }
    }

    /// A port that nobody listens on.
    static func freePort() throws -> UInt16 {
        let fd = try Socket.listen(SocketAddress(.ipv4(0x7F00_0001, port: 0)), ListenOptions())
        defer { Socket.close(fd) }
        guard let port = SocketAddress.local(of: fd)?.port else {
            throw LoadOptions.Complaint(text: "no port is free")
        }
        return port
    }
}
