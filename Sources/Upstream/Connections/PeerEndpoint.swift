public import Net

/// What stands in a loop's slots, one kind of which is connections to peers.
///
/// A process that makes such connections says by it who uses them. The compiler makes pools, queues and
/// connections of their own for it: nothing in them is called through a table.
public protocol PeerEndpoint {
    /// Whose request a connection carries.
    associatedtype User: ConnectionUser where User.Endpoint == Self
    /// Who carries the requests of many over one connection.
    associatedtype Sharer: ConnectionSharer where Sharer.Endpoint == Self, Sharer.Request == User.Request

    /// The endpoint that a connection is.
    static func peer(_ connection: PeerConnection<Self>) -> Self
}

/// Who has a connection to a peer, from the moment that it is being made until it is let go: it is told what
/// comes of it.
public protocol ConnectionUser: AnyObject {
    /// The kind of loop that it lives in.
    associatedtype Endpoint: PeerEndpoint
    /// What it is a part of.
    associatedtype Request: PeerRequest

    /// How long connecting may take, and then the handshake: `proxy_connect_timeout`.
    var connectTimeoutMs: Int { get }

    /// What the connection begins with that tells whose it is: `proxy_protocol` of the group.
    func introduction(to group: PeerGroup) -> [UInt8]
    /// The peer took the connection, and TLS begins.
    func handshakeBegan()
    /// The connection carries requests from now on.
    func opened()
    /// The connection came to nothing.
    func openingFailed(_ failure: OpeningFailure)
    /// The open connection has news, or was posted.
    func ready(over connection: PeerConnection<Endpoint>)
    /// A deadline of the connection has passed.
    func timedOut()
}

/// Who carries many requests over one connection at a time.
public protocol ConnectionSharer: ConnectionUser {
    /// Requests that it takes beside those that it has.
    var room: Int { get }

    /// The connection was idle, and is to carry requests again.
    ///
    /// - Returns: whether it does: what has come in the meantime may have ended it.
    func wake() -> Bool
    /// No request is to begin over the connection any more; those under way go on.
    func retire()
    /// The connection is idle, and about to be closed: the peer may be told.
    func takeLeave()
    /// The connection was closed.
    func closed()
}

/// Why a connection to a peer came to nothing.
public enum OpeningFailure {
    /// connect(2) failed.
    case connect(Errno)
    /// TLS failed: what is to be logged of it, if anything is, and why.
    case handshake(String?, HandshakeFailure)
}

/// A request that looks for a connection to a peer, or waits for one.
public protocol PeerRequest: AnyObject {
    /// What it has begun to be counted in; `nil`: no group's.
    var queue: RequestQueue<Self>? { get set }

    // MARK: The connection that it wants

    /// What connections are found by that may carry it.
    func connectionKey(in group: PeerGroup) -> ConnectionKey
    /// What a configuration says of them.
    var connectionIdentity: NumberedIdentity { get }
    /// Sending it twice does no harm (RFC 9110 §9.2.2).
    var isIdempotent: Bool { get }
    /// The address that a new connection comes from: `proxy_bind`.
    var localAddress: LocalAddress? { get }
    /// `proxy_socket_keepalive`
    var keepsSocketsAlive: Bool { get }
    /// What a new connection is encrypted by.
    func protection(of fd: Int32) -> PeerProtection
    /// There is room for the descriptor, or room was made.
    func admits(_ fd: Int32) -> Bool

    // MARK: Waiting

    /// Whose servers it waits for.
    var group: PeerGroup? { get }
    /// Since when.
    var waitingSinceMs: Int64 { get }
    /// Until when it waits for a server, if it may wait until `deadlineMs` for its answer.
    func patience(until deadlineMs: Int64) -> Int64
    /// A server may have become free.
    ///
    /// - Returns: whether it has left the queue: for a server, or because it has waited too long.
    func serverFreed(isLate: Bool) -> Bool
    /// It may be its turn to be tried again.
    ///
    /// - Returns: whether it waits no more.
    func takeTurn(after failure: AttemptFailure, isLate: Bool) -> Bool
}

/// How a connection to a peer is protected.
public enum PeerProtection {
    /// Not at all, as nobody asked for it.
    case none
    /// By TLS.
    case tls(TLSConnection)
    /// By TLS, which cannot be had: there must be no connection.
    case unavailable
}
