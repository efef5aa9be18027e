import Net
import Sharing

@testable import Upstream

/// nginx's choosing written down the straightforward way: every peer is judged and moved for every choice.
/// What the fast implementation is held against.

/// What all workers know of one peer.
final class ReferenceState {
    var fails = 0
    var accessed: Int64 = 0
    var checked: Int64 = 0
    var connections = 0
    var health = Health.unchecked
    var slowStartMs: Int64 = 0
}

/// What all workers of a service share.
final class ReferenceZone {
    private var states: [String: ReferenceState] = [:]

    func state(of server: String) -> ReferenceState {
        if let known = states[server] { return known }
        let made = ReferenceState()
        states[server] = made
        return made
    }
}

/// A group of servers with different names in one worker.
final class ReferenceGroup {
    let settings: UpstreamSettings
    let peers: [PeerSettings]
    let states: [ReferenceState]
    private(set) var current: [Int]
    private(set) var effective: [Int]

    init(_ settings: UpstreamSettings, _ zone: ReferenceZone, former: ReferenceGroup? = nil) {
        self.settings = settings
        peers = settings.peers.filter { !$0.isBackup } + settings.peers.filter(\.isBackup)
        states = peers.map { zone.state(of: $0.name) }
        current = peers.map { _ in 0 }
        effective = peers.map(\.weight)
        for (index, peer) in peers.enumerated() {
            guard let former, let old = former.peers.firstIndex(where: { $0.name == peer.name }),
                former.peers[old].weight == peer.weight
            else { continue }
            current[index] = former.current[old]
            effective[index] = former.effective[old]
        }
    }

    private var isInPanic: Bool {
        let usable = peers.indices.filter {
            !peers[$0].isDown && !peers[$0].isDraining && !peers[$0].isUnresolved
        }
        if usable.contains(where: { peers[$0].isBackup && states[$0].health.takesRequests }) { return false }
        let serving = usable.filter {
            !peers[$0].isBackup && (states[$0].health.takesRequests || states[$0].health == .unhealthy)
        }
        let healthy = serving.filter { states[$0].health.takesRequests }
        return settings.isChecked && healthy.count * 100 < settings.panicThreshold * serving.count
    }

    private func isEligible(_ index: Int, _ tried: Set<Int>, _ nowMs: Int64) -> Bool {
        let peer = peers[index]
        let state = states[index]
        if peer.isDown || peer.isDraining || peer.isUnresolved { return false }
        if peer.maxConnections > 0 && state.connections >= peer.maxConnections { return false }
        if !state.health.takesRequests && !(isInPanic && state.health == .unhealthy) { return false }
        if peers.count == 1 { return true }
        let isBanned =
            peer.maxFails > 0 && state.fails >= peer.maxFails
            && nowMs / 1000 - state.checked <= Int64(peer.failTimeoutSeconds)
        return !isBanned && !tried.contains(index)
    }

    /// - Returns: `nil`: it has all of its weight.
    private func rampedMs(_ index: Int, _ nowMs: Int64) -> Int? {
        let elapsed = Int(nowMs - states[index].slowStartMs)
        return states[index].slowStartMs > 0 && elapsed < peers[index].slowStartMs ? elapsed : nil
    }

    private func ramped(_ index: Int, _ amount: Int, _ nowMs: Int64) -> Int {
        rampedMs(index, nowMs).map { amount * $0 / peers[index].slowStartMs } ?? amount
    }

    private func takeTurn(_ indices: [Int], _ nowMs: Int64) -> Int? {
        var best: Int?
        var total = 0
        for index in indices {
            let share = ramped(index, effective[index] << 10, nowMs)
            current[index] += share
            total += share
            if effective[index] < peers[index].weight { effective[index] += 1 }
            if best.map({ current[index] > current[$0] }) ?? true { best = index }
        }
        if let best { current[best] -= total }
        return best
    }

    /// The sign of a's load less b's.
    private func compare(_ a: Int, _ b: Int, _ nowMs: Int64) -> Int {
        guard rampedMs(a, nowMs) != nil || rampedMs(b, nowMs) != nil else {
            return states[a].connections * peers[b].weight - states[b].connections * peers[a].weight
        }
        let weightOfA = ramped(a, peers[a].weight << 10, nowMs)
        let weightOfB = ramped(b, peers[b].weight << 10, nowMs)
        return (states[a].connections + 1) * weightOfB - (states[b].connections + 1) * weightOfA
    }

    private func leastConnections(_ indices: [Int], _ nowMs: Int64) -> Int? {
        guard var best = indices.first else { return nil }
        var isTied = false
        for index in indices.dropFirst() {
            let order = compare(index, best, nowMs)
            if order < 0 { best = index }
            if order <= 0 { isTied = order == 0 }
        }
        guard isTied else { return best }
        return takeTurn(indices.filter { $0 >= best && compare($0, best, nowMs) == 0 }, nowMs) ?? best
    }

    /// Chooses, and takes the choice down.
    func pick(tried: inout Set<Int>, usesBackups: inout Bool, nowMs: Int64) -> Int? {
        guard peers.count > 1 else {
            guard isEligible(0, tried, nowMs) else { return nil }
            states[0].connections += 1
            return 0
        }
        var found: Int?
        if !usesBackups {
            let open = peers.indices.filter { !peers[$0].isBackup && isEligible($0, tried, nowMs) }
            let isLeast = settings.method.name == "least_conn"
            found = isLeast ? leastConnections(open, nowMs) : takeTurn(open, nowMs)
            usesBackups = found == nil && peers.contains(where: \.isBackup)
        }
        if usesBackups {
            found = takeTurn(
                peers.indices.filter { peers[$0].isBackup && isEligible($0, tried, nowMs) }, nowMs)
        }
        guard let found else {
            tried = []
            return nil
        }
        tried.insert(found)
        states[found].connections += 1
        let state = states[found]
        if nowMs / 1000 - state.checked > Int64(peers[found].failTimeoutSeconds) {
            state.checked = nowMs / 1000
            if peers[found].maxFails > 0 && state.fails >= peers[found].maxFails {
                beginSlowStart(found, nowMs)
            }
        }
        return found
    }

    private func beginSlowStart(_ index: Int, _ nowMs: Int64) {
        if peers[index].slowStartMs > 0 { states[index].slowStartMs = nowMs }
    }

    func finished(_ index: Int, _ outcome: AttemptOutcome, nowMs: Int64) {
        let state = states[index]
        state.connections -= 1
        if peers.count == 1 { return }
        switch outcome {
        case .failure:
            state.fails += 1
            state.accessed = nowMs / 1000
            state.checked = nowMs / 1000
            if peers[index].maxFails > 0 {
                effective[index] = max(0, effective[index] - peers[index].weight / peers[index].maxFails)
            }
        case .success: if state.accessed < state.checked { state.fails = 0 }
        case .neutral: break
        }
    }

    func settle(_ index: Int, _ health: Health, nowMs: Int64) {
        let state = states[index]
        if health.takesRequests && !state.health.takesRequests {
            state.fails = 0
            beginSlowStart(index, nowMs)
        }
        state.health = health
    }
}
