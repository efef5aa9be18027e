internal import Net
internal import Sharing
internal import Upstream

/// Waiting for a server, or for a turn to be tried again.
extension UpstreamRequest {
    /// No server can take the request now.
    ///
    /// - Returns: whether it waits for one (`queue`).
    func waitForServer() -> Bool {
        guard let group, let queue, group.settings.queue.count > 0, tries.isFirst else { return false }
        guard queue.queueCount < group.settings.queue.count else {
            queue.queueOverflowed()
            worker.shared.chronicle.tell(
                .limit, at: worker.clock.wallMs, stripe: 2 + group.index,
                Chronicle.Entry("queue", "full", upstream: group.settings.name))
            return false
        }
        state = .waiting
        waitingSinceMs = worker.clock.nowMs
        queue.enqueue(
            self, .server, deadlineMs: worker.clock.nowMs + Int64(group.settings.queue.timeoutMs))
        worker.awaited(queue)
        return true
    }

    /// - Returns: whether it has left the queue: for a server, or because it has waited too long.
    func serverFreed(isLate: Bool) -> Bool {
        guard let known = group, case .waiting = state else { return true }
        let group = worker.snapshot.groups.successor(of: known)
        if group !== known { self.group = group }
        // Where there is too much to do, nothing is begun that comes too late.
        if isLate && group.isCrowded { return giveUp(group, isOverloaded: true) }
        selection.startAgain()
        if let binding { bind(binding, to: group) }
        if group !== known { tries.settle(peers: group.triesMax(for: selection)) }
        if case .peer(let index) = group.pick(selection, nowMs: worker.clock.nowMs) {
            queuedMs = worker.clock.nowMs - waitingSinceMs
            begin(at: index, group)
            return true
        }
        return isLate && giveUp(group, isOverloaded: false)
    }

    private func giveUp(_ group: PeerGroup, isOverloaded: Bool) -> Bool {
        noServer(group, isOverloaded: isOverloaded)
        return true
    }

    /// Until when it waits for a server: where limits are found, the answer is to come within the time.
    func patience(until deadlineMs: Int64) -> Int64 {
        guard let group else { return deadlineMs }
        let whole = Int64(group.settings.queue.timeoutMs)
        return deadlineMs - min(group.usualAnswerMs, whole / 2)
    }

    /// The attempt failed and may be repeated: at once, or when fewer others are being tried again.
    func retry(after failure: AttemptFailure) {
        guard let queue else { return connectToNextPeer() }
        guard !queue.budget.allows(percent: proxy.nextUpstreamBudget) else { return beginRetry(queue) }
        state = .waiting
        waitingSinceMs = worker.clock.nowMs
        queue.enqueue(
            self, .turn(after: failure), deadlineMs: worker.clock.nowMs + RequestQueue.retryPatienceMs)
        worker.awaited(queue)
    }

    /// - Returns: whether it waits no more.
    func takeTurn(after failure: AttemptFailure, isLate: Bool) -> Bool {
        guard case .waiting = state, let queue else { return true }
        if queue.budget.allows(percent: proxy.nextUpstreamBudget) {
            beginRetry(queue)
            return true
        }
        guard isLate else { return false }
        log(.error, "too many requests are being tried again (proxy_next_upstream_budget)")
        state = .done
        exchange.upstreamFailed(status: failure.answer)
        return true
    }

    private func beginRetry(_ queue: RequestQueue) {
        queue.budget.retryBegan()
        connectToNextPeer(Attempt(isRetry: true))
    }

    /// The attempt came to something, in whatever way.
    func endRetry() {
        guard attempt.isRetry, let queue else { return }
        attempt.isRetry = false
        queue.budget.retryEnded()
        worker.freed(queue)
    }

    // MARK: Being counted

    func enter(_ next: consuming RequestQueue) {
        leaveGroup()
        next.budget.requestBegan()
        queue = next
    }

    func leaveGroup() {
        guard queue != nil else { return }
        endRetry()
        guard let queue = queue.take() else { return }
        if case .waiting = state { queue.leave(self) }
        queue.budget.requestEnded()
        worker.freed(queue)
    }
}
