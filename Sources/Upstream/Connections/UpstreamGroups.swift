public import Net
public import Sharing

/// The upstream groups of a configuration in one process: their peers' state, their idle connections, and who
/// waits for them.
public final class UpstreamGroups<Endpoint: PeerEndpoint> {
    private typealias Pool = KeepalivePool<PeerConnection<Endpoint>>

    private let plan: UpstreamPlan
    private let shared: SharedState
    /// Those of the configuration, and those that variables made.
    public private(set) var groups: [PeerGroup] = []
    private var pools: [Pool] = []
    /// Connections that requests share, of each group.
    var sharedConnections: [[PeerConnection<Endpoint>]] = []
    private var queues: [RequestQueue<Endpoint.User.Request>] = []
    private var indices: [String: Int] = [:]
    /// Groups that variables made, by the host and port that they named.
    private var made: [String: Int] = [:]
    /// What each of them was named, from the first of them on.
    private var madeNames: [String] = []
    /// Which of them is the next to give way.
    private var nextMade = 0
    /// TLS sessions with peers, the last one of each kind of connection.
    private var sessions: [TLSSessionKey: TLSSession] = [:]

    private var uncountedLog = LogRation()

    /// Changes of names that the groups know of.
    private var nameChanges: Int
    private var memberChanges: Int

    /// The groups of a plan.
    ///
    /// - Parameter former: the groups until now: what is known of peers that stay goes on.
    public init(_ plan: UpstreamPlan, _ shared: SharedState, former: UpstreamGroups<Endpoint>?) {
        self.plan = plan
        self.shared = shared
        nameChanges = shared.names.changes
        memberChanges = shared.members.changes
        for settings in plan.upstreams {
            indices[settings.isImplicit ? settings.name : settings.name.lowercased()] = groups.count
            add(settings, former: former?.group(named: settings.name))
        }
    }

    private func add(_ settings: UpstreamSettings, former: PeerGroup? = nil) {
        let group = PeerGroup(
            shared.current(settings), table: settings.hasZone ? shared.peers : nil, former: former,
            tallies: shared.tallies)
        group.index = groups.count
        reportUnshared(group)
        groups.append(group)
        let tally = shared.tallies.row(named: group.tallyName)
        pools.append(Pool(capacity: settings.keepalive.count, tally: tally))
        sharedConnections.append([])
        queues.append(RequestQueue(tally: tally))
        if !tally.isSeen || group.peers.contains(where: { $0.tally?.isSeen == false }) {
            reportUncounted(group)
        }
    }

    /// That there is no room is found out before a configuration comes into force, or a server is added.
    private func reportUnshared(_ group: PeerGroup) {
        guard group.unsharedCount > 0 else { return }
        plan.errorLog.write(
            .alert, connection: nil,
            "there is no room for the state of \(group.unsharedCount) servers of upstream"
                + " \"\(group.settings.name)\": this worker does not see what others find out of them")
    }

    private func reportUncounted(_ group: PeerGroup) {
        guard uncountedLog.admit(nowMs: Clock().nowMs) != nil else { return }
        plan.errorLog.write(
            .alert, connection: nil,
            "requests to upstream \"\(group.settings.name)\", and perhaps others, find no room to be counted")
    }

    /// The group with a number of the configuration; `nil`: there is none.
    public func group(at index: Int) -> PeerGroup? {
        groups.indices.contains(index) ? groups[index] : nil
    }

    /// Names of blocks are compared without case, as in nginx.
    package func group(named name: String) -> PeerGroup? {
        if let index = indices[name] { return groups[index] }
        guard let index = indices[name.lowercased()], !groups[index].settings.isImplicit else { return nil }
        return groups[index]
    }

    /// The idle connections to a group's peers.
    ///
    /// - Parameter group: one of these.
    public func pool(of group: PeerGroup) -> KeepalivePool<PeerConnection<Endpoint>> { pools[group.index] }

    /// Who waits for a group's peers.
    ///
    /// - Parameter group: one of these.
    public func queue(of group: PeerGroup) -> RequestQueue<Endpoint.User.Request> { queues[group.index] }

    /// The TLS session that a new connection may resume.
    public func session(for key: TLSSessionKey) -> TLSSession? { sessions[key] }

    /// Keeps a TLS session for the next connection of its kind.
    public func keep(_ session: TLSSession, for key: TLSSessionKey) { sessions[key] = session }

    /// Closes every idle connection.
    package func closeIdle() {
        for pool in pools {
            while let connection = pool.removeAny() { connection.close() }
        }
    }

    /// Closes the idle connection of some group that has waited there longest.
    ///
    /// - Returns: false: there is none.
    package func closeOneIdle() -> Bool {
        for pool in pools {
            guard let connection = pool.removeOldest() else { continue }
            connection.close()
            return true
        }
        return false
    }

    /// Whether it is a group that new requests are given.
    public func isCurrent(_ group: PeerGroup) -> Bool {
        groups.indices.contains(group.index) && groups[group.index] === group
    }

    // MARK: Connections that are idle

    /// A connection from the pool that is still quiet and open, as far as the last wait told. That is
    /// one receive less a request than asking the socket; what comes after the wait can always be too
    /// late to be seen. A request that could not be sent again asks.
    public func takeIdle(
        _ group: PeerGroup, peer: Int, for request: Endpoint.User.Request
    ) -> PeerConnection<Endpoint>? {
        guard isCurrent(group) else { return nil }
        let pool = pool(of: group)
        guard pool.count > 0 else { return nil }
        let key = request.connectionKey(in: group)
        while let connection = pool.take(group.peers[peer].addressIndex, key: key) {
            connection.move(to: group, peerIndex: peer)
            connection.connector.cancel(connection.readTimer)
            let isKnownQuiet = !connection.transport.isReadable && !connection.transport.isHangup
            if isKnownQuiet && request.isIdempotent || connection.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    // MARK: Names that have other addresses now

    /// Looks whether the checker has found other addresses. Once a turn of the loop.
    public func followNames() {
        let haveMembersChanged = shared.members.changes != memberChanges
        guard shared.names.changes != nameChanges || haveMembersChanged else { return }
        nameChanges = shared.names.changes
        memberChanges = shared.members.changes
        if haveMembersChanged { _ = shared.hold(plan.upstreams) }
        for (index, settings) in plan.upstreams.enumerated()
        where !settings.dynamicNames.isEmpty || (haveMembersChanged && settings.isDynamic) {
            let next = shared.current(settings)
            let former = groups[index]
            guard next.peers.map(\.likeness) != former.settings.peers.map(\.likeness) else { continue }
            let group = PeerGroup(next, table: shared.peers, former: former, tallies: shared.tallies)
            group.index = index
            reportUnshared(group)
            groups[index] = group
            sessions = sessions.filter { $0.key.group != index }
            rearrange(pools[index])
            takeOverShared(at: index, from: self)
        }
    }

    /// Idle connections of a pool, here or of the groups until now, go on under the numbers that their
    /// servers have here; those that nobody here wants are closed.
    private func rearrange(_ pool: Pool) {
        var idle: [PeerConnection<Endpoint>] = []
        while let connection = pool.removeAny() { idle.append(connection) }
        // The pool gave out the youngest first.
        for connection in idle.reversed() {
            guard accepts(connection) else {
                connection.close()
                continue
            }
            pools[connection.group.index].put(
                connection, address: connection.addressIndex, key: connection.key)
        }
    }

    /// The group that new requests are given in its place; itself if there is none.
    public func successor(of group: PeerGroup) -> PeerGroup {
        isCurrent(group) ? group : self.group(named: group.settings.name) ?? group
    }

    // MARK: After a reload

    /// Takes over the requests that wait for servers of the groups until now.
    ///
    /// - Returns: the queues that somebody waits in.
    package func takeQueues(from former: UpstreamGroups<Endpoint>) -> [RequestQueue<Endpoint.User.Request>] {
        former.groups.compactMap { old in
            guard let group = group(named: old.settings.name) else { return nil }
            let queue = queue(of: group)
            queue.takeQueue(of: former.queue(of: old))
            return queue.isAwaited ? queue : nil
        }
    }

    /// Whether the connection was made for one of these groups, or for one that a group here goes on for.
    func accepts(_ connection: PeerConnection<Endpoint>) -> Bool {
        if isCurrent(connection.group) { return true }
        guard let group = group(named: connection.group.settings.name),
            group.settings.proxyProtocol == connection.group.settings.proxyProtocol,
            let peer = group.peers.firstIndex(where: { $0.settings.address == connection.address }),
            let settings = plan.connectionKeys[
                connection.identity.text(isLocal: group.settings.keepalive.isLocal)]
        else { return false }
        connection.move(to: group, peerIndex: peer)
        connection.renumber(settings)
        return true
    }

    /// Takes over the idle connections and TLS sessions of the groups until now; those that nobody here
    /// wants are closed.
    package func takeOver(from former: UpstreamGroups<Endpoint>) {
        for pool in former.pools { rearrange(pool) }
        for pool in pools { pool.closeExcess() }
        for index in former.groups.indices { takeOverShared(at: index, from: former) }
        let names = Dictionary(
            former.plan.tlsClientKeys.map { ($0.value, $0.key) },
            uniquingKeysWith: { first, _ in first })
        for (key, session) in former.sessions {
            guard let old = former.group(at: key.group), old.peers.indices.contains(key.peer),
                let group = group(named: old.settings.name),
                let peer = group.peers.firstIndex(where: {
                    $0.settings.address == old.peers[key.peer].settings.address
                }), let settings = names[key.settings].flatMap({ plan.tlsClientKeys[$0] })
            else { continue }
            sessions[TLSSessionKey(group: group.index, peer: peer, settings: settings)] = session
        }
    }

    // MARK: Variables

    /// Addresses and names made of variables that are remembered; strangers may make up as many as they like.
    private static var madeMax: Int { 1024 }

    /// The group of a host and port that variables made, with the addresses that it leads to now.
    ///
    /// - Parameter addresses: their ports do not count where the host is a name.
    /// - Returns: `nil`: there are too many groups, and all of them are in use.
    public func group(of host: String, port: UInt16, at addresses: [SocketAddress]) -> PeerGroup? {
        let name = "\(host) \(port)"
        let places = addresses.map { $0.port == nil ? $0 : $0.with(port: port) }
        guard let index = made[name] else {
            return make(name, UpstreamSettings(implicit: host, addresses: places))
        }
        let group = groups[index]
        guard !group.settings.peers.lazy.map(\.address).elementsEqual(places) else { return group }
        return put(UpstreamSettings(implicit: host, addresses: places), at: index, after: group)
    }

    /// Makes a group for a name, in the place of one without requests once there are many.
    private func make(_ name: String, _ settings: UpstreamSettings) -> PeerGroup? {
        guard madeNames.count >= Self.madeMax else {
            made[name] = groups.count
            madeNames.append(name)
            add(settings)
            return groups.last
        }
        for _ in madeNames.indices {
            let place = nextMade
            nextMade = (nextMade + 1) % Self.madeMax
            let index = plan.upstreams.count + place
            guard queues[index].budget.requests == 0 else { continue }
            made[madeNames[place]] = nil
            made[name] = index
            madeNames[place] = name
            return put(settings, at: index, after: nil)
        }
        return nil
    }

    /// It is not counted by itself: there is no end to such names.
    private func put(_ settings: UpstreamSettings, at index: Int, after former: PeerGroup?) -> PeerGroup {
        let group = PeerGroup(settings, table: nil, former: former)
        group.index = index
        groups[index] = group
        sessions = sessions.filter { $0.key.group != index }
        return group
    }
}

/// Which connections may resume each other's TLS sessions.
public struct TLSSessionKey: Hashable {
    /// The group's place among its process's.
    let group: Int
    /// The peer's place in its group.
    let peer: Int
    /// Number of the location's `proxy_ssl_…` settings.
    let settings: Int

    /// Of one peer, and of one location's settings.
    public init(group: Int, peer: Int, settings: Int) {
        self.group = group
        self.peer = peer
        self.settings = settings
    }
}
