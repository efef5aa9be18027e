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
    /// In the order in which they came.
    private var waiting: [Waiting] = []
    private let tally: Tally
    /// Requests that wait for a server, as `tally` knows it.
    private var countedWaiting = 0

    /// - Parameter tally: where it says how many wait, for whoever looks.
    init(tally: Tally) { self.tally = tally }

    /// Somebody waits.
    public var isAwaited: Bool { !waiting.isEmpty }
    /// Some wait for a server: those who come now come behind them.
    public var isServerAwaited: Bool { isAwaited && queueCount > 0 }
    /// Requests that wait for a server.
    public var queueCount: Int {
        waiting.count { if case .server = $0.wait { true } else { false } }
    }

    /// One more would have waited, but the queue is full.
    public func queueOverflowed() { tally.add(.overflows) }

    private func countWaiting() {
        let count = queueCount
        tally.add(.waiting, count - countedWaiting)
        countedWaiting = count
    }

    /// A request waits from now on.
    public func enqueue(_ request: Request, _ wait: Wait, deadlineMs: Int64) {
        waiting.append(Waiting(request: request, wait: wait, deadlineMs: deadlineMs))
        countWaiting()
    }

    /// The request does not wait any more: its client is gone.
    public func leave(_ request: Request) {
        waiting.removeAll { $0.request === request }
        countWaiting()
    }

    /// After a reload those who wait for a server go on to do so, before those who come now.
    func takeQueue(of former: RequestQueue) {
        for entry in former.waiting {
            guard case .server = entry.wait else { continue }
            former.budget.requestEnded()
            budget.requestBegan()
            entry.request.queue = self
            waiting.append(entry)
        }
        former.waiting.removeAll { if case .server = $0.wait { true } else { false } }
        former.countWaiting()
        countWaiting()
    }

    /// Lets requests go on that can, and gives up those that have waited too long.
    public func serve(nowMs: Int64) {
        let before = waiting
        waiting = []
        var rest: [Waiting] = []
        var isBlocked = false
        for entry in before {
            // Those who came first go first: behind one that must wait, others for a server wait too.
            switch entry.wait {
            case .server where isBlocked: break
            case .server:
                if entry.request.serverFreed(isLate: nowMs >= entry.deadlineMs) { continue }
                isBlocked = true
            case .turn(let failure):
                let isLate = nowMs >= entry.deadlineMs
                if entry.request.takeTurn(after: failure, isLate: isLate) { continue }
            }
            rest.append(entry)
        }
        // Those who came meanwhile come behind them.
        waiting = rest + waiting
        countWaiting()
    }
}
