internal import Sharing

/// Requests of one group that wait in this worker: for a server (`queue`), or for their turn to be tried
/// again, as the group's budget has it (`proxy_next_upstream_budget`).
public final class RequestQueue<Request: PeerRequest> {
    /// How long a retry may wait for its turn.
    public static var retryPatienceMs: Int64 { 1000 }

    /// Whom a request waits for.
    public enum Wait {
        /// No server can take it.
        case server
        /// Too many others are being tried again.
        case turn(after: AttemptFailure)
    }

    private struct Waiting {
        let request: Request
        let wait: Wait
        let deadlineMs: Int64
    }

    /// All requests of the group, and those of them that are being tried again.
    public var budget = RetryBudget()
    /// For a server, in the order in which they came; before `first`, those that wait no more.
    private var line: [Waiting?] = []
    private var first = 0
    private var turns: [Waiting] = []
    private let tally: Tally
    /// Requests that wait for a server, as `tally` knows it.
    private var countedWaiting = 0

    /// - Parameter tally: where it says how many wait, for whoever looks.
    init(tally: Tally) { self.tally = tally }

    /// Somebody waits.
    public var isAwaited: Bool { queueCount > 0 || !turns.isEmpty }
    /// Some wait for a server: those who come now come behind them.
    public var isServerAwaited: Bool { queueCount > 0 }
    /// Requests that wait for a server.
    public var queueCount: Int { line.count - first }

    /// One more would have waited, but the queue is full.
    public func queueOverflowed() { tally.add(.overflows) }

    /// For how long the one has waited that has waited longest.
    public func longestWaitMs(nowMs: Int64) -> Int64 {
        guard first < line.count, let entry = line[first] else { return 0 }
        return max(0, nowMs - entry.request.waitingSinceMs)
    }

    private func countWaiting() {
        let count = queueCount
        guard count != countedWaiting else { return }
        tally.add(.waiting, count - countedWaiting)
        countedWaiting = count
    }

    /// A request waits from now on.
    public func enqueue(_ request: Request, _ wait: Wait, deadlineMs: Int64) {
        let entry = Waiting(request: request, wait: wait, deadlineMs: deadlineMs)
        switch wait {
        case .server: line.append(entry)
        case .turn: turns.append(entry)
        }
        countWaiting()
    }

    /// The request does not wait any more: its client is gone.
    public func leave(_ request: Request) {
        line.removeSubrange(0..<first)
        first = 0
        line.removeAll { $0?.request === request }
        turns.removeAll { $0.request === request }
        countWaiting()
    }

    /// After a reload those who wait for a server go on to do so, before those who come now.
    func takeQueue(of former: RequestQueue) {
        for case let entry? in former.line[former.first...] {
            former.budget.requestEnded()
            budget.requestBegan()
            entry.request.queue = self
            line.append(entry)
        }
        former.line = []
        former.first = 0
        former.countWaiting()
        countWaiting()
    }

    // MARK: Letting go on

    /// Lets requests go on that can, and gives up those that have waited too long.
    public func serve(nowMs: Int64) {
        serveTurns(nowMs)
        // Those who came first go first: behind one that must wait, others for a server wait too.
        while first < line.count, let entry = line[first] {
            let patience = entry.request.patience(until: entry.deadlineMs)
            let isLate = nowMs >= patience
            if !isLate, entry.request.group.map({ isAboveShare(of: $0) }) ?? false { break }
            // It may come back for something else, or leave, while it is let go on.
            line[first] = nil
            first += 1
            if entry.request.serverFreed(isLate: isLate) { continue }
            if first > 0 {
                first -= 1
                line[first] = entry
            } else {
                line.insert(entry, at: 0)
            }
            break
        }
        if first > 32 && first * 2 > line.count {
            line.removeSubrange(0..<first)
            first = 0
        }
        countWaiting()
    }

    private func serveTurns(_ nowMs: Int64) {
        guard !turns.isEmpty else { return }
        let before = turns
        turns = []
        var rest: [Waiting] = []
        for entry in before {
            guard case .turn(let failure) = entry.wait else { continue }
            let isLate = nowMs >= entry.deadlineMs
            if entry.request.takeTurn(after: failure, isLate: isLate) { continue }
            rest.append(entry)
        }
        // Those who came meanwhile come behind them.
        turns = rest + turns
    }

    // MARK: Among workers

    /// Requests wait in other workers as well, and this one has more of what the servers take than the part
    /// that it has of all requests: an eighth and one more. Then the next place is another one's.
    ///
    /// Places are not handed over: whoever has a request ended sees the free place first, and would take it
    /// again and again.
    ///
    /// - Parameter newcomers: requests that are counted already, and neither wait nor are at a server.
    public func isAboveShare(of group: PeerGroup, newcomers: Int = 0) -> Bool {
        guard group.isShared else { return false }
        let waiting = tally.total(.waiting)
        guard waiting > countedWaiting, let (active, places) = group.occupancy else { return false }
        let own = max(0, budget.requests - queueCount - turns.count - newcomers)
        let all = max(active, own) + waiting + newcomers
        let ownPart = own + queueCount + newcomers
        return own * all * 8 >= places * ownPart * 9 + 8 * all
    }
}
