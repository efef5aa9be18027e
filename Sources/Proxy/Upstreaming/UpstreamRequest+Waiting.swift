internal import Net
internal import Upstream

/// Waiting for a server, or for a turn to be tried again.
extension UpstreamRequest {
    /// No server can take the request now.
    ///
    /// - Returns: whether it waits for one (`queue`).
    func waitForServer() -> Bool {
        guard let group, let traffic, group.settings.queue.count > 0, tries.isFirst else { return false }
        guard traffic.queueCount < group.settings.queue.count else {
            traffic.queueOverflowed()
            return false
        }
        state = .waiting
        waitingSinceMs = worker.clock.nowMs
        traffic.enqueue(
            self, .server, deadlineMs: worker.clock.nowMs + Int64(group.settings.queue.timeoutMs))
        worker.awaited(traffic)
        return true
    }

    /// - Returns: whether it has left the queue: for a server, or because it has waited too long.
    func leaveQueue(isLate: Bool) -> Bool {
        guard let known = group, case .waiting = state else { return true }
        let group = worker.snapshot.groups.successor(of: known)
        if group !== known {
            self.group = group
            tries.settle(peers: group.triesMax)
        }
        selection.startAgain()
        if case .peer(let index) = group.pick(selection, nowMs: worker.clock.nowMs) {
            queuedMs = worker.clock.nowMs - waitingSinceMs
            begin(at: index, group)
            return true
        }
        guard isLate else { return false }
        noServer(group)
        return true
    }

    /// The attempt failed and may be repeated: at once, or when fewer others are being tried again.
    func retry(after failure: AttemptFailure) {
        guard let traffic else { return connectToNextPeer() }
        guard !traffic.budget.allows(percent: proxy.nextUpstreamBudget) else { return beginRetry(traffic) }
        state = .waiting
        waitingSinceMs = worker.clock.nowMs
        traffic.enqueue(
            self, .turn(after: failure), deadlineMs: worker.clock.nowMs + GroupTraffic.retryPatienceMs)
        worker.awaited(traffic)
    }

    /// - Returns: whether it waits no more.
    func takeTurn(after failure: AttemptFailure, isLate: Bool) -> Bool {
        guard case .waiting = state, let traffic else { return true }
        if traffic.budget.allows(percent: proxy.nextUpstreamBudget) {
            beginRetry(traffic)
            return true
        }
        guard isLate else { return false }
        log(.error, "too many requests are being tried again (proxy_next_upstream_budget)")
        state = .done
        exchange.upstreamFailed(status: failure.answer)
        return true
    }

    private func beginRetry(_ traffic: GroupTraffic) {
        traffic.budget.retryBegan()
        connectToNextPeer(Attempt(isRetry: true))
    }

    /// The attempt came to something, in whatever way.
    func endRetry() {
        guard attempt.isRetry, let traffic else { return }
        attempt.isRetry = false
        traffic.budget.retryEnded()
        worker.freed(traffic)
    }

    // MARK: Being counted

    func enter(_ next: consuming GroupTraffic) {
        leaveTraffic()
        next.budget.requestBegan()
        traffic = next
    }

    func leaveTraffic() {
        guard traffic != nil else { return }
        endRetry()
        guard let traffic = traffic.take() else { return }
        if case .waiting = state { traffic.leave(self) }
        traffic.budget.requestEnded()
        worker.freed(traffic)
    }
}
