internal import Core
internal import Net

/// What is spoken on a client's connection.
///
/// A closed set: a protocol is one more case and a file of its own, and every place that has to know it
/// stops compiling until it does.
enum Session {
    /// It is not known yet.
    case opening(ClientOpening)
    case http1(HTTP1Session)
    case http2(HTTP2Session)

    enum TimerKind: UInt8 { case read = 0, write = 1 }

    var connection: ClientConnection {
        switch self {
        case .opening(let opening): opening.connection
        case .http1(let session): session.connection
        case .http2(let session): session.connection
        }
    }

    // MARK: Events

    /// The socket became readable or writable, or the other end hung up.
    func ready() {
        switch self {
        case .opening(let opening): opening.ready()
        case .http1(let session): session.ready()
        case .http2(let session): session.ready()
        }
    }

    // MARK: Orders

    /// Another configuration is in force. A request that is under way goes on under its own.
    func snapshotChanged() {
        switch self {
        case .opening(let opening): opening.snapshotChanged()
        case .http1(let session): session.snapshotChanged()
        case .http2(let session): session.snapshotChanged()
        }
    }

    /// The worker is to finish: who waits for a request may still get one, but not wait for long.
    func drain() {
        switch self {
        case .opening: break
        case .http1(let session): session.drain()
        case .http2(let session): session.drain()
        }
    }

    /// It has had its time (`worker_shutdown_timeout`): ends what is under way, as if the client had left.
    func timeIsUp() {
        switch self {
        case .opening(let opening): opening.close()
        case .http1(let session): session.timeIsUp()
        case .http2(let session): session.timeIsUp()
        }
    }

    /// Ends the connection now; whatever was under way is dropped and logged.
    func close() {
        switch self {
        case .opening(let opening): opening.close()
        case .http1(let session): session.close()
        case .http2(let session): session.close()
        }
    }

    /// Whether something of it goes by a former configuration.
    func uses(_ snapshot: Snapshot) -> Bool {
        if connection.snapshot === snapshot { return true }
        switch self {
        case .opening: return false
        case .http1(let session): return session.exchange?.snapshot === snapshot
        case .http2(let session): return session.uses(snapshot)
        }
    }

    // MARK: Room for others

    /// Since when it has waited for its client with nothing under way; `nil`: it must not be closed for the
    /// sake of others.
    var idleSinceMs: Int64? {
        switch self {
        case .opening(let opening): opening.idleSinceMs
        case .http1(let session): session.idleSinceMs
        case .http2(let session): session.idleSinceMs
        }
    }

    /// Closes, for the sake of others, unless the client has said something that no event told of yet.
    func giveWay() -> Bool {
        switch self {
        case .opening(let opening): opening.giveWay()
        case .http1(let session): session.giveWay()
        case .http2(let session): session.giveWay()
        }
    }
}
