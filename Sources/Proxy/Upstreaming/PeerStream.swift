internal import Core
internal import HTTP
internal import Upstream

/// One request to a peer and the response to it: one protocol of gateways.
///
/// A closed set: a protocol is one more case, and every call here stops compiling until it answers. What goes
/// down is a request and the wish for more of its response; how either is written, framed and read, and
/// whether the connection can carry another request, are the protocol's. What comes back up are the
/// `UpstreamRequest`'s `connected`, `hintsArrived`, `responseArrived`, `contentArrived`, `trailersArrived`,
/// `responseEnded`, `attemptFailed` and `protocolSwitched`.
enum PeerStream {
    case http1(HTTP1PeerStream)

    // MARK: Before it is sent

    /// Writes the request of the exchange for a target; attempts after the first one send it again.
    func write(for target: ProxyTarget) {
        switch self {
        case .http1(let stream): stream.write(for: target)
        }
    }

    /// The request's target, as the peer is sent it; for logs.
    func appendTarget(to out: ByteBuffer) {
        switch self {
        case .http1(let stream): stream.appendTarget(to: out)
        }
    }

    /// The lines of the head that `write` has made.
    var headLines: [String] {
        switch self {
        case .http1(let stream): stream.headLines
        }
    }

    /// Forgets the request.
    func reset() {
        switch self {
        case .http1(let stream): stream.reset()
        }
    }

    /// Nothing of a former attempt, or of its response, is known any more.
    func prepare() {
        switch self {
        case .http1(let stream): stream.prepare()
        }
    }

    // MARK: Beginning

    /// Waits for a connection that is being made.
    func wait(for connection: PeerConnection) {
        switch self {
        case .http1(let stream): stream.wait(for: connection)
        }
    }

    /// Sends the request over a connection that is open, and reads the response.
    func start(over connection: PeerConnection, for request: UpstreamRequest) {
        switch self {
        case .http1(let stream): stream.start(over: connection, for: request)
        }
    }

    // MARK: The request's content

    /// More of the content is here.
    func contentAdvanced() {
        switch self {
        case .http1(let stream): stream.contentAdvanced()
        }
    }

    /// Bytes of the request that the connection has not taken yet.
    var unsentCount: Int {
        switch self {
        case .http1(let stream): stream.unsentCount
        }
    }

    // MARK: The response

    /// Whoever takes the content has room again.
    func readOn() {
        switch self {
        case .http1(let stream): stream.readOn()
        }
    }

    // MARK: The end

    /// How far the request has come.
    var progress: Attempts.Progress {
        switch self {
        case .http1(let stream): stream.progress
        }
    }

    /// The request was sent, and the peer cannot have read a byte of it; asks the kernel.
    var isUntaken: Bool {
        switch self {
        case .http1(let stream): stream.isUntaken
        }
    }

    /// All of the response came with its head.
    var hasAllContent: Bool {
        switch self {
        case .http1(let stream): stream.hasAllContent
        }
    }

    /// An attempt was begun, and has not ended.
    var hasConnection: Bool {
        switch self {
        case .http1(let stream): stream.connection != nil
        }
    }

    /// The connection that it has, from the beginning of the attempt to its end.
    var connection: PeerConnection? {
        switch self {
        case .http1(let stream): stream.connection
        }
    }

    /// Nothing stands in the way of another request over its connection.
    var isInStep: Bool {
        switch self {
        case .http1(let stream): stream.isInStep
        }
    }

    /// The attempt is over.
    ///
    /// - Parameter keepsConnection: its connection goes back to the pool; otherwise it is closed.
    func end(keepsConnection: Bool) {
        switch self {
        case .http1(let stream): stream.end(keepsConnection: keepsConnection)
        }
    }
}
