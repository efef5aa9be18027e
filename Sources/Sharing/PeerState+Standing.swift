/// For how long a peer has been out of use, because of its failures or of what the checks say; by a clock
/// that never goes back.
extension PeerState {
    /// It went out of use.
    ///
    /// - Returns: whether it had not been out before: of processes that find out at once, one is told so.
    public func wentOut(nowMs: Int64) -> Bool {
        takeTurn(at: .outSinceMs, from: 0, to: Int(max(nowMs, 1)))
    }

    /// It serves again.
    ///
    /// - Returns: for how long it was out, in milliseconds; `nil`: it was not, or somebody else was told.
    public func cameBack(nowMs: Int64) -> Int? {
        let since = read(.outSinceMs)
        guard since > 0, takeTurn(at: .outSinceMs, from: since, to: 0) else { return nil }
        let ms = max(0, Int(nowMs) &- since)
        add(.outMs, ms)
        return ms
    }

    /// For how long it has been out in all, in milliseconds.
    public func outMs(nowMs: Int64) -> Int {
        let since = read(.outSinceMs)
        return max(0, read(.outMs)) &+ (since > 0 ? max(0, Int(nowMs) &- since) : 0)
    }

    /// Since when the API has had it rest, drained or down, in milliseconds of the wall clock; 0: it does
    /// not, or the configuration says so.
    public var restSinceMs: Int {
        get { max(0, read(.restSinceMs)) }
        set { write(.restSinceMs, newValue) }
    }
}
