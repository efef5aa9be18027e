internal import Config
internal import Glibc
internal import Net
internal import Proxy

/// `-s`: orders for a master that runs.
extension Program {
    func send(_ order: CommandLineOptions.Order, _ options: CommandLineOptions) -> Int32 {
        let request = loadRequest(options)
        do {
            guard order == .reload else {
                let pidPath = try Configuration.load(request).main.pidPath
                return try send(signal(order), to: PIDFile(path: pidPath).read())
            }
            // What is wrong with the configuration is the master's to find: it says so in its log as well.
            let pidPath = Configuration.pidPath(request)
            return try reload(PIDFile(path: pidPath).read(), ReloadOutcome(pidPath: pidPath))
        } catch {
            for line in error.lines { _ = fail(line) }
            return 1
        }
    }

    private func signal(_ order: CommandLineOptions.Order) -> Int32 {
        switch order {
        case .stop: SIGTERM
        case .quit: SIGQUIT
        case .reload: SIGHUP
        case .reopen: SIGUSR1
        // It is no signal.
        case .status: 0
        }
    }

    private func send(_ signal: Int32, to pid: pid_t) -> Int32 {
        guard kill(pid, signal) == 0 else {
            return fail("kill(\(pid), \(signal)) failed \(Errno.current.logText)")
        }
        return 0
    }

    private func reload(_ master: pid_t, _ outcome: ReloadOutcome) -> Int32 {
        do throws(FileError) {
            try outcome.ask()
        } catch {
            standardError("portico: [warn] the outcome will be in the error log alone: \(error.message)\n")
            return send(SIGHUP, to: master)
        }
        defer { outcome.withdraw() }
        let status = send(SIGHUP, to: master)
        return status == 0 ? answer(outcome, of: master) : status
    }

    /// Waits until the master has said what became of the reload.
    private func answer(_ outcome: ReloadOutcome, of master: pid_t) -> Int32 {
        for _ in 0..<6000 {
            switch outcome.read() {
            case .accepted: return 0
            case .refused(let reason):
                return fail("\(reason)\nportico: the new configuration was refused; the old one goes on")
            case nil: break
            }
            guard ProcessID.isAlive(master) else { return fail("the master process \(master) is gone") }
            usleep(10_000)
        }
        return fail("the master process \(master) has not answered for a minute; see its error log")
    }
}
