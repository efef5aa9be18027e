public import Net

/// One peer of a group, as a worker sees it.
public final class Peer {
    /// The `server` line that it stands for.
    public let settings: PeerSettings
    /// The name's bytes, for `$upstream_addr`.
    public let nameBytes: [UInt8]
    /// What is known of it at run time.
    public let state: PeerState
    /// What this worker counts of it.
    public let tally: Tally?
    /// What its numbers are found by.
    public let tallyName: String
    /// Smooth weighted round robin: this worker's own turn.
    var currentWeight = 0
    /// Falls with failures, creeps back with each choice.
    var effectiveWeight: Int

    init(_ settings: PeerSettings, state: PeerState, tallyName: String, tallies: TallyTable?) {
        self.settings = settings
        self.state = state
        self.tallyName = tallyName
        tally = tallies?.row(named: tallyName)
        nameBytes = Array(settings.name.utf8)
        effectiveWeight = settings.weight
    }

    /// It may serve as far as the configuration goes.
    var isUsable: Bool { !settings.isDown && !settings.isDraining && !settings.isUnresolved }

    /// The same peer before a reload: its turn goes on.
    func takeTurns(from former: Peer) {
        currentWeight = former.currentWeight
        effectiveWeight = former.effectiveWeight
    }

    // MARK: Slow start

    /// It has not had all of its weight yet.
    func isRamping(nowMs: Int64) -> Bool {
        guard settings.slowStartMs > 0 else { return false }
        let began = state.slowStartMs
        return began > 0 && nowMs - began < Int64(settings.slowStartMs)
    }

    /// The part of `amount` that it is due: all of it, except while `slow_start` runs.
    func ramped(_ amount: Int, nowMs: Int64) -> Int {
        guard isRamping(nowMs: nowMs) else { return amount }
        return amount * Int(max(0, nowMs - state.slowStartMs)) / settings.slowStartMs
    }

    /// It was out of use: its weight grows from nothing.
    func beginSlowStart(nowMs: Int64) {
        if settings.slowStartMs > 0 { state.slowStartMs = max(nowMs, 1) }
    }
}

/// What one request's choosing needs: peers tried, and keys. Recycled between requests.
public final class Selection {
    private var tried: [UInt64] = []
    /// Backups are being tried: no primary was usable.
    var usesBackups = false
    /// The group is in panic: what checks say does not count.
    var disregardsHealth = false
    /// The client's address for `ip_hash`: 3 or 16 bytes are looked at.
    private(set) var clientAddress: [UInt8] = []
    private(set) var hashKey: [UInt8] = []
    /// Hash methods: how often was hashed, and the hash so far.
    var hashTries = 0
    var hash: UInt32 = 0

    /// A choice for no request yet.
    public init() {
        clientAddress.reserveCapacity(16)
    }

    /// Forgets the request.
    public func reset() {
        for index in tried.indices { tried[index] = 0 }
        usesBackups = false
        clientAddress.removeAll(keepingCapacity: true)
        hashKey.removeAll(keepingCapacity: true)
        hashTries = 0
        hash = 0
    }

    /// 4 or 16 bytes in network order; none for a UNIX socket.
    public func setClientAddress(_ bytes: Span<UInt8>) {
        clientAddress.removeAll(keepingCapacity: true)
        for index in bytes.indices { clientAddress.append(bytes[index]) }
    }

    /// The evaluated key of `hash`; empty goes round robin.
    public func setHashKey(_ bytes: Span<UInt8>) {
        hashKey.removeAll(keepingCapacity: true)
        for index in bytes.indices { hashKey.append(bytes[index]) }
    }

    func hasTried(_ index: Int) -> Bool {
        let word = index / 64
        return word < tried.count && tried[word] >> UInt64(index % 64) & 1 == 1
    }

    func markTried(_ index: Int) {
        let word = index / 64
        while tried.count <= word { tried.append(0) }
        tried[word] |= 1 << UInt64(index % 64)
    }

    /// The same request chooses anew: everything may have changed since.
    public func startAgain() {
        forgetTried()
        usesBackups = false
        hashTries = 0
        hash = 0
    }

    func forgetTried() {
        for index in tried.indices { tried[index] = 0 }
    }
}

/// What a choice came to.
public enum Pick: Equatable {
    case peer(Int)
    /// "no live upstreams".
    case none
}

/// How an attempt ended, for the peer's account.
public enum AttemptOutcome {
    case success
    /// Counts towards `max_fails`.
    case failure
    /// Says nothing about the peer.
    case neutral
}
