internal import CLinux
public import Core
internal import Glibc

/// A file for bodies that do not fit in memory, or are to be in one.
public final class TemporaryFile {
    /// What becomes of its name.
    public enum Naming: Sendable {
        /// It has none: the file is gone when nobody holds it.
        case none
        /// Others find it, until nobody holds it.
        case removed
        /// It stays.
        case kept
    }

    /// It stays this object's.
    public let fd: Int32
    /// Where it is found, if it has a name.
    public let path: String
    private let naming: Naming
    /// Takes it over when nobody holds it any more, if it never had a name; `nil`: it is closed then, however
    /// long that takes.
    private let left: LeftFiles?
    /// Bytes written so far.
    public private(set) var size: Int64 = 0

    /// Makes an empty file.
    ///
    /// - Parameter directory: where the bytes are kept; made if missing.
    public init(directory: String, left: LeftFiles? = nil) throws(Errno) {
        self.left = left
        fd = try TemporaryFile.openNameless(directory)
        path = directory
        naming = .none
    }

    /// Makes an empty file in one of the folders of `folder`.
    public init(in folder: TemporaryFolder, _ naming: Naming, left: LeftFiles? = nil) throws(Errno) {
        self.naming = naming
        self.left = left
        if naming == .none {
            fd = try TemporaryFile.openNameless(folder.path)
            // What others read is as in nginx, whose files had a name once.
            path = folder.path(of: .random(in: 1...(.max)))
        } else {
            (fd, path) = try TemporaryFile.openNamed(in: folder)
        }
    }

    deinit {
        if naming == .removed { unlink(path) }
        // Who had the name may have the file still, and need all of it.
        if let left, naming == .none { left.add(fd, size: size) } else { close(fd) }
    }

    private static func openNameless(_ directory: String) throws(Errno) -> Int32 {
        try Directory.make(directory, mode: 0o700)
        // O_TMPFILE (which Swift does not see) with the O_DIRECTORY that is a part of it.
        let flags: Int32 = 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC
        var fd = open(directory, flags, 0o600)
        if fd < 0 { fd = TemporaryFile.openNamed(directory) }
        guard fd >= 0 else { throw .current }
        return fd
    }

    /// Most names that are tried: of four thousand millions, next to none is taken.
    private static var triesMax: Int { 16 }

    private static func openNamed(in folder: TemporaryFolder) throws(Errno) -> (Int32, String) {
        for _ in 0..<triesMax {
            let path = folder.path(of: .random(in: 1...(.max)))
            try Directory.makeParents(of: path, mode: 0o700)
            let fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
            if fd >= 0 { return (fd, path) }
            guard errno == EEXIST else { throw .current }
        }
        throw Errno(code: EEXIST)
    }

    /// File systems without nameless files: a name that is removed at once.
    private static func openNamed(_ directory: String) -> Int32 {
        var template = Array("\(directory)/\(String(repeating: "X", count: 6))".utf8CString)
        let fd = mkostemp(&template, O_CLOEXEC)
        if fd >= 0 { unlink(template) }
        return fd
    }

    /// Appends all bytes of `buffer`; they stay in it.
    public func append(_ buffer: ByteBuffer) throws(Errno) {
        try append(Slice(from: 0, to: buffer.count), of: buffer)
    }

    /// Appends the bytes of `slice`; they stay in `buffer`. After an error none of them counts as written.
    public func append(_ slice: Slice, of buffer: ByteBuffer) throws(Errno) {
        guard slice.end <= buffer.count else { return }
        let failure = buffer.withBytes(of: slice) { FileAccess.write($0, to: fd, at: size) }
        if let failure { throw failure }
        size += Int64(slice.count)
    }

    /// Reads up to `count` bytes at `offset` into the free end of `buffer`.
    ///
    /// - Returns: `.bytes(0)` at the end of what was written.
    public func read(into buffer: ByteBuffer, at offset: Int64, count: Int) -> IOOutcome {
        FileAccess.append(from: fd, to: buffer, at: offset, count: count)
    }
}
