internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// What the master does when it is told to.
extension Master {
    /// What a signal is taken for.
    enum Order {
        case terminate, quit, finishWorkers, reload, restartWorkers, reopen, upgrade
        /// It is not obeyed; why, if anybody wants to know.
        case none(String?)

        /// How the log line of the signal ends, as in nginx.
        var text: String {
            switch self {
            case .terminate: ", exiting"
            case .quit: ", shutting down"
            case .finishWorkers: ", stop accepting connections"
            case .reload, .restartWorkers: ", reconfiguring"
            case .reopen: ", reopening logs"
            case .upgrade: ", changing binary"
            case .none(let reason): reason == nil ? "" : ", ignoring"
            }
        }
    }

    func received(_ received: ReceivedSignal) {
        let order = meaning(of: received)
        let sender = received.sender > 0 ? " from \(received.sender)" : ""
        log.write(
            .notice, connection: nil,
            "signal \(received.signal.number) (\(received.signal.name)) received\(sender)\(order.text)")
        switch order {
        case .terminate: terminate()
        case .quit: quit()
        case .finishWorkers: finishWorkers()
        case .reload:
            tellOfReload()
            reload()
        case .restartWorkers: restartWorkers()
        case .reopen: reopen()
        case .upgrade: upgrade()
        case .none(let reason): if let reason, !reason.isEmpty { log.write(.crit, connection: nil, reason) }
        }
    }

    private func meaning(of received: ReceivedSignal) -> Order {
        switch received.signal {
        case .terminate, .interrupt: return .terminate
        case .quit: return .quit
        case .user1: return .reopen
        case .child, .pipe, .alarm, .io: return .none(nil)
        case .winch:
            // A terminal says it when its size changes.
            let isObeyed = launch.isDaemon || newBinary != nil || launch.isPredecessorAlive
            return isObeyed && !received.isKernels ? .finishWorkers : .none("")
        case .hangup:
            if isStopping { return .none("") }
            return newBinary == nil ? .reload : .restartWorkers
        case .user2:
            if isStopping { return .none("") }
            guard newBinary == nil, !launch.isPredecessorAlive else {
                return .none(
                    "the changing binary signal is ignored: you should shutdown or terminate before"
                        + " either old or new binary's process")
            }
            return .upgrade
        }
    }

    // MARK: Stopping

    private func terminate() {
        if delaysShutdown() { return }
        isStopping = true
        quitDueMs = nil
        tellOfEnd()
        send(SIGTERM)
        killDeadlineMs = clock.nowMs + Master.patienceMs
    }

    /// How long processes that were told to end at once may take.
    private static var patienceMs: Int64 { 3000 }

    /// Ends when what is under way is done.
    func quit() {
        isStopping = true
        quitDueMs = nil
        tellOfEnd()
        send(SIGQUIT)
        closeSockets()
    }

    /// The first order to stop, under `shutdown_delay`: readiness fails, everything else goes on, so that
    /// those who send clients here learn of it in time.
    private func delaysShutdown() -> Bool {
        let delay = configuration.main.shutdownDelayMs
        guard delay > 0, !isStopping, quitDueMs == nil else { return false }
        shared.isLeaving = true
        quitDueMs = clock.nowMs + Int64(delay)
        log.write(
            .notice, connection: nil, "readiness fails for \(delay) ms, then this service ends gracefully")
        return true
    }

    /// Workers finish, and none comes after them; the master stays.
    private func finishWorkers() {
        for index in children.indices { children[index].isLeaving = true }
        respawnsDue = []
        hasChecker = false
        checkerDueMs = nil
        stopChecker()
        for child in children { kill(child.pid, SIGQUIT) }
    }

    func send(_ signal: Int32) {
        for child in children { kill(child.pid, signal) }
        if let checker { kill(checker.pid, signal) }
    }

    func killLate() {
        guard let deadline = killDeadlineMs, clock.nowMs >= deadline else { return }
        send(SIGKILL)
        killDeadlineMs = clock.nowMs + 1000
    }

    // MARK: Going on

    /// While there are two masters, HUP has the old one serve again as it did: its files may be the new
    /// binary's by now.
    private func restartWorkers() {
        outcome.answer(
            outcome.questions(), .refused("a new binary was started; this one goes on with what it has read"))
        startMissingWorkers(besides: children.filter { !$0.isLeaving })
    }

    private func reopen() {
        log.write(.notice, connection: nil, "reopening logs")
        configuration.reopenLogs(owner: Account.ofWorkers(configuration.main)?.user)
        send(SIGUSR1)
    }

    // MARK: Watching

    /// Kills what hangs; `reap` replaces it.
    func killHung() {
        var loops = children.map { child in
            Watchdog.Loop(pid: child.pid, lastTurn: shared.marks.worker(child.slot).lastTurn)
        }
        if let checker {
            loops.append(Watchdog.Loop(pid: checker.pid, lastTurn: shared.marks.checker.lastTurn))
        }
        let limit = configuration.main.watchdogMs
        for pid in watchdog.look(at: loops, limitMs: limit, nowMs: clock.nowMs) {
            let slot = children.first { $0.pid == pid }?.slot
            let mark = slot.map { shared.marks.worker($0) } ?? shared.marks.checker
            let state = ProcessID.state(of: pid).map { " (\($0))" } ?? ""
            log.write(
                .alert, connection: nil,
                "\(slot == nil ? "checker" : "worker") process \(pid) has stood still for \(limit) ms"
                    + " \(mark.activity)\(state); it is killed")
            kill(pid, SIGKILL)
        }
    }
}
