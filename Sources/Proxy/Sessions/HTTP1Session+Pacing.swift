internal import Core
internal import HTTP
internal import Net

/// `limit_rate`: what is held is sent when its time has come.
extension HTTP1Session {
    /// The head of a response is to be written: from here on its limit holds.
    func settleRate(_ exchange: Exchange) {
        isDelayed = false
        let limit = exchange.rateLimit
        guard limit > 0 else { return rate = RateLimit() }
        let free = exchange.location.settings.core.limitRateAfter.value(for: exchange)
        rate = RateLimit(bytesPerSecond: limit, after: free, startMs: exchange.startedMs)
    }

    /// Sends as much as may have been sent by now, and lets the rest wait.
    func flushPaced() {
        guard !isDelayed else { return }
        let now = worker.clock.nowMs
        let before = takenCount
        let start = rate.burstStart(nowMs: now, sent: before)
        let allowance = rate.allowance(nowMs: now, sent: before)
        guard allowance > 0 else { return wait(ms: rate.wait(allowance: allowance)) }
        sent(writer.flush(transport, limit: allowance, using: worker))
        guard exchange != nil, case .exchanging = state else { return }
        // The source may still have something for this moment.
        if writer.isEmpty && takenCount - before < allowance { return }
        let ms = rate.time(from: start, to: takenCount)
        if ms > 0 || transport.isWritable { wait(ms: max(ms, 1)) }
    }

    private func wait(ms: Int) {
        isDelayed = true
        sendPace.end()
        arm(writeTimer, afterMs: ms)
    }

    /// The time of the next bytes has come.
    func waitIsOver() {
        isDelayed = false
        if transport.isWritable { return resumeWriting() }
        guard let exchange else { return }
        arm(writeTimer, afterMs: exchange.location.settings.core.sendTimeoutMs)
    }
}
