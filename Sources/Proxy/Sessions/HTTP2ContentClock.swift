/// The time in which a client may send content, which every one of its requests' content is measured by.
struct HTTP2ContentClock {
    private var stoppedSinceMs: Int64?
    private var stoppedMs: Int64 = 0

    /// What this clock shows.
    ///
    /// - Parameter realMs: what the loop's clock shows.
    func nowMs(_ realMs: Int64) -> Int64 { (stoppedSinceMs ?? realMs) - stoppedMs }

    /// Whether the client may not send now.
    mutating func note(isStopped: Bool, nowMs: Int64) {
        if isStopped {
            stoppedSinceMs = stoppedSinceMs ?? nowMs
        } else if let since = stoppedSinceMs.take() {
            stoppedMs += nowMs - since
        }
    }
}
