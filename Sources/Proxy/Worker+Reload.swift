internal import Config
internal import Core
internal import Net

/// What a worker is told by its master.
struct Orders {
    /// The words of the command line, for configurations to come.
    let request: LoadRequest
    /// To the master; `nil`: there is none.
    var control: ControlChannel?
    /// Of an order that is not complete.
    var descriptors: [Int32] = []
}

/// A new configuration in a running worker: built beside the old one, then put in its place.
///
/// No connection is closed for it, except those of addresses that are not listened on any more, and no
/// pool is emptied.
extension Worker {
    /// The words that a master and its workers exchange.
    public enum Order {
        /// Descriptors that belong to the next `load`.
        public static var descriptors: [UInt8] { [UInt8(ascii: "D")] }
        /// Load what came: the first descriptor is the bundle, then so many listening sockets.
        public static func load(sockets: Int) -> [UInt8] { [UInt8(ascii: "L")] + Array("\(sockets)".utf8) }
        /// The worker serves by the new configuration.
        public static var done: [UInt8] { [UInt8(ascii: "K")] }
        /// It goes on with the old one: why.
        public static func failed(_ reason: String) -> [UInt8] {
            [UInt8(ascii: "F")] + Array(reason.utf8.prefix(1000))
        }
    }

    /// The master says something, or is gone.
    func receiveOrders() {
        guard let control = orders.control else { return }
        while true {
            switch control.receive() {
            case .nothing: return
            case .closed:
                loop.poller.remove(control.fd)
                orders.control = nil
                log(.alert, "the master is gone")
                return drain()
            case .message(let words, let descriptors):
                orders.descriptors += descriptors
                guard words.first == UInt8(ascii: "L") else { continue }
                let count = Int(String(decoding: words.dropFirst(), as: UTF8.self)) ?? 0
                obeyLoad(socketCount: count)
            }
        }
    }

    private func obeyLoad(socketCount: Int) {
        let descriptors = orders.descriptors
        orders.descriptors = []
        do throws(ConfigError) {
            try load(descriptors, socketCount: socketCount)
            try? orders.control?.send(Order.done)
        } catch {
            log(.error, "the new configuration cannot be loaded: \(error.description)")
            try? orders.control?.send(Order.failed(error.description))
        }
    }

    private func load(_ descriptors: [Int32], socketCount: Int) throws(ConfigError) {
        guard let bundle = descriptors.first, socketCount >= 0, descriptors.count > socketCount else {
            for fd in descriptors { Socket.close(fd) }
            throw ConfigError("the reload lacks descriptors")
        }
        defer { Socket.close(bundle) }
        let sockets = Array(descriptors[1..<(1 + socketCount)])
        do throws(ConfigError) {
            let files = try ConfigurationFiles(
                bytes: try Worker.read(bundle), descriptors: Array(descriptors.dropFirst(1 + socketCount)),
                former: snapshot.configuration.files)
            let next = try Configuration.load(orders.request, files: files)
            guard next.listeners.count == sockets.count else {
                throw ConfigError("the configuration listens on other addresses than the master's")
            }
            try next.openAccessLogs()
            adopt(next, sockets)
        } catch {
            for fd in sockets { Socket.close(fd) }
            throw error
        }
    }

    private static func read(_ fd: Int32) throws(ConfigError) -> [UInt8] {
        do throws(Errno) {
            return try MemoryFile.read(fd)
        } catch {
            throw ConfigError("reading the bundle failed \(error.logText)")
        }
    }

    private func adopt(_ next: Configuration, _ sockets: [Int32]) {
        let former = snapshot
        let made = Snapshot(next, shared, clock, former: former)
        adopt(sockets, of: next)
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
    private func adopt(_ sockets: [Int32], of next: Configuration) {
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
