internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// The process that asks servers how they are, as the master sees it.
extension Master {
    func startChecker() {
        checkerDueMs = nil
        guard configuration.needsChecker, hasChecker else { return }
        let pid = portico_fork()
        if pid == 0 { check() }
        guard pid > 0 else {
            log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
            return checkerDueMs = clock.nowMs + 1000
        }
        log.write(.notice, connection: nil, "start checker process \(pid)")
        checker = (pid, clock.nowMs)
        shared.service.checkerStarted(pid: pid)
    }

    /// The checker's whole life.
    private func check() -> Never {
        takeRole("portico-check", worker: 0, onMasterDeath: SIGTERM)
        sockets.closeAll(unlinking: false)
        do {
            _exit(try Checker(configuration: configuration, shared: shared).run())
        } catch {
            log.write(.emerg, connection: nil, "checker could not start \(error.logText)")
            _exit(2)
        }
    }

    func checkerEnded(_ ended: (pid: pid_t, startedMs: Int64), _ status: Int32) {
        checker = nil
        let text = exitCode(status).map { "exited with code \($0)" } ?? "exited on signal \(status & 0x7F)"
        log.write(
            exitCode(status) == 0 ? .notice : .alert, connection: nil, "checker process \(ended.pid) \(text)")
        guard !isStopping else { return }
        shared.service.respawned(slot: nil)
        let isYoung = clock.nowMs - ended.startedMs < 1000
        checkerDueMs = isYoung ? clock.nowMs + 500 : clock.nowMs
    }
}
