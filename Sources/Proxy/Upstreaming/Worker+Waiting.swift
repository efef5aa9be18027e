internal import Net
internal import Upstream

/// Requests that wait are looked at when another one ends, and every other millisecond: servers are
/// shared with other workers, which do not tell.
extension Worker {
    private static var lookMs: Int64 { 2 }

    /// A request of the group has begun to wait.
    func awaited(_ queue: RequestQueue) {
        // The timer runs while somebody waits: who comes does not put it off.
        if awaitedQueues.isEmpty { timers.set(ownTimers.queues, deadlineMs: clock.nowMs + Worker.lookMs) }
        if !awaitedQueues.contains(where: { $0 === queue }) { awaitedQueues.append(queue) }
    }

    /// A server or a turn has become free.
    func freed(_ queue: RequestQueue) {
        if queue.isAwaited { timers.set(ownTimers.queues, deadlineMs: clock.nowMs) }
    }

    func serveAwaited() {
        for queue in awaitedQueues { queue.serve(nowMs: clock.nowMs) }
        awaitedQueues.removeAll { !$0.isAwaited }
        if !awaitedQueues.isEmpty { timers.set(ownTimers.queues, deadlineMs: clock.nowMs + Worker.lookMs) }
    }
}
