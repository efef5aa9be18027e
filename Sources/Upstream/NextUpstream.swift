/// `proxy_next_upstream`: what sends a request to the next peer.
public struct NextUpstream: OptionSet, Sendable {
    /// A bit for each word.
    public let rawValue: UInt32
    /// The connection could not be made, or broke.
    public static var error: Self { Self(rawValue: 1 << 0) }
    /// The peer took too long.
    public static var timeout: Self { Self(rawValue: 1 << 1) }
    /// What came is no response.
    public static var invalidHeader: Self { Self(rawValue: 1 << 2) }
    /// The peer answered with this status.
    public static var http500: Self { Self(rawValue: 1 << 3) }
    /// The peer answered with this status.
    public static var http502: Self { Self(rawValue: 1 << 4) }
    /// The peer answered with this status.
    public static var http503: Self { Self(rawValue: 1 << 5) }
    /// The peer answered with this status.
    public static var http504: Self { Self(rawValue: 1 << 6) }
    /// The peer answered with this status.
    public static var http403: Self { Self(rawValue: 1 << 7) }
    /// The peer answered with this status.
    public static var http404: Self { Self(rawValue: 1 << 8) }
    /// The peer answered with this status.
    public static var http429: Self { Self(rawValue: 1 << 9) }
    /// Also for methods that are not idempotent, once the request was sent.
    public static var nonIdempotent: Self { Self(rawValue: 1 << 10) }
    /// Nothing does, whatever else is named.
    public static var off: Self { Self(rawValue: 1 << 11) }
    /// The peer answered a gRPC call with `UNAVAILABLE`, and with nothing else.
    public static var grpcUnavailable: Self { Self(rawValue: 1 << 12) }

    /// The condition that a response status meets, if there is one.
    public init?(status: UInt16) {
        switch status {
        case 500: self = .http500
        case 502: self = .http502
        case 503: self = .http503
        case 504: self = .http504
        case 403: self = .http403
        case 404: self = .http404
        case 429: self = .http429
        default: return nil
        }
    }

    /// A set of words by their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}
