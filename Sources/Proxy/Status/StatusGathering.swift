internal import Net
internal import Sharing
internal import Status
internal import Upstream

/// Makes a report as the worker that answers can: of sums of what all workers wrote to shared memory.
///
/// A thousand servers take ten milliseconds, so they are looked at one by one, in steps of a `SlicedWork`.
final class StatusGathering {
    private(set) var report = StatusReport()
    private var servers: [StatusReport.Server] = []
    private let worker: Worker
    private let scope: StatusScope

    init(_ worker: Worker, address: String, _ scope: StatusScope) {
        self.worker = worker
        self.scope = scope
        report.address = address
    }

    /// Where servers can be changed; `nil`: nowhere.
    var apiPath: String? {
        get { report.apiPath }
        set { report.apiPath = newValue }
    }

    /// Where requests are explained; `nil`: nowhere.
    var explainPath: String? {
        get { report.explainPath }
        set { report.explainPath = newValue }
    }

    /// How much the report will have of what there may be hundreds of.
    static func contents(_ worker: Worker) -> StatusPart.Contents {
        let configuration = worker.snapshot.configuration
        var contents = StatusPart.Contents()
        contents.certificates = configuration.certificates.map {
            $0.file.utf8.count + ($0.names.first?.utf8.count ?? 0)
        }
        contents.limitRequests = configuration.limitZones.requests.map(\.name.utf8.count)
        contents.limitConnections = configuration.limitZones.connections.map(\.name.utf8.count)
        for zone in configuration.zones {
            switch zone.kind {
            case .server: contents.serverZones.append(zone.name.utf8.count)
            case .location: contents.locationZones.append(zone.name.utf8.count)
            }
        }
        contents.resolvers = configuration.resolverZones.map(\.utf8.count)
        contents.workers = worker.shared.service.workers.count
        contents.upstreams = worker.snapshot.groups.groups.map { group in
            (
                group.settings.name,
                group.peers.map { max($0.settings.name.utf8.count, $0.settings.server.utf8.count) }
            )
        }
        return contents
    }

    /// Leaves out what is on other pages.
    func cut(to part: StatusPart?) {
        if let part { report.cut(to: part) }
    }

    /// All of it at once.
    static func report(_ worker: Worker, address: String, _ scope: StatusScope) -> StatusReport {
        let gathering = StatusGathering(worker, address: address, scope)
        let work = SlicedWork()
        gathering.add(to: work)
        work.finish()
        return gathering.report
    }

    /// Adds the steps after which the report is whole.
    func add(to work: SlicedWork) {
        let snapshot = worker.snapshot
        let configuration = snapshot.configuration
        work.once { self.takeService(configuration) }
        let zones = configuration.zones.filter { zone in
            scope.wants(zone.name)
                && scope.parts.contains(zone.kind == .server ? .serverZones : .locationZones)
        }
        work.each(zones.count) { self.take(zones[$0]) }
        if scope.parts.contains(.history) {
            let kinds = Chronicle.Kind.allCases
            work.each(kinds.count) { self.report.take(kinds[$0], of: self.worker.shared.chronicle) }
            work.once { self.report.sortHappenings() }
        }
        guard scope.parts.contains(.upstreams) else { return }
        for group in snapshot.groups.groups where scope.wants(group.settings.name) {
            let usesTLS = configuration.tlsUpstreams.contains(group.settings.name)
            work.each(group.peers.count) { self.takeServer($0, of: group) }
            work.once { self.take(group, usesTLS) }
        }
    }

    private func takeService(_ configuration: Configuration) {
        let shared = worker.shared
        let service = shared.service
        report.nowMs = Int(worker.clock.wallMs)
        report.answeringPID = Int(ProcessID.current)
        report.generation = service.generation
        report.startedMs = service.startedMs
        report.loadedMs = service.loadedMs
        report.lastReload = service.lastReload
        report.diedMs = service.diedMs
        report.isStopping = shared.isLeaving
        report.workersWanted = configuration.main.workerProcesses
        report.connectionsMax = configuration.main.workerConnections
        report.descriptorsMax = DescriptorLimit.current
        report.masterUse = service.masterUse
        report.checkerUse = service.checkerUse
        report.masterPID = service.masterPID
        report.checkerPID = configuration.needsChecker ? service.checkerPID : 0
        report.respawned = service.respawnedTotal
        if scope.parts.contains(.certificates) { report.certificates = configuration.certificates }
        if scope.parts.contains(.counters) { takeCounters(shared) }
        if scope.parts.contains(.workers) {
            report.workers = service.workers.map { process in
                StatusReport.Worker(
                    process: process,
                    connections: StatusReport.Connections { shared.counters.load($0, slot: process.slot) })
            }
        }
        if scope.parts.contains(.resolvers) {
            report.resolvers = configuration.resolverZones.compactMap { zone in
                shared.resolvers.tally(named: zone).map { (zone, $0) }
            }
        }
        if scope.parts.contains(.limits) { takeLimits(configuration.limitZones) }
        if scope.parts.contains(.history) {
            report.events = shared.events.events(max: EventRing.capacity)
            report.samples = service.samples
            report.windows = service.windows
        }
    }

    private func takeLimits(_ zones: LimitZones) {
        report.limitRequests = zones.requests.compactMap { zone in
            guard scope.wants(zone.name), let line = zone.line else { return nil }
            return StatusReport.LimitZone(zone.name, line.buckets)
        }
        report.limitConnections = zones.connections.compactMap { zone in
            guard scope.wants(zone.name), let line = zone.line else { return nil }
            return StatusReport.LimitZone(zone.name, line.counts)
        }
    }

    private func takeCounters(_ shared: SharedState) {
        let counters = shared.counters
        report.failedLogins = counters.total(.failedLogins)
        report.reasons = EndReason.counted.enumerated().map { place, reason in
            (reason.text, shared.reasons.load(place))
        }
        report.connections = StatusReport.Connections { counters.total($0) }
        report.exemplars = shared.exemplars.all
        report.requests = shared.tallies.sum(named: SharedState.requestsName)
        report.plainOnTLS = counters.total(.plainOnTLS)
        report.patternExcesses = counters.total(.patternExcesses)
        report.mirrorsDropped = counters.total(.mirrorsDropped)
        report.serverHandshakes = shared.tallies.sum(named: SharedState.serverHandshakesName)
    }

    private func take(_ zone: StatusZone) {
        let entry = StatusReport.Zone(name: zone.name, sum: sum(named: zone.tallyName))
        switch zone.kind {
        case .server: report.serverZones.append(entry)
        case .location: report.locationZones.append(entry)
        }
    }

    private func sum(named name: String) -> TallySum {
        scope.isCounted ? worker.shared.tallies.sum(named: name) : TallySum()
    }

    private func takeServer(_ index: Int, of group: PeerGroup) {
        let sum = sum(named: group.peers[index].tallyName)
        var server = StatusReport.Server(group, index, sum, worker.clock)
        if scope.isCounted {
            server.recent = worker.shared.tallies.recent(
                named: group.peers[index].tallyName, sum, nowMs: worker.clock.nowMs)
        }
        servers.append(server)
    }

    private func take(_ group: PeerGroup, _ usesTLS: Bool) {
        let zombies = scope.isCounted ? group.zombies(in: worker.shared.peers) : 0
        let sum = sum(named: group.tallyName)
        let places = group.settings.queue.count * max(1, worker.shared.service.workers.count)
        var upstream = StatusReport.Upstream(group, servers, sum, waitingMax: places)
        upstream.usesTLS = upstream.usesTLS || usesTLS
        upstream.zombies = zombies
        report.upstreams.append(upstream)
        servers = []
    }
}
