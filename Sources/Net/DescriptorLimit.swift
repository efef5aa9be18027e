internal import CLinux
internal import Glibc

/// How many descriptors this process may have.
public enum DescriptorLimit {
    /// The limit that open(2), socket(2) and accept(2) obey: the number of a descriptor is always below it.
    public static var current: Int { Int(clamping: limits.rlim_cur) }

    /// The highest that `raise` may come to.
    public static var most: Int { Int(clamping: limits.rlim_max) }

    /// Raises the limit to `count`, or as near as the system allows without privileges; never lowers it.
    public static func raise(to count: Int) {
        var wanted = limits
        let reached = min(rlim_t(clamping: count), wanted.rlim_max)
        guard reached > wanted.rlim_cur else { return }
        wanted.rlim_cur = reached
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted)
    }

    private static var limits: rlimit {
        var found = rlimit(rlim_cur: 1024, rlim_max: 1024)
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &found)
        return found
    }
}
