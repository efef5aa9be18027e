internal import Core
internal import HTTP
internal import Net

/// `limit_rate`: what is held is sent when its time has come.
extension HTTP1Session {
    /// The head of a response is to be written: from here on its limit holds.
    func settleRate(_ exchange: Exchange) {
        exchange.isDelayed = false
        let limit = exchange.rateLimit
        guard limit > 0 else { return exchange.rate = RateLimit() }
        let free = exchange.location.settings.core.limitRateAfter.value(for: exchange)
        exchange.rate = RateLimit(bytesPerSecond: limit, after: free, startMs: exchange.startedMs)
    }

    /// Sends as much as may have been sent by now, and lets the rest wait.
    func flushPaced(_ exchange: Exchange) {
        guard !exchange.isDelayed else { return }
        let now = worker.clock.nowMs
        let before = takenCount
        let start = exchange.rate.burstStart(nowMs: now, sent: before)
        let allowance = exchange.rate.allowance(nowMs: now, sent: before)
        guard allowance > 0 else { return wait(exchange, ms: exchange.rate.wait(allowance: allowance)) }
        sent(writer.flush(transport, limit: allowance, using: worker), of: exchange)
        guard self.exchange === exchange, case .exchanging = state else { return }
        // The source may still have something for this moment.
        if writer.isEmpty && takenCount - before < allowance { return }
        let ms = exchange.rate.time(from: start, to: takenCount)
        if ms > 0 || transport.isWritable { wait(exchange, ms: max(ms, 1)) }
    }

    private func wait(_ exchange: Exchange, ms: Int) {
        exchange.isDelayed = true
        exchange.sendPace.end()
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
