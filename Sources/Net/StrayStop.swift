/// An order to stop that did not come from the master, as when a terminal or systemd sends TERM to all
/// processes of a service.
///
/// The master has most likely got it too, and says what is to be done: under `shutdown_delay`, nothing yet.
/// If it says nothing, the order was for this process alone, and is obeyed.
public struct StrayStop {
    private let master = ProcessID.parent
    private var dueMs: Int64?

    /// How long the master may take to say something.
    private static var patienceMs: Int64 { 500 }

    /// There is one that is not obeyed yet.
    public var isPending: Bool { dueMs != nil }

    /// None yet.
    public init() {}

    /// Whether a signal is to be obeyed at once; if not, it is kept in mind.
    public mutating func isOrder(_ received: ReceivedSignal, nowMs: Int64) -> Bool {
        if received.sender == master || ProcessID.parent != master { return true }
        dueMs = dueMs ?? nowMs + StrayStop.patienceMs
        return false
    }

    /// Whether it is to be obeyed now.
    ///
    /// - Parameter isDelayed: the service was told to stop, and is to go on for a while.
    public mutating func isDue(nowMs: Int64, isDelayed: Bool) -> Bool {
        guard let dueMs, nowMs >= dueMs else { return false }
        self.dueMs = nil
        return !isDelayed
    }
}
