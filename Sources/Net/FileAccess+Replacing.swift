internal import CLinux
internal import Core
internal import Glibc

/// Small files that are written as a whole while others may read them.
extension FileAccess {
    /// The bytes of a plain file; `nil`: there is none. A link, a pipe or a folder is refused: whoever may
    /// write in the file's folder must not choose what is read in its place.
    public static func readPlain(_ path: String, limit: Int) throws(FileError) -> [UInt8]? {
        guard isWhole(path) else { throw FileError("open()", path, .notFound) }
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard fd >= 0 else {
            let error = Errno.current
            guard error == .notFound else { throw FileError("open()", path, error) }
            return nil
        }
        defer { close(fd) }
        return try read(regular: fd, path, limit: limit)
    }

    /// Puts a file with these bytes in the place of the one at `path`, or makes it; after a crash at any
    /// moment there is either the old one or the new one. What fails leaves the old one.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(FileError) {
        guard isWhole(path) else { throw FileError("open()", path, .notFound) }
        let draft = draft(of: path, by: ProcessID.current)
        var former = stat()
        let mode = lstat(path, &former) == 0 ? former.st_mode & 0o777 : 0o644
        try write(bytes, toNew: draft, mode: mode)
        guard rename(draft, path) == 0 else {
            let error = FileError("rename()", path, .current)
            unlink(draft)
            throw error
        }
        syncFolder(of: path)
    }

    private static func draft(of path: String, by process: Int32) -> String { "\(path).\(process).tmp" }

    /// Removes what processes that were killed while they replaced the file at `path` have left.
    public static func removeDrafts(of path: String) {
        guard isWhole(path) else { return }
        let (folder, name) = parts(of: path)
        let bytes = ByteBuffer(capacity: 256)
        bytes.append(folder)
        guard let entries = try? OpenedDirectory(bytes) else { return }
        while true {
            bytes.removeAll()
            guard case .name = entries.next(into: bytes) else { return }
            let found = String(decoding: bytes.bytes, as: UTF8.self)
            guard found.hasPrefix(name + "."), found.hasSuffix(".tmp"),
                let process = Int32(found.dropFirst(name.utf8.count + 1).dropLast(4)), process > 0,
                found == draft(of: name, by: process)
            else { continue }
            // One that is at work is left alone.
            if kill(process, 0) != 0, errno == ESRCH { unlink(folder + found) }
        }
    }

    /// The folder, up to its slash, and the name in it.
    private static func parts(of path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("./", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }

    private static func write(_ bytes: [UInt8], toNew path: String, mode: mode_t) throws(FileError) {
        // A process of this number may have been killed before it could.
        unlink(path)
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard fd >= 0 else { throw FileError("open()", path, .current) }
        var failure = FileAccess.write(bytes.span, to: fd).map { FileError("write()", path, $0) }
        if failure == nil, fsync(fd) != 0 { failure = FileError("fsync()", path, .current) }
        close(fd)
        guard let failure else { return }
        unlink(path)
        throw failure
    }

    /// Makes the new name last. It is there already, so nothing can be taken back where this fails: some
    /// file systems cannot do it, and a folder may be writable and not readable.
    private static func syncFolder(of path: String) {
        let fd = open(parts(of: path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        _ = fsync(fd)
        close(fd)
    }
}
