internal import Sharing

/// The time that responses take, for groups that go by it (`wantsTimes`): their method does, or limits are
/// found by it.
extension PeerGroup {
    /// A request goes to a peer.
    func timingBegan(_ index: Int, _ selection: Selection, nowMs: Int64) {
        guard settings.method.timing?.countsUnfinished == true else { return }
        selection.unfinishedSinceMs = nowMs
        peers[index].state.unfinishedBegan(atMs: nowMs)
    }

    /// A peer that `pick` gave has sent a head that is passed on.
    ///
    /// - Parameter afterUs: microseconds since the attempt began.
    public func headArrived(_ index: Int, _ selection: Selection, afterUs: Int64, nowMs: Int64) {
        if findsLimits { noteAnswer(index, afterUs, nowMs) }
        guard let timing = settings.method.timing, case .header = timing.part else { return }
        waitEnded(index, selection)
        balancer.answered(peers[index], afterNs: PeerGroup.nanoseconds(afterUs), nowMs: nowMs)
    }

    /// An attempt has ended; called before `finished`. A response counts when it is whole.
    ///
    /// - Parameter afterUs: microseconds since the attempt began.
    public func timingEnded(
        _ index: Int, _ outcome: AttemptOutcome, _ selection: Selection, after time: (us: Int64, nowMs: Int64)
    ) {
        if findsLimits, case .failure = outcome { noteFailure(index, time.us, time.nowMs) }
        guard let timing = settings.method.timing else { return }
        waitEnded(index, selection)
        let ns = PeerGroup.nanoseconds(time.us)
        switch (outcome, timing.part) {
        case (.success, .lastByte): balancer.answered(peers[index], afterNs: ns, nowMs: time.nowMs)
        case (.failure, _): balancer.failed(peers[index], afterNs: ns, nowMs: time.nowMs)
        case (.success, .header), (.neutral, _): break
        }
    }

    private func waitEnded(_ index: Int, _ selection: Selection) {
        guard let since = selection.unfinishedSinceMs.take() else { return }
        peers[index].state.unfinishedEnded(begunAtMs: since)
    }

    /// At least one; beyond an hour, an hour.
    private static func nanoseconds(_ us: Int64) -> Int { Int(clamped(us)) * 1000 + 1 }
    private static func clamped(_ us: Int64) -> Int64 { min(max(us, 0), 3_600_000_000) }

    // MARK: Limits that are found

    private func noteAnswer(_ index: Int, _ us: Int64, _ nowMs: Int64) {
        guard let bounds = peers[index].settings.foundLimit else { return }
        peers[index].state.answered(afterUs: PeerGroup.clamped(us), nowMs: nowMs, within: bounds)
    }

    /// Who fails at once says nothing of how many it can serve; who is waited for in vain does.
    private func noteFailure(_ index: Int, _ us: Int64, _ nowMs: Int64) {
        if us > Int64(peers[index].state.usualAnswerUs) { noteAnswer(index, us, nowMs) }
    }

    /// Requests that its servers have, and those that they may have; `nil`: there is no limit to that.
    /// - Complexity: looks at all of them.
    var occupancy: (active: Int, places: Int)? {
        var active = 0
        var places = 0
        for peer in peers where peer.isUsable {
            let most = peer.connectionsMax
            guard most > 0 else { return nil }
            active &+= max(0, peer.state.connections)
            // Whoever reckons with it multiplies it.
            places = min(places + most, 1 << 32)
        }
        return (active, places)
    }

    /// How long an answer takes on average, where limits are found by that: in milliseconds.
    public var usualAnswerMs: Int64 {
        guard findsLimits else { return 0 }
        let us = peers.reduce(0) { $0 + $1.state.lateAnswerUs }
        return Int64(us / max(1, peers.count) / 1000)
    }

    /// A server that could serve has as many requests as were found to be good for it: it is no fault, but
    /// too much.
    public var isOverloaded: Bool {
        findsLimits
            && peers.contains { peer in
                peer.settings.foundLimit != nil && peer.isUsable && peer.state.health.takesRequests
                    && peer.isFull
            }
    }

    /// The same, or a server has room, which is due to others.
    public var isCrowded: Bool { isOverloaded || findsLimits && eligible.isOpen.contains(true) }
}
