internal import Core
internal import Net
internal import Upstream

/// A connection to one peer of an upstream: in use by one request, or idle in the keep-alive pool.
final class PeerConnection {
    enum State {
        case connecting
        case handshaking
        /// Serves a request.
        case inUse
        /// Waits in the pool of `group`.
        case idle
        case closed
    }

    enum TimerKind: UInt8 {
        /// Connecting, or a request being sent.
        case write = 0
        /// A response awaited, or idleness in the pool.
        case read = 1
    }

    let worker: Worker
    let token: Token
    let transport: Transport
    private(set) var group: PeerGroup
    /// The peer's place in its group.
    private(set) var peerIndex: Int
    /// What it is found by in the pool.
    private(set) var key: ConnectionKey
    /// What the settings of `key` are the number of.
    let identity: NumberedIdentity
    var state = State.connecting
    /// Whose request it carries; `nil` in the pool.
    var owner: HTTP1PeerStream?
    /// Requests sent over it, for `keepalive_requests`.
    var requestCount = 0
    let startedMs: Int64
    /// Part of a response head that has not yet come whole; borrowed from the pool.
    var partial: ByteBuffer?
    /// Bytes of a request that the socket has not taken yet.
    var outgoing: ByteBuffer?
    let readTimer: TimerID
    let writeTimer: TimerID

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
        worker: Worker, token: Token, transport: Transport, group: PeerGroup, peerIndex: Int,
        exchange: Exchange
    ) {
        self.worker = worker
        self.token = token
        self.transport = transport
        self.group = group
        self.peerIndex = peerIndex
        identity = exchange.location.proxyPlan.identity
        key = exchange.connectionKey(in: group)
        startedMs = worker.clock.nowMs
        readTimer = worker.timers.create(token, kind: TimerKind.read.rawValue)
        writeTimer = worker.timers.create(token, kind: TimerKind.write.rawValue)
    }

    func arm(_ timer: TimerID, afterMs: Int) {
        worker.set(timer, afterMs: afterMs)
    }

    func ready() {
        switch state {
        case .inUse: owner?.ready(over: self)
        case .connecting: answered()
        case .handshaking: shakeHands()
        case .idle:
            // Nothing may be said on an idle connection: whatever it is, it ends it.
            if transport.isReadable && !isQuiet || transport.isHangup { leavePool() }
        case .closed:
            break
        }
    }

    func timedOut(_ kind: TimerKind) {
        switch state {
        case .inUse: owner?.timedOut()
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
        let scratch = worker.takeScratch()
        defer { worker.giveScratch(scratch) }
        guard case .wouldBlock = transport.receive(into: scratch, atLeast: 1, limit: 1) else { return false }
        return !transport.isHangup
    }

    /// Neither its age nor the requests that it has served keep it from the pool.
    func mayServeMore(_ keepalive: KeepaliveSettings) -> Bool {
        keepalive.count > 0 && requestCount < keepalive.requests
            && worker.clock.nowMs - startedMs < Int64(keepalive.timeMs)
    }

    /// Bytes that were to be sent are still here.
    var hasUnsent: Bool { outgoing != nil || transport.owedCount > 0 }

    private func leavePool() {
        worker.snapshot.groups.pool(of: group).remove(self)
        close()
    }

    /// Ends the connection at once.
    func close() {
        if case .closed = state { return }
        state = .closed
        owner = nil
        returnBuffers()
        worker.timers.destroy(readTimer)
        worker.timers.destroy(writeTimer)
        worker.closed(self)
    }

    func returnBuffers() {
        if let buffer = partial.take() { worker.giveBuffer(buffer) }
        if let buffer = outgoing.take() { worker.giveBuffer(buffer) }
    }
}
