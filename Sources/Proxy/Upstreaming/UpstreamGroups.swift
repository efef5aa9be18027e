internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// A snapshot's upstream groups: their peers' state and their idle connections.
final class UpstreamGroups {
    private let configuration: Configuration
    private let shared: SharedState
    private(set) var groups: [PeerGroup] = []
    private var pools: [KeepalivePool<PeerConnection>] = []
    private var queues: [RequestQueue] = []
    private var indices: [String: Int] = [:]
    /// Which group of those that variables made is the next to give way, from the first of them on.
    private var nextMade = 0
    /// TLS sessions with peers, the last one of each kind of connection.
    private var sessions: [TLSSessionKey: TLSSession] = [:]

    private var uncountedLog = LogRation()

    /// Changes of names that the groups know of.
    private var nameChanges: Int
    private var memberChanges: Int

    /// - Parameter former: the groups until now: what is known of peers that stay goes on.
    init(_ configuration: Configuration, _ shared: SharedState, former: UpstreamGroups?) {
        self.configuration = configuration
        self.shared = shared
        nameChanges = shared.names.changes
        memberChanges = shared.members.changes
        for settings in configuration.upstreams {
            add(settings, former: former?.group(named: settings.name))
        }
    }

    private func add(_ settings: UpstreamSettings, former: PeerGroup? = nil) {
        let group = PeerGroup(
            shared.current(settings), table: settings.hasZone ? shared.peers : nil, former: former,
            tallies: shared.tallies)
        group.index = groups.count
        reportUnshared(group)
        indices[settings.name] = groups.count
        groups.append(group)
        let tally = shared.tallies.row(named: group.tallyName)
        pools.append(KeepalivePool(capacity: settings.keepalive.count, tally: tally))
        queues.append(RequestQueue(tally: tally))
        if !tally.isSeen || group.peers.contains(where: { $0.tally?.isSeen == false }) {
            reportUncounted(group)
        }
    }

    /// That there is no room is found out before a configuration comes into force, or a server is added.
    private func reportUnshared(_ group: PeerGroup) {
        guard group.unsharedCount > 0 else { return }
        configuration.errorLog.write(
            .alert, connection: nil,
            "there is no room for the state of \(group.unsharedCount) servers of upstream"
                + " \"\(group.settings.name)\": this worker does not see what others find out of them")
    }

    private func reportUncounted(_ group: PeerGroup) {
        guard uncountedLog.admit(nowMs: Clock().nowMs) != nil else { return }
        configuration.errorLog.write(
            .alert, connection: nil,
            "requests to upstream \"\(group.settings.name)\", and perhaps others, find no room to be counted")
    }

    func group(at index: Int) -> PeerGroup? {
        groups.indices.contains(index) ? groups[index] : nil
    }

    private func group(named name: String) -> PeerGroup? { indices[name].map { groups[$0] } }

    /// - Parameter group: one of these.
    func pool(of group: PeerGroup) -> KeepalivePool<PeerConnection> { pools[group.index] }

    /// - Parameter group: one of these.
    func queue(of group: PeerGroup) -> RequestQueue { queues[group.index] }

    func session(for key: TLSSessionKey) -> TLSSession? { sessions[key] }

    func keep(_ session: TLSSession, for key: TLSSessionKey) { sessions[key] = session }

    /// Closes every idle connection.
    func closeIdle() {
        for pool in pools {
            while let connection = pool.removeAny() { connection.close() }
        }
    }

    /// Closes the idle connection of some group that has waited there longest.
    ///
    /// - Returns: false: there is none.
    func closeOneIdle() -> Bool {
        for pool in pools {
            guard let connection = pool.removeOldest() else { continue }
            connection.close()
            return true
        }
        return false
    }

    /// Whether it is a group that new requests are given.
    func isCurrent(_ group: PeerGroup) -> Bool {
        groups.indices.contains(group.index) && groups[group.index] === group
    }

    // MARK: Names that have other addresses now

    /// Looks whether the checker has found other addresses. Once a turn of the loop.
    func followNames() {
        let haveMembersChanged = shared.members.changes != memberChanges
        guard shared.names.changes != nameChanges || haveMembersChanged else { return }
        nameChanges = shared.names.changes
        memberChanges = shared.members.changes
        if haveMembersChanged { _ = shared.hold(configuration) }
        for (index, settings) in configuration.upstreams.enumerated()
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
        }
    }

    /// Idle connections go on under the new numbers of their servers.
    private func rearrange(_ pool: KeepalivePool<PeerConnection>) {
        var idle: [PeerConnection] = []
        while let connection = pool.removeAny() { idle.append(connection) }
        for connection in idle.reversed() {
            guard accepts(connection) else {
                connection.close()
                continue
            }
            pool.put(connection, address: connection.addressIndex, key: connection.key)
        }
    }

    /// The group that new requests are given in its place; itself if there is none.
    func successor(of group: PeerGroup) -> PeerGroup {
        isCurrent(group) ? group : self.group(named: group.settings.name) ?? group
    }

    // MARK: After a reload

    /// Takes over the requests that wait for servers of the groups until now.
    ///
    /// - Returns: the queues that somebody waits in.
    func takeQueues(from former: UpstreamGroups) -> [RequestQueue] {
        former.groups.compactMap { old in
            guard let group = group(named: old.settings.name) else { return nil }
            let queue = queue(of: group)
            queue.takeQueue(of: former.queue(of: old))
            return queue.isAwaited ? queue : nil
        }
    }

    /// Whether the connection was made for one of these groups, or for one that a group here goes on for.
    func accepts(_ connection: PeerConnection) -> Bool {
        if isCurrent(connection.group) { return true }
        guard let group = group(named: connection.group.settings.name),
            let peer = group.peers.firstIndex(where: { $0.settings.address == connection.address }),
            let settings = configuration.connectionKeys[
                connection.identity.text(isLocal: group.settings.keepalive.isLocal)]
        else { return false }
        connection.move(to: group, peerIndex: peer)
        connection.renumber(settings)
        return true
    }

    /// Takes over the idle connections and TLS sessions of the groups until now; those that nobody here
    /// wants are closed.
    func takeOver(from former: UpstreamGroups) {
        for pool in former.pools {
            var idle: [PeerConnection] = []
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
        for pool in pools { pool.closeExcess() }
        let names = Dictionary(
            former.configuration.tlsClientKeys.map { ($0.value, $0.key) },
            uniquingKeysWith: { first, _ in first })
        for (key, session) in former.sessions {
            guard let old = former.group(at: key.group), old.peers.indices.contains(key.peer),
                let group = group(named: old.settings.name),
                let peer = group.peers.firstIndex(where: {
                    $0.settings.address == old.peers[key.peer].settings.address
                }), let settings = names[key.settings].flatMap({ configuration.tlsClientKeys[$0] })
            else { continue }
            sessions[TLSSessionKey(group: group.index, peer: peer, settings: settings)] = session
        }
    }

    // MARK: Variables

    /// What a `proxy_pass` with variables came out as.
    enum Resolution {
        case group(PeerGroup, ProxyTarget)
        /// Not a URL that can be passed to: why.
        case invalid(String)
        /// A host name that is neither an upstream's nor an address.
        case unresolvable(String)
    }

    /// Finds the group that a URL made of variables names; an address gets a group of its own.
    func resolve(url: [UInt8]) -> Resolution {
        let target: ProxyTarget
        do {
            target = try ProxyTarget(url: url)
        } catch {
            return .invalid(error.message)
        }
        let name = target.groupName
        if let group = group(named: name) { return .group(group, target) }
        guard let address = SocketAddress.parse(target.groupName, defaultPort: target.isTLS ? 443 : 80) else {
            return .unresolvable(target.groupName)
        }
        guard let group = makeGroup(UpstreamSettings(implicit: name, addresses: [address])) else {
            return .invalid("too many different addresses from variables in \"proxy_pass\"")
        }
        return .group(group, target)
    }

    /// Addresses made of variables that are remembered; strangers may make up as many as they like.
    private static var madeMax: Int { 1024 }

    /// A group for an address that variables made, in the place of one without requests once there are many.
    ///
    /// - Returns: `nil`: all of them are in use.
    private func makeGroup(_ settings: UpstreamSettings) -> PeerGroup? {
        let first = configuration.upstreams.count
        guard groups.count - first >= UpstreamGroups.madeMax else {
            add(settings)
            return groups.last
        }
        for _ in 0..<UpstreamGroups.madeMax {
            let index = first + nextMade
            nextMade = (nextMade + 1) % UpstreamGroups.madeMax
            guard queues[index].budget.requests == 0 else { continue }
            // It is not counted by itself: there is no end to such names.
            let group = PeerGroup(settings, table: nil)
            group.index = index
            indices[groups[index].settings.name] = nil
            indices[settings.name] = index
            groups[index] = group
            return group
        }
        return nil
    }
}

/// Which connections may resume each other's TLS sessions.
struct TLSSessionKey: Hashable {
    let group: Int
    let peer: Int
    /// Number of the location's `proxy_ssl_…` settings.
    let settings: Int
}
