internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// Serving: from the words of the command line to a master, or to a worker without one.
extension Program {
    func serve(_ options: CommandLineOptions) -> Int32 {
        var sockets = ListeningSockets()
        do {
            // Before anybody can reach us: a signal that comes from now on waits until it is obeyed.
            let signals = try SignalDescriptor(Master.obeyed)
            let former = ListeningSockets.inherited()
            let activated = ListeningSockets.activated()
            let inheritance =
                try Inheritance.received(slots: Master.slotsMax)
                ?? Inheritance(
                    shared: SharedState(slots: Master.slotsMax), lasting: LastingSecrets())
            let request = loadRequest(options)
            let configuration = try Configuration.load(
                request, files: ConfigurationFiles(lasting: inheritance.lasting))
            configuration.files.forgetOthers()
            warn(configuration)
            try configuration.prepareDirectories(owner: Account.ofWorkers(configuration.main)?.user)
            let main = configuration.main
            let inherited = former ?? activated
            sockets = try inherited.opened(
                for: configuration, workers: main.usesMaster ? main.workerProcesses : 1)
            let warnings =
                configuration.warnings + sockets.adapt(from: inherited) + activated.unnamed(by: sockets)
            for warning in warnings {
                configuration.errorLog.write(.warn, connection: nil, warning)
            }
            // A new binary is in the background already, and its forerunner must see it live.
            let daemon = main.daemonizes && former == nil ? try Daemon.leave() : nil
            // Written by a child or by this very process: the number in it must be the master's.
            try PIDFile(path: main.pidPath).write()
            daemon?.arrived()
            if let notice = configuration.startNotice { standardError(notice) }
            configuration.takeStandardError()
            guard main.usesMaster else {
                for file in inherited.closeUnused(by: sockets) { file.remove() }
                return try serveAlone(configuration, sockets)
            }
            let master = Master(
                request: request, launch: Launch(arguments: arguments, isDaemon: main.daemonizes),
                configuration: configuration, sockets: sockets, signals: signals, inheritance: inheritance)
            // What the configuration does not name any more would get clients whom nobody serves.
            master.discard(inherited.closeUnused(by: sockets))
            return master.run()
        } catch {
            for file in sockets.takeFiles() where file.origin == .bound { file.remove() }
            return refuse(start: error, options)
        }
    }

    private func refuse(start error: any Error, _ options: CommandLineOptions) -> Int32 {
        switch error {
        case let error as ConfigError: refuse(error, options)
        case let error as Errno: refuse("start failed \(error.logText)\(Self.advice(error))", options)
        default: refuse("\(error)", options)
        }
    }

    /// What limits of the environment may be behind it.
    private static func advice(_ errno: Errno) -> String {
        switch errno {
        case .outOfMemory:
            "; what processes share takes 2 GB of addresses, though little memory: see \"ulimit -v\""
        case .tooManyFiles: "; see \"ulimit -n\""
        default: ""
        }
    }

    /// `master_process off`: this process serves.
    private func serveAlone(
        _ configuration: Configuration, _ sockets: ListeningSockets
    ) throws(Errno) -> Int32 {
        let shared = try SharedState(slots: 1)
        let clock = Clock()
        shared.prepare(configuration, for: .start)
        shared.service.began(wallMs: clock.wallMs)
        shared.service.workerStarted(slot: 0, pid: getpid(), wallMs: clock.wallMs)
        let birth = Worker.Birth(
            configuration: configuration, sockets: sockets.descriptors(forWorker: 0), shared: shared,
            slot: 0)
        defer {
            for file in sockets.entries.compactMap(\.file) { file.remove() }
            PIDFile(path: configuration.main.pidPath).remove()
        }
        let worker = try Worker(birth, orders: nil)
        var notices = Notices.ofEnvironment()
        if let complaint = notices.ready() {
            configuration.errorLog.write(.warn, connection: nil, complaint)
        }
        return worker.run()
    }
}
