internal import CLinux
internal import Checker
internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// The process that asks servers how they are, as the master sees it.
extension Master {
    func startChecker() {
        checkerDueMs = nil
        guard configuration.needsChecker, hasChecker, !isStopping, checker == nil else { return }
        shared.marks.checker.clear()
        let pid = portico_fork()
        if pid == 0 { check() }
        guard pid > 0 else {
            log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
            return checkerDueMs = clock.nowMs + 1000
        }
        log.write(.notice, connection: nil, "start checker process \(pid)")
        checker = CheckerProcess(pid: pid, startedMs: clock.nowMs)
        shared.service.checkerStarted(pid: pid)
    }

    /// The checker's whole life.
    private func check() -> Never {
        takeRole("portico-check", worker: 0)
        // After the change of user, which would cancel it. It leaves nothing unfinished.
        _ = portico_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
        if getppid() != master { _exit(0) }
        sockets.close()
        do {
            let checker = try Checker(configuration: configuration, shared: shared)
            ProcessTitle.set("checker process")
            _exit(checker.run())
        } catch {
            log.write(.emerg, connection: nil, "checker could not start \(error.logText)")
            _exit(2)
        }
    }

    /// Tells it to end; another one is started when it has, if one is wanted.
    func stopChecker() {
        guard let running = checker else { return }
        checker?.isLeaving = true
        kill(running.pid, SIGTERM)
    }

    func checkerEnded(_ ended: CheckerProcess, _ status: Int32) {
        checker = nil
        log.write(
            exitCode(status) == 0 || ended.isLeaving ? .notice : .alert, connection: nil,
            "checker process \(ended.pid) \(ending(status))")
        guard !isStopping, hasChecker else { return }
        // One that was told to end has not died, and another one goes on at once.
        if ended.isLeaving { return checkerDueMs = clock.nowMs }
        shared.service.respawned(slot: nil)
        tell(.process, "checker \(ended.pid)", "died", ending(status))
        let isYoung = clock.nowMs - ended.startedMs < 1000
        checkerDueMs = isYoung ? clock.nowMs + 500 : clock.nowMs
    }
}
