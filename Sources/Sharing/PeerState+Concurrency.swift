/// `max_conns=auto`: what has been found of a peer, and what is counted until the next look. All workers
/// count together where they share the peer's state; whichever finds that a window is over looks.
extension PeerState {
    /// So many answers make a window, or a few after a second. While it doubles nothing has to be exact.
    private static var answersEnough: Int { 50 }
    private static var answersToBegin: Int { 10 }
    private static var answersLeast: Int { 5 }
    private static var patienceMs: Int64 { 900 }

    /// The limit is to be found within these bounds. What was found before, perhaps within others, goes on.
    public func adapt(within bounds: ClosedRange<Int>) {
        if read(.estimate) <= 0 { found = ConcurrencyLimit(floor: bounds.lowerBound) }
        limit = found.allowed(bounds)
    }

    /// The peer has a limit that is not to be found, or none: what was found before is not known any more.
    public func setLimit(_ count: Int) {
        write(.estimate, 0)
        limit = count
    }

    /// What is known. One who reads while another one writes may see some of both: that is mended with the
    /// next window.
    private(set) var found: ConcurrencyLimit {
        get {
            var found = ConcurrencyLimit(floor: 1)
            found.estimate = min(max(read(.estimate), 1), 1 << 41)
            found.phase = ConcurrencyLimit.Phase(rawValue: read(.phase)) ?? .steady
            found.baseUs = min(max(read(.baseUs), 0), 1 << 41)
            found.baseSinceMs = Int64(read(.baseSinceMs))
            found.formerUs = min(max(read(.formerUs), 0), 1 << 41)
            found.fallingFrom = min(max(read(.fallingFrom), 0), 1 << 41)
            found.fallingFromUs = min(max(read(.fallingFromUs), 0), 1 << 41)
            return found
        }
        set {
            write(.estimate, newValue.estimate)
            write(.phase, newValue.phase.rawValue)
            write(.baseUs, newValue.baseUs)
            write(.baseSinceMs, Int(newValue.baseSinceMs))
            write(.formerUs, newValue.formerUs)
            write(.fallingFrom, newValue.fallingFrom)
            write(.fallingFromUs, newValue.fallingFromUs)
        }
    }

    /// How long an answer takes where requests do not wait for each other, as far as is known.
    public var usualAnswerUs: Int { max(0, read(.baseUs)) }

    /// How long answers took on average of late; 0: not known.
    public var lateAnswerUs: Int { max(0, min(read(.formerUs), 3_600_000_000)) }

    /// A request has been answered, or has failed after so long that it counts as a slow one.
    public func answered(afterUs us: Int64, nowMs: Int64, within bounds: ClosedRange<Int>) {
        guard nowMs - us / 1000 >= Int64(read(.windowBegan)) else { return }
        if case let count = connections, count > read(.requestsMax) { write(.requestsMax, count) }
        add(.answersUs, Int(us))
        let count = add(.answers, 1)
        let end = read(.windowEnd)
        let isBeginning = read(.phase) == ConcurrencyLimit.Phase.beginning.rawValue
        let enough = isBeginning ? PeerState.answersToBegin : PeerState.answersEnough
        let isOver =
            Int64(end) <= nowMs && count >= enough
            || Int64(end) + PeerState.patienceMs <= nowMs && count >= PeerState.answersLeast
        // One who dies after this leaves the window to the next one.
        guard isOver, takeTurn(at: .windowEnd, from: end, to: Int(nowMs) + 100) else { return }
        let window = ConcurrencyLimit.Window(
            meanUs: read(.answersUs) / count, requestsMax: read(.requestsMax), endMs: nowMs)
        var found = found
        found.follow(window, bounds)
        self.found = found
        limit = found.allowed(bounds)
        let next = found.nextWindow
        write(.windowBegan, Int(nowMs + next.waitMs))
        write(.requestsMax, 0)
        write(.answersUs, 0)
        write(.answers, 0)
        write(.windowEnd, Int(nowMs + next.waitMs + next.lengthMs))
    }
}
