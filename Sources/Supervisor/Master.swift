internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// The process that supervises: it binds, forks, waits for signals and replaces what dies.
///
/// Single-threaded; it never serves and never starts a thread, so that forking stays safe.
final class Master {
    /// One forked process.
    struct Child {
        let pid: pid_t
        /// Counter slab, and which of `reuseport` sockets it serves.
        let slot: Int
        var generation: Int
        let startedMs: Int64
        /// What orders go through.
        let control: ControlChannel
        var isLeaving = false
    }

    private let request: LoadRequest
    /// Secrets and shared memory that outlive configurations.
    private let lasting: LastingSecrets
    private let outcome: ReloadOutcome
    private let arguments: [String]
    private(set) var configuration: Configuration
    private var sockets: ListeningSockets
    private let shared: SharedState
    private var children: [Child] = []
    private var checker: (pid: pid_t, startedMs: Int64)?
    private var checkerDueMs: Int64?
    private var generation = 0
    private let signals: SignalDescriptor
    private let clock = Clock()
    private var isStopping = false
    private var killDeadlineMs: Int64?
    /// Workers that died young come back a little later each time.
    private var respawnsDue: [(slot: Int, atMs: Int64)] = []
    private let master = getpid()
    /// A new binary that took over the sockets, while it lives.
    private var newBinary: pid_t?

    private static var slotsMax: Int { 1024 }

    init(
        request: LoadRequest, arguments: [String], configuration: Configuration, sockets: ListeningSockets,
        signals: SignalDescriptor, lasting: LastingSecrets
    ) throws(Errno) {
        self.request = request
        self.lasting = lasting
        outcome = ReloadOutcome(pidPath: configuration.main.pidPath)
        self.arguments = arguments
        self.configuration = configuration
        self.sockets = sockets
        shared = try SharedState(slots: Master.slotsMax)
        self.signals = signals
    }

    private var workerCount: Int { configuration.main.workerProcesses }
    private var log: ErrorLog { configuration.errorLog }

    /// The signals that a master obeys.
    static var obeyed: [Signal] {
        [.hangup, .user1, .user2, .winch, .quit, .terminate, .interrupt, .child, .alarm]
    }

    /// Runs until told to stop.
    func run() -> Int32 {
        log.write(.notice, connection: nil, "portico/\(versionText)")
        log.write(.notice, connection: nil, "start worker processes")
        shared.prepare(configuration, isStart: true)
        startWorkers()
        startChecker()
        while !(isStopping && children.isEmpty && checker == nil) {
            wait()
            clock.update()
            while let signal = signals.next() { received(signal) }
            reap()
            respawn()
            killLate()
        }
        log.write(.notice, connection: nil, "exit")
        let pidFile = PIDFile(path: configuration.main.pidPath)
        if newBinary == nil {
            pidFile.remove()
            outcome.remove()
            sockets.closeAll(unlinking: true)
        } else {
            // The new binary has the sockets, and the file of the usual name is its own.
            pidFile.removeOld()
        }
        return 0
    }

    private func wait() {
        var due = children.isEmpty ? -1 : 1000
        if let first = respawnsDue.map(\.atMs).min() {
            due = min(due < 0 ? 1000 : due, max(0, Int(first - clock.nowMs)))
        }
        if let checkerDueMs { due = min(due < 0 ? 1000 : due, max(0, Int(checkerDueMs - clock.nowMs))) }
        if let killDeadlineMs { due = min(due < 0 ? 1000 : due, max(0, Int(killDeadlineMs - clock.nowMs))) }
        signals.wait(timeoutMs: Int32(due))
    }

    // MARK: Signals

    private func received(_ signal: Signal) {
        log.write(.notice, connection: nil, "signal \(signal.number) (\(signal.name)) received")
        switch signal {
        case .terminate, .interrupt:
            isStopping = true
            send(SIGTERM)
            killDeadlineMs = clock.nowMs + 10_000
        case .quit:
            isStopping = true
            send(SIGQUIT)
            sockets.closeAll(unlinking: newBinary == nil)
        case .winch:
            for index in children.indices { children[index].isLeaving = true }
            send(SIGQUIT)
        case .hangup: reload()
        case .user1:
            log.write(.notice, connection: nil, "reopening logs")
            configuration.reopenLogs(owner: Account.ofWorkers(configuration.main)?.user)
            send(SIGUSR1)
        case .user2: upgrade()
        case .child, .pipe, .alarm: break
        }
    }

    private func send(_ signal: Int32) {
        for child in children { kill(child.pid, signal) }
        if let checker { kill(checker.pid, signal) }
    }

    private func killLate() {
        guard let deadline = killDeadlineMs, clock.nowMs >= deadline else { return }
        send(SIGKILL)
        killDeadlineMs = clock.nowMs + 1000
    }

    // MARK: Workers

    private func startWorkers() {
        generation += 1
        for index in 0..<workerCount { fork(slot: freeSlot(preferring: index)) }
    }

    private func freeSlot(preferring index: Int) -> Int {
        let used = Set(children.map(\.slot))
        if !used.contains(index) { return index }
        // Old workers still finish in the first slots; sockets are dealt by slot modulo their number.
        let rounds = (1..<(Master.slotsMax / max(workerCount, 1))).lazy.map { $0 * self.workerCount + index }
        return rounds.first { !used.contains($0) } ?? index
    }

    private func fork(slot: Int) {
        let channel: (ControlChannel, ControlChannel)
        do throws(Errno) {
            channel = try ControlChannel.pair()
        } catch {
            log.write(.alert, connection: nil, "socketpair() failed \(error.logText)")
            return respawnsDue.append((slot, clock.nowMs + 1000))
        }
        let pid = portico_fork()
        if pid == 0 { serve(slot: slot, channel.1) }
        guard pid > 0 else {
            log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
            respawnsDue.append((slot, clock.nowMs + 1000))
            return
        }
        log.write(.notice, connection: nil, "start worker process \(pid)")
        children.append(
            Child(
                pid: pid, slot: slot, generation: generation, startedMs: clock.nowMs,
                control: channel.0))
    }

    /// The child's whole life.
    private func serve(slot: Int, _ control: ControlChannel) -> Never {
        // Signals stay blocked: one that comes before the worker listens waits for it.
        takeRole("portico-worker", worker: slot % max(workerCount, 1), onMasterDeath: SIGQUIT)
        do {
            let birth = Worker.Birth(
                configuration: configuration, request: request,
                sockets: sockets.descriptors(forWorker: slot), shared: shared, slot: slot)
            _exit(try Worker(birth, control: control).run())
        } catch {
            log.write(.emerg, connection: nil, "worker could not start \(error.logText)")
            _exit(2)
        }
    }

    /// What a forked process is before it does its work.
    ///
    /// - Parameter signal: what it gets when the master dies: nobody would supervise it.
    private func takeRole(_ name: String, worker: Int, onMasterDeath signal: Int32) {
        portico_set_name(name)
        // The other workers' channels are theirs alone.
        children = []
        do {
            try Privileges.enter(configuration.main, worker: worker)
        } catch {
            log.write(.emerg, connection: nil, error.description)
            _exit(2)
        }
        // After the change of user, which would cancel it.
        _ = portico_prctl(PR_SET_PDEATHSIG, UInt(signal))
        if getppid() != master { kill(getpid(), signal) }
    }

    // MARK: The checker

    private func startChecker() {
        checkerDueMs = nil
        guard configuration.needsChecker else { return }
        let pid = portico_fork()
        if pid == 0 { check() }
        guard pid > 0 else {
            log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
            return checkerDueMs = clock.nowMs + 1000
        }
        log.write(.notice, connection: nil, "start checker process \(pid)")
        checker = (pid, clock.nowMs)
    }

    /// The checker's whole life.
    private func check() -> Never {
        takeRole("portico-check", worker: 0, onMasterDeath: SIGTERM)
        sockets.closeAll(unlinking: false)
        do {
            _exit(try Checker(configuration: configuration, shared: shared).run())
        } catch {
            log.write(.emerg, connection: nil, "checker could not start \(error.logText)")
            _exit(2)
        }
    }

    private func checkerEnded(_ ended: (pid: pid_t, startedMs: Int64), _ status: Int32) {
        checker = nil
        let text = exitCode(status).map { "exited with code \($0)" } ?? "exited on signal \(status & 0x7F)"
        log.write(
            exitCode(status) == 0 ? .notice : .alert, connection: nil, "checker process \(ended.pid) \(text)")
        guard !isStopping else { return }
        let isYoung = clock.nowMs - ended.startedMs < 1000
        checkerDueMs = isYoung ? clock.nowMs + 500 : clock.nowMs
    }

    /// Collects children that ended; those that should live come back.
    private func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            if pid == newBinary { return newBinaryEnded() }
            if let ended = checker, ended.pid == pid {
                checkerEnded(ended, status)
                continue
            }
            guard let index = children.firstIndex(where: { $0.pid == pid }) else { continue }
            let child = children.remove(at: index)
            report(child, status)
            let isCurrent = child.generation == generation
            guard isCurrent, !isStopping, !child.isLeaving else { continue }
            if exitCode(status) == 2 {
                log.write(
                    .alert, connection: nil,
                    "worker process \(pid) exited with fatal code 2 and cannot be respawned")
                continue
            }
            // A worker that lived is replaced at once; one that died young, after a while.
            let isYoung = clock.nowMs - child.startedMs < 1000
            respawnsDue.append((child.slot, isYoung ? clock.nowMs + 500 : clock.nowMs))
        }
    }

    private func exitCode(_ status: Int32) -> Int32? {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    private func report(_ child: Child, _ status: Int32) {
        if let code = exitCode(status) {
            log.write(.notice, connection: nil, "worker process \(child.pid) exited with code \(code)")
        } else {
            log.write(
                .alert, connection: nil, "worker process \(child.pid) exited on signal \(status & 0x7F)")
        }
        shared.workerEnded(slot: child.slot)
    }

    private func respawn() {
        guard !isStopping else {
            checkerDueMs = nil
            return respawnsDue.removeAll()
        }
        if let due = checkerDueMs, due <= clock.nowMs { startChecker() }
        let due = respawnsDue.filter { $0.atMs <= clock.nowMs }
        respawnsDue.removeAll { $0.atMs <= clock.nowMs }
        for entry in due { fork(slot: entry.slot) }
    }

    // MARK: Reload

    private func reload() {
        log.write(.notice, connection: nil, "reconfiguring")
        let begunMs = clock.nowMs
        do {
            let next = try Configuration.load(request, files: ConfigurationFiles(lasting: lasting))
            for warning in next.warnings { next.errorLog.write(.warn, connection: nil, warning) }
            try next.prepareDirectories(owner: Account.ofWorkers(next.main)?.user)
            let opened = try sockets.opened(for: next, workers: next.main.workerProcesses)
            let delivery = try Delivery(next)
            defer { delivery.close() }
            take(next, opened, delivery)
            log.write(.notice, connection: nil, "reconfigured")
            outcome.write(.accepted(warnings: next.warnings), begunMs: begunMs)
        } catch {
            log.write(.emerg, connection: nil, error.description)
            log.write(.error, connection: nil, "the new configuration was refused; the old one goes on")
            outcome.write(.refused(error.description), begunMs: begunMs)
        }
    }

    /// Everything that could be refused is done: from here on the new configuration is in force.
    private func take(_ next: Configuration, _ opened: ListeningSockets, _ delivery: Delivery) {
        let formerSockets = sockets
        let isInPlace =
            configuration.main.allowsReloadInPlace(next.main) && opened.isDealtLike(formerSockets)
        PIDFile(path: configuration.main.pidPath).move(to: PIDFile(path: next.main.pidPath))
        configuration = next
        sockets = opened
        shared.prepare(configuration, isStart: false)
        let former = children.indices.filter { !children[$0].isLeaving }.map { children[$0] }
        let stayed = isInPlace ? deliver(delivery, to: former) : []
        // Before new workers are forked: a socket that they inherit would stay open unserved.
        formerSockets.closeUnused(by: opened)
        generation += 1
        for index in children.indices where stayed.contains(children[index].pid) {
            children[index].generation = generation
        }
        let missing = workerCount - stayed.count - (isInPlace ? respawnsDue.count : 0)
        if !isInPlace { respawnsDue.removeAll() }
        if missing > 0 { log.write(.notice, connection: nil, "start worker processes") }
        for index in 0..<max(0, missing) { fork(slot: freeSlot(preferring: index)) }
        for child in former where !stayed.contains(child.pid) { retire(child.pid) }
        // What it found out stands in shared memory: another one goes on from there.
        if let checker { kill(checker.pid, SIGTERM) } else { startChecker() }
    }

    /// - Returns: the workers that now serve by the new configuration.
    private func deliver(_ delivery: Delivery, to workers: [Child]) -> Set<pid_t> {
        var sent: [Child] = []
        for child in workers {
            do throws(Errno) {
                try delivery.send(to: child.control, sockets: sockets.descriptors(forWorker: child.slot))
                sent.append(child)
            } catch {
                reportUndelivered(child, "sending it failed \(error.logText)")
            }
        }
        var adopted: Set<pid_t> = []
        let deadline = clock.nowMs + Delivery.patienceMs
        for child in sent {
            switch delivery.answer(from: child.control, until: deadline, clock: clock) {
            case .adopted: adopted.insert(child.pid)
            case .failed(let reason): reportUndelivered(child, reason)
            }
        }
        return adopted
    }

    private func reportUndelivered(_ child: Child, _ reason: String) {
        log.write(
            .warn, connection: nil,
            "worker process \(child.pid) did not take the new configuration and is replaced: \(reason)")
    }

    /// Lets a worker finish what it serves.
    private func retire(_ pid: pid_t) {
        for index in children.indices where children[index].pid == pid { children[index].isLeaving = true }
        kill(pid, SIGQUIT)
    }

    // MARK: Binary upgrade

    /// Starts the binary anew with the listening sockets in its hands; both serve until one is told to quit.
    private func upgrade() {
        let pidFile = PIDFile(path: configuration.main.pidPath)
        guard newBinary == nil, pidFile.stepAside() else {
            return log.write(.crit, connection: nil, "the binary is being upgraded already")
        }
        for descriptor in sockets.entries.flatMap(\.descriptors) {
            _ = fcntl(descriptor, F_SETFD, 0)
        }
        setenv(ListeningSockets.inheritanceVariable, sockets.inheritance, 1)
        let pid = portico_fork()
        if pid == 0 {
            signals.release()
            execute(arguments)
        }
        unsetenv(ListeningSockets.inheritanceVariable)
        guard pid > 0 else {
            pidFile.comeBack()
            return log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
        }
        newBinary = pid
        log.write(.notice, connection: nil, "start new binary process \(pid)")
    }

    private func execute(_ arguments: [String]) -> Never {
        var words = arguments.map { strdup($0) }
        words.append(nil)
        if let program = words[0] { execvp(program, &words) }
        _exit(1)
    }

    private func newBinaryEnded() {
        newBinary = nil
        PIDFile(path: configuration.main.pidPath).comeBack()
        log.write(.alert, connection: nil, "the new binary exited; this one goes on")
        if children.isEmpty && !isStopping { startWorkers() }
    }
}
