package import Net
package import Sharing
package import Upstream

extension StatusReport.Connections {
    /// Takes each number from where it is counted.
    package init(_ count: (Counter) -> Int) {
        accepted = count(.accepts)
        dropped = max(0, count(.accepts) - count(.handled))
        active = max(0, count(.active))
        reading = max(0, count(.reading))
        writing = max(0, count(.writing))
        idle = max(0, count(.waiting))
        requests = count(.requests)
        closedForRoom = count(.closedForRoom)
        refusedForRoom = count(.refusedForRoom)
        http2 = max(0, count(.http2Active))
        http2Requests = count(.http2Requests)
    }
}

extension StatusReport.Upstream {
    /// - Parameters:
    ///   - sum: what was counted of the group.
    ///   - waitingMax: requests that may wait in all workers together.
    package init(_ group: PeerGroup, _ servers: [StatusReport.Server], _ sum: TallySum, waitingMax: Int) {
        name = group.settings.name
        // A URL made of variables may be one of TLS as well.
        usesTLS = servers.contains { $0.sum[.handshakes] + $0.sum.failedHandshakes > 0 }
        zone = group.settings.zoneName
        self.servers = servers
        idleConnections = max(0, sum[.idle])
        queue = waitingMax > 0 ? (max(0, sum[.waiting]), waitingMax, sum[.overflows]) : nil
        zombies = 0
        isInPanic = group.isInPanic
        bindsRequests = group.settings.bindsRequests
    }
}

extension StatusReport.Server {
    /// - Parameter sum: what was counted of it.
    package init(_ group: PeerGroup, _ index: Int, _ sum: TallySum, _ clock: Clock) {
        let peer = group.peers[index]
        id = peer.settings.memberID ?? index
        settings = peer.settings
        failures = peer.state.fails
        self.sum = sum
        active = group.active(index, sum)
        connectionsMax = peer.connectionsMax
        checks = peer.state.checkTotals
        isChecked = group.settings.isChecked
        downtimeMs = peer.state.outMs(nowMs: clock.nowMs)
        let since = Int(peer.state.healthSinceMs)
        let rest = peer.state.restSinceMs
        let cause = sum.lastFailure.cause.text.isEmpty ? "" : ": \(sum.lastFailure.cause.text)"
        let banned = group.banAge(index, nowMs: clock.nowMs)
        let isFailing = StatusReport.Server.isFailing(sum, peer, clock)
        switch (peer.settings, peer.state.health) {
        case (let settings, _) where settings.isDown: (state, reason, sinceMs) = (.down, "marked down", rest)
        case (let settings, _) where settings.isUnresolved:
            (state, reason, sinceMs) = (.unavail, "its name has no address", 0)
        case (let settings, _) where settings.isDraining: (state, reason, sinceMs) = (.draining, "", rest)
        case (_, .draining): (state, reason, sinceMs) = (.draining, peer.state.reason.read(), since)
        case (_, .unhealthy): (state, reason, sinceMs) = (.unhealthy, peer.state.reason.read(), since)
        case (_, .checking): (state, reason, sinceMs) = (.checking, "not checked yet", since)
        case (_, .up), (_, .unchecked):
            if let banned {
                let attempts = "\(failures) failed attempt\(failures == 1 ? "" : "s")\(cause)"
                (state, reason, sinceMs) = (.unavail, attempts, Int(clock.wallMs) - banned)
            } else if isFailing {
                let ago = Int(clock.nowMs) - sum.lastFailure.atMs
                (state, reason, sinceMs) = (.up, "the last attempt failed\(cause)", Int(clock.wallMs) - ago)
            } else {
                (state, reason, sinceMs) = (.up, "", since)
            }
        }
        hindrance = banned != nil || isFailing ? .failing : group.isFull(index) ? .full : .nothing
    }

    /// What is known of it last is that an attempt failed: nobody got an answer since, and no check found it
    /// healthy again. Bans end by the clock; this does not. One that the checks have given up fails until a
    /// request has proved them wrong (`panic_threshold`).
    ///
    /// Where checks pass and requests fail, a check that passes says little of the requests: it ends this
    /// only when `fail_timeout` is over without another failure.
    private static func isFailing(_ sum: TallySum, _ peer: Peer, _ clock: Clock) -> Bool {
        let state = peer.state
        func wallMs(_ momentMs: Int) -> Int64 { clock.wallMs - (clock.nowMs - Int64(momentMs)) }
        func wasSinceCheck(_ momentMs: Int) -> Bool {
            momentMs > 0 && wallMs(momentMs) >= state.healthSinceMs
        }
        let failedMs = sum.lastFailure.atMs
        let hasFailed = failedMs > sum[.succeededMs]
        let quietMs = Int64(peer.settings.failTimeoutSeconds) * 1000
        return switch state.health {
        case .unhealthy: hasFailed || !wasSinceCheck(sum[.succeededMs])
        case .up:
            hasFailed && wasSinceCheck(failedMs)
                && wallMs(failedMs) + quietMs >= Int64(state.passedMs)
        case .unchecked, .checking, .draining: hasFailed
        }
    }
}
