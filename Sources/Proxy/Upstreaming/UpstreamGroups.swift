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

    /// - Parameter former: the groups until now: what is known of peers that stay goes on.
    init(_ configuration: Configuration, _ shared: SharedState, former: UpstreamGroups?) {
        self.configuration = configuration
        self.shared = shared
        nameChanges = shared.names.changes
        memberChanges = shared.members.changes
        for settings in configuration.upstreams {
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

    /// Names of blocks are compared without case, as in nginx.
    func group(named name: String) -> PeerGroup? {
        if let index = indices[name] { return groups[index] }
        guard let index = indices[name.lowercased()], !groups[index].settings.isImplicit else { return nil }
        return groups[index]
    }

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
        case name(String, ProxyTarget)
    }

    /// Addresses and names made of variables that are remembered; strangers may make up as many as they like.
    private static var madeMax: Int { 1024 }
    static var tooMany: String { "too many different addresses from variables in \"proxy_pass\"" }

    /// Finds the group that a URL made of variables names; an address gets a group of its own.
    func resolve(url: [UInt8]) -> Resolution {
        let target: ProxyTarget
        do {
            target = try ProxyTarget(url: url)
        } catch {
            let isPrefix = error.message == ProxyTarget.invalidPrefix
            let text = isPrefix ? " in \"\(String(decoding: url, as: UTF8.self))\"" : ""
            return .invalid(error.message + text)
        }
        if let group = group(named: target.groupName),
            !group.settings.isImplicit || group.settings.implicitPort == target.port
        {
            return .group(group, target)
        }
        guard let address = SocketAddress.parse(target.groupName, defaultPort: target.defaultPort) else {
            let invalid = "\"\(target.groupName)\""
            guard target.port != nil else { return .invalid("invalid port in upstream \(invalid)") }
            return target.host.isEmpty
                ? .invalid("no host in upstream \(invalid)") : .name(target.host, target)
        }
        guard let group = group(of: target, [address]) else { return .invalid(UpstreamGroups.tooMany) }
        return .group(group, target)
    }

    /// The group of the addresses that a URL made of variables leads to now.
    ///
    /// - Parameter addresses: their ports do not count where the URL names a host.
    /// - Returns: `nil`: there are too many groups, and all of them are in use.
    func group(of target: ProxyTarget, _ addresses: [SocketAddress]) -> PeerGroup? {
        let port = target.port ?? 0
        let name = "\(target.groupName) \(port)"
        let places = addresses.map { $0.port == nil ? $0 : $0.with(port: port) }
        guard let index = made[name] else {
            return make(name, UpstreamSettings(implicit: target.groupName, addresses: places))
        }
        let group = groups[index]
        guard !group.settings.peers.lazy.map(\.address).elementsEqual(places) else { return group }
        return put(UpstreamSettings(implicit: target.groupName, addresses: places), at: index, after: group)
    }

    /// Makes a group for a name, in the place of one without requests once there are many.
    private func make(_ name: String, _ settings: UpstreamSettings) -> PeerGroup? {
        guard madeNames.count >= UpstreamGroups.madeMax else {
            made[name] = groups.count
            madeNames.append(name)
            add(settings)
            return groups.last
        }
        for _ in madeNames.indices {
            let place = nextMade
            nextMade = (nextMade + 1) % UpstreamGroups.madeMax
            let index = configuration.upstreams.count + place
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
struct TLSSessionKey: Hashable {
    let group: Int
    let peer: Int
    /// Number of the location's `proxy_ssl_…` settings.
    let settings: Int
}
