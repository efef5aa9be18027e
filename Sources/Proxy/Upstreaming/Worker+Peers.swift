internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// Connections to peers, from the worker's side.
extension Worker {
    enum ConnectResult {
        case connected(PeerConnection)
        case inProgress(PeerConnection)
        case failed(Errno)
    }

    /// A connection from the pool that is still quiet and open, as far as the last wait told. That is
    /// one receive less a request than asking the socket; what comes after the wait can always be too
    /// late to be seen. A request that could not be sent again asks.
    func takeIdle(_ group: PeerGroup, peer: Int, for exchange: Exchange) -> PeerConnection? {
        let groups = exchange.snapshot.groups
        guard groups.isCurrent(group) else { return nil }
        let pool = groups.pool(of: group)
        guard pool.count > 0 else { return nil }
        let key = exchange.connectionKey(in: group)
        while let connection = pool.take(group.peers[peer].addressIndex, key: key) {
            connection.move(to: group, peerIndex: peer)
            cancel(connection.readTimer)
            let isKnownQuiet = !connection.transport.isReadable && !connection.transport.isHangup
            if isKnownQuiet && exchange.head.method.isIdempotent || connection.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    /// Puts a connection that has served its request into the pool.
    func keepIdle(_ connection: consuming PeerConnection) {
        connection.owner = nil
        let groups = snapshot.groups
        // What was read to the last byte that was wanted may have more behind it, or nothing.
        guard !connection.transport.isReadable || connection.isQuiet, groups.accepts(connection)
        else { return connection.close() }
        connection.state = .idle
        connection.returnBuffers()
        timers.cancel(connection.writeTimer)
        let group = connection.group
        connection.arm(connection.readTimer, afterMs: group.settings.keepalive.timeoutMs)
        let address = connection.addressIndex
        let key = connection.key
        let pool = groups.pool(of: group)
        pool.put(connection, address: address, key: key)
        if pool.hasExcess { overfull.append(pool) }
    }

    /// The requests of the turn have taken the connections that they want: what is too many is closed.
    ///
    /// Not before: the responses of a turn come first, and may be more than a pool keeps.
    func closeExcess() {
        for pool in overfull { pool.closeExcess() }
        overfull.removeAll(keepingCapacity: true)
    }

    /// Begins a new connection to a peer.
    func connect(_ group: PeerGroup, peer: Int, for exchange: Exchange) -> ConnectResult {
        let address = group.peers[peer].settings.address
        var outcome = Socket.connect(address, from: exchange.bindAddress)
        // A request goes before a connection that waits for one.
        if case .failed(let errno) = outcome, errno.isShortage, snapshot.groups.closeOneIdle() {
            outcome = Socket.connect(address, from: exchange.bindAddress)
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
        if exchange.location.settings.proxy.socketKeepalive { Socket.setKeepalive(fd) }
        if address.port != nil { Socket.setNoDelay(fd) }
        let tls = exchange.upstreamTLS(fd: fd)
        guard tls != nil || exchange.proxying.target?.isTLS != true else {
            // Never in plain what was to be encrypted.
            Socket.close(fd)
            return .failed(.notFound)
        }
        do {
            let connection = try register(fd) { token in
                PeerConnection(
                    worker: self, token: token, transport: Transport(fd: fd, tls: tls), group: group,
                    peerIndex: peer, exchange: exchange)
            }
            return isConnected ? .connected(connection) : .inProgress(connection)
        } catch {
            return .failed(error)
        }
    }

    /// An attempt is over, however it ended: its numbers are counted for the peer.
    func countAttempt(_ exchange: Exchange, at peer: Peer) {
        guard !exchange.attempts.isEmpty else { return }
        exchange.attempts.finish(nowMs: clock.nowMs)
        let attempt = exchange.attempts.current
        guard let tally = peer.tally else { return }
        tally.add(.requests)
        tally.add(.sent, Int(attempt.bytesSent))
        tally.add(.received, Int(attempt.bytesReceived))
        tally.set(.selectedMs, Int(clock.wallMs))
        // An attempt that failed has a status that nobody sent.
        guard attempt.headerMs != nil else { return }
        tally.add(status: attempt.status)
        tally.add(.headerUs, Int(max(0, attempt.headerUs - attempt.beganUs)))
        tally.add(microseconds: clock.nowUs - attempt.beganUs)
    }
}

/// Pools that hold more than they are to keep.
extension KeepalivePool where Connection == PeerConnection {
    func closeExcess() {
        while let connection = removeExcess() { connection.close() }
    }
}
