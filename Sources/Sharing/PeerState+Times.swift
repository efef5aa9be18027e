/// How fast a peer answers, for methods that go by it; an average of all workers' requests where they share
/// its state.
///
/// Workers write without waiting for each other: of two that come at once, one may be lost. An average bears
/// that.
extension PeerState {
    /// The part of a response that is waited for.
    public enum ResponsePart: Sendable {
        /// Its head.
        case header
        /// Its last byte.
        case lastByte

        fileprivate var place: Place {
            switch self {
            case .header: .headerNs
            case .lastByte: .responseNs
            }
        }
    }

    /// How long that takes, in nanoseconds; 0: no response has come yet.
    public func time(to part: ResponsePart) -> Int { max(0, read(part.place)) }

    /// It takes so long, as of now.
    public func setTime(to part: ResponsePart, ns: Int, nowMs: Int64) {
        write(part.place, ns)
        write(.sampledMs, Int(nowMs))
    }

    /// When that was found last, in milliseconds of the clock that never goes back.
    public var sampledMs: Int64 { Int64(read(.sampledMs)) }

    /// How long the requests that wait for it have waited, on average, in milliseconds; `nil`: none do.
    ///
    /// A worker that dies between two steps of its counting may leave a number that cannot be: that is none.
    public func unfinishedAgeMs(nowMs: Int64) -> Int? {
        let count = read(.unfinished)
        guard count > 0 else { return nil }
        let age = Int(nowMs) &- read(.unfinishedStarts) / count
        return (0...3_600_000).contains(age) ? age : nil
    }
}
