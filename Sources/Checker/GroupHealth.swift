internal import Net
internal import Proxy
internal import Sharing
internal import Upstream

/// What the checks of one group say of its servers.
final class GroupHealth {
    let group: PeerGroup
    /// For each server, a record for each check.
    private var records: [[HealthRecord]]
    private var reasons: [String]
    /// Where each server stands.
    private let places: [String: Int]
    private(set) var isInPanic = false

    /// - Parameter former: what was known of the group until now: it goes on for servers that stay.
    init(_ group: PeerGroup, checks: [HealthCheck], former: GroupHealth? = nil) {
        self.group = group
        places = Dictionary(
            group.peers.enumerated().map { ($0.element.tallyName, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let known = group.peers.map { peer in former?.places[peer.tallyName] }
        records = group.peers.enumerated().map { index, peer in
            if let former, let old = known[index] { return former.records[old] }
            return checks.map { HealthRecord($0.settings, health: peer.state.health) }
        }
        reasons = group.peers.enumerated().map { index, peer in
            if let former, let old = known[index] { return former.reasons[old] }
            return peer.state.reason.read()
        }
        isInPanic = former?.isInPanic ?? group.isInPanic
    }

    /// Where a server of the group as it was stands now; `nil`: it is gone.
    func peer(thatWas peer: Int, of former: GroupHealth) -> Int? {
        places[former.group.peers[peer].tallyName]
    }

    func isChanging(_ peer: Int, _ record: Int) -> Bool { records[peer][record].isChanging }

    /// What a check's answer changed.
    enum Change: Equatable {
        case none
        /// The server is to be treated otherwise; what it was until now had lasted so long.
        case health(Health, lastedMs: Int)
    }

    /// Takes in an answer; what all checks together say goes to the shared state.
    func note(_ answer: HealthRecord.Answer, _ reason: String, peer: Int, record: Int, clock: Clock) -> Change
    {
        let state = group.peers[peer].state
        state.countCheck(passed: answer == .passed, wallMs: clock.wallMs)
        let changedRecord = records[peer][record].note(answer)
        let health = Health.worst(records[peer].lazy.map(\.health))
        // A check that passes does not hide why another one fails.
        if reasons[peer] != reason, answer != .passed || health.takesRequests {
            reasons[peer] = reason
            state.reason.write(reason)
        }
        let former = state.health
        guard changedRecord, health != former else { return .none }
        let since = state.healthSinceMs
        group.settle(peer, health, nowMs: clock.nowMs, wallMs: clock.wallMs)
        if former.takesRequests && health.takesRequests { return .none }
        return .health(health, lastedMs: since > 0 ? max(0, Int(clock.wallMs - since)) : 0)
    }

    /// - Returns: whether the group went into panic or came out of it.
    func panicChanged() -> Bool {
        let now = group.isInPanic
        defer { isInPanic = now }
        return now != isInPanic
    }
}
