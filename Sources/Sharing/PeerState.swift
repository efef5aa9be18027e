public import Net

/// What is known of one peer at run time: failures, connections, and what the health checks say.
///
/// A row of numbers in memory that workers share when the group has a `zone`. A class, as a structure of
/// three references was retained and released with each call.
public final class PeerState {
    enum Place: Int {
        // What choosing goes by shares a cache line.
        case fails, accessed, checked, connections, limit, health, slowStartMs
        /// Numbers before it are not used.
        case passedMs = 10
        case healthSinceMs, checks, checkFails, lastCheckMs, unhealthyTimes
        // What methods that go by times look at: another line.
        case headerNs, responseNs, sampledMs, unfinished, unfinishedStarts
        // Since when it is out of use, and for how long it was before.
        case outSinceMs, outMs
        // Since when somebody has wanted it to rest.
        case restSinceMs
        // Of `max_conns=auto`: what was found, and what is counted.
        case estimate = 24
        case phase, baseUs, baseSinceMs, formerUs, fallingFrom, fallingFromUs
        case windowBegan = 32
        case windowEnd, requestsMax, answersUs, answers
    }

    /// Numbers of a row: the places, then the reason. Whole cache lines.
    public static var numbersEach: Int { (reasonStart + SharedText.numbers + 7) / 8 * 8 }
    private static var reasonStart: Int { 40 }

    private let memory: SharedMemory
    private let base: Int
    /// How much of what it has now is this worker's own; given back for it if it dies.
    private let own: OwnCounters?
    /// Where changes are noted that choosing goes by, and under what number.
    public let journal: ChangeJournal
    /// The peer's number in the journal.
    public let number: Int
    /// Keeps the place from being another peer's; `nil`: no other process sees it, or it is only looked at.
    private let lease: PlaceLease?

    /// - Parameters:
    ///   - slot: which row of the memory.
    ///   - own: where this worker's own share of what it has now is counted.
    ///   - lease: keeps the row from being another peer's.
    public init(
        _ memory: SharedMemory, slot: Int, own: OwnCounters? = nil, journal: ChangeJournal, number: Int,
        lease: PlaceLease? = nil
    ) {
        self.lease = lease
        self.memory = memory
        self.own = own
        self.journal = journal
        self.number = number
        base = slot * PeerState.numbersEach
    }

    func read(_ place: Place) -> Int { memory.load(base + place.rawValue) }
    func write(_ place: Place, _ value: Int) { memory.store(base + place.rawValue, value) }
    @discardableResult
    func add(_ place: Place, _ amount: Int) -> Int { memory.add(base + place.rawValue, amount) }

    /// - Returns: whether `former` stood there, and `value` stands there now.
    func takeTurn(at place: Place, from former: Int, to value: Int) -> Bool {
        memory.exchange(base + place.rawValue, expected: former, with: value)
    }

    private func noteChange() { journal.note(number) }

    /// A new peer's state.
    func begin(isMandatory: Bool, slowStartMs: Int64, wallMs: Int64) {
        if isMandatory {
            health = .checking
            healthSinceMs = wallMs
        }
        if slowStartMs > 0 { self.slowStartMs = slowStartMs }
    }

    // MARK: Failures

    /// Failures in the window that runs.
    public var fails: Int {
        get { read(.fails) }
        set {
            guard newValue != fails else { return }
            write(.fails, newValue)
            noteChange()
        }
    }

    /// When it failed last, in seconds.
    public var accessed: Int64 { Int64(read(.accessed)) }

    /// When its window began, or when it was last tried after a ban, in seconds.
    public var checked: Int64 {
        get { Int64(read(.checked)) }
        set {
            write(.checked, Int(newValue))
            if fails > 0 { noteChange() }
        }
    }

    /// An attempt failed in this second of the clock.
    public func countFailure(second: Int64) {
        write(.fails, fails &+ 1)
        write(.accessed, Int(second))
        write(.checked, Int(second))
        noteChange()
    }

    // MARK: Use

    /// Requests that are with it now.
    public var connections: Int { read(.connections) }

    /// Where that number is.
    public var connectionsPlace: (memory: SharedMemory, index: Int) {
        (memory, base + Place.connections.rawValue)
    }

    /// The most connections that it may have, for whoever changes their number; 0: any.
    public var limit: Int {
        get { read(.limit) }
        set {
            guard newValue != limit else { return }
            write(.limit, newValue)
            noteChange()
        }
    }

    /// One more request is with it.
    @_effects(releasenone)
    public func connectionBegan() {
        let count = add(.connections, 1)
        own?.connections.add()
        if case let limit = limit, limit > 0, count == limit { noteChange() }
    }

    /// One request fewer is.
    @_effects(releasenone)
    public func connectionEnded() {
        own?.connections.subtract()
        guard connections > 0 else { return }
        let count = add(.connections, -1)
        if case let limit = limit, limit > 0, count == limit - 1 { noteChange() }
    }

    /// A request is with it that has not come to what the method waits for: from then on until
    /// `unfinishedEnded`, which is told the same.
    public func unfinishedBegan(atMs: Int64) {
        add(.unfinishedStarts, Int(atMs))
        add(.unfinished, 1)
        own?.unfinished.add()
        own?.unfinishedStarts.add(Int(atMs))
    }

    /// It has come to that, or is over.
    public func unfinishedEnded(begunAtMs: Int64) {
        own?.unfinished.subtract()
        own?.unfinishedStarts.add(0 &- Int(begunAtMs))
        add(.unfinished, -1)
        add(.unfinishedStarts, 0 &- Int(begunAtMs))
    }

    /// A worker died: what it had with the peer is over.
    func forget(connections count: Int, unfinished: Int, starts: Int) {
        if unfinished != 0 || starts != 0 {
            add(.unfinished, 0 &- unfinished)
            add(.unfinishedStarts, 0 &- starts)
        }
        guard count != 0 else { return }
        add(.connections, 0 &- count)
        noteChange()
    }

    // MARK: Health

    /// What the checks say. Written by the checker alone once it runs.
    public var health: Health {
        get { Health(rawValue: read(.health)) ?? .unchecked }
        set {
            guard newValue != health else { return }
            write(.health, newValue.rawValue)
            noteChange()
        }
    }

    /// Since when, in milliseconds of the wall clock; 0: it has not changed yet.
    public var healthSinceMs: Int64 {
        get { Int64(read(.healthSinceMs)) }
        set { write(.healthSinceMs, Int(newValue)) }
    }

    /// Why: "503 from GET /status/ready".
    public var reason: SharedText { SharedText(memory, at: base + PeerState.reasonStart) }

    /// When its weight began to grow, in milliseconds of the clock that never goes back; 0: it has it all.
    public var slowStartMs: Int64 {
        get { Int64(read(.slowStartMs)) }
        set {
            write(.slowStartMs, Int(newValue))
            noteChange()
        }
    }

    /// A check is over.
    public func countCheck(passed: Bool, wallMs: Int64) {
        add(.checks, 1)
        if passed { write(.passedMs, Int(wallMs)) } else { add(.checkFails, 1) }
        write(.lastCheckMs, Int(wallMs))
    }

    /// When a check passed last, in milliseconds of the wall clock; 0: none has.
    public var passedMs: Int { max(0, read(.passedMs)) }

    /// Checks made, those that failed, when the last one was, and how often it became unhealthy.
    public var checkTotals: (checks: Int, fails: Int, lastMs: Int, unhealthy: Int) {
        (read(.checks), read(.checkFails), read(.lastCheckMs), read(.unhealthyTimes))
    }

    /// It has become unhealthy once more.
    public func countUnhealthy() { add(.unhealthyTimes, 1) }
}

/// What of a peer's numbers is one worker's own.
public struct OwnCounters {
    let connections: SharedCounter
    let unfinished: SharedCounter
    let unfinishedStarts: SharedCounter

    static var count: Int { 3 }

    init(_ ledger: SharedMemory, at index: Int) {
        connections = ledger.counter(index)
        unfinished = ledger.counter(index + 1)
        unfinishedStarts = ledger.counter(index + 2)
    }
}

/// What the health checks say of a peer.
public enum Health: Int, Sendable {
    /// Nothing checks it: it counts as up.
    case unchecked
    case up
    /// `mandatory`: no check has passed yet.
    case checking
    case unhealthy
    /// It asked for no more requests; those under way finish.
    case draining

    /// As the log names it.
    public var name: String {
        switch self {
        case .unchecked, .up: "up"
        case .checking: "checking"
        case .unhealthy: "unhealthy"
        case .draining: "draining"
        }
    }

    /// It may be given requests.
    public var takesRequests: Bool { self == .unchecked || self == .up }
}
