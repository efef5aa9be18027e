public import Net

/// A group of peers and its way of choosing; a worker's own.
///
/// Eligibility and the account of failures are judged here, once for all methods. Peers stand in the
/// order of the configuration, primaries before backups.
public final class PeerGroup {
    /// The block that the group was made from.
    public let settings: UpstreamSettings
    /// Primaries, then backups.
    public let peers: [Peer]
    /// The name's bytes, for logs.
    public let nameBytes: [UInt8]
    /// Where the group stands among the worker's groups.
    public var index = 0
    /// Indices of the peers that are not backups.
    public let primaries: Range<Int>
    /// Indices of the peers that are tried when no primary is usable.
    public let backups: Range<Int>
    /// A group of one peer: it is never taken out.
    private let isSingle: Bool
    private let balancer: any Balancer
    private let backupBalancer = RoundRobin()
    /// Peers whose place in the shared table nobody had before.
    private let freshPeers: [Int]

    /// - Parameters:
    ///   - table: where the state is shared; `nil`: it is this worker's own.
    ///   - former: the group of this name until now: what a worker alone knew of its peers goes on.
    ///   - tallies: where requests to the peers are counted; `nil`: nowhere.
    public init(
        _ settings: UpstreamSettings, table: PeerStateTable?, former: PeerGroup? = nil,
        tallies: TallyTable? = nil
    ) {
        self.settings = settings
        nameBytes = Array(settings.name.utf8)
        let ordered = settings.peers.filter { !$0.isBackup } + settings.peers.filter(\.isBackup)
        var own = OwnStates(peers: ordered.count)
        var made: [Peer] = []
        var seen: [String: Int] = [:]
        var fresh: [Int] = []
        for (position, peer) in ordered.enumerated() {
            // The same address may stand there twice.
            seen[peer.name, default: 0] += 1
            let identity = "\(settings.name) \(peer.name) \(seen[peer.name] ?? 1)"
            let shared = table?.state(for: identity)
            if shared?.isNew == true { fresh.append(position) }
            let kept = former?.peer(named: peer.name, occurrence: seen[peer.name] ?? 1)
            let state = shared?.state ?? kept?.state ?? own.state(position)
            let next = Peer(peer, state: state, tallyName: "server \(identity)", tallies: tallies)
            if let kept, kept.settings.weight == peer.weight { next.takeTurns(from: kept) }
            made.append(next)
        }
        peers = made
        freshPeers = fresh
        let primaryCount = made.count { !$0.settings.isBackup }
        primaries = 0..<primaryCount
        backups = primaryCount..<made.count
        isSingle = made.count == 1
        balancer = BalancingMethods.make(settings.method, made, 0..<primaryCount)
    }

    private func peer(named name: String, occurrence: Int) -> Peer? {
        var seen = 0
        for peer in peers where peer.settings.name == name {
            seen += 1
            if seen == occurrence { return peer }
        }
        return nil
    }

    /// Peers that one request may be tried at.
    public var triesMax: Int { peers.count }

    // MARK: Choosing

    /// Chooses a peer that the request was not tried at.
    ///
    /// - Parameter nowMs: of a clock that never goes back.
    public func pick(_ selection: Selection, nowMs: Int64) -> Pick {
        selection.disregardsHealth = isInPanic
        if isSingle {
            let peer = peers[0]
            guard peer.isUsable, !isFull(0), peer.state.health.takesRequests || selection.disregardsHealth
            else { return .none }
            return chosen(0, selection)
        }
        if !selection.usesBackups {
            if let index = balancer.pick(from: self, selection, nowMs: nowMs) {
                return chosen(index, selection)
            }
            guard !backups.isEmpty else {
                selection.forgetTried()
                return .none
            }
            selection.usesBackups = true
        }
        guard let index = backupBalancer.pick(from: self, in: backups, selection, nowMs: nowMs)
        else {
            selection.forgetTried()
            return .none
        }
        return chosen(index, selection)
    }

    private func chosen(_ index: Int, _ selection: Selection) -> Pick {
        selection.markTried(index)
        peers[index].state.connectionBegan()
        return .peer(index)
    }

    /// A peer that was chosen is tried once more for the same request: its turn was not used.
    public func retake(_ index: Int) { peers[index].state.connectionBegan() }

    /// Whether a peer may be chosen: the one rule, for all methods.
    func isEligible(_ index: Int, _ selection: Selection, nowMs: Int64) -> Bool {
        let peer = peers[index]
        if selection.hasTried(index) || !peer.isUsable || isFull(index) { return false }
        guard peer.state.health.takesRequests || selection.disregardsHealth else { return false }
        return !isBanned(peer, nowMs)
    }

    /// It has all the connections that it may have.
    private func isFull(_ index: Int) -> Bool {
        let peer = peers[index]
        return peer.settings.maxConnections > 0 && peer.state.connections >= peer.settings.maxConnections
    }

    /// It failed too often, and not so long ago. As in nginx, in whole seconds.
    private func isBanned(_ peer: Peer, _ nowMs: Int64) -> Bool {
        let settings = peer.settings
        return settings.maxFails > 0 && peer.state.fails >= settings.maxFails
            && nowMs / 1000 - peer.state.checked <= Int64(settings.failTimeoutSeconds)
    }

    /// For how long a peer has been out for its failures, in milliseconds; `nil`: it is not.
    public func banAge(_ index: Int, nowMs: Int64) -> Int? {
        guard peers.count > 1, isBanned(peers[index], nowMs) else { return nil }
        return Int(max(0, nowMs - peers[index].state.checked * 1000))
    }

    /// A chosen peer's window begins anew when the last one is over.
    func noteChoice(_ index: Int, nowMs: Int64) {
        let peer = peers[index]
        guard nowMs / 1000 - peer.state.checked > Int64(peer.settings.failTimeoutSeconds) else { return }
        peer.state.checked = nowMs / 1000
        // Its ban is over: this request is the first to try it again.
        if peer.settings.maxFails > 0 && peer.state.fails >= peer.settings.maxFails {
            peer.beginSlowStart(nowMs: nowMs)
        }
    }

    // MARK: Panic

    /// So few servers are healthy that the checks themselves are doubted, or all must help: every server
    /// is used (`panic_threshold`).
    public var isInPanic: Bool {
        guard settings.panicThreshold > 0, settings.isChecked else { return false }
        let (healthy, all) = healthyPrimaries
        return healthy * 100 < settings.panicThreshold * all
    }

    /// Servers that the checks find healthy, and all that are meant to serve.
    public var healthyPrimaries: (healthy: Int, all: Int) {
        var healthy = 0
        var all = 0
        for index in primaries where !peers[index].settings.isDown {
            all += 1
            if peers[index].state.health.takesRequests { healthy += 1 }
        }
        return (healthy, all)
    }

    /// What a peer's state is called: nginx's `up`, `draining`, `down`, `unavail`, `checking`, `unhealthy`.
    public func stateName(_ index: Int, nowMs: Int64) -> String {
        let peer = peers[index]
        if peer.settings.isDown { return "down" }
        if peer.settings.isUnresolved { return "unavail" }
        if !peer.state.health.takesRequests { return peer.state.health.name }
        if peer.settings.isDraining { return "draining" }
        return !isSingle && isBanned(peer, nowMs) || isFull(index) ? "unavail" : "up"
    }

    // MARK: The account

    /// An attempt at a peer that `pick` gave has ended.
    public func finished(_ index: Int, _ outcome: AttemptOutcome, nowMs: Int64) {
        let peer = peers[index]
        peer.state.connectionEnded()
        if case .failure = outcome { peer.tally?.add(.failures) }
        if isSingle { return }
        switch outcome {
        case .failure:
            peer.state.countFailure()
            peer.state.accessed = nowMs / 1000
            peer.state.checked = nowMs / 1000
            if peer.settings.maxFails > 0 {
                peer.effectiveWeight -= peer.settings.weight / peer.settings.maxFails
                peer.effectiveWeight = max(peer.effectiveWeight, 0)
            }
        case .success:
            // Cleared by a success that came after the window of its failures.
            if peer.state.accessed < peer.state.checked { peer.state.fails = 0 }
        case .neutral:
            break
        }
    }

    /// The checks changed what they say of a peer. Called by the checker alone.
    public func settle(_ index: Int, _ health: Health, nowMs: Int64, wallMs: Int64) {
        let peer = peers[index]
        let former = peer.state.health
        peer.state.healthSinceMs = wallMs
        if health == .unhealthy && former != .unhealthy { peer.state.countUnhealthy() }
        if health.takesRequests && !former.takesRequests {
            // Failures of the time before say nothing any more.
            peer.state.fails = 0
            peer.beginSlowStart(nowMs: nowMs)
        }
        peer.state.health = health
    }

    /// Servers that were not there before begin as they should. Called once, before workers see them.
    ///
    /// - Parameters:
    ///   - isStart: the whole service begins: nobody has to be spared.
    ///   - isMandatory: a check must pass before a new server is used.
    public func begin(isStart: Bool, isMandatory: Bool, nowMs: Int64, wallMs: Int64) {
        for index in freshPeers {
            let peer = peers[index]
            if isMandatory {
                peer.state.health = .checking
                peer.state.healthSinceMs = wallMs
            }
            if !isStart { peer.beginSlowStart(nowMs: nowMs) }
        }
        guard !settings.isChecked else { return }
        // Nobody checks them any more: what the last check said must not last for ever.
        for peer in peers where !peer.state.health.takesRequests { peer.state.health = .unchecked }
    }
}

/// State of peers that no other process sees.
private struct OwnStates {
    private let count: Int
    private var memory: SharedMemory?

    init(peers: Int) {
        count = max(peers, 1) * PeerState.numbersEach
    }

    mutating func state(_ slot: Int) -> PeerState {
        if memory == nil { memory = try? SharedMemory(privateCount: count) }
        guard let memory else { preconditionFailure("out of memory for the state of servers") }
        return PeerState(memory, slot: slot)
    }
}
