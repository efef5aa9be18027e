internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

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

    /// The process that asks servers how they are.
    struct CheckerProcess {
        let pid: pid_t
        let startedMs: Int64
        /// It was told to end.
        var isLeaving = false
    }

    /// A worker that is to be started.
    struct DueWorker {
        /// Which of the workers: sockets and processors are dealt by it.
        let index: Int
        let atMs: Int64
    }

    let request: LoadRequest
    /// Secrets and shared memory that outlive configurations.
    let lasting: LastingSecrets
    let launch: Launch
    var configuration: Configuration
    var sockets: ListeningSockets
    let shared: SharedState
    var children: [Child] = []
    var checker: CheckerProcess?
    var checkerDueMs: Int64?
    var generation = 0
    let signals: SignalDescriptor
    let clock = Clock()
    var isStopping = false
    var killDeadlineMs: Int64?
    /// `shutdown_delay` is over then.
    var quitDueMs: Int64?
    var watchdog = Watchdog()
    /// Names of UNIX sockets that nobody serves when the former master is gone.
    var leftFiles: [SocketFile] = []
    /// Certificate files, and when they are looked at next.
    var certificates: CertificateWatch
    var certificatesDueMs: Int64 = 0
    /// When it is next said which certificates end soon.
    var expiryDueMs: Int64 = 0
    /// A checker is wanted: not while a new binary has one.
    var hasChecker = true
    /// Workers that are to come back: at once, or a while later where they died young or could not be
    /// started.
    var respawnsDue: [DueWorker] = []
    let master = getpid()
    /// A new binary that took over the sockets, while it lives.
    var newBinary: pid_t?
    /// What the service manager hears.
    var notices = Notices.ofEnvironment()

    static var slotsMax: Int { 1024 }

    init(
        request: LoadRequest, launch: Launch, configuration: Configuration, sockets: ListeningSockets,
        signals: SignalDescriptor, inheritance: Inheritance
    ) {
        self.request = request
        self.launch = launch
        lasting = inheritance.lasting
        shared = inheritance.shared
        certificates = CertificateWatch(configuration.files.secretStamps)
        self.configuration = configuration
        self.sockets = sockets
        self.signals = signals
    }

    var workerCount: Int { configuration.main.workerProcesses }
    var log: ErrorLog { configuration.errorLog }
    var pidFile: PIDFile { PIDFile(path: configuration.main.pidPath) }
    var outcome: ReloadOutcome { ReloadOutcome(pidPath: configuration.main.pidPath) }

    /// The signals that a master obeys.
    static var obeyed: [Signal] { Signal.obeyedByLoops + [.child] }

    /// Runs until told to stop.
    func run() -> Int32 {
        ProcessTitle.set(launch.title)
        log.write(.notice, connection: nil, "portico/\(versionText)")
        shared.prepare(configuration, for: .start)
        shared.service.began(wallMs: clock.wallMs)
        tell(.process, "master \(master)", launch.isPredecessorAlive ? "takes over" : "started", versionText)
        configuration.removeDrafts()
        generation += 1
        startMissingWorkers(besides: [])
        startChecker()
        shared.sample(clock)
        while !(isStopping && children.isEmpty && checker == nil) {
            wait()
            clock.update()
            while let signal = signals.next() { received(signal) }
            reap()
            replaceLeaving()
            respawn()
            tellServiceManager()
            killLate()
            killHung()
            removeLeftFiles()
            shared.sample(clock)
            renewCertificates()
            warnOfExpiry()
            if let quitDueMs, clock.nowMs >= quitDueMs { quit() }
        }
        log.write(.notice, connection: nil, "exit")
        leave()
        return 0
    }

    /// Keeps in mind that something happened.
    func tell(_ kind: Chronicle.Kind, _ subject: String, _ what: String, _ reason: String = "") {
        shared.chronicle.tell(
            kind, at: clock.wallMs, Chronicle.Entry(subject, what, reason: reason))
    }

    /// What is not a successor's goes with this master.
    private func leave() {
        for question in outcome.questions() { unlink(question) }
        closeSockets()
        removeLeftFiles()
        // The new binary has the file of the usual name.
        if newBinary == nil { pidFile.remove() } else { pidFile.removeOld() }
    }

    /// Listens no more. Names of UNIX sockets stay if another master serves them.
    func closeSockets() {
        sockets.close()
        if newBinary == nil { discard(sockets.takeFiles()) }
    }

    /// Removes names of UNIX sockets that are not served here any more; those that the former master
    /// serves, when it is gone.
    func discard(_ files: [SocketFile]) {
        for file in files {
            if file.origin == .inherited, launch.isPredecessorAlive {
                leftFiles.append(file)
            } else {
                file.remove()
            }
        }
    }

    private func removeLeftFiles() {
        guard !leftFiles.isEmpty, !launch.isPredecessorAlive else { return }
        for file in leftFiles { file.remove() }
        leftFiles = []
    }

    /// Waits for a signal, or until there is something to do without one.
    private func wait() {
        var due = children.isEmpty && leftFiles.isEmpty ? Int64.max : clock.nowMs + 1000
        if due < .max, !configuration.files.secretPaths.isEmpty {
            due = clock.nowMs + CertificateWatch.intervalMs
        }
        let limit = configuration.main.watchdogMs
        if limit > 0, !(children.isEmpty && checker == nil) {
            due = min(due, clock.nowMs + Int64(Watchdog.intervalMs(limitMs: limit)))
        }
        for next in [quitDueMs, checkerDueMs, killDeadlineMs] { due = min(due, next ?? .max) }
        for next in respawnsDue { due = min(due, next.atMs) }
        due = min(due, notices.dueMs(nowMs: clock.nowMs, workers: children.count) ?? .max)
        let left = max(0, due == .max ? 0 : due - clock.nowMs)
        signals.wait(timeoutMs: due == .max ? -1 : Int32(clamping: left))
    }
}
