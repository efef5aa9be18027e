internal import CLinux
internal import Glibc
internal import Synchronization

/// Ends this process when its parent is gone and it does not go on by itself: there is nobody left who would
/// see that it hangs.
///
/// The system sends SIGCONT at the parent's death: that wakes a process that was stopped, and comes through
/// where a loop does not turn any more. From then on a timer runs that kills, and that a living loop sets
/// back at each turn.
public enum OrphanTimer {
    /// The timer's identity, plus one; 0: there is none.
    private static let timer = Atomic<Int>(0)
    private static let parent = Atomic<Int32>(0)
    private static let patienceMs = Atomic<Int>(0)

    /// Waits for the parent's death from now on.
    ///
    /// After the last change of user, which would cancel it.
    /// - Parameters:
    ///   - parent: the process that is the parent, or was it a moment ago.
    ///   - patienceMs: how long a loop may stand still; 0: for ever.
    public static func begin(parent: Int32, patienceMs: Int) {
        self.parent.store(parent, ordering: .relaxed)
        self.patienceMs.store(patienceMs, ordering: .relaxed)
        var event = sigevent()
        event.sigev_notify = Int32(SIGEV_SIGNAL)
        event.sigev_signo = SIGKILL
        var identity: timer_t?
        if timer_create(CLOCK_MONOTONIC, &event, &identity) == 0 {
            timer.store(Int(bitPattern: identity) &+ 1, ordering: .relaxed)
        }
        // Nothing in it allocates or waits.
        signal(SIGCONT) { _ in
            if getppid() != OrphanTimer.parent.load(ordering: .relaxed) { OrphanTimer.extend() }
        }
        _ = portico_prctl(PR_SET_PDEATHSIG, UInt(SIGCONT))
        if getppid() != parent { extend() }
    }

    /// Another configuration says how long a loop may stand still.
    public static func setPatience(ms: Int) { patienceMs.store(ms, ordering: .relaxed) }

    /// The loop of a process without a parent turns.
    public static func extend() {
        let patience = patienceMs.load(ordering: .relaxed)
        let identity = timer.load(ordering: .relaxed)
        guard patience > 0, identity != 0 else { return }
        var setting = itimerspec()
        setting.it_value.tv_sec = patience / 1000
        setting.it_value.tv_nsec = patience % 1000 * 1_000_000
        timer_settime(timer_t(bitPattern: identity &- 1), 0, &setting, nil)
    }
}
