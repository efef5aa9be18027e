internal import Core
internal import Net
internal import Sharing

/// How many connections a worker may have, and which client gives way when there is no more room.
struct ConnectionRoom {
    /// So many connections, and descriptors, are there for `status`, `readiness` and refusals alone.
    static var reserve: Int { 16 }
    /// A client that has begun to say something and not ended after so long is as good as idle.
    private static var slowAfterMs: Int64 { 1000 }
    private static var sampleCount: Int { 64 }

    /// A client that waited for nothing but its own next request when it was looked at.
    struct Candidate {
        let token: Token
        let sinceMs: Int64
        /// Of connections that came in the same millisecond, the first.
        let number: Int
    }

    /// Descriptors from this number on are of the reserve: the kernel gives the lowest that is free.
    let firstReservedDescriptor: Int32
    /// The longest idle last.
    private var candidates: [Candidate] = []
    /// A search looks at every connection: there is not one for each client.
    private var nextSearchMs: Int64 = 0
    private var nextWarningMs: Int64 = 0

    /// The room that the settings ask for, as far as the system allows it.
    init(_ main: MainSettings) {
        if main.workerFileLimit == nil {
            // Each client may have a gateway's connection, or a file, beside its own.
            let pairs = main.workerConnections.multipliedReportingOverflow(by: 2)
            DescriptorLimit.raise(to: pairs.overflow ? Int.max : pairs.partialValue)
        }
        self.init(descriptorLimit: DescriptorLimit.current)
    }

    init(descriptorLimit: Int) {
        // Where there are few descriptors, half of them are not too many for the reserve.
        let reserved = min(ConnectionRoom.reserve, descriptorLimit / 2)
        firstReservedDescriptor = Int32(clamping: descriptorLimit - reserved)
    }

    /// Whether a client that has been at it since then keeps a connection from others.
    static func isSlow(_ sinceMs: Int64, nowMs: Int64) -> Bool { nowMs - sinceMs >= slowAfterMs }

    mutating func next() -> Candidate? { candidates.popLast() }

    func mustSearch(nowMs: Int64) -> Bool { candidates.isEmpty && nowMs >= nextSearchMs }

    /// Takes in what a search over `connections` endpoints has found.
    mutating func found(_ idle: [Candidate], among connections: Int, nowMs: Int64) {
        // What finds many is paid by those who find room for it.
        if idle.count < connections / 16 { nextSearchMs = nowMs + 1 + Int64(connections / 1000) }
        candidates = ConnectionRoom.longest(of: idle).sorted {
            ($0.sinceMs, $0.number) > ($1.sinceMs, $1.number)
        }
    }

    /// About a sixteenth of many: so that not all of them must be sorted.
    private static func longest(of idle: [Candidate]) -> [Candidate] {
        guard idle.count > sampleCount * sampleCount else { return idle }
        let step = idle.count / sampleCount
        let sample = stride(from: 0, to: idle.count, by: step).map { idle[$0].sinceMs }.sorted()
        let bound = sample[sample.count / 16]
        return idle.filter { $0.sinceMs <= bound }
    }

    /// Whether the log is to be told, which is once a second.
    mutating func mustWarn(nowMs: Int64) -> Bool {
        guard nowMs >= nextWarningMs else { return false }
        nextWarningMs = nowMs + 1000
        return true
    }
}

/// Room for one more.
extension Worker {
    /// Whether a connection on `fd` beside those that there are takes from the reserve.
    func isBeyondRoom(_ fd: Int32, beside count: Int) -> Bool {
        count >= snapshot.configuration.main.workerConnections || fd >= admission.room.firstReservedDescriptor
    }

    /// Closes the client that has been idle for longest, in good order, so that another can be served.
    ///
    /// - Returns: whether there was one.
    func closeLongestIdle() -> Bool {
        warnOfShortage()
        if admission.room.mustSearch(nowMs: clock.nowMs) { searchIdle() }
        while let candidate = admission.room.next() {
            guard let session = loop[candidate.token]?.session,
                session.idleSinceMs == candidate.sinceMs, session.giveWay()
            else { continue }
            counters.add(.closedForRoom, 1)
            return true
        }
        return false
    }

    private func searchIdle() {
        var idle: [ConnectionRoom.Candidate] = []
        idle.reserveCapacity(admission.connectionCount)
        forEachSession { session in
            guard let since = session.idleSinceMs else { return }
            let connection = session.connection
            idle.append(
                ConnectionRoom.Candidate(
                    token: connection.token, sinceMs: since, number: connection.number))
        }
        admission.room.found(idle, among: loop.count, nowMs: clock.nowMs)
    }

    private func warnOfShortage() {
        guard admission.room.mustWarn(nowMs: clock.nowMs) else { return }
        let most = snapshot.configuration.main.workerConnections
        let lack =
            admission.connectionCount >= most
            ? "\(most) worker_connections" : "\(DescriptorLimit.current) open files"
        log(.warn, "\(lack) are not enough, reusing connections")
        shared.chronicle.tell(
            .limit, at: clock.wallMs, stripe: 1,
            Chronicle.Entry("worker \(slot)", "reuses connections", reason: "\(lack) are not enough"))
    }

    /// Sees to it that a connection on `fd`, `own` of those that are counted, takes nothing from the reserve.
    ///
    /// Who is closed may have been in the reserve himself: then another has to go.
    /// - Returns: whether that could be done.
    func makeRoom(_ fd: Int32, own: Int) -> Bool {
        guard isBeyondRoom(fd, beside: admission.connectionCount - own) else { return true }
        guard closeLongestIdle() else { return false }
        while admission.connectionCount - own >= snapshot.configuration.main.workerConnections {
            guard closeLongestIdle() else { return false }
        }
        return true
    }

    /// Whether a client that was accepted into the reserve can be served like any other by now.
    func hasRoom(for client: ClientConnection) -> Bool {
        if makeRoom(client.transport.fd, own: 1) {
            client.isReserved = false
            return true
        }
        counters.add(.refusedForRoom, 1)
        return false
    }
}

extension HTTP1Session {
    /// Since when it has waited for its client with nothing under way; `nil`: it must not be closed for the
    /// sake of others.
    var idleSinceMs: Int64? {
        let nowMs = worker.clock.nowMs
        let waitsSinceMs = connection.requestCount > 0 ? connection.quietSinceMs : connection.startedMs
        switch state {
        case .idle where connection.isReserved:
            return ConnectionRoom.isSlow(waitsSinceMs, nowMs: nowMs) ? waitsSinceMs : nil
        case .readingHead:
            let sinceMs = exchange?.arrival.startedMs ?? waitsSinceMs
            return ConnectionRoom.isSlow(sinceMs, nowMs: nowMs) ? sinceMs : nil
        case .idle, .lingering:
            return waitsSinceMs
        case .exchanging, .skippingBody, .tunnelling, .closed:
            return nil
        }
    }

    /// Closes, for the sake of others, unless the client has said something that no event told of yet.
    func giveWay() -> Bool {
        switch state {
        case .lingering: break
        case .idle, .readingHead, .exchanging, .skippingBody, .tunnelling, .closed:
            if transport.hasUnread { return false }
        }
        worker.log(.info, connection, "client was closed while idle: its connection is needed")
        close()
        return true
    }
}
