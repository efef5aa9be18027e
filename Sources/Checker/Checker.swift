internal import Core
public import Net
public import Proxy
public import Sharing
internal import Upstream

/// The process that asks servers how they are, and writes what it learns to memory that workers read.
///
/// If it dies, traffic goes on with the last known state; the master starts another one, which begins
/// from that state too.
public final class Checker {
    enum Endpoint {
        case probe(Probe)
        case name(NameWatch)
        case staple(StapleWatch)
        case signals
    }

    let loop: EventLoop<Endpoint>
    var clock: Clock { loop.clock }
    var timers: Timers { loop.timers }
    private let configuration: Configuration
    private let shared: SharedState
    private let signals: SignalDescriptor
    /// Left at each turn for the master to see.
    private let mark: LoopMark
    private var strayStop = StrayStop()
    private var isEnding = false
    private var shortageLog = LogRation()
    /// Changes by the API, and of names in groups that it may change, that probes and watches know of.
    private var memberChanges: Int
    /// The servers that are asked, by group, in short.
    private var asked: [Int: [[String]]] = [:]
    /// How they are asked, by group.
    private let checks: [Int: [HealthCheck]]
    private var watchedNames: [DynamicName: NameWatch] = [:]
    /// What is known of them.
    private var healths: [Int: GroupHealth] = [:]
    /// The places of all groups' servers: nobody else's while this process lives.
    private var places: [Int: PeerStateTable.Reservation] = [:]

    /// - Parameter shared: the peers' state, made by the master.
    public init(configuration: Configuration, shared: SharedState) throws(Errno) {
        self.configuration = configuration
        self.shared = shared
        checks = Dictionary(grouping: configuration.healthChecks, by: \.groupIndex)
        memberChanges = shared.members.changes
        shared.enter()
        _ = shared.hold(configuration)
        loop = try EventLoop()
        signals = try SignalDescriptor(Signal.obeyedByLoops)
        mark = shared.marks.checker
        try loop.poller.addControl(signals.fd, loop.enroll(.signals))
        for index in configuration.upstreams.indices { watchServers(ofGroup: index) }
        watchNames()
        watchStaples()
        mark.turn(nowMs: clock.nowMs)
    }

    /// Asks the servers that a group has now. Those that it had before are asked on, and what is known of
    /// them is not forgotten: changes may come faster than checks.
    private func watchServers(ofGroup index: Int) {
        let settings = shared.current(configuration.upstreams[index])
        if settings.hasZone { places[index] = shared.peers.reserve(settings) }
        let checks = checks[index] ?? []
        guard !checks.isEmpty else { return }
        asked[index] = settings.peers.map(\.likeness)
        let group = PeerGroup(settings, table: shared.peers)
        let former = healths[index]
        let health = GroupHealth(group, checks: checks, former: former)
        healths[index] = health
        var known: Set<[Int]> = []
        loop.forEach { token, endpoint in
            guard case .probe(let probe) = endpoint, probe.check.groupIndex == index else { return }
            if let peer = former.flatMap({ health.peer(thatWas: probe.peer, of: $0) }),
                isAsked(group.peers[peer])
            {
                known.insert([peer, probe.record])
                return probe.move(to: health, peer: peer)
            }
            probe.end()
            loop.dismiss(token)
        }
        for (record, check) in checks.enumerated() {
            for peer in group.peers.indices where !known.contains([peer, record]) {
                watch(check, health, peer: peer, record: record)
            }
        }
    }

    private func isAsked(_ peer: Peer) -> Bool { !peer.settings.isDown && !peer.settings.isUnresolved }

    // MARK: Names

    /// Looks up the names that groups have now, and no others.
    private func watchNames() {
        var wanted: Set<DynamicName> = []
        for settings in configuration.upstreams {
            for name in shared.current(settings).dynamicNames where wanted.insert(name).inserted {
                if watchedNames[name] == nil { watch(name, settings) }
            }
        }
        for (name, watch) in watchedNames where !wanted.contains(name) {
            watch.end()
            loop.dismiss(watch.token)
            watchedNames[name] = nil
        }
    }

    private func watch(_ name: DynamicName, _ settings: UpstreamSettings) {
        var resolver = settings.resolver?.settings ?? .system()
        if let ms = settings.resolverTimeoutMs { resolver.timeoutMs = ms }
        let watch = loop.enroll(as: Endpoint.name) {
            NameWatch(self, name, resolver, validMs: settings.resolver?.validMs, token: $0)
        }
        watchedNames[name] = watch
        watch.begin(afterMs: Int.random(in: 0...100))
    }

    /// Where lookups through a resolver are counted.
    func tally(of resolver: ResolverSettings) -> ResolverTally? { shared.tally(of: resolver) }

    /// A name was looked up: workers are told if its addresses are others than before.
    ///
    /// - Returns: false: not all could be told; it is to be looked up again soon.
    func found(_ addresses: [FoundServer], of name: DynamicName) -> Bool {
        let groups = configuration.upstreams.enumerated().filter { _, settings in
            shared.current(settings).dynamicNames.contains { $0.isLike(name) }
        }
        guard findPlaces(groups.map { ($0.offset, $0.element) }, addresses, of: name) else { return false }
        // Before the lists: a server that the API adds meanwhile looks here for its addresses.
        let areOthers = shared.names.publish(addresses, of: name)
        let isToldToAll = groups.allSatisfy { _, settings in tell(settings, addresses, of: name) }
        guard areOthers else { return isToldToAll }
        let text = addresses.isEmpty ? "gone" : addresses.map(\.address.text).joined(separator: ", ")
        for (index, settings) in groups {
            log(.notice, "\"\(name.text)\" in upstream \"\(settings.name)\" is now \(text)")
            shared.chronicle.tell(
                .server, at: clock.wallMs,
                Chronicle.Entry(name.text, "other addresses", reason: text, upstream: settings.name))
            if !settings.isDynamic { watchServers(ofGroup: index) }
        }
        return isToldToAll
    }

    /// Addresses that there is no room for are not told: nobody could see what checks say of them.
    private func findPlaces(
        _ groups: [(index: Int, settings: UpstreamSettings)], _ addresses: [FoundServer],
        of name: DynamicName
    ) -> Bool {
        for (index, settings) in groups where settings.hasZone {
            let next = settings.with(shared.members, shared.names, finding: addresses, of: name)
            guard let found = shared.peers.reserve(next), shared.names.hold(also: name) else {
                log(
                    .alert,
                    "there is no room for the addresses of \"\(name.host)\" in upstream"
                        + " \"\(settings.name)\": they stay as they were")
                return false
            }
            // Those until now stay until workers have let go of them.
            places[index, default: []] += found
        }
        return true
    }

    /// Puts a name's addresses in the list of a group that has one.
    private func tell(_ settings: UpstreamSettings, _ addresses: [FoundServer], of name: DynamicName)
        -> Bool
    {
        guard settings.isDynamic else { return true }
        let outcome = shared.members.update(settings.name, configured: settings.configuredMembers) { text in
            guard let text, var list = GroupMemberList(text: text) else { return nil }
            list.find(addresses, of: name, allowsBackups: settings.allowsBackups)
            return list.text
        }
        guard outcome == .done else {
            log(
                .error,
                "no room, or no time, for the addresses of \"\(name.host)\" in upstream \"\(settings.name)\"")
            return false
        }
        return true
    }

    // MARK: Certificates

    private func watchStaples() {
        let resolver = configuration.resolver ?? .system()
        for subject in configuration.stapleSubjects {
            let watch = loop.enroll(as: Endpoint.staple) { StapleWatch(self, subject, resolver, token: $0) }
            watch.begin(afterMs: Int.random(in: 0...100))
        }
    }

    /// An answer that workers may give to clients.
    func publish(staple bytes: [UInt8], validUntil: Int64, for subject: OCSPSubject) -> Bool {
        shared.staples.publish(bytes, validUntil: validUntil, for: subject.fingerprint)
    }

    // MARK: Servers

    /// The API may have changed the servers of a group.
    private func followMembers() {
        guard shared.members.changes != memberChanges else { return }
        memberChanges = shared.members.changes
        _ = shared.hold(configuration)
        watchNames()
        for (index, settings) in configuration.upstreams.enumerated() where settings.isDynamic {
            let now = shared.current(settings)
            if asked[index] == nil {
                places[index] = shared.peers.reserve(now)
            } else if now.peers.map(\.likeness) != asked[index] {
                watchServers(ofGroup: index)
            }
        }
    }

    private func watch(_ check: HealthCheck, _ health: GroupHealth, peer: Int, record: Int) {
        guard isAsked(health.group.peers[peer]) else { return }
        let probe = loop.enroll(as: Endpoint.probe) {
            Probe(self, check, health, peer: peer, record: record, token: $0)
        }
        // The first question comes soon, and not to all servers at one time.
        let isAwaited = health.group.peers[peer].state.health == .checking
        probe.begin(afterMs: Int.random(in: 0...min(check.settings.intervalMs, isAwaited ? 50 : 1000)))
    }

    /// Checks until told to stop.
    ///
    /// - Returns: the exit status of the process.
    public func run() -> Int32 {
        let turn = CheckerTurn(checker: self)
        while !isEnding {
            turn.take(waitMs: longestWaitMs)
            if strayStop.isDue(nowMs: clock.nowMs, isDelayed: shared.isLeaving) { isEnding = true }
        }
        return 0
    }

    /// Without a timer too: the API may give it something to do.
    private var longestWaitMs: Int32 {
        shared.members.changes == memberChanges ? min(1000, configuration.main.longestWaitMs) : 0
    }

    /// The loop waits.
    fileprivate func willWait() { mark.does(.waiting) }

    /// The loop turns.
    fileprivate func didWait() {
        mark.turn(nowMs: clock.nowMs)
        mark.does(.checks)
        followMembers()
    }

    fileprivate func readSignals() {
        while let signal = signals.next() { received(signal) }
    }

    private func received(_ received: ReceivedSignal) {
        switch received.signal {
        case .terminate, .interrupt, .quit:
            if strayStop.isOrder(received, nowMs: clock.nowMs) { isEnding = true }
        case .user1: configuration.reopenLogs()
        case .winch, .hangup, .user2, .child, .pipe, .alarm, .io: break
        }
    }

    // MARK: Verdicts

    /// A probe got its answer, or none.
    func settled(_ probe: Probe, _ answer: HealthRecord.Answer, _ reason: String) {
        let health = probe.health
        let change = health.note(answer, reason, peer: probe.peer, record: probe.record, clock: clock)
        if case .health(let now, let lastedMs) = change {
            let server = health.group.peers[probe.peer].settings.name
            var entry = Chronicle.Entry(
                server, now.name, reason: reason, upstream: health.group.settings.name)
            entry.lastedMs = lastedMs
            shared.chronicle.tell(.server, at: clock.wallMs, entry)
            log(
                .notice,
                "server \(server) in upstream \"\(health.group.settings.name)\" is \(now.name): \(reason)")
        }
        if health.panicChanged() { reportPanic(health) }
    }

    private func reportPanic(_ health: GroupHealth) {
        let group = health.group
        let count = group.healthyPrimaries
        let text =
            "\(count.healthy) of \(count.all) servers in upstream \"\(group.settings.name)\" are healthy"
        guard health.isInPanic else { return log(.notice, "\(text), or a backup is: panic is over") }
        log(
            .alert,
            "\(text), fewer than panic_threshold \(group.settings.panicThreshold)%: all are used,"
                + " whatever the checks say")
    }

    /// Servers cannot be asked: once a second, for all of them.
    func logShortage(_ call: String, _ errno: Errno) {
        guard let count = shortageLog.admit(nowMs: clock.nowMs) else { return }
        let more = count > 0 ? ", and \(count) more before it" : ""
        log(.crit, "\(call) failed \(errno.logText)\(more) in health checks; servers stay what they are")
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        configuration.errorLog.write(level, connection: nil, message())
    }
}

/// A turn of the checker's loop.
private struct CheckerTurn: LoopTurn {
    let checker: Checker

    var loop: EventLoop<Checker.Endpoint> { checker.loop }

    func willWait() { checker.willWait() }

    func didWait() { checker.didWait() }

    func ready(_ endpoint: Checker.Endpoint, _ event: ReadyEvent) {
        switch endpoint {
        case .probe(let probe): probe.ready(event)
        case .name(let watch): watch.ready()
        case .staple(let watch): watch.ready(event)
        case .signals: checker.readSignals()
        }
    }

    func timedOut(_ endpoint: Checker.Endpoint, kind: UInt8) {
        switch endpoint {
        case .probe(let probe): probe.timedOut()
        case .name(let watch): watch.timedOut()
        case .staple(let watch): watch.timedOut()
        case .signals: break
        }
    }

    /// A probe has more to read without an event.
    func goOn(_ endpoint: Checker.Endpoint) {
        switch endpoint {
        case .probe(let probe): probe.goOn()
        case .name, .staple, .signals: break
        }
    }
}
