internal import Net
internal import Sharing

/// What the master tells the service manager that started it.
extension Master {
    /// Says what has become due: that it is ready, that it lives.
    func tellServiceManager() {
        if notices.untold != nil, !isStopping, workersServe { note(notices.ready()) }
        note(notices.lives(nowMs: clock.nowMs))
    }

    /// All workers that should serve have made their first turn.
    private var workersServe: Bool {
        let serving = children.filter { !$0.isLeaving }
        return !serving.isEmpty && respawnsDue.isEmpty
            && serving.allSatisfy { shared.marks.worker($0.slot).lastTurn != 0 }
    }

    /// A new configuration is read between the two.
    func tellOfReload() {
        clock.update()
        note(notices.reloading(nowUs: clock.nowUs))
    }

    /// The end of this master is that of the service, unless another one goes on.
    func tellOfEnd() {
        if let other = newBinary ?? (launch.isPredecessorAlive ? launch.predecessor : nil) {
            note(notices.succeeded(by: other))
        } else {
            note(notices.stopping())
        }
    }

    private func note(_ complaint: String?) {
        if let complaint { log.write(.warn, connection: nil, complaint) }
    }
}
