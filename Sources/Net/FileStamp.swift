internal import CLinux
internal import Glibc

/// What tells one state of a file from another.
public struct FileStamp: Equatable, Sendable {
    /// The file system that holds it.
    public let device: UInt64
    /// Its number there.
    let inode: UInt64
    /// Bytes.
    public let size: Int64
    /// Whole seconds since the epoch.
    public let modified: Int64
    /// What is to be added to `modified`.
    let modifiedNanoseconds: Int64
    /// It is a folder.
    public let isDirectory: Bool
    /// It is an ordinary file.
    public let isRegular: Bool

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isRegular = status.st_mode & S_IFMT == S_IFREG
    }
}
