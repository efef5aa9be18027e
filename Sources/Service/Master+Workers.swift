internal import CLinux
internal import Config
internal import Glibc
internal import Net
internal import Proxy
internal import Sharing

/// Workers: started, collected, started again.
extension Master {
    /// Starts as many workers as are missing: at the beginning, and where they had been told to finish.
    ///
    /// - Parameter serving: those that stay.
    func startMissingWorkers(besides serving: [Child]) {
        let indices = serving.map { $0.slot % max(workerCount, 1) } + respawnsDue.map(\.index)
        let missing = (0..<workerCount).filter { !indices.contains($0) }
        if !missing.isEmpty { log.write(.notice, connection: nil, "start worker processes") }
        for index in missing { startWorker(index) }
    }

    /// - Returns: a slot that is this master's from now on; `nil`: all are in use.
    private func freeSlot(for index: Int) -> Int? {
        // Old workers, or another master's, may still be in the first slots; sockets are dealt by slot
        // modulo their number.
        let rounds = (0..<(Master.slotsMax / max(workerCount, 1))).lazy.map { $0 * self.workerCount + index }
        return rounds.first { self.shared.claim(slot: $0, for: self.master) }
    }

    /// Starts the worker number `index`, or says why not and tries again a second later.
    func startWorker(_ index: Int) {
        guard let slot = freeSlot(for: index) else {
            return startLater(index, "there is no place for one more worker process")
        }
        let channel: (ControlChannel, ControlChannel)
        do throws(Errno) {
            channel = try ControlChannel.pair()
        } catch {
            shared.workerEnded(slot: slot)
            return startLater(index, "socketpair() failed \(error.logText)")
        }
        shared.marks.worker(slot).clear()
        let pid = portico_fork()
        if pid == 0 {
            channel.0.close()
            serve(slot: slot, channel.1)
        }
        guard pid > 0 else {
            let error = Errno.current
            shared.workerEnded(slot: slot)
            return startLater(index, "fork() failed \(error.logText)")
        }
        log.write(.notice, connection: nil, "start worker process \(pid)")
        shared.service.workerStarted(slot: slot, pid: pid, wallMs: clock.wallMs)
        children.append(
            Child(
                pid: pid, slot: slot, generation: generation, startedMs: clock.nowMs,
                control: channel.0))
    }

    private func startLater(_ index: Int, _ reason: String) {
        log.write(.alert, connection: nil, reason)
        respawnsDue.append(DueWorker(index: index, atMs: clock.nowMs + 1000))
    }

    /// The child's whole life.
    private func serve(slot: Int, _ control: ControlChannel) -> Never {
        sockets.closeOthers(than: slot)
        // Signals stay blocked: one that comes before the worker listens waits for it.
        takeRole("portico-worker", worker: slot % max(workerCount, 1))
        // Its master's end of the channel closes then, too: it finishes what it serves.
        OrphanTimer.begin(parent: master, patienceMs: configuration.main.watchdogMs)
        do {
            let birth = Worker.Birth(
                configuration: configuration, sockets: sockets.descriptors(forWorker: slot),
                shared: shared, slot: slot)
            let worker = try Worker(birth, orders: MasterOrders(control, request))
            // As of nginx: when it is ready.
            ProcessTitle.set("worker process")
            _exit(worker.run())
        } catch {
            log.write(.emerg, connection: nil, "worker could not start \(error.logText)")
            _exit(2)
        }
    }

    /// What a forked process is before it does its work.
    func takeRole(_ name: String, worker: Int) {
        portico_set_name(name)
        // The other workers' channels are theirs alone: whoever holds the master's end of one keeps it open.
        for child in children { child.control.close() }
        children = []
        do {
            try Privileges.enter(configuration.main, worker: worker)
        } catch {
            log.write(.emerg, connection: nil, error.description)
            _exit(2)
        }
    }

    /// Collects children that ended; those that should live come back.
    func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            if pid == newBinary {
                newBinaryEnded(status)
                continue
            }
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
            tell(.process, "worker \(child.slot)", "died", "process \(pid) \(ending(status))")
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
            respawnsDue.append(
                DueWorker(
                    index: child.slot % max(workerCount, 1),
                    atMs: isYoung ? clock.nowMs + 500 : clock.nowMs))
        }
    }

    func exitCode(_ status: Int32) -> Int32? {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    /// How a process ended, in nginx's words.
    func ending(_ status: Int32) -> String {
        exitCode(status).map { "exited with code \($0)" } ?? "exited on signal \(status & 0x7F)"
    }

    private func report(_ child: Child, _ status: Int32) {
        log.write(
            exitCode(status) == nil ? .alert : .notice, connection: nil,
            "worker process \(child.pid) \(ending(status))")
        shared.workerEnded(slot: child.slot)
    }

    /// A worker that somebody else told to finish takes no clients any more: another one does at once.
    func replaceLeaving() {
        guard !isStopping else { return }
        for index in children.indices where !children[index].isLeaving {
            let child = children[index]
            guard shared.marks.worker(child.slot).isLeaving else { continue }
            children[index].isLeaving = true
            log.write(
                .notice, connection: nil, "worker process \(child.pid) finishes; another one takes its place")
            respawnsDue.append(DueWorker(index: child.slot % max(workerCount, 1), atMs: clock.nowMs))
        }
    }

    func respawn() {
        guard !isStopping else {
            checkerDueMs = nil
            return respawnsDue.removeAll()
        }
        if let due = checkerDueMs, due <= clock.nowMs { startChecker() }
        let due = respawnsDue.filter { $0.atMs <= clock.nowMs }
        respawnsDue.removeAll { $0.atMs <= clock.nowMs }
        for worker in due { startWorker(worker.index) }
    }
}
