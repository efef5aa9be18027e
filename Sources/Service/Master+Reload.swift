internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// A new configuration, from its files to the workers.
extension Master {
    func reload() {
        log.write(.notice, connection: nil, "reconfiguring")
        // Those who ask from now on may have changed a file that is read already.
        let (outcome, questions) = (outcome, outcome.questions())
        do {
            defer { configuration.files.forgetOthers() }
            let next = try Configuration.load(
                request, files: ConfigurationFiles(lasting: lasting, former: configuration.files))
            for warning in next.warnings { next.errorLog.write(.warn, connection: nil, warning) }
            try next.prepareDirectories(owner: Account.ofWorkers(next.main)?.user)
            let delivery = try Delivery(next)
            defer { delivery.close() }
            try shared.reserve(next)
            let opened = try sockets.opened(for: next, workers: next.main.workerProcesses)
            take(next, opened, delivery, for: .reload)
            log.write(.notice, connection: nil, "reconfigured")
            shared.service.reloaded(wallMs: clock.wallMs, complaint: nil)
            tell(.reload, "configuration", "reloaded", "generation \(shared.service.generation)")
            outcome.answer(questions, .accepted(warnings: next.warnings))
            notices.awaitWorkers(status: "")
        } catch {
            for line in error.lines { log.write(.emerg, connection: nil, line) }
            log.write(.error, connection: nil, "the new configuration was refused; the old one goes on")
            shared.service.reloaded(wallMs: clock.wallMs, complaint: error.description)
            tell(.reload, "configuration", "refused", error.description)
            notices.awaitWorkers(status: "the new configuration was refused: \(error.description)")
            outcome.answer(questions, .refused(error.lines.joined(separator: "\nportico: [emerg] ")))
        }
    }

    /// Says once a day which certificates will not hold for long.
    func warnOfExpiry() {
        guard clock.nowMs >= expiryDueMs else { return }
        // The first warning came with the configuration.
        if expiryDueMs > 0 {
            for warning in configuration.certificates.compactMap(\.expiryWarning) {
                log.write(.warn, connection: nil, warning)
            }
        }
        expiryDueMs = clock.nowMs + 86_400_000
    }

    /// Everything that could be refused is done: from here on the new configuration is in force.
    func take(
        _ next: Configuration, _ opened: ListeningSockets, _ delivery: Delivery,
        for occasion: SharedState.Occasion
    ) {
        let formerSockets = sockets
        let isInPlace =
            configuration.main.allowsReloadInPlace(next.main) && opened.isDealtLike(formerSockets)
        movePIDFile(to: PIDFile(path: next.main.pidPath))
        configuration = next
        configuration.takeStandardError()
        // A renewal watches the same files, and knows which of them it did not take.
        if occasion != .renewal { certificates = CertificateWatch(next.files.secretStamps) }
        sockets = opened
        for warning in opened.adapt(from: formerSockets) { log.write(.warn, connection: nil, warning) }
        shared.prepare(configuration, for: occasion)
        let former = children.indices.filter { !children[$0].isLeaving }.map { children[$0] }
        let stayed = isInPlace ? deliver(delivery, to: former) : []
        // Before new workers are forked: a socket that they inherit would stay open unserved.
        discard(formerSockets.closeUnused(by: opened))
        generation += 1
        for index in children.indices where stayed.contains(children[index].pid) {
            children[index].generation = generation
        }
        if !isInPlace { respawnsDue.removeAll() }
        // Each worker has its own sockets: those who stay, or come back by themselves, serve only these.
        startMissingWorkers(besides: former.filter { stayed.contains($0.pid) })
        for child in former where !stayed.contains(child.pid) { retire(child.pid) }
        // What it found out stands in shared memory: another one goes on from there.
        hasChecker = true
        if checker == nil { startChecker() } else { stopChecker() }
    }

    private func movePIDFile(to next: PIDFile) {
        do throws(ConfigError) {
            try pidFile.move(to: next)
        } catch {
            log.write(.alert, connection: nil, "the pid file stays \"\(pidFile.path)\": \(error.message)")
        }
    }

    /// - Returns: the workers that now serve by the new configuration.
    private func deliver(_ delivery: Delivery, to workers: [Child]) -> Set<pid_t> {
        var sent: [Child] = []
        for child in workers {
            // Waiting for one that does not run would hold up the reload, and the master with it.
            guard !ProcessID.isStopped(child.pid) else {
                reportUndelivered(child, "it was stopped")
                continue
            }
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
}
