/// Lets a kind of message into the log once a second, whatever its text: what this machine lacks, each of
/// thousands of requests a second would say.
public struct LogRation {
    private static var pauseMs: Int64 { 1000 }

    private var nextMs = Int64.min
    private var heldBack = 0

    /// Nothing was said yet.
    public init() {}

    /// Asks for a message that is due now.
    ///
    /// - Returns: how many were held back since the last one that was written; `nil`: so is this one.
    public mutating func admit(nowMs: Int64) -> Int? {
        guard nowMs >= nextMs else {
            heldBack += 1
            return nil
        }
        defer { heldBack = 0 }
        nextMs = nowMs + LogRation.pauseMs
        return heldBack
    }
}
