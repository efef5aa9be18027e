internal import Net

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

    /// - Parameter table: where the state is shared; `nil`: it is this worker's own.
    public init(_ settings: UpstreamSettings, table: PeerStateTable?) {
        self.settings = settings
        nameBytes = Array(settings.name.utf8)
        let ordered = settings.peers.filter { !$0.isBackup } + settings.peers.filter(\.isBackup)
        let own = table == nil ? SharedMemoryOfOneProcess(peers: ordered.count) : nil
        var made: [Peer] = []
        for (position, peer) in ordered.enumerated() {
            let identity = "\(settings.name) \(peer.name) \(position)"
            guard let state = table?.state(for: identity) ?? own?.state(position) else { continue }
            made.append(Peer(peer, state: state))
        }
        peers = made
        let primaryCount = made.count { !$0.settings.isBackup }
        primaries = 0..<primaryCount
        backups = primaryCount..<made.count
        isSingle = made.count == 1
        balancer = BalancingMethods.make(settings.method, made, 0..<primaryCount)
    }

    /// Peers that one request may be tried at.
    public var triesMax: Int { peers.count }

    // MARK: Choosing

    /// Chooses a peer that the request was not tried at.
    ///
    /// - Parameter nowSeconds: of a clock that never goes back.
    public func pick(_ selection: Selection, nowSeconds: Int64) -> Pick {
        if isSingle {
            guard !peers[0].settings.isDown, !isFull(0) else { return .none }
            return chosen(0, selection)
        }
        if !selection.usesBackups {
            if let index = balancer.pick(from: self, selection, nowSeconds: nowSeconds) {
                return chosen(index, selection)
            }
            guard !backups.isEmpty else {
                selection.forgetTried()
                return .none
            }
            selection.usesBackups = true
        }
        guard let index = backupBalancer.pick(from: self, in: backups, selection, nowSeconds: nowSeconds)
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

    /// Whether a peer may be chosen: the one rule, for all methods.
    func isEligible(_ index: Int, _ selection: Selection, nowSeconds: Int64) -> Bool {
        let peer = peers[index]
        if selection.hasTried(index) || peer.settings.isDown || isFull(index) { return false }
        return !isBanned(peer, nowSeconds)
    }

    private func isFull(_ index: Int) -> Bool {
        let peer = peers[index]
        return peer.settings.maxConnections > 0 && peer.state.connections >= peer.settings.maxConnections
    }

    /// It failed too often, and not so long ago.
    private func isBanned(_ peer: Peer, _ now: Int64) -> Bool {
        let settings = peer.settings
        return settings.maxFails > 0 && peer.state.fails >= settings.maxFails
            && now - peer.state.checked <= Int64(settings.failTimeoutSeconds)
    }

    /// A chosen peer's window begins anew when the last one is over.
    func noteChoice(_ index: Int, nowSeconds: Int64) {
        let peer = peers[index]
        if nowSeconds - peer.state.checked > Int64(peer.settings.failTimeoutSeconds) {
            peer.state.checked = nowSeconds
        }
    }

    // MARK: The account

    /// An attempt at a peer that `pick` gave has ended.
    public func finished(_ index: Int, _ outcome: AttemptOutcome, nowSeconds: Int64) {
        let peer = peers[index]
        peer.state.connectionEnded()
        if isSingle { return }
        switch outcome {
        case .failure:
            peer.state.countFailure()
            peer.state.accessed = nowSeconds
            peer.state.checked = nowSeconds
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
}

/// State of peers that no other process sees.
private struct SharedMemoryOfOneProcess {
    private let memory: SharedMemory?

    init(peers: Int) {
        memory = SharedMemory.ownedByProcess(count: max(peers, 1) * PeerState.numbersEach)
    }

    func state(_ slot: Int) -> PeerState? {
        memory.map { PeerState($0, slot: slot) }
    }
}
