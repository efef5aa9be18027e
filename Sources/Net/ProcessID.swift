internal import Glibc

/// This process.
public enum ProcessID {
    /// Its number; another one after a fork.
    public static var current: Int32 { getpid() }
    /// Whether it may do what only root may.
    public static var isSuperuser: Bool { geteuid() == 0 }

    /// Whether there is such a process, ours or another user's.
    public static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }
}
