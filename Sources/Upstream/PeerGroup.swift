internal import Net
public import Sharing

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
    private var isSingle: Bool { peers.count == 1 }
    /// Other workers see the peers' state, and change it.
    public let isShared: Bool
    let balancer: any Balancer
    /// Whether it goes by the time that responses take.
    public let wantsTimes: Bool
    /// What clients are bound to servers by (`sticky`); `nil`: they are not.
    let serverIDs: ServerIDs?
    /// Some of its peers have limits that are found (`max_conns=auto`).
    let findsLimits: Bool
    /// Which peers may be chosen now.
    let eligible: EligiblePeers
    /// Whose turn it is.
    let turns: Turns
    /// Changes of peers that no other process sees.
    private let ownJournal: ChangeJournal?
    /// Peers whose state was to be shared, and found no place: each process has its own of them.
    let unsharedCount: Int

    /// - Parameters:
    ///   - table: where the state is shared; `nil`: it is this worker's own.
    ///   - former: the group of this name until now: what a worker alone knew of its peers goes on.
    ///   - tallies: where requests to the peers are counted; `nil`: nowhere.
    public init(
        _ settings: UpstreamSettings, table: PeerStateTable?, former: PeerGroup? = nil,
        tallies: TallyTable? = nil
    ) {
        self.settings = settings
        isShared = table != nil
        nameBytes = Array(settings.name.utf8)
        let identified = settings.identifiedPeers
        var own = OwnStates(peers: identified.count, journal: former?.ownJournal)
        let known = former?.identities ?? [:]
        var shared: [PeerState?] = identified.map { _ in nil }
        table?.exclusively {
            for (position, entry) in identified.enumerated() {
                let beginning = PeerBeginning(settings, entry.peer)
                shared[position] =
                    table?.state(
                        for: entry.identity, in: settings.name, beginning: beginning)?.state
            }
        }
        unsharedCount = table == nil ? 0 : shared.count { $0 == nil }
        var made: [Peer] = []
        var addresses: [SocketAddress: Int] = [:]
        let tallyNames = settings.tallyNames
        let counts = tallies?.exclusively { tallyNames.map { tallies?.row(named: $0) } } ?? []
        for (position, (peer, identity)) in identified.enumerated() {
            let kept = known[identity].flatMap { former?.peers[$0].state }
            let state = shared[position] ?? kept ?? own.state(position)
            if let bounds = peer.foundLimit {
                state.adapt(within: bounds)
            } else {
                state.setLimit(peer.maxConnections)
            }
            let addressIndex = addresses[peer.address] ?? position
            addresses[peer.address] = addressIndex
            made.append(
                Peer(
                    peer, addressIndex: addressIndex, state: state, tallyName: tallyNames[position],
                    tally: counts.isEmpty ? nil : counts[position]))
        }
        peers = made
        ownJournal = own.journal
        triesMax = made.count { $0.isUsable }
        let primaryCount = made.count { !$0.settings.isBackup }
        primaries = 0..<primaryCount
        backups = primaryCount..<made.count
        balancer = settings.method.make(made, 0..<primaryCount)
        findsLimits = made.contains { $0.settings.foundLimit != nil }
        wantsTimes = settings.method.timing != nil || findsLimits
        eligible = EligiblePeers(
            made, primaries, panicThreshold: settings.isChecked ? settings.panicThreshold : 0)
        turns = Turns(made, [primaries, backups])
        serverIDs = settings.sticky == nil ? nil : ServerIDs(made)
        guard let former else { return }
        for (identity, index) in identities {
            if let old = known[identity] { made[index].sharedMax = former.peers[old].sharedMax }
            guard let old = known[identity], former.peers[old].settings.weight == made[index].settings.weight
            else { continue }
            turns.adopt(index, former.turns.standing(old))
        }
    }

    /// What the group's own numbers are found by.
    public var tallyName: String { "upstream \(settings.name)" }

    /// Servers that are not of the group any more and still have requests.
    public func zombies(in table: PeerStateTable) -> Int {
        isShared ? table.busyCount(in: settings.name, besides: peers.map(\.state.number)) : 0
    }

    /// It has all the connections that it may have.
    public func isFull(_ index: Int) -> Bool { peers[index].isFull }

    /// Requests that a peer has now, over all workers.
    public func active(_ index: Int, _ sum: TallySum) -> Int {
        max(0, isShared ? peers[index].state.connections : sum[.processing])
    }

    /// Where each peer stands.
    private var identities: [String: Int] {
        Dictionary(
            settings.identifiedPeers.enumerated().map { ($0.element.identity, $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Peers that one request may be tried at: those that never serve are no tries.
    public let triesMax: Int

    // MARK: Choosing

    /// Chooses a peer that the request was not tried at.
    ///
    /// - Parameter nowMs: of a clock that never goes back.
    public func pick(_ selection: Selection, nowMs: Int64) -> Pick {
        eligible.follow(nowMs: nowMs)
        if !eligible.changed.isEmpty { turns.follow(eligible.changed, eligible.isOpen, nowMs: nowMs) }
        if isSingle {
            // Nobody asks what a request was tried at where there is nothing to choose.
            guard eligible.isOpen[0] || boundPeer(of: selection, among: 0..<1, nowMs: nowMs) != nil else {
                return .none
            }
            began(0, selection, nowMs)
            return .peer(0)
        }
        if !selection.usesBackups {
            if selection.bound >= 0, let index = boundPeer(of: selection, among: primaries, nowMs: nowMs) {
                balancer.noteBound(index, of: self, nowMs: nowMs)
                noteChoice(index, nowMs: nowMs)
                return chosen(index, selection, nowMs)
            }
            if let index = balancer.pick(from: self, selection, nowMs: nowMs) {
                return chosen(index, selection, nowMs)
            }
            guard !backups.isEmpty else {
                selection.forgetTried()
                return .none
            }
            selection.usesBackups = true
        }
        let bound =
            selection.bound < 0 ? nil : boundPeer(of: selection, among: backups, nowMs: nowMs)
        guard let index = bound ?? turns.take(1, eligible.isOpen, selection, nowMs: nowMs) else {
            selection.forgetTried()
            return .none
        }
        noteChoice(index, nowMs: nowMs)
        return chosen(index, selection, nowMs)
    }

    private func chosen(_ index: Int, _ selection: Selection, _ nowMs: Int64) -> Pick {
        selection.markTried(index)
        began(index, selection, nowMs)
        return .peer(index)
    }

    /// A peer that was chosen is tried once more for the same request: its turn was not used.
    public func retake(_ index: Int, _ selection: Selection, nowMs: Int64) {
        began(index, selection, nowMs)
    }

    private func began(_ index: Int, _ selection: Selection, _ nowMs: Int64) {
        if wantsTimes { timingBegan(index, selection, nowMs: nowMs) }
        let peer = peers[index]
        peer.began()
        // Other workers do not see the state of a group without a zone.
        if !isShared { peer.tally?.add(.processing) }
    }

    /// Whether a peer may be chosen for a request.
    func isEligible(_ index: Int, _ selection: Selection) -> Bool {
        eligible.isOpen[index] && !selection.hasTried(index)
    }

    /// For how long a peer has been out for its failures, in milliseconds; `nil`: it is not.
    public func banAge(_ index: Int, nowMs: Int64) -> Int? {
        guard !isSingle, peers[index].isBanned(nowMs: nowMs) else { return nil }
        return Int(max(0, nowMs - peers[index].state.checked * 1000))
    }

    /// A chosen peer's window begins anew when the last one is over.
    func noteChoice(_ index: Int, nowMs: Int64) {
        let peer = peers[index]
        guard nowMs / 1000 - peer.state.checked > Int64(peer.settings.failTimeoutSeconds) else { return }
        peer.state.checked = nowMs / 1000
        // Its ban is over: this request is the first to try it again.
        if peer.hasFailedTooOften { peer.beginSlowStart(nowMs: nowMs) }
    }

    // MARK: Panic

    /// So few servers are healthy that the checks themselves are doubted, or all must help: every server
    /// is used (`panic_threshold`). While a backup is healthy, no server is used that is not.
    public var isInPanic: Bool {
        guard settings.panicThreshold > 0, settings.isChecked else { return false }
        let count = backups.reduce(healthyPrimaries) { $0 + peers[$1].standing }
        return count.isPanicDue(threshold: settings.panicThreshold)
    }

    /// What the checks say of the servers that are meant to serve.
    public var healthyPrimaries: HealthCount {
        primaries.reduce(HealthCount()) { $0 + peers[$1].standing }
    }

    // MARK: The account

    /// What the end of an attempt says of whether its peer is used.
    public enum StandingChange {
        case none
        /// It has failed too often.
        case out
        /// It was out for so long, and serves again.
        case back(afterMs: Int)
    }

    /// An attempt at a peer that `pick` gave has ended.
    ///
    /// - Parameter cause: why it failed, if it did.
    @discardableResult
    public func finished(
        _ index: Int, _ outcome: AttemptOutcome, _ cause: FailureCause = .unknown, nowMs: Int64
    ) -> StandingChange {
        let peer = peers[index]
        peer.ended()
        if !isShared { peer.tally?.add(.processing, -1) }
        noteEnd(outcome, cause, peer.tally, nowMs)
        if isSingle { return .none }
        switch outcome {
        case .failure:
            peer.state.countFailure(second: nowMs / 1000)
            if peer.settings.maxFails > 0 {
                turns.lower(index, by: peer.settings.weight / peer.settings.maxFails, nowMs: nowMs)
                if peer.hasFailedTooOften, peer.state.wentOut(nowMs: nowMs) { return .out }
            }
        case .success:
            // Cleared by a success that came after the window of its failures.
            guard peer.state.fails != 0, peer.state.accessed < peer.state.checked else { return .none }
            peer.state.fails = 0
            if peer.state.health.takesRequests, let ms = peer.state.cameBack(nowMs: nowMs) {
                return .back(afterMs: ms)
            }
        case .neutral:
            break
        }
        return .none
    }

    /// Also of a peer that is never taken out: the status page tells of it.
    private func noteEnd(
        _ outcome: AttemptOutcome, _ cause: FailureCause, _ tally: Tally?, _ nowMs: Int64
    ) {
        switch outcome {
        case .failure:
            tally?.add(.failures)
            tally?.noteFailure(cause, nowMs: nowMs)
        case .success: tally?.set(.succeededMs, Int(nowMs))
        case .neutral: break
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
            _ = peer.state.cameBack(nowMs: nowMs)
        }
        if health == .unhealthy || health == .checking { _ = peer.state.wentOut(nowMs: nowMs) }
        peer.state.health = health
    }
}

/// State of peers that no other process sees.
private struct OwnStates {
    private let count: Int
    private var memory: SharedMemory?
    /// Of the group and all that come after it under its name.
    private(set) var journal: ChangeJournal?
    private var number = 0

    init(peers: Int, journal: ChangeJournal?) {
        count = max(peers, 1)
        self.journal = journal
    }

    mutating func state(_ slot: Int) -> PeerState {
        let (memory, journal) = prepared()
        return PeerState(memory, slot: slot, journal: journal, number: number + slot)
    }

    private mutating func prepared() -> (SharedMemory, ChangeJournal) {
        if let memory, let journal { return (memory, journal) }
        let rows = count * PeerState.numbersEach
        guard let made = try? SharedMemory(privateCount: rows + ChangeJournal.numbers) else {
            preconditionFailure("out of memory for the state of servers")
        }
        let kept = journal ?? ChangeJournal(made, at: rows)
        number = kept.newPeers(count)
        memory = made
        journal = kept
        return (made, kept)
    }
}
