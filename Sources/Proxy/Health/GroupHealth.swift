internal import Net
internal import Upstream

/// What the checks of one group say of its servers.
final class GroupHealth {
    let group: PeerGroup
    /// For each server, a record for each check.
    private var records: [[HealthRecord]]
    private var reasons: [String]
    private(set) var isInPanic = false

    init(_ group: PeerGroup, checks: [HealthCheck]) {
        self.group = group
        records = group.peers.map { peer in
            checks.map { HealthRecord($0.settings, health: peer.state.health) }
        }
        reasons = group.peers.map { $0.state.reason.read() }
        isInPanic = group.isInPanic
    }

    func isChanging(_ peer: Int, _ record: Int) -> Bool { records[peer][record].isChanging }

    /// What a check's answer changed.
    enum Change: Equatable {
        case none
        /// The server is to be treated otherwise.
        case health(Health)
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
        group.settle(peer, health, nowMs: clock.nowMs, wallMs: clock.wallMs)
        return former.takesRequests && health.takesRequests ? .none : .health(health)
    }

    /// - Returns: whether the group went into panic or came out of it.
    func panicChanged() -> Bool {
        let now = group.isInPanic
        defer { isInPanic = now }
        return now != isInPanic
    }
}
