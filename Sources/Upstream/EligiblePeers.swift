internal import Net
internal import Sharing

/// Which peers of a group may be chosen now: the one rule, for all methods.
///
/// Judging a peer takes half a dozen numbers from memory that others write to, and judging a thousand for
/// each request took 10 µs. So a peer is judged when the journal says that its state has changed, and all
/// of them when a second has passed: bans end in whole seconds.
final class EligiblePeers {
    let peers: [Peer]
    private let primaries: Range<Int>
    /// The journals that tell of the peers, and how far each has been read.
    private let journals: [ChangeJournal]
    private var seen: [Int]
    /// For each journal, the peers that it tells of, by their marks in it.
    private let marked: [[Int: Int]]
    private var second = Int64.min

    /// By index: it may be chosen, by a request that was not tried at it.
    private(set) var isOpen: [Bool]
    /// By index: its weight is growing, or was when it was last judged.
    private(set) var isRamping: [Bool]
    private(set) var rampingCount = 0
    /// Peers for which the last look changed something.
    private(set) var changed: [Int] = []

    /// Percent of healthy primaries below which the checks are disregarded; 0: never.
    private let panicThreshold: Int
    private var isInPanic = false
    /// What each peer adds to `health`.
    private var standings: [HealthCount]
    private var health = HealthCount()

    init(_ peers: [Peer], _ primaries: Range<Int>, panicThreshold: Int) {
        self.peers = peers
        self.primaries = primaries
        self.panicThreshold = panicThreshold
        var journals: [ChangeJournal] = []
        var marked: [[Int: Int]] = []
        for (index, peer) in peers.enumerated() {
            let journal = peer.state.journal
            let place = journals.firstIndex { $0 === journal } ?? journals.count
            if place == journals.count {
                journals.append(journal)
                marked.append([:])
            }
            marked[place][ChangeJournal.mark(of: peer.state.number)] = index
        }
        self.journals = journals
        self.marked = marked
        seen = journals.map { _ in 0 }
        isOpen = peers.map { _ in false }
        isRamping = isOpen
        standings = peers.map { _ in HealthCount() }
        changed.reserveCapacity(peers.count)
    }

    /// Looks at what has changed. Called before each choice.
    func follow(nowMs: Int64) {
        if !changed.isEmpty { changed.removeAll(keepingCapacity: true) }
        guard nowMs / 1000 == second else { return judgeAll(nowMs) }
        for place in journals.indices {
            let count = journals[place].count
            guard count != seen[place] else { continue }
            guard judge(place, through: count, nowMs) else { return judgeAll(nowMs) }
        }
    }

    /// Judges those whose changes one of the journals has up to this number.
    ///
    /// - Returns: false: all have to be judged.
    private func judge(_ journal: Int, through count: Int, _ nowMs: Int64) -> Bool {
        while seen[journal] != count {
            seen[journal] &+= 1
            // One that is not written yet is not waited for; those overwritten are not known any more.
            guard let mark = journals[journal].peer(ofChange: seen[journal]) else { return false }
            guard let index = marked[journal][mark] else { continue }
            if panicThreshold > 0 {
                noteHealth(index)
                if health.isPanicDue(threshold: panicThreshold) != isInPanic { return false }
            }
            judge(index, nowMs)
        }
        return true
    }

    private func judgeAll(_ nowMs: Int64) {
        second = nowMs / 1000
        // What changes while it is being looked at is looked at again.
        for place in journals.indices { seen[place] = journals[place].count }
        if panicThreshold > 0 {
            for index in peers.indices { noteHealth(index) }
            isInPanic = health.isPanicDue(threshold: panicThreshold)
        }
        for index in peers.indices { judge(index, nowMs) }
    }

    private func judge(_ index: Int, _ nowMs: Int64) {
        let peer = peers[index]
        let mayServe = peer.state.health.takesRequests || (isInPanic && peer.state.health == .unhealthy)
        var isEligible = peer.isUsable && !peer.isFull && mayServe
        // A group of one peer: it is never taken out.
        if peers.count > 1 && isEligible { isEligible = !peer.isBanned(nowMs: nowMs) }
        let ramps = peer.isRamping(nowMs: nowMs)
        // One whose weight had grown meanwhile may have begun anew: then it was ramping, and is again.
        guard isEligible != isOpen[index] || ramps || isRamping[index] else { return }
        if ramps != isRamping[index] { rampingCount += ramps ? 1 : -1 }
        isOpen[index] = isEligible
        isRamping[index] = ramps
        changed.append(index)
    }

    // MARK: Panic

    private func noteHealth(_ index: Int) {
        let now = peers[index].standing
        guard now != standings[index] else { return }
        health = health - standings[index] + now
        standings[index] = now
    }
}

/// Servers of a group that are meant to serve, and those of them that the checks have nothing against.
///
/// One that is down, drained, unresolved or not yet checked is neither: it is not the checks' word that
/// keeps it out, or nothing is known that could be doubted.
public struct HealthCount: Equatable, Sendable {
    /// Primaries that are healthy, and all.
    public private(set) var healthy = 0
    /// All that are meant to serve.
    public private(set) var all = 0
    private var healthyBackups = 0

    /// Of no server.
    init() {}

    /// Of one server.
    fileprivate init(isHealthy: Bool, isBackup: Bool) {
        healthy = isHealthy && !isBackup ? 1 : 0
        all = isBackup ? 0 : 1
        healthyBackups = isHealthy && isBackup ? 1 : 0
    }

    static func + (left: HealthCount, right: HealthCount) -> HealthCount {
        var sum = left
        sum.healthy += right.healthy
        sum.all += right.all
        sum.healthyBackups += right.healthyBackups
        return sum
    }

    static func - (left: HealthCount, right: HealthCount) -> HealthCount {
        var rest = left
        rest.healthy -= right.healthy
        rest.all -= right.all
        rest.healthyBackups -= right.healthyBackups
        return rest
    }

    /// Fewer than so many percent are healthy, and no backup can take their place.
    func isPanicDue(threshold: Int) -> Bool { healthyBackups == 0 && healthy * 100 < threshold * all }
}

extension Peer {
    /// What it adds to the count of healthy servers.
    var standing: HealthCount {
        guard isUsable else { return HealthCount() }
        switch state.health {
        case .unchecked, .up: return HealthCount(isHealthy: true, isBackup: settings.isBackup)
        case .unhealthy: return HealthCount(isHealthy: false, isBackup: settings.isBackup)
        case .checking, .draining: return HealthCount()
        }
    }

    /// It has all the connections that it may have.
    var isFull: Bool {
        let limit = connectionsMax
        return limit > 0 && state.connections >= limit
    }

    /// The most connections that it may have now; 0: any.
    public var connectionsMax: Int { settings.foundLimit == nil ? settings.maxConnections : state.limit }

    /// It has failed as often as `max_fails` allows, if that sets a limit.
    var hasFailedTooOften: Bool { settings.maxFails > 0 && state.fails >= settings.maxFails }

    /// It failed too often, and not so long ago. As in nginx, in whole seconds.
    func isBanned(nowMs: Int64) -> Bool {
        hasFailedTooOften && nowMs / 1000 - state.checked <= Int64(settings.failTimeoutSeconds)
    }
}
