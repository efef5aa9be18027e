internal import Net
internal import Upstream

/// Where a worker's orders come from: the process that made it.
public protocol WorkerOrders: AnyObject {
    /// Readable when there is an order.
    var fd: Int32 { get }

    /// Does what was ordered: `adopt`, or `masterIsGone` when nobody will give another one.
    func obey(by worker: Worker)
}

/// A new configuration in a running worker: built beside the old one, then put in its place.
///
/// No connection is closed for it, except those of addresses that are not listened on any more, and no
/// pool is emptied.
extension Worker {
    /// Nobody gives orders any more: it finishes what is under way.
    package func masterIsGone() {
        guard let orders = orders.take() else { return }
        loop.poller.remove(orders.fd)
        log(.alert, "the master is gone")
        drain()
    }

    /// New requests are served by another configuration from now on.
    ///
    /// - Parameter sockets: a listening descriptor for each of its `listeners`, in that order.
    package func adopt(_ next: Configuration, _ sockets: [Int32]) {
        let former = snapshot
        let made = Snapshot(next, shared, clock, former: former)
        listen(on: sockets, of: next)
        snapshot = made
        admission.room = ConnectionRoom(next.main)
        next.takeStandardError()
        OrphanTimer.setPatience(ms: next.main.watchdogMs)
        made.groups.takeOver(from: former.groups)
        for queue in made.groups.takeQueues(from: former.groups) { awaited(queue) }
        forgetRecycled()
        forEachSession { $0.snapshotChanged() }
        let limit = next.main.workerShutdownTimeoutMs
        retired.append(RetiredSnapshot(former, deadlineMs: limit > 0 ? clock.nowMs + Int64(limit) : nil))
    }

    /// Addresses that stay keep their socket; new ones are listened on, others no more.
    private func listen(on sockets: [Int32], of next: Configuration) {
        var kept: [Listener] = []
        for (address, fd) in zip(next.listeners, sockets) {
            if let listener = admission.listeners.first(where: { $0.address.address == address.address }) {
                listener.address = address
                Socket.setNoDelay(listener.fd, address.tcpNodelay)
                Socket.close(fd)
                kept.append(listener)
            } else {
                kept.append(open(fd, address))
            }
        }
        for listener in admission.listeners where !kept.contains(where: { $0 === listener }) {
            close(listener)
        }
        admission.listeners = kept
    }

    // MARK: What is left of former configurations

    /// Lets go of former snapshots that nobody uses; ends requests that have outlived
    /// `worker_shutdown_timeout`.
    func sweepRetired() {
        for entry in retired {
            entry.snapshot?.logs.flush(nowMs: clock.nowMs, force: false)
            guard let deadline = entry.deadlineMs, clock.nowMs >= deadline, let old = entry.snapshot else {
                continue
            }
            forEachSession { if $0.uses(old) { $0.timeIsUp() } }
        }
        retired.removeAll { $0.snapshot == nil }
    }
}

/// A snapshot that was replaced: it lives as long as requests that began with it.
struct RetiredSnapshot {
    weak var snapshot: Snapshot?
    /// When what still uses it is ended; `nil`: never.
    let deadlineMs: Int64?

    init(_ snapshot: Snapshot, deadlineMs: Int64?) {
        self.snapshot = snapshot
        self.deadlineMs = deadlineMs
    }
}
