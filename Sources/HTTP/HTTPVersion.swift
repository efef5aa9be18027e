/// The version of HTTP that a message was sent in.
public enum HTTPVersion: UInt8, Comparable, Sendable {
    case http10
    case http11
    case http2

    /// As logs and `$server_protocol` say it.
    public var text: StaticString {
        switch self {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2.0"
        }
    }

    /// The earlier one is the lesser one.
    public static func < (left: HTTPVersion, right: HTTPVersion) -> Bool { left.rawValue < right.rawValue }
}
