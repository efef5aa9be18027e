/// Whether a request has content, and what its head says of how much.
public enum ContentLength: Equatable, Sendable {
    case none
    /// So many bytes, perhaps 0.
    case known(Int64)
    /// Its end shows by the protocol's own means: a last chunk, the end of a stream.
    case unknown

    /// Bytes, if they are known.
    public var declared: Int64? {
        if case .known(let count) = self { count } else { nil }
    }
}
