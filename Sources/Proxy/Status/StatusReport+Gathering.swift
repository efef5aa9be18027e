internal import Net
internal import Upstream

/// The report as the worker that answers can make it: sums of what all workers wrote to shared memory.
extension StatusReport {
    init(_ worker: Proxy.Worker, address: String) {
        let shared = worker.shared
        let configuration = worker.snapshot.configuration
        let service = shared.service
        self.address = address
        nowMs = Int(worker.clock.wallMs)
        answeringPID = Int(ProcessID.current)
        generation = service.generation
        startedMs = service.startedMs
        loadedMs = service.loadedMs
        lastReload = service.lastReload
        diedMs = service.diedMs
        isStopping = shared.isLeaving
        workersWanted = configuration.main.workerProcesses
        connectionsMax = configuration.main.workerConnections
        masterPID = service.masterPID
        checkerPID = configuration.needsChecker ? service.checkerPID : 0
        respawned = service.respawnedTotal
        let counters = shared.counters
        failedLogins = counters.total(.failedLogins)
        connections = Connections { counters.total($0) }
        requests = shared.tallies.sum(named: SharedState.requestsName)
        plainOnTLS = counters.total(.plainOnTLS)
        patternExcesses = counters.total(.patternExcesses)
        serverHandshakes = shared.tallies.sum(named: SharedState.serverHandshakesName)
        for zone in configuration.zones {
            let entry = Zone(name: zone.name, sum: shared.tallies.sum(named: zone.tallyName))
            switch zone.kind {
            case .server: serverZones.append(entry)
            case .location: locationZones.append(entry)
            }
        }
        resolvers = configuration.resolverZones.compactMap { zone in
            shared.resolvers.tally(named: zone).map { (zone, $0) }
        }
        workers = service.workers.map { process in
            Worker(process: process, connections: Connections { counters.load($0, slot: process.slot) })
        }
        let groups = worker.snapshot.groups
        upstreams = groups.groups.map { group in
            Upstream(group, worker, usesTLS: configuration.tlsUpstreams.contains(group.settings.name))
        }
        certificates = configuration.certificates
        events = shared.events.events(max: 20)
        samples = service.samples
    }
}

extension StatusReport.Connections {
    init(_ count: (Counter) -> Int) {
        accepted = count(.accepts)
        dropped = max(0, count(.accepts) - count(.handled))
        active = max(0, count(.active))
        reading = max(0, count(.reading))
        writing = max(0, count(.writing))
        idle = max(0, count(.waiting))
        requests = count(.requests)
        closedForRoom = count(.closedForRoom)
        refusedForRoom = count(.refusedForRoom)
    }
}

extension StatusReport.Upstream {
    init(_ group: PeerGroup, _ worker: Worker, usesTLS: Bool) {
        let sum = worker.shared.tallies.sum(named: group.tallyName)
        name = group.settings.name
        zone = group.settings.zoneName
        servers = group.peers.indices.map {
            StatusReport.Server(group, $0, worker.shared.tallies, worker.clock)
        }
        // A URL made of variables may be one of TLS as well.
        self.usesTLS = usesTLS || servers.contains { $0.sum[.handshakes] + $0.sum.failedHandshakes > 0 }
        idleConnections = max(0, sum[.idle])
        let places = group.settings.queue.count * max(1, worker.shared.service.workers.count)
        queue = places > 0 ? (max(0, sum[.waiting]), places, sum[.overflows]) : nil
        zombies = group.zombies(in: worker.shared.peers)
        isInPanic = group.isInPanic
    }
}

extension StatusReport.Server {
    init(_ group: PeerGroup, _ index: Int, _ tallies: TallyTable, _ clock: Clock) {
        let peer = group.peers[index]
        id = peer.settings.memberID ?? index
        settings = peer.settings
        failures = peer.state.fails
        sum = tallies.sum(named: peer.tallyName)
        active = group.active(index, sum)
        checks = peer.state.checkTotals
        isChecked = group.settings.isChecked
        let since = Int(peer.state.healthSinceMs)
        let banned = group.banAge(index, nowMs: clock.nowMs)
        let isFailing = StatusReport.Server.isFailing(sum, peer.state, clock)
        switch (peer.settings, peer.state.health) {
        case (let settings, _) where settings.isDown: (state, reason, sinceMs) = (.down, "marked down", 0)
        case (let settings, _) where settings.isUnresolved:
            (state, reason, sinceMs) = (.unavail, "its name has no address", 0)
        case (let settings, _) where settings.isDraining: (state, reason, sinceMs) = (.draining, "", 0)
        case (_, .draining): (state, reason, sinceMs) = (.draining, peer.state.reason.read(), since)
        case (_, .unhealthy): (state, reason, sinceMs) = (.unhealthy, peer.state.reason.read(), since)
        case (_, .checking): (state, reason, sinceMs) = (.checking, "not checked yet", since)
        case (_, .up), (_, .unchecked):
            if let banned {
                let attempts = "\(failures) failed attempt\(failures == 1 ? "" : "s")"
                (state, reason, sinceMs) = (.unavail, attempts, Int(clock.wallMs) - banned)
            } else if isFailing {
                let ago = Int(clock.nowMs) - sum[.failedMs]
                (state, reason, sinceMs) = (.up, "the last attempt failed", Int(clock.wallMs) - ago)
            } else {
                (state, reason, sinceMs) = (.up, "", since)
            }
        }
        hindrance = banned != nil || isFailing ? .failing : group.isFull(index) ? .full : .nothing
    }

    /// What is known of it last is that an attempt failed: nobody got an answer since, and no check found it
    /// healthy again. Bans end by the clock; this does not.
    private static func isFailing(_ sum: TallySum, _ state: PeerState, _ clock: Clock) -> Bool {
        guard sum[.failedMs] > sum[.succeededMs] else { return false }
        let failedWallMs = clock.wallMs - (clock.nowMs - Int64(sum[.failedMs]))
        return state.health != .up || failedWallMs >= state.healthSinceMs
    }
}
