internal import Net
internal import Sharing
internal import Upstream

/// Whether a worker takes new clients, finishes those it has, or is at its end.
enum Life {
    case serving
    /// `worker_shutdown_timeout` ends it at a time, if it is set.
    case draining(deadlineMs: Int64?)
    case over

    var isOver: Bool { if case .over = self { true } else { false } }
}

/// Signals to stop, and the time until it does.
extension Worker {
    func received(_ received: ReceivedSignal) {
        switch received.signal {
        case .terminate, .interrupt:
            if orders == nil || strayStop.isOrder(received, nowMs: clock.nowMs) { life = .over }
        case .quit: drain()
        case .user1: configuration.reopenLogs()
        // A terminal says WINCH to all when its size changes.
        case .winch, .hangup, .pipe, .child, .user2, .alarm, .io: break
        }
    }

    func checkStrayStop() {
        if strayStop.isDue(nowMs: clock.nowMs, isDelayed: shared.isLeaving) { life = .over }
    }

    /// Finishes what is under way; idle clients may send one more request, but not wait for long.
    func drain() {
        guard case .serving = life else { return }
        let limit = configuration.main.workerShutdownTimeoutMs
        life = .draining(deadlineMs: limit > 0 ? clock.nowMs + Int64(limit) : nil)
        mark.leaves()
        log(.notice, "gracefully shutting down")
        ProcessTitle.set("worker process is shutting down")
        for listener in admission.listeners { close(listener) }
        snapshot.groups.closeIdle()
        forEachSession { $0.drain() }
    }

    /// It finishes what is under way.
    var isDraining: Bool { if case .draining = life { true } else { false } }

    func forEachSession(_ body: (Session) -> Void) {
        loop.forEach { _, endpoint in
            if let session = endpoint.session { body(session) }
        }
    }

    /// How long an idle keep-alive client of a finishing worker may take to send one more request.
    static var drainGraceMs: Int { 10_000 }

    func checkDrained() {
        guard case .draining(let deadlineMs) = life else { return }
        if orders == nil { OrphanTimer.extend() }
        if admission.connectionCount == 0, !awaitsMirrors { life = .over }
        guard let deadlineMs, clock.nowMs >= deadlineMs else { return }
        forEachSession { $0.timeIsUp() }
        life = .over
    }
}
