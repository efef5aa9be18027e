internal import CLinux
public import Core
internal import Glibc

/// A file opened for serving.
public final class OpenedFile {
    /// It stays this object's.
    public let fd: Int32
    /// What it was when it was opened.
    public let stamp: FileStamp

    /// Opens it for reading. Folders can be opened as well: `stamp` says so.
    public convenience init(_ path: ByteBuffer) throws(FileError) {
        // Without O_NONBLOCK a named pipe would hold up the worker.
        guard let fd = path.withPath({ open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }) else {
            throw FileError("open()", path.printableText, .notFound)
        }
        try self.init(fd: fd, path)
    }

    /// - Parameter fd: what `open` gave, below 0 if it gave nothing.
    init(fd: Int32, _ path: ByteBuffer) throws(FileError) {
        guard fd >= 0 else { throw FileError("open()", path.printableText, .current) }
        var status = stat()
        guard fstat(fd, &status) == 0 else {
            let error = FileError("fstat()", path.printableText, .current)
            close(fd)
            throw error
        }
        self.fd = fd
        stamp = FileStamp(status)
    }

    deinit { close(fd) }

    /// Reads up to `count` bytes at `offset` into the free end of `buffer`.
    ///
    /// - Returns: `.bytes(0)` at the end of the file.
    public func read(into buffer: ByteBuffer, at offset: Int64, count: Int) -> IOOutcome {
        FileAccess.append(from: fd, to: buffer, at: offset, count: count)
    }
}
