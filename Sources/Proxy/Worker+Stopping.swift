internal import Net
internal import Sharing

/// Orders to stop, and the time until it does.
extension Worker {
    func received(_ received: ReceivedSignal) {
        switch received.signal {
        case .terminate, .interrupt:
            if control == nil || strayStop.isOrder(received, nowMs: clock.nowMs) { exit = .fast }
        case .quit: drain()
        case .user1: configuration.reopenLogs()
        // A terminal says WINCH to all when its size changes.
        case .winch, .hangup, .pipe, .child, .user2, .alarm, .io: break
        }
    }

    func checkStrayStop() {
        if strayStop.isDue(nowMs: clock.nowMs, isDelayed: shared.isLeaving) { exit = .fast }
    }

    /// Finishes what is under way; idle clients may send one more request, but not wait for long.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        mark.leaves()
        log(.notice, "gracefully shutting down")
        ProcessTitle.set("worker process is shutting down")
        for listener in listeners { close(listener) }
        snapshot.groups.closeIdle()
        forEachSession { $0.drain(graceMs: Worker.drainGraceMs) }
        let limit = configuration.main.workerShutdownTimeoutMs
        if limit > 0 { drainDeadlineMs = clock.nowMs + Int64(limit) }
    }

    func forEachSession(_ body: (Session) -> Void) {
        loop.forEach { _, endpoint in
            if case .client(let session) = endpoint { body(session) }
        }
    }

    /// How long an idle keep-alive client of a finishing worker may take to send one more request.
    static var drainGraceMs: Int { 10_000 }

    func checkDrained() {
        if control == nil { OrphanTimer.extend() }
        if connectionCount == 0 { exit = .drained }
        guard let drainDeadlineMs, clock.nowMs >= drainDeadlineMs else { return }
        forEachSession { $0.timeIsUp() }
        exit = .fast
    }
}
