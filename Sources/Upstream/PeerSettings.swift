public import Config
public import HTTP
public import Net
public import Sharing

/// One address of a `server` line in an `upstream` block.
public struct PeerSettings: Sendable {
    /// For logs, `$upstream_addr` and identity: "10.0.0.2:8000".
    public var name: String
    /// The server as it was written; several addresses of one name share it. Ketama hashes it.
    public var server: String
    /// Where it is connected to.
    public var address: SocketAddress
    /// Its share of requests, beside the other peers' weights.
    public var weight = 1
    /// Most connections at one time; 0: no limit.
    public var maxConnections = 0
    /// The same, to be found within these bounds by how long answers take (`max_conns=auto`).
    public var foundLimit: ClosedRange<Int>?
    /// Failures within `failTimeoutSeconds` that take it out; 0: none ever do.
    public var maxFails = 1
    /// The window that failures are counted in, and how long it then stays out.
    public var failTimeoutSeconds = 10
    /// Tried only when no primary is usable.
    public var isBackup = false
    /// Never chosen; it keeps its place in hashes.
    public var isDown = false
    /// Given no new requests; those under way finish.
    public var isDraining = false
    /// What `sticky` calls it; empty: a digest of its address.
    public var route = ""
    /// How long its weight grows after it was out of use, in milliseconds; 0: it has all of it at once.
    public var slowStartMs = 0
    /// Its number in the API, once that has changed the group.
    public var memberID: Int?
    /// The number of the name that it is an address of, once the API has one for it.
    public var parentID: Int?
    /// The name did not resolve: it is unavailable until the checker finds an address.
    public var isUnresolved = false
    /// The name that its address comes from, if that may change.
    public var dynamicName: DynamicName?

    /// A peer with nginx's defaults.
    public init(server: String, address: SocketAddress) {
        name = address.text
        self.server = server
        self.address = address
    }
}

/// Idle connections kept for later requests: `keepalive` and its kin, with today's defaults of nginx.
public struct KeepaliveSettings: Sendable, Equatable {
    /// Connections that may be idle in each worker; 0: none is kept.
    public var count = 32
    /// Requests over one connection.
    public var requests = 1000
    /// Age at which a connection is not used again.
    public var timeMs = 3_600_000
    /// How long a connection stays idle.
    public var timeoutMs = 60_000
    /// Locations do not share connections: `local`.
    public var isLocal = true

    /// Today's defaults of nginx.
    public init() {}
}

/// An `upstream` block, or an address that `proxy_pass` names directly.
public struct UpstreamSettings: Sendable {
    /// The name that `proxy_pass` finds it by.
    public var name: String
    /// In the order of the configuration.
    public var peers: [PeerSettings] = []
    /// Smooth weighted round robin unless a directive says otherwise.
    public var method = BalancingMethod.roundRobin
    /// How clients are bound to servers; `nil`: they are not.
    public internal(set) var sticky: StickySettings?
    /// How many idle connections are kept, and for how long.
    public var keepalive = KeepaliveSettings()
    /// The peers' state is shared by all workers (`zone`).
    public var hasZone = false
    /// The name that `zone` gave it.
    public var zoneName: String?
    /// The size that it gave it; `nil`: another block's line says it.
    public var zoneByteCount: Int?
    /// Below this part of healthy servers, in percent, the checks are disregarded; 0: never.
    public var panicThreshold = 0
    /// What tells servers the client's address, first on each connection; `nil`: nothing does.
    public var proxyProtocol: ProxyProtocolHeader.Version?
    /// Requests that may wait for a server in each worker, and how long.
    public var queue: (count: Int, timeoutMs: Int) = (0, 60_000)
    /// Checks that stand in the block itself.
    public var checks: [HealthCheckSettings] = []
    /// Where the servers are kept that the API has left it.
    public var stateFile: StateFile?
    /// Whom the checker asks for addresses of names; `nil`: as the system does.
    public var resolver: ResolverLine?
    /// Longest time for looking a name up; `nil`: the resolver's own.
    public var resolverTimeoutMs: Int?
    /// Something checks the group's servers: set for checks in locations as well.
    public var isChecked = false
    /// A check must pass before a server is used that was not there before.
    public var isMandatory = false
    /// `proxy_pass` names an address: there is no block.
    public var isImplicit = false
    /// Where the block stands.
    public var location: SourceLocation?

    /// What a request is, or who sends it, says which server it goes to.
    package var bindsRequests: Bool { method.key != nil || method.needsAddress || sticky != nil }

    /// An empty group.
    public init(name: String) {
        self.name = name
    }

    /// A group of one address, as `proxy_pass http://127.0.0.1:8000` makes it.
    public init(implicit name: String, addresses: [SocketAddress]) {
        self.name = name
        isImplicit = true
        keepalive.count = 0
        peers = addresses.map { PeerSettings(server: name, address: $0) }
    }

    /// The port of such a group's servers; `nil`: it is a UNIX socket.
    public var implicitPort: UInt16? { peers.first.flatMap { $0.dynamicName?.port ?? $0.address.port } }

    /// A group of one name that is not known yet: it is looked up until it is.
    public init(implicit name: String, unresolved: DynamicName) {
        self.name = name
        isImplicit = true
        keepalive.count = 0
        hasZone = true
        var peer = PeerSettings(server: name, address: SocketAddress(.unix("")))
        peer.dynamicName = unresolved
        peers = ServerLine.peers([], like: peer, named: name)
    }
}
