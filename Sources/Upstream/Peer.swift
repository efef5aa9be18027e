internal import Net
public import Sharing

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

    /// The first peer of the group with its address: connections to the one serve the other as well.
    let addressIndex: Int

    /// Until when it is taken to speak HTTP/1.1 alone: it chose that where HTTP/2 was offered as well.
    public internal(set) var http1UntilMs: Int64 = 0

    /// Requests that it takes at a time over a connection that they share, as it has said last; `.max`: it
    /// has not.
    var sharedMax = Int.max

    init(
        _ settings: PeerSettings, addressIndex: Int, state: PeerState, tallyName: String, tally: Tally?
    ) {
        self.settings = settings
        self.addressIndex = addressIndex
        self.state = state
        self.tallyName = tallyName
        self.tally = tally
        nameBytes = Array(settings.name.utf8)
    }

    /// It may serve as far as the configuration goes.
    var isUsable: Bool { !settings.isDown && !settings.isDraining && !settings.isUnresolved }

    // MARK: Requests

    /// A request is given to it.
    func began() { state.connectionBegan() }

    /// A request that it was given is over.
    func ended() { state.connectionEnded() }

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
    /// Peers that the request was tried at, and their indices, in that order.
    private(set) var triedCount = 0
    private var tried: [Int] = []
    /// The same as a set: a bit for each peer.
    private var triedBits: [UInt64] = []
    /// The peer that the request is bound to (`sticky`); -1: none.
    var bound = -1
    /// Backups are being tried: no primary was usable.
    var usesBackups = false
    /// The client's address for `ip_hash`: 3 or 16 bytes are looked at.
    private(set) var clientAddress: [UInt8] = []
    private(set) var hashKey: [UInt8] = []
    /// Hash methods: how often was hashed, and the hash so far.
    var hashTries = 0
    var hash: UInt32 = 0
    /// When the request went to the peer that it is counted at as one that waits; `nil`: it is not.
    var unfinishedSinceMs: Int64?

    /// A choice for no request yet.
    public init() {
        clientAddress.reserveCapacity(16)
    }

    /// Forgets the request.
    public func reset() {
        if triedCount > 0 { forgetTried() }
        usesBackups = false
        bound = -1
        // Asked first: emptying what is empty takes 10 ns, and most requests have neither.
        if !clientAddress.isEmpty { clientAddress.removeAll(keepingCapacity: true) }
        if !hashKey.isEmpty { hashKey.removeAll(keepingCapacity: true) }
        hashTries = 0
        hash = 0
    }

    /// 4 or 16 bytes in network order; none for a UNIX socket.
    public func setClientAddress(_ bytes: Span<UInt8>) {
        if !clientAddress.isEmpty { clientAddress.removeAll(keepingCapacity: true) }
        for index in bytes.indices { clientAddress.append(bytes[index]) }
    }

    /// The evaluated key of `hash`; empty goes round robin.
    public func setHashKey(_ bytes: Span<UInt8>) {
        if !hashKey.isEmpty { hashKey.removeAll(keepingCapacity: true) }
        for index in bytes.indices { hashKey.append(bytes[index]) }
    }

    func hasTried(_ index: Int) -> Bool {
        guard triedCount > 0 else { return false }
        let word = index / 64
        return word < triedBits.count && triedBits[word] >> UInt64(index % 64) & 1 == 1
    }

    /// The peer that it was tried at after `place` others.
    func tried(_ place: Int) -> Int { tried[place] }

    func markTried(_ index: Int) {
        guard !hasTried(index) else { return }
        let word = index / 64
        while triedBits.count <= word { triedBits.append(0) }
        triedBits[word] |= 1 << UInt64(index % 64)
        if triedCount < tried.count { tried[triedCount] = index } else { tried.append(index) }
        triedCount += 1
    }

    /// The same request chooses anew: everything may have changed since.
    public func startAgain() {
        forgetTried()
        usesBackups = false
        hashTries = 0
        hash = 0
    }

    func forgetTried() {
        for place in 0..<triedCount { triedBits[tried[place] / 64] = 0 }
        triedCount = 0
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
