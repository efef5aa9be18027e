internal import CLinux
public import Core
internal import Glibc

/// A folder opened for listing, one name after the other.
public final class OpenedDirectory {
    /// What the next step came to.
    public enum Step {
        case name
        case end
        case failed(Errno)
    }

    private let stream: OpaquePointer
    /// What the folder says that the last name is.
    private var lastType = UInt8(DT_UNKNOWN)

    /// Opens the folder at `path`.
    public init(_ path: ByteBuffer) throws(FileError) {
        guard let opened = path.withPath({ opendir($0) }) else {
            throw FileError("opendir()", path.printableText, .notFound)
        }
        guard let opened else { throw FileError("opendir()", path.printableText, .current) }
        stream = opened
    }

    deinit { closedir(stream) }

    /// Appends the next name, in no order.
    public func next(into name: ByteBuffer) -> Step {
        errno = 0
        guard let entry = readdir(stream) else {
            return errno == 0 ? .end : .failed(.current)
        }
        lastType = entry.pointee.d_type
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: UInt8.self)
        // The system ends every name with a zero.
        name.append(
            UnsafeBufferPointer(
                start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
        return .name
    }

    /// Whether the last name, or what it links to, is a regular file; the folder itself knows of most.
    public func isRegular(_ name: ByteBuffer) -> Bool {
        switch Int(lastType) {
        case Int(DT_REG): true
        case Int(DT_UNKNOWN), Int(DT_LNK): stamp(of: name)?.isRegular == true
        default: false
        }
    }

    /// What a name in the folder stands for; a link that leads nowhere is what it is itself.
    ///
    /// - Returns: `nil`: it cannot be seen, and `Errno.current` says why.
    public func stamp(of name: ByteBuffer) -> FileStamp? {
        var status = stat()
        let result = name.withPath { path -> Int32 in
            let folder = dirfd(stream)
            if fstatat(folder, path, &status, 0) == 0 { return 0 }
            guard errno == ENOENT || errno == ELOOP else { return -1 }
            return fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW)
        }
        return result == 0 ? FileStamp(status) : nil
    }
}
