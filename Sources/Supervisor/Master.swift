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

    let request: LoadRequest
    /// Secrets and shared memory that outlive configurations.
    let lasting: LastingSecrets
    let outcome: ReloadOutcome
    let arguments: [String]
    var configuration: Configuration
    var sockets: ListeningSockets
    let shared: SharedState
    var children: [Child] = []
    var checker: (pid: pid_t, startedMs: Int64)?
    var checkerDueMs: Int64?
    var generation = 0
    let signals: SignalDescriptor
    let clock = Clock()
    var isStopping = false
    var killDeadlineMs: Int64?
    /// `shutdown_delay` is over then.
    private var quitDueMs: Int64?
    /// Certificate files, and when they are looked at next.
    var certificates: CertificateWatch
    var certificatesDueMs: Int64 = 0
    /// When it is next said which certificates end soon.
    var expiryDueMs: Int64 = 0
    /// A checker is wanted: not while a new binary has one.
    var hasChecker = true
    /// Workers that died young come back a little later each time.
    var respawnsDue: [(slot: Int, atMs: Int64)] = []
    let master = getpid()
    /// A new binary that took over the sockets, while it lives.
    var newBinary: pid_t?

    static var slotsMax: Int { 1024 }

    init(
        request: LoadRequest, arguments: [String], configuration: Configuration, sockets: ListeningSockets,
        signals: SignalDescriptor, inheritance: Inheritance
    ) {
        self.request = request
        lasting = inheritance.lasting
        shared = inheritance.shared
        certificates = CertificateWatch(configuration.files.secretStamps)
        outcome = ReloadOutcome(pidPath: configuration.main.pidPath)
        self.arguments = arguments
        self.configuration = configuration
        self.sockets = sockets
        self.signals = signals
    }

    var workerCount: Int { configuration.main.workerProcesses }
    var log: ErrorLog { configuration.errorLog }

    /// The signals that a master obeys.
    static var obeyed: [Signal] {
        [.hangup, .user1, .user2, .winch, .quit, .terminate, .interrupt, .child, .alarm]
    }

    /// Runs until told to stop.
    func run() -> Int32 {
        log.write(.notice, connection: nil, "portico/\(versionText)")
        log.write(.notice, connection: nil, "start worker processes")
        shared.prepare(configuration, isStart: true)
        shared.service.began(wallMs: clock.wallMs)
        configuration.removeDrafts()
        startWorkers()
        startChecker()
        while !(isStopping && children.isEmpty && checker == nil) {
            wait()
            clock.update()
            while let signal = signals.next() { received(signal) }
            reap()
            respawn()
            killLate()
            shared.sample(clock)
            renewCertificates()
            warnOfExpiry()
            if let quitDueMs, clock.nowMs >= quitDueMs { quit() }
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

    func wait() {
        var due = children.isEmpty ? -1 : 1000
        if !configuration.files.secretPaths.isEmpty && due > 0 { due = Int(CertificateWatch.intervalMs) }
        if let quitDueMs { due = min(due < 0 ? 1000 : due, max(0, Int(quitDueMs - clock.nowMs))) }
        if let first = respawnsDue.map(\.atMs).min() {
            due = min(due < 0 ? 1000 : due, max(0, Int(first - clock.nowMs)))
        }
        if let checkerDueMs { due = min(due < 0 ? 1000 : due, max(0, Int(checkerDueMs - clock.nowMs))) }
        if let killDeadlineMs { due = min(due < 0 ? 1000 : due, max(0, Int(killDeadlineMs - clock.nowMs))) }
        signals.wait(timeoutMs: Int32(clamping: due))
    }

    // MARK: Signals

    func received(_ signal: Signal) {
        log.write(.notice, connection: nil, "signal \(signal.number) (\(signal.name)) received")
        switch signal {
        case .terminate, .interrupt:
            if delaysShutdown() { return }
            isStopping = true
            send(SIGTERM)
            killDeadlineMs = clock.nowMs + 10_000
        case .quit: quit()
        case .winch:
            for index in children.indices { children[index].isLeaving = true }
            hasChecker = false
            send(SIGQUIT)
        case .hangup: if !isStopping { reload() }
        case .user1:
            log.write(.notice, connection: nil, "reopening logs")
            configuration.reopenLogs(owner: Account.ofWorkers(configuration.main)?.user)
            send(SIGUSR1)
        case .user2: upgrade()
        case .child, .pipe, .alarm: break
        }
    }

    /// Ends when what is under way is done.
    func quit() {
        isStopping = true
        quitDueMs = nil
        send(SIGQUIT)
        sockets.closeAll(unlinking: newBinary == nil)
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

    func send(_ signal: Int32) {
        for child in children { kill(child.pid, signal) }
        if let checker { kill(checker.pid, signal) }
    }

    func killLate() {
        guard let deadline = killDeadlineMs, clock.nowMs >= deadline else { return }
        send(SIGKILL)
        killDeadlineMs = clock.nowMs + 1000
    }

    // MARK: Workers

    func startWorkers() {
        generation += 1
        for index in 0..<workerCount { fork(slot: freeSlot(preferring: index)) }
    }

    func freeSlot(preferring index: Int) -> Int {
        // Old workers, or another master's, may still be in the first slots; sockets are dealt by slot
        // modulo their number.
        let rounds = (0..<(Master.slotsMax / max(workerCount, 1))).lazy.map { $0 * self.workerCount + index }
        return rounds.first { self.shared.claim(slot: $0, for: self.master) } ?? index
    }

    func fork(slot: Int) {
        let channel: (ControlChannel, ControlChannel)
        do throws(Errno) {
            channel = try ControlChannel.pair()
        } catch {
            log.write(.alert, connection: nil, "socketpair() failed \(error.logText)")
            return respawnsDue.append((slot, clock.nowMs + 1000))
        }
        let pid = portico_fork()
        if pid == 0 {
            channel.0.close()
            serve(slot: slot, channel.1)
        }
        guard pid > 0 else {
            log.write(.alert, connection: nil, "fork() failed \(Errno.current.logText)")
            respawnsDue.append((slot, clock.nowMs + 1000))
            return
        }
        log.write(.notice, connection: nil, "start worker process \(pid)")
        shared.service.workerStarted(slot: slot, pid: pid, wallMs: clock.wallMs)
        children.append(
            Child(
                pid: pid, slot: slot, generation: generation, startedMs: clock.nowMs,
                control: channel.0))
    }

    /// The child's whole life.
    func serve(slot: Int, _ control: ControlChannel) -> Never {
        sockets.closeOthers(than: slot)
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
    func takeRole(_ name: String, worker: Int, onMasterDeath signal: Int32) {
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

    /// Collects children that ended; those that should live come back.
    func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            if pid == newBinary { return newBinaryEnded() }
            shared.processEnded(pid)
            if let ended = checker, ended.pid == pid {
                checkerEnded(ended, status)
                continue
            }
            guard let index = children.firstIndex(where: { $0.pid == pid }) else { continue }
            let child = children.remove(at: index)
            report(child, status)
            if exitCode(status) == nil { configuration.removeDrafts() }
            let isCurrent = child.generation == generation
            guard isCurrent, !isStopping, !child.isLeaving else { continue }
            if exitCode(status) == 2 {
                log.write(
                    .alert, connection: nil,
                    "worker process \(pid) exited with fatal code 2 and cannot be respawned")
                sockets.giveUp(worker: child.slot)
                continue
            }
            // A worker that lived is replaced at once; one that died young, after a while.
            shared.service.respawned(slot: child.slot)
            let isYoung = clock.nowMs - child.startedMs < 1000
            respawnsDue.append((child.slot, isYoung ? clock.nowMs + 500 : clock.nowMs))
        }
    }

    func exitCode(_ status: Int32) -> Int32? {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    func report(_ child: Child, _ status: Int32) {
        if let code = exitCode(status) {
            log.write(.notice, connection: nil, "worker process \(child.pid) exited with code \(code)")
        } else {
            log.write(
                .alert, connection: nil, "worker process \(child.pid) exited on signal \(status & 0x7F)")
        }
        shared.workerEnded(slot: child.slot)
    }

    func respawn() {
        guard !isStopping else {
            checkerDueMs = nil
            return respawnsDue.removeAll()
        }
        if let due = checkerDueMs, due <= clock.nowMs { startChecker() }
        let due = respawnsDue.filter { $0.atMs <= clock.nowMs }
        respawnsDue.removeAll { $0.atMs <= clock.nowMs }
        for entry in due {
            fork(slot: freeSlot(preferring: entry.slot % max(workerCount, 1)))
        }
    }

}
