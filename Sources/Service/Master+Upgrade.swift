internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// A new binary that takes over from this one.
extension Master {
    /// Starts the binary anew with the listening sockets in its hands; both serve until one is told to quit.
    func upgrade() {
        do throws(Errno) {
            try pidFile.stepAside()
        } catch {
            return log.write(
                .alert, connection: nil,
                "the binary is not changed: rename() of \"\(pidFile.path)\" failed \(error.logText)"
            )
        }
        let handed = try? Inheritance(shared: shared, lasting: lasting).handOver()
        let pid = portico_fork()
        if pid == 0 { succeed(handed) }
        let error = Errno.current
        if let handed { Socket.close(handed.secrets) }
        guard pid > 0 else {
            pidFile.comeBack()
            return log.write(.alert, connection: nil, "fork() failed \(error.logText)")
        }
        newBinary = pid
        // The new binary has one of its own, for the same memory.
        hasChecker = false
        checkerDueMs = nil
        stopChecker()
        log.write(.notice, connection: nil, "start new binary process \(pid)")
    }

    /// The child becomes the new binary. Signals stay blocked, so that none is lost, or kills it, before it
    /// can obey.
    private func succeed(_ handed: (text: String, descriptors: [Int32], secrets: Int32)?) -> Never {
        for descriptor in sockets.entries.flatMap(\.descriptors) + (handed?.descriptors ?? []) {
            _ = fcntl(descriptor, F_SETFD, 0)
        }
        setenv(ListeningSockets.inheritanceVariable, sockets.inheritance, 1)
        if let handed { setenv(Inheritance.variable, handed.text, 1) }
        setenv(Launch.predecessorVariable, "\(master)", 1)
        // The new one has signs of life of its own to give.
        unsetenv(Notices.watchdogPIDVariable)
        var words = launch.arguments.map { strdup($0) }
        words.append(nil)
        if let program = words[0] { execvp(program, &words) }
        log.write(
            .alert, connection: nil,
            "execvp() \"\(launch.arguments.first ?? "")\" failed \(Errno.current.logText)")
        _exit(1)
    }

    /// The new binary is gone: this one serves as before, whatever it was told meanwhile.
    func newBinaryEnded(_ status: Int32) {
        let ended = newBinary.map { "\($0) " } ?? ""
        newBinary = nil
        pidFile.comeBack()
        log.write(
            .alert, connection: nil, "new binary process \(ended)\(ending(status)); this one goes on")
        tell(.process, "new binary \(ended)", "gave up", ending(status))
        guard !isStopping else { return }
        hasChecker = true
        startChecker()
        startMissingWorkers(besides: children.filter { !$0.isLeaving })
        notices.awaitWorkers(status: "a new binary gave up")
    }
}
