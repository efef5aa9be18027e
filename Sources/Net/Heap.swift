internal import CLinux

/// What `malloc` holds.
public enum Heap {
    /// Gives the system the pages in which nothing is allocated; it takes some milliseconds for 50 MiB.
    public static func giveBack() { _ = malloc_trim(0) }
}
