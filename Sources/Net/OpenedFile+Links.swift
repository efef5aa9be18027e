internal import CLinux
public import Core
internal import Glibc

/// Which symbolic links a path may lead over: `disable_symlinks`.
public enum LinkRule: Sendable {
    case any
    case none
    /// Whose owner is that of what they lead to.
    case ofSameOwner
}

extension OpenedFile {
    /// Opens it for reading, one part of its path after the other: a link that may not be followed is ELOOP.
    ///
    /// - Parameter trusted: bytes at the path's beginning, up to a slash, in which links are not looked for.
    public convenience init(_ path: ByteBuffer, _ rule: LinkRule, trusting trusted: Int) throws(FileError) {
        if case .any = rule {
            try self.init(path)
        } else {
            try self.init(fd: PathWalk(rule: rule).open(path, trusting: trusted), path)
        }
    }
}

extension FileAccess {
    /// The same, unless the path leads over a link that may not be followed; where there is
    /// none, `Errno.current` says why.
    public static func stamp(_ path: ByteBuffer, _ rule: LinkRule, trusting trusted: Int) -> FileStamp? {
        if case .any = rule { return stamp(path) }
        let fd = PathWalk(rule: rule).open(path, trusting: trusted)
        guard fd >= 0 else { return nil }
        var status = Glibc.stat()
        let result = fstat(fd, &status)
        PathWalk.close(fd)
        return result == 0 ? FileStamp(status) : nil
    }
}

/// A path that is opened part by part: nobody can put a link in its way meanwhile.
private struct PathWalk {
    let rule: LinkRule

    private static var reading: Int32 { O_RDONLY | O_NONBLOCK | O_CLOEXEC }
    /// `O_PATH`, which needs _GNU_SOURCE: a folder that may be passed through, though not be read.
    private static var passing: Int32 { 0o10_000_000 }
    private static var searching: Int32 { passing | O_DIRECTORY | O_CLOEXEC }

    /// - Returns: the descriptor; below 0 where `Errno.current` says why there is none.
    func open(_ path: ByteBuffer, trusting trusted: Int) -> Int32 {
        let isAbsolute = !path.isEmpty && path[0] == UInt8(ascii: "/")
        var position = min(trusted > 0 ? trusted : isAbsolute ? 1 : 0, path.count)
        let start = ByteBuffer(capacity: max(position, 16))
        start.append(Slice(from: 0, to: position), of: path)
        if start.isEmpty { start.append(".") }
        var folder = PathWalk.openat(AT_FDCWD, start, PathWalk.searching)
        let part = ByteBuffer(capacity: 64)
        while folder >= 0 {
            while position < path.count, path[position] == UInt8(ascii: "/") { position += 1 }
            part.removeAll()
            while position < path.count, path[position] != UInt8(ascii: "/") {
                part.append(path[position])
                position += 1
            }
            if part.isEmpty { part.append(".") }
            let isLast = position == path.count
            let next = step(folder, part, isLast ? PathWalk.reading : PathWalk.searching)
            PathWalk.close(folder)
            if isLast { return next }
            folder = next
        }
        return folder
    }

    private func step(_ folder: Int32, _ name: ByteBuffer, _ flags: Int32) -> Int32 {
        guard case .ofSameOwner = rule else { return PathWalk.openat(folder, name, flags | O_NOFOLLOW) }
        let fd = PathWalk.openat(folder, name, flags)
        guard fd >= 0 else { return fd }
        var named = Glibc.stat()
        var found = Glibc.stat()
        if name.withPath({ fstatat(folder, $0, &named, AT_SYMLINK_NOFOLLOW) }) == 0, fstat(fd, &found) == 0 {
            if named.st_uid == found.st_uid { return fd }
            errno = ELOOP
        }
        PathWalk.close(fd)
        return -1
    }

    private static func openat(_ folder: Int32, _ name: ByteBuffer, _ flags: Int32) -> Int32 {
        guard let fd = name.withPath({ Glibc.openat(folder, $0, flags) }) else {
            errno = ENOENT
            return -1
        }
        return fd
    }

    /// Closes it, and leaves `errno` as it was.
    static func close(_ fd: Int32) {
        let error = errno
        Glibc.close(fd)
        errno = error
    }
}
