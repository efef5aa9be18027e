internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// How long a peer may take: for what its streams wait for, and to say that it is there.
extension HTTP2PeerSession {
    /// Somebody is to be looked at then, if nobody is before.
    func watch(_ deadlineMs: Int64) {
        guard deadlineMs < lookMs, state == .open else { return }
        lookMs = deadlineMs
        connection.arm(connection.readTimer, afterMs: Int(max(0, deadlineMs - worker.clock.nowMs)))
    }

    func timedOut() {
        switch state {
        case .opening: loseAll { $0.late() }
        case .open: look()
        case .closed: break
        }
    }

    /// The timer is set for the earliest deadline once, and not put off with it.
    private func look() {
        lookMs = .max
        let nowMs = worker.clock.nowMs
        if stuckMs <= nowMs { return loseAll { $0.late() } }
        if pongMs <= nowMs { return lose("upstream does not answer PING", .timeout) }
        for stream in streams { stream?.look(nowMs) }
        for stream in waiting { stream.look(nowMs) }
        for stream in lingering { stream.look(nowMs) }
        guard state == .open else { return }
        watch(stuckMs)
        watchSilence(nowMs)
        for stream in streams { if let stream { watch(stream.deadlineMs) } }
        for stream in waiting { watch(stream.deadlineMs) }
        for stream in lingering { watch(stream.deadlineMs) }
        settle()
    }

    /// A peer that owes responses and has been silent is asked whether it is there: one that is slow says so,
    /// a connection that is dead says nothing. Servers of gRPC do not like to be asked often.
    func watchSilence(_ nowMs: Int64) {
        guard terms.pingMs > 0, streamCount > 0 else { return pongMs = .max }
        guard pongMs == .max else { return watch(pongMs) }
        let dueMs = lastReceivedMs + Int64(terms.pingMs)
        guard dueMs <= nowMs else { return watch(dueMs) }
        FrameWriter.ping(0, to: pendingOut)
        pongMs = nowMs + Int64(terms.pingMs)
        watch(pongMs)
        post()
    }

    /// A request had no answer in time. Where nothing else came either since it began, the connection may be
    /// dead: no other one is to begin over it.
    func wasLate(since beganMs: Int64) {
        if lastReceivedMs <= beganMs { retire() }
    }
}
