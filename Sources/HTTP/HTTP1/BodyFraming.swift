/// Where a message's content ends. RFC 9112 §6.3.
public enum BodyFraming: Equatable, Sendable {
    /// There is none.
    case none
    /// After so many bytes.
    case length(Int64)
    /// With the last chunk.
    case chunked
    /// When the peer closes the connection.
    case untilClose
}
