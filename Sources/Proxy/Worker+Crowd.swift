internal import Net

/// How many clients there were at once, and when it is time to give back what they needed.
struct Crowd {
    /// So long after its clients have come, and left, memory that they needed is looked for.
    static var lookMs: Int64 { 10_000 }
    /// What fewer clients need is not worth the looking.
    private static var countMin: Int { 64 }

    private var most = 0
    /// The timer is set.
    private var isWatched = false

    /// There are so many clients now.
    ///
    /// - Returns: whether a timer is to be set.
    mutating func grew(to count: Int) -> Bool {
        guard count > most else { return false }
        most = count
        guard !isWatched, most >= Crowd.countMin else { return false }
        isWatched = true
        return true
    }

    /// The timer has fired, with so many clients left.
    ///
    /// - Returns: whether so many have gone that memory is to be given back.
    mutating func look(at count: Int) -> Bool {
        let hasLeft = count <= most / 2
        if hasLeft { most = count }
        isWatched = most >= Crowd.countMin
        return hasLeft
    }

    /// Whether to look again.
    var mustLookAgain: Bool { isWatched }
}

/// Memory that a crowd has left.
extension Worker {
    func noteCrowd() {
        guard admission.crowd.grew(to: admission.connectionCount) else { return }
        timers.set(ownTimers.crowd, deadlineMs: clock.nowMs + Crowd.lookMs)
    }

    /// Gives memory back to the system when most clients have left.
    ///
    /// What is pooled keeps pages of the heap in use, and free ones stay the process's unless it is asked for
    /// them: of 84 MiB that 2,000 clients needed 60 stayed.
    func lookAtCrowd() {
        if admission.crowd.look(at: admission.connectionCount) {
            shrinkPools(to: admission.connectionCount + Worker.pooledMin)
            Heap.giveBack()
        }
        if admission.crowd.mustLookAgain {
            timers.set(ownTimers.crowd, deadlineMs: clock.nowMs + Crowd.lookMs)
        }
    }

    private static var pooledMin: Int { 16 }
}
