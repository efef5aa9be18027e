internal import Glibc

/// Directories that logs, temporary files and the pid file need.
public enum Directory {
    /// Gives the folder at `path` to a user.
    public static func give(_ path: String, to user: UInt32) throws(Errno) {
        guard chown(path, user, .max) == 0 else { throw Errno.current }
    }

    /// Makes the folder of the file at `path`, and those above it.
    public static func makeParents(of path: String, mode: UInt32 = 0o755) throws(Errno) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        try make(String(path[..<slash]), mode: mode)
    }

    /// Makes the folder at `path`, and those above it, unless it is there.
    public static func make(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw .current }
        // The folders above it are for all to pass through.
        try makeParents(of: path)
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        throw .current
    }
}
