public import Net
public import Sharing

/// Why an attempt at a peer ended without a response that may be passed on.
public enum AttemptFailure: Equatable, Sendable {
    /// The connection could not be made, or broke.
    case error
    /// The peer took too long.
    case timeout
    /// What came is no response.
    case invalidHeader
    /// It is this machine that could not: the peer is not to blame.
    case shortage(Errno)
    /// A status that `proxy_next_upstream` may name.
    case status(UInt16)
    /// A gRPC call was answered with `UNAVAILABLE`.
    case unavailable

    /// A system call failed.
    public init(_ errno: Errno) { self = errno.isOurs ? .shortage(errno) : .error }

    /// What `proxy_next_upstream` must name for the next peer to be asked.
    var condition: NextUpstream {
        switch self {
        case .error, .shortage: .error
        case .timeout: .timeout
        case .invalidHeader: .invalidHeader
        case .status(let status): NextUpstream(status: status) ?? .off
        case .unavailable: .grpcUnavailable
        }
    }

    /// What the operator is told.
    public var cause: FailureCause {
        switch self {
        case .error: .broken
        case .shortage: .unknown
        case .timeout: .late
        case .invalidHeader: .invalid
        case .status(let status): .status(status)
        case .unavailable: .status(503)
        }
    }

    /// What the client gets when no other peer is tried.
    public var answer: UInt16 {
        switch self {
        case .timeout: 504
        case .error, .invalidHeader: 502
        // As nginx: without a socket there was no gateway.
        case .shortage(let errno): errno.isShortage ? 500 : 502
        case .status(let status): status
        case .unavailable: 503
        }
    }

    /// What it says of the peer.
    ///
    /// - Parameter isStale: a connection from the pool had been given up before the request came.
    func outcome(isStale: Bool) -> AttemptOutcome {
        switch self {
        case .error: isStale ? .neutral : .failure
        case .timeout, .invalidHeader, .unavailable: .failure
        case .shortage, .status(403), .status(404), .status(494): .neutral
        case .status: .failure
        }
    }
}
