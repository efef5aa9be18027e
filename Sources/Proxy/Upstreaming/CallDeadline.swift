internal import Net
internal import Upstream

/// The time that a client gives a gRPC call (`grpc-timeout`): when it has passed nobody waits for what the
/// call comes to.
///
/// Recycled by its worker, with its timer and its place in the loop.
final class CallDeadline {
    let token: Token
    let timer: TimerID
    /// Between uses: none.
    var request: UpstreamRequest?

    init(token: Token, timer: TimerID) {
        self.token = token
        self.timer = timer
    }

    func timedOut() { request?.deadlinePassed() }
}

extension UpstreamRequest {
    /// A call begins: no attempt outlives its deadline.
    func beginDeadline() {
        guard let ms = exchange.callTimeoutMs else { return }
        let deadline = worker.takeDeadline()
        deadline.request = self
        self.deadline = deadline
        worker.set(deadline.timer, afterMs: ms)
    }

    /// The call came to something.
    func endDeadline() {
        if let deadline = deadline.take() { worker.giveBack(deadline) }
    }

    /// The client waits no more.
    fileprivate func deadlinePassed() {
        endDeadline()
        switch state {
        case .done, .tunnelling:
            return
        case .relaying:
            log(.info, "the call's deadline (\"grpc-timeout\") has passed")
            failRelaying(as: .deadline, .neutral)
        case .idle, .waiting, .trying:
            guard !exchange.isResponding else { return }
            log(.info, "the call's deadline (\"grpc-timeout\") has passed")
            exchange.accounting.fault = .deadline
            if !exchange.attempts.isEmpty, exchange.attempts.currentStatus == 0 {
                exchange.attempts.setStatus(504)
            }
            abandon()
            exchange.nameWait?.leave(exchange)
            exchange.upstreamFailed(status: 504)
        }
    }
}

extension Worker {
    fileprivate func takeDeadline() -> CallDeadline {
        recycled.deadlines.take()
            ?? loop.enroll(as: Endpoint.deadline) { token in
                CallDeadline(token: token, timer: timers.create(token, kind: 0))
            }
    }

    fileprivate func giveBack(_ deadline: CallDeadline) {
        cancel(deadline.timer)
        deadline.request = nil
        if !recycled.deadlines.keep(deadline) { letGo(deadline.token, deadline.timer) }
    }
}
