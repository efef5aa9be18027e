internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// A new binary that takes over from this one.
extension Master {
    /// Starts the binary anew with the listening sockets in its hands; both serve until one is told to quit.
    func upgrade() {
        let pidFile = PIDFile(path: configuration.main.pidPath)
        guard newBinary == nil, pidFile.stepAside() else {
            return log.write(.crit, connection: nil, "the binary is being upgraded already")
        }
        for descriptor in sockets.entries.flatMap(\.descriptors) {
            _ = fcntl(descriptor, F_SETFD, 0)
        }
        setenv(ListeningSockets.inheritanceVariable, sockets.inheritance, 1)
        let handed = try? Inheritance(shared: shared, lasting: lasting).handOver()
        if let handed { setenv(Inheritance.variable, handed.text, 1) }
        let pid = portico_fork()
        if pid == 0 {
            signals.release()
            execute(arguments)
        }
        unsetenv(ListeningSockets.inheritanceVariable)
        unsetenv(Inheritance.variable)
        if let handed { Socket.close(handed.secrets) }
        guard pid > 0 else {
            pidFile.comeBack()
            return log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
        }
        newBinary = pid
        // The new binary has one of its own, for the same memory.
        hasChecker = false
        if let checker { kill(checker.pid, SIGTERM) }
        log.write(.notice, connection: nil, "start new binary process \(pid)")
    }

    private func execute(_ arguments: [String]) -> Never {
        var words = arguments.map { strdup($0) }
        words.append(nil)
        if let program = words[0] { execvp(program, &words) }
        _exit(1)
    }

    func newBinaryEnded() {
        newBinary = nil
        hasChecker = true
        startChecker()
        PIDFile(path: configuration.main.pidPath).comeBack()
        log.write(.alert, connection: nil, "the new binary exited; this one goes on")
        if children.isEmpty && !isStopping { startWorkers() }
    }
}
