internal import CLinux
internal import Glibc

/// A file without a name, to hand bytes to another process by its descriptor.
public enum MemoryFile {
    /// - Returns: a descriptor with these bytes, the caller's to close.
    public static func make(_ bytes: [UInt8]) throws(Errno) -> Int32 {
        let fd = portico_memory_file("portico-bundle")
        guard fd >= 0 else { throw Errno.current }
        if let errno = FileAccess.write(bytes.span, to: fd, at: 0) {
            close(fd)
            throw errno
        }
        return fd
    }

    /// All bytes behind a descriptor that `make` gave out.
    public static func read(_ fd: Int32) throws(Errno) -> [UInt8] {
        var status = stat()
        guard fstat(fd, &status) == 0 else { throw Errno.current }
        guard status.st_size >= 0, status.st_size <= 1 << 30 else { throw .fileTooLarge }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        if let errno = FileAccess.fill(&bytes, from: fd) { throw errno }
        return bytes
    }
}
