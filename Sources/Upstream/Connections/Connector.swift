public import Core
public import Net
public import Sharing

/// Connections to peers: where they are made, and where those go that have served a request.
public final class Connector<Endpoint: PeerEndpoint> {
    /// One connection.
    public typealias Connection = PeerConnection<Endpoint>

    /// What came of a call.
    public enum Outcome {
        /// The peer took it at once.
        case connected(Connection)
        /// The peer has not answered yet.
        case inProgress(Connection)
        /// There is no connection.
        case failed(Errno)
    }

    private let loop: EventLoop<Endpoint>
    private let clock: Clock
    private let timers: Timers
    private let buffers: BufferPool
    let shared: SharedState
    /// What is read of a connection on which nothing may come: empty between uses.
    let stray = ByteBuffer(capacity: 16)
    /// Those that new requests are given.
    public var groups: UpstreamGroups<Endpoint>
    /// Pools that hold more than they are to keep.
    private var overfull: [KeepalivePool<Connection>] = []

    /// The connections of a loop.
    ///
    /// - Parameter buffers: where connections give theirs back.
    public init(
        _ loop: EventLoop<Endpoint>, buffers: BufferPool, _ shared: SharedState,
        groups: UpstreamGroups<Endpoint>
    ) {
        self.loop = loop
        clock = loop.clock
        timers = loop.timers
        self.buffers = buffers
        self.shared = shared
        self.groups = groups
    }

    /// Puts a connection that has served its request into the pool.
    public func keep(_ connection: consuming Connection) {
        connection.owner = nil
        // What was read to the last byte that was wanted may have more behind it, or nothing.
        guard !connection.transport.isReadable || connection.isQuiet, groups.accepts(connection)
        else { return connection.close() }
        connection.state = .idle
        connection.returnBuffers()
        timers.cancel(connection.writeTimer)
        connection.arm(connection.readTimer, afterMs: connection.group.settings.keepalive.timeoutMs)
        let address = connection.addressIndex
        let key = connection.key
        let pool = groups.pool(of: connection.group)
        pool.put(connection, address: address, key: key)
        if pool.hasExcess { overfull.append(pool) }
    }

    /// Lets others find a connection that requests can share, from its making on.
    ///
    /// - Returns: whether they do.
    public func share(_ connection: Connection) -> Bool { groups.share(connection) }

    /// Nobody else is to find the connection.
    public func unshare(_ connection: Connection) { groups.unshare(connection) }

    /// How long a peer is not asked again whether it speaks HTTP/2, in milliseconds.
    private static var http1Ms: Int64 { 60_000 }

    /// A connection that was to be shared serves one request at a time after all, as its peer has it: it
    /// waits in the pool for the first of them.
    public func unmake(_ connection: Connection) {
        groups.unshare(connection)
        connection.sharer = nil
        connection.requestCount = 0
        connection.peer.http1UntilMs = clock.nowMs + Connector.http1Ms
        keep(connection)
    }

    /// No request shares the connection any more: it waits in the pool, if it may.
    ///
    /// - Returns: whether it does.
    public func rest(_ connection: Connection) -> Bool {
        guard groups.accepts(connection), connection.mayServeMore(connection.group.settings.keepalive) else {
            return false
        }
        let group = connection.group
        connection.state = .idle
        timers.cancel(connection.writeTimer)
        connection.arm(connection.readTimer, afterMs: group.settings.keepalive.timeoutMs)
        let pool = groups.pool(of: group)
        pool.put(connection, address: connection.addressIndex, key: connection.key)
        if pool.hasExcess { overfull.append(pool) }
        return true
    }

    /// Closes what pools hold beyond what they are to keep: the requests of the turn have taken the
    /// connections that they want.
    ///
    /// Not before: the responses of a turn come first, and may be more than a pool keeps.
    public func closeExcess() {
        guard !overfull.isEmpty else { return }
        for pool in overfull { pool.closeExcess() }
        overfull.removeAll(keepingCapacity: true)
    }

    /// Begins a new connection to a peer.
    public func connect(_ group: PeerGroup, peer: Int, for request: Endpoint.User.Request) -> Outcome {
        let address = group.peers[peer].settings.address
        var outcome = Socket.connect(address, from: request.localAddress)
        // A request goes before a connection that waits for one.
        if case .failed(let errno) = outcome, errno.isShortage, groups.closeOneIdle() {
            outcome = Socket.connect(address, from: request.localAddress)
        }
        let fd: Int32
        var isConnected = false
        switch outcome {
        case .failed(let errno): return .failed(errno)
        case .connected(let descriptor):
            fd = descriptor
            isConnected = true
        case .inProgress(let descriptor): fd = descriptor
        }
        if request.keepsSocketsAlive { Socket.setKeepalive(fd) }
        if address.port != nil { Socket.setNoDelay(fd) }
        let transport: Transport
        switch request.protection(of: fd) {
        case .none: transport = Transport(fd: fd, tls: nil)
        case .tls(let tls): transport = Transport(fd: fd, tls: tls)
        case .unavailable:
            // Never in plain what was to be encrypted.
            Socket.close(fd)
            return .failed(.notFound)
        }
        let connection = loop.enroll(as: Endpoint.peer) { token in
            Connection(self, token, transport, Connection.Place(group, peer), for: request)
        }
        do throws(Errno) {
            guard request.admits(fd) else { throw Errno.tooManyFiles }
            try loop.poller.addConnection(fd, connection.token)
        } catch {
            connection.close()
            return .failed(error)
        }
        return isConnected ? .connected(connection) : .inProgress(connection)
    }

    // MARK: What connections use

    // A constant of one's own costs no reference count while that of another object does.

    /// Of the loop's clock.
    var nowMs: Int64 { clock.nowMs }

    /// A deadline of a connection, not set yet.
    func timer(_ kind: Connection.TimerKind, of token: Token) -> TimerID {
        timers.create(token, kind: kind.rawValue)
    }

    /// Lets a timer fire so many milliseconds from now.
    func set(_ timer: TimerID, afterMs: Int) { timers.set(timer, deadlineMs: clock.nowMs + Int64(afterMs)) }

    /// Keeps a timer from firing.
    func cancel(_ timer: TimerID) { timers.cancel(timer) }

    /// Takes back what a connection has borrowed.
    func give(_ buffer: consuming ByteBuffer) { buffers.give(consume buffer) }

    /// A connection is over.
    func closed(_ connection: Connection) {
        timers.destroy(connection.readTimer)
        timers.destroy(connection.writeTimer)
        connection.transport.close()
        loop.dismiss(connection.token)
    }
}
