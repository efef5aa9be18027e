internal import Sharing

/// The time that responses take, for groups that go by it (`wantsTimes`).
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
    private static func nanoseconds(_ us: Int64) -> Int { Int(min(max(us, 0), 3_600_000_000)) * 1000 + 1 }
}
