internal import CLinux
public import Core
internal import Glibc

/// A file that a worker appends to, under a name that a request made.
public final class AppendedFile {
    private let file: OpenedFile

    /// Opens it, and makes it if it is not there; folders are not made.
    public init(_ path: ByteBuffer) throws(FileError) {
        // Without O_NONBLOCK a named pipe that nobody reads would hold up the worker.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK
        guard let fd = path.withPath({ open($0, flags, 0o644) }) else {
            throw FileError("open()", path.printableText, .notFound)
        }
        file = try OpenedFile(fd: fd, path)
    }

    /// Whether the file is still the one that `path` names.
    public func isStill(at path: ByteBuffer) -> Bool {
        guard let now = FileAccess.stamp(path) else { return false }
        return now.device == file.stamp.device && now.inode == file.stamp.inode
    }

    /// Appends a line.
    ///
    /// - Returns: why it was lost; `nil`: it was not.
    public func write(_ line: ByteBuffer) -> Errno? {
        line.withReadable { FileAccess.writeAtOnce($0, to: file.fd) }
    }
}
