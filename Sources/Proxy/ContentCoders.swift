internal import Net

/// The compressors and their like of a worker: zlib's state takes up to 256 KiB, and is used again.
struct ContentCoders {
    /// Most responses of a worker that are coded at once: 64 MiB of state.
    static var usedMax: Int { 256 }
    /// Most of one client's connection: a client that takes nothing holds them.
    static var usedByClientMax: Int { 16 }
    /// Most that wait for further use.
    private static var idleMax: Int { 8 }

    /// So long after one was given back, those that nobody wanted since are looked for.
    static var lookMs: Int64 { 10_000 }

    private var idle: [ContentCoder] = []
    /// Fewest that were idle since somebody looked.
    private var unwantedCount = 0
    /// The timer is set.
    private var isWatched = false
    private(set) var usedCount = 0
    /// What could not be coded for want of room.
    var shortageLog = LogRation()

    init() { idle.reserveCapacity(Self.idleMax) }

    /// A response is to be coded.
    ///
    /// - Returns: whether there is room for it.
    mutating func reserve() -> Bool {
        guard usedCount < Self.usedMax else { return false }
        usedCount += 1
        return true
    }

    /// It is coded.
    mutating func release() { usedCount -= 1 }

    /// One that is at the beginning of its content; `nil`: there is no memory.
    mutating func take(_ kind: ContentCoder.Kind) -> ContentCoder? {
        guard let index = idle.lastIndex(where: { $0.kind == kind }) else { return ContentCoder(kind) }
        unwantedCount = min(unwantedCount, idle.count - 1)
        return idle.remove(at: index)
    }

    /// Takes one back; the one that nobody wanted for longest goes.
    ///
    /// - Returns: whether a timer is to be set.
    mutating func give(_ coder: ContentCoder) -> Bool {
        coder.restart()
        if idle.count == Self.idleMax { idle.removeFirst() }
        idle.append(coder)
        guard !isWatched else { return false }
        isWatched = true
        unwantedCount = 0
        return true
    }

    /// The timer has fired: lets go of those that nobody wanted since the last look.
    ///
    /// - Returns: whether to look again.
    mutating func look() -> Bool {
        idle.removeFirst(min(unwantedCount, idle.count))
        unwantedCount = idle.count
        isWatched = !idle.isEmpty
        return isWatched
    }
}

extension Worker {
    func giveBack(_ coder: ContentCoder) {
        if coders.give(coder) { timers.set(ownTimers.coders, deadlineMs: clock.nowMs + ContentCoders.lookMs) }
    }

    /// Gives the memory of compressors back that nobody has wanted for a while.
    func lookAtCoders() {
        if coders.look() {
            return timers.set(ownTimers.coders, deadlineMs: clock.nowMs + ContentCoders.lookMs)
        }
        Heap.giveBack()
    }
}
