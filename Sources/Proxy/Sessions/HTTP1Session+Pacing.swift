internal import Core
internal import HTTP
internal import Net

/// `limit_rate`: what is held is sent when its time has come.
extension HTTP1Session {
    /// Sends as much as may have been sent by now, and lets the rest wait.
    func flushPaced(_ exchange: Exchange) {
        guard !exchange.delivery.isDelayed else { return }
        let now = worker.clock.nowMs
        let before = takenCount
        let start = exchange.delivery.rate.burstStart(nowMs: now, sent: before)
        let allowance = exchange.delivery.rate.allowance(nowMs: now, sent: before)
        guard allowance > 0 else {
            return wait(exchange, ms: exchange.delivery.rate.wait(allowance: allowance))
        }
        sent(writer.flush(transport, limit: allowance, using: worker), of: exchange)
        guard self.exchange === exchange, case .exchanging = state else { return }
        // The source may still have something for this moment.
        if writer.isEmpty && takenCount - before < allowance { return }
        let ms = exchange.delivery.rate.time(from: start, to: takenCount)
        if ms > 0 || transport.isWritable { wait(exchange, ms: max(ms, 1)) }
    }

    private func wait(_ exchange: Exchange, ms: Int) {
        exchange.delivery.isDelayed = true
        exchange.delivery.pace.end()
        arm(writeTimer, afterMs: ms)
    }

    /// The time of the next bytes has come.
    func waitIsOver() {
        guard let exchange else { return }
        exchange.delivery.isDelayed = false
        if transport.isWritable { return resumeWriting() }
        arm(writeTimer, afterMs: exchange.location.settings.core.sendTimeoutMs)
    }
}
