public import Core
public import Net

/// A connection to one peer of an upstream: in use by one request, shared by many, or idle in the keep-alive
/// pool.
public final class PeerConnection<Endpoint: PeerEndpoint> {
    /// What it is there for at the moment.
    public enum State {
        /// connect(2) has not come to anything.
        case connecting
        /// TLS has begun.
        case handshaking
        /// Serves a request.
        case inUse
        /// Serves as many requests as its `sharer` has.
        case shared
        /// Waits in the pool of `group`.
        case idle
        /// It is over.
        case closed
    }

    /// The deadlines that it has.
    public enum TimerKind: UInt8 {
        /// Connecting, or a request being sent.
        case write = 0
        /// A response awaited, or idleness in the pool.
        case read = 1
    }

    /// A group, and a peer's place in it.
    struct Place {
        let group: PeerGroup
        let index: Int

        init(_ group: PeerGroup, _ index: Int) {
            self.group = group
            self.index = index
        }
    }

    let connector: Connector<Endpoint>
    /// What the loop knows it by.
    public let token: Token
    /// Its socket.
    public let transport: Transport
    /// Whose peer it leads to.
    public private(set) var group: PeerGroup
    /// The peer's place in its group.
    private(set) var peerIndex: Int
    /// What it is found by in the pool.
    private(set) var key: ConnectionKey
    /// What the settings of `key` are the number of.
    let identity: NumberedIdentity
    /// Set to `inUse` by who sends a request over it.
    public var state = State.connecting
    /// Requests sent over it, for `keepalive_requests`.
    public var requestCount = 0
    private let startedMs: Int64
    /// Part of a response head that has not yet come whole; borrowed from the pool.
    public var partial: ByteBuffer?
    /// Bytes of a request that the socket has not taken yet.
    public var outgoing: ByteBuffer?
    /// Of `TimerKind.read`.
    public let readTimer: TimerID
    /// Of `TimerKind.write`.
    public let writeTimer: TimerID
    /// Whose request it carries; `nil` in the pool.
    public var owner: Endpoint.User?
    /// Who has it from its beginning to its end, where requests share it.
    public var sharer: Endpoint.Sharer?

    var peer: Peer { group.peers[peerIndex] }

    /// Where it leads.
    var address: SocketAddress { peer.settings.address }

    /// What a pool finds it by.
    var addressIndex: Int { peer.addressIndex }

    /// A reload has put another group in the place of its own, or another server of its address is served.
    func move(to group: PeerGroup, peerIndex: Int) {
        if self.group !== group { self.group = group }
        self.peerIndex = peerIndex
    }

    /// Another configuration has another number for the same settings.
    func renumber(_ settings: Int) { key.settings = settings }

    init(
        _ connector: Connector<Endpoint>, _ token: Token, _ transport: Transport, _ place: Place,
        for request: Endpoint.User.Request
    ) {
        self.connector = connector
        self.token = token
        self.transport = transport
        group = place.group
        peerIndex = place.index
        identity = request.connectionIdentity
        key = request.connectionKey(in: place.group)
        startedMs = connector.nowMs
        readTimer = connector.timer(.read, of: token)
        writeTimer = connector.timer(.write, of: token)
    }

    /// Lets one of its timers fire so many milliseconds from now.
    public func arm(_ timer: TimerID, afterMs: Int) { connector.set(timer, afterMs: afterMs) }

    /// It has news, or was posted.
    public func ready() {
        switch state {
        case .inUse: owner?.ready(over: self)
        case .shared: sharer?.ready(over: self)
        case .connecting: answered()
        case .handshaking: shakeHands()
        case .idle where sharer != nil:
            // Either end may speak of the connection at any time.
            sharer?.ready(over: self)
        case .idle:
            // Nothing may be said on an idle connection: whatever it is, it ends it.
            if transport.isReadable && !isQuiet || transport.isHangup { leavePool() }
        case .closed:
            break
        }
    }

    /// A deadline has passed.
    public func timedOut(_ kind: TimerKind) {
        switch state {
        case .inUse: owner?.timedOut()
        case .shared: sharer?.timedOut()
        case .connecting, .handshaking: openingTimedOut()
        case .idle:
            leavePool()
        case .closed:
            break
        }
    }

    /// Open, and nothing has come that nobody asked for.
    var isQuiet: Bool {
        guard !transport.isHangup else { return false }
        guard case .wouldBlock = transport.receive(into: connector.stray, atLeast: 1, limit: 1) else {
            connector.stray.removeAll()
            return false
        }
        return !transport.isHangup
    }

    /// Neither its age nor the requests that it has served keep it from the pool.
    public func mayServeMore(_ keepalive: KeepaliveSettings) -> Bool {
        keepalive.count > 0 && isFresh(keepalive)
    }

    /// It is young enough, and has served few enough requests, for another one.
    private func isFresh(_ keepalive: KeepaliveSettings) -> Bool {
        requestCount < keepalive.requests && connector.nowMs - startedMs < Int64(keepalive.timeMs)
    }

    /// The connection can be shared by so many more requests, as its group has it.
    public var room: Int { isFresh(group.settings.keepalive) ? sharer?.room ?? 0 : 0 }

    /// Requests that the peer takes at a time over a connection like this one, as it has said last; `.max`:
    /// it has not. A new one is not joined by more, which would all have to leave it again.
    public var sharedMax: Int {
        get { peer.sharedMax }
        set { peer.sharedMax = newValue }
    }

    /// It carries requests; it is not being made any more.
    public var isOpen: Bool {
        switch state {
        case .inUse, .shared, .idle: true
        case .connecting, .handshaking, .closed: false
        }
    }

    /// Bytes that were to be sent are still here.
    public var hasUnsent: Bool { outgoing != nil || transport.owedCount > 0 }

    /// It was idle, and ends.
    public func leavePool() {
        connector.groups.pool(of: group).remove(self)
        close()
    }

    /// Ends the connection at once.
    public func close() {
        if case .closed = state { return }
        if case .idle = state { sharer?.takeLeave() }
        state = .closed
        owner = nil
        returnBuffers()
        connector.closed(self)
        sharer.take()?.closed()
    }

    func returnBuffers() {
        if let buffer = partial.take() { connector.give(buffer) }
        if let buffer = outgoing.take() { connector.give(buffer) }
    }
}
