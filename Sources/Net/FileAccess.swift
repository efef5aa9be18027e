internal import CLinux
public import Core
internal import Glibc

/// Files, and what is known of them. Whole ones, for configuration and passwords, are never read on the
/// request path.
public enum FileAccess {
    /// How long whoever writes into a pipe may be silent, in milliseconds.
    private static var silenceMaxMs: Int32 { 10_000 }

    /// The bytes of a file of at most `limit` bytes. A pipe is waited for, but not for ever.
    public static func readWhole(_ path: String, limit: Int = 64 << 20) throws(FileError) -> [UInt8] {
        guard isWhole(path) else { throw FileError("open()", path, .notFound) }
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { throw FileError("open()", path, .current) }
        defer { close(fd) }
        return try read(fd, path, limit: limit)
    }

    /// The same of a regular file: whatever else stands there is not waited for.
    public static func readRegular(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard isWhole(path) else { throw FileError("open()", path, .notFound) }
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { throw FileError("open()", path, .current) }
        defer { close(fd) }
        return try read(regular: fd, path, limit: limit)
    }

    /// The same of what was opened: it is a regular file, or nothing is read.
    static func read(regular fd: Int32, _ path: String, limit: Int) throws(FileError) -> [UInt8] {
        var status = stat()
        guard fstat(fd, &status) == 0 else { throw FileError("fstat()", path, .current) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError("open()", path, .invalidArgument) }
        return try read(fd, path, limit: limit)
    }

    /// The bytes that are left of an opened file.
    ///
    /// - Parameter path: what it is called in an error.
    static func read(_ fd: Int32, _ path: String, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var waiting = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
            let news = SystemCall.retrying { poll(&waiting, 1, silenceMaxMs) }
            if news == 0 { throw FileError("read()", path, .timedOut) }
            let count = read(fd, into: &piece)
            guard count >= 0 else { throw FileError("read()", path, .current) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw FileError("read()", path, .fileTooLarge) }
            bytes.append(contentsOf: piece[..<count])
        }
    }

    /// The files that match a shell pattern, sorted. glob(3).
    public static func glob(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard Glibc.glob(pattern, 0, nil, &result) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { index in
            result.gl_pathv[index].map { String(cString: $0) }
        }
    }

    /// The file's identity and age; `nil`: it cannot be seen.
    public static func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard isWhole(path), stat(path, &status) == 0 else { return nil }
        return FileStamp(status)
    }

    /// Whether this process may run the file.
    public static func isExecutable(_ path: String) -> Bool { isWhole(path) && access(path, X_OK) == 0 }

    /// The absolute path without links; `nil`: there is no such file.
    public static func realPath(_ path: String) -> String? {
        guard isWhole(path), let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The same of a path made of a request's bytes; where there is none, `Errno.current` says why.
    public static func stamp(_ path: ByteBuffer) -> FileStamp? {
        var status = stat()
        guard let result = path.withPath({ stat($0, &status) }) else {
            errno = ENOENT
            return nil
        }
        return result == 0 ? FileStamp(status) : nil
    }

    /// The same of a path made of a request's bytes.
    public static func isExecutable(_ path: ByteBuffer) -> Bool { path.withPath { access($0, X_OK) } == 0 }

    /// Appends the absolute path without links; nothing if there is no such file.
    public static func appendRealPath(_ path: ByteBuffer, to out: ByteBuffer) {
        guard let resolved = path.withPath({ realpath($0, nil) }) ?? nil else { return }
        defer { free(resolved) }
        let start = UnsafeRawPointer(resolved).assumingMemoryBound(to: UInt8.self)
        out.append(UnsafeBufferPointer(start: start, count: strlen(resolved)))
    }

    /// The system would read a path with a zero byte in it as a shorter one.
    static func isWhole(_ path: String) -> Bool { !path.utf8.contains(0) }
}
