internal import CLinux
internal import Glibc

/// A file without a name, to hand bytes to another process by its descriptor.
public enum MemoryFile {
    /// - Returns: a descriptor with these bytes, the caller's to close.
    public static func make(_ bytes: [UInt8]) throws(Errno) -> Int32 {
        let fd = portico_memory_file("portico-bundle")
        guard fd >= 0 else { throw Errno.current }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                SystemCall.retrying {
                    pwrite(fd, raw.baseAddress.map { $0 + written }, raw.count - written, off_t(written))
                }
            }
            guard count > 0 else {
                let errno = count < 0 ? Errno.current : .diskFull
                close(fd)
                throw errno
            }
            written += count
        }
        return fd
    }

    /// All bytes behind a descriptor that `make` gave out.
    public static func read(_ fd: Int32) throws(Errno) -> [UInt8] {
        var status = stat()
        guard fstat(fd, &status) == 0 else { throw Errno.current }
        guard status.st_size >= 0, status.st_size <= 1 << 30 else { throw .fileTooLarge }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeMutableBytes { raw in
                SystemCall.retrying {
                    pread(fd, raw.baseAddress.map { $0 + position }, raw.count - position, off_t(position))
                }
            }
            guard count > 0 else { throw count < 0 ? Errno.current : .brokenPipe }
            position += count
        }
        return bytes
    }
}
