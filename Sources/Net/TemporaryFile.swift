internal import CLinux
public import Core
internal import Glibc

/// A file without a name, for bodies that do not fit in memory; gone when nobody holds it.
public final class TemporaryFile {
    /// It stays this object's.
    public let fd: Int32
    /// Bytes written so far.
    public private(set) var size: Int64 = 0

    /// Makes an empty file.
    ///
    /// - Parameter directory: where the bytes are kept; made if missing.
    public init(directory: String) throws(Errno) {
        try Directory.make(directory, mode: 0o700)
        // O_TMPFILE (which Swift does not see) with the O_DIRECTORY that is a part of it.
        let flags: Int32 = 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC
        var fd = open(directory, flags, 0o600)
        if fd < 0 { fd = TemporaryFile.openNamed(directory) }
        guard fd >= 0 else { throw .current }
        self.fd = fd
    }

    deinit { close(fd) }

    /// File systems without nameless files: a name that is removed at once.
    private static func openNamed(_ directory: String) -> Int32 {
        var template = Array("\(directory)/\(String(repeating: "X", count: 6))".utf8CString)
        let fd = mkostemp(&template, O_CLOEXEC)
        if fd >= 0 { unlink(template) }
        return fd
    }

    /// Moves all bytes of `buffer` to the end of `file`, which is made when it is first needed.
    public static func move(
        _ buffer: ByteBuffer, to file: inout TemporaryFile?, in directory: String
    ) throws(Errno) {
        let target: TemporaryFile
        if let file {
            target = file
        } else {
            target = try TemporaryFile(directory: directory)
            file = target
        }
        try target.append(buffer)
        buffer.removeAll()
    }

    /// Appends all bytes of `buffer`; they stay in it.
    public func append(_ buffer: ByteBuffer) throws(Errno) {
        try append(Slice(from: 0, to: buffer.count), of: buffer)
    }

    /// Appends the bytes of `slice`; they stay in `buffer`. After an error none of them counts as written.
    public func append(_ slice: Slice, of buffer: ByteBuffer) throws(Errno) {
        var failure: Errno?
        var end = size
        buffer.withUnsafeReadable { bytes in
            guard slice.end <= bytes.count else { return }
            var rest = UnsafeRawBufferPointer(rebasing: bytes[slice.range])
            while let start = rest.baseAddress, rest.count > 0 {
                let written = SystemCall.retrying { pwrite(fd, start, rest.count, off_t(end)) }
                guard written > 0 else {
                    failure = written < 0 ? .current : .diskFull
                    return
                }
                end += Int64(written)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
        }
        if let failure { throw failure }
        size = end
    }

    /// Reads up to `count` bytes at `offset` into the free end of `buffer`.
    ///
    /// - Returns: `.bytes(0)` at the end of what was written.
    public func read(into buffer: ByteBuffer, at offset: Int64, count: Int) -> IOOutcome {
        FileAccess.append(from: fd, to: buffer, at: offset, count: count)
    }
}
