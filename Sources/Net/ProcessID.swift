internal import Glibc

/// This process.
public enum ProcessID {
    /// Its number; another one after a fork.
    public static var current: Int32 { getpid() }
    /// Who started it; another process's, most likely 1, when that one is gone.
    public static var parent: Int32 { getppid() }
    /// The user that it is.
    public static var user: UInt32 { geteuid() }
    /// Whether it may do what only root may.
    public static var isSuperuser: Bool { geteuid() == 0 }

    /// Whether there is such a process, ours or another user's.
    public static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

    /// What the kernel does with a process, in words; `nil`: it is not there.
    public static func state(of pid: Int32) -> String? {
        guard let letter = stateLetter(of: pid) else { return nil }
        switch letter {
        case UInt8(ascii: "R"): return "it runs"
        case UInt8(ascii: "S"): return "it sleeps in the kernel"
        case UInt8(ascii: "D"): return "it waits for a disk"
        case UInt8(ascii: "T"), UInt8(ascii: "t"): return "it was stopped"
        case UInt8(ascii: "Z"), UInt8(ascii: "X"): return "it has ended"
        default: return "its state is unknown"
        }
    }

    /// Whether a signal, or a debugger, keeps a process from running.
    public static func isStopped(_ pid: Int32) -> Bool {
        switch stateLetter(of: pid) {
        case UInt8(ascii: "T"), UInt8(ascii: "t"): true
        default: false
        }
    }

    /// What proc(5) calls its state.
    private static func stateLetter(of pid: Int32) -> UInt8? {
        guard let bytes = try? FileAccess.readWhole("/proc/\(pid)/stat", limit: 4096),
            let name = bytes.lastIndex(of: UInt8(ascii: ")")), name + 2 < bytes.count
        else { return nil }
        return bytes[name + 2]
    }
}
