internal import Core
internal import HTTP
internal import Net

/// How long a client may take: for a head, for its next request, and for what it is sent.
extension HTTP2Session {
    func timedOut(_ kind: Session.TimerKind) {
        switch (state, kind) {
        case (.broken, _), (.closed, _): break
        case (.lingering, _): close()
        case (.serving, .write), (.leaving, .write):
            sendTimedOut()
        case (.serving, .read): waitIsOver()
        case (.leaving, .read): endGracefully()
        }
    }

    /// The client takes nothing, or slower than `client_min_rate`.
    private func sendTimedOut() {
        let rate = core.clientMinRate
        switch pace.look(nowMs: worker.clock.nowMs, count: acknowledgedCount, rate: rate) {
        case .waits(let ms):
            return worker.set(writeTimer, afterMs: ms)
        case .tooSlow:
            worker.log(.info, connection, "client is slower than \"client_min_rate\"")
        case .timedOut:
            worker.log(
                .info, connection, "client timed out (110: Connection timed out) while sending to client")
        }
        loseAll(status: 408)
    }

    /// A stream waits for the client, to send or to take content.
    func streamWaits() {
        _ = contentPace.wait(nowMs: worker.clock.nowMs, count: movedCount, gapMs: 0)
    }

    /// A stream was given up since its client was slow. If no other one was faster meanwhile, and none came
    /// to its end, the connection is not worth keeping either.
    func streamWasSlow(rate: Int) {
        guard isServing, !link.isClosing,
            contentPace.isTooSlow(nowMs: worker.clock.nowMs, count: movedCount, rate: rate)
        else { return }
        worker.log(.info, connection, "all streams of the client are slower than \"client_min_rate\"")
        endGracefully()
    }

    /// What the kernel holds says nothing of the client's pace.
    var acknowledgedCount: Int64 {
        sentCount - Int64(transport.unacknowledgedCount + transport.gatheredCount)
    }

    /// Nothing was asked in time, or a head is not whole in time: what is under way is still answered.
    private func waitIsOver() {
        guard streamCount == 0 || isWaitingForHead else { return }
        if isWaitingForHead || !(input?.isEmpty ?? true) {
            worker.log(
                .info, connection,
                "client timed out (110: Connection timed out) while reading client request headers")
        }
        endGracefully()
    }

    func settleHeadTime(_ buffer: ByteBuffer, isAnother: Bool) {
        let wasWaiting = isWaitingForHead
        isWaitingForHead = link.isWithinHead(buffer)
        guard case .serving = state else { return }
        if isWaitingForHead {
            guard isAnother else { return }
            worker.set(readTimer, afterMs: server.clientHeaderTimeoutMs)
        } else if wasWaiting {
            awaitRequest()
        }
    }

    /// Nothing of a request is here: the next one has the time that an idle connection has.
    func awaitRequest() {
        guard streamCount == 0 else { return worker.cancel(readTimer) }
        worker.set(readTimer, afterMs: keepaliveTimeoutMs)
    }
}
