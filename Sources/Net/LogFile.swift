public import Core
internal import Glibc

/// An access log: lines gathered in memory and written together.
///
/// Without `buffer=` that is once a turn of the worker's loop; with it, when the buffer is full or
/// `flush=` has passed.
public final class LogFile {
    /// Where lines go.
    public enum Target: Equatable, Sendable {
        case file(String)
        case syslog(SyslogTarget)
    }

    /// Where the lines go.
    public let target: Target
    private let bufferSize: Int
    private let flushMs: Int?
    private let gzipLevel: Int?
    /// What compresses what is written, and where that stands; made when there is something.
    private var coder: ContentCoder?
    private let compressed = ByteBuffer(capacity: 0)
    private var fd: Int32
    /// When what is gathered must be written; `nil`: nothing is, or not before the buffer is full.
    private var dueMs: Int64?
    /// Where the line begins that is being written.
    private var lineStart = 0
    /// Lines are appended here, each with its line feed, and then `lineDone` is called.
    public let buffer: ByteBuffer

    /// Lines that may wait in memory whatever the configuration says.
    private static var heldMax: Int { 64 << 10 }

    /// Opens the log; directories that are missing are made.
    ///
    /// - Parameters:
    ///   - bufferSize: bytes to gather; 0: write once a turn.
    ///   - flushMs: longest time that a gathered line waits; `nil`: until the buffer is full.
    ///   - gzipLevel: how hard to compress what is written together, as a member of a file of gzip's
    ///     (RFC 1952); `nil`: it is written as it is.
    ///   - opener: opens the file; what it returns is the log's to close.
    public init(
        _ target: Target, bufferSize: Int, flushMs: Int?, gzipLevel: Int? = nil,
        opener: Opener = LogFile.open
    ) throws(FileError) {
        self.target = target
        self.bufferSize = bufferSize
        self.flushMs = flushMs
        self.gzipLevel = gzipLevel
        buffer = ByteBuffer(capacity: max(bufferSize, 4096))
        switch target {
        case .file(let path): fd = try opener(path)
        case .syslog(let server): fd = server.open()
        }
    }

    /// Opens the file of a log for appending.
    public typealias Opener = (_ path: String) throws(FileError) -> Int32

    /// Whether lines gathered for `other` may as well be gathered here.
    public func isLike(_ other: LogFile) -> Bool {
        target == other.target && bufferSize == other.bufferSize && flushMs == other.flushMs
            && gzipLevel == other.gzipLevel
    }

    /// Goes on in the file that `other` has just opened; what was gathered goes to the old one.
    public func takeOver(_ other: LogFile) {
        _ = write()
        swap(&fd, &other.fd)
    }

    /// Opens the log in the file at `path`.
    public convenience init(path: String, bufferSize: Int = 0, flushMs: Int? = nil) throws(FileError) {
        try self.init(.file(path), bufferSize: bufferSize, flushMs: flushMs)
    }

    /// Drops what is gathered, in a process that has not the file; what is gathered later is lost.
    public func silence() {
        buffer.removeAll()
        lineStart = 0
        dueMs = nil
        fd = -1
    }

    deinit {
        _ = write()
        if fd >= 0 { close(fd) }
    }

    /// Opens a log for appending; directories that are missing are made.
    public static func open(_ path: String) throws(FileError) -> Int32 {
        // Opening these names again fails when they stand for sockets.
        if path == "/dev/stderr" { return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) }
        if path == "/dev/stdout" { return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3) }
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
        var fd = Glibc.open(path, flags, 0o644)
        if fd < 0 && errno == ENOENT {
            do {
                try Directory.makeParents(of: path)
            } catch {
                throw FileError("mkdir()", path, error)
            }
            fd = Glibc.open(path, flags, 0o644)
        }
        guard fd >= 0 else { throw FileError("open()", path, .current) }
        return fd
    }

    /// The line that was appended is whole, its line feed included.
    ///
    /// - Returns: why lines were lost; `nil`: they were not.
    @discardableResult
    public func lineDone(nowMs: Int64) -> Errno? {
        if case .syslog(let server) = target {
            server.send(buffer.bytes[...], nil, over: &fd)
            buffer.removeAll()
            return nil
        }
        lineStart = buffer.count
        if dueMs == nil, let flushMs { dueMs = nowMs + Int64(flushMs) }
        return buffer.count >= max(bufferSize, LogFile.heldMax) ? write() : nil
    }

    /// When gathered lines must be written at the latest; `nil`: no time is set.
    public var deadlineMs: Int64? { bufferSize == 0 ? nil : dueMs }

    /// Writes what is due; with `force`, everything. Once a turn of the loop.
    ///
    /// - Returns: why lines were lost (a full disk must not stop the service); `nil`: they were not.
    @discardableResult
    public func flush(nowMs: Int64, force: Bool) -> Errno? {
        guard lineStart > 0 else { return nil }
        let isDue = dueMs.map { nowMs >= $0 } ?? false
        return force || bufferSize == 0 || lineStart >= bufferSize || isDue ? write() : nil
    }

    private func write() -> Errno? {
        guard !buffer.isEmpty else { return nil }
        dueMs = nil
        let failure = compress() ? write(compressed) : write(buffer)
        compressed.removeAll()
        buffer.removeAll()
        lineStart = 0
        return failure
    }

    /// Compresses what was gathered, as a whole of its own.
    ///
    /// - Returns: false if it is not to be compressed, or memory is lacking.
    private func compress() -> Bool {
        guard let gzipLevel else { return false }
        let coder = coder ?? ContentCoder(.deflate(level: gzipLevel, windowBits: 15, memoryLevel: 8))
        guard let coder else { return false }
        self.coder = coder
        defer { coder.restart() }
        let lines = ByteBuffer(capacity: buffer.count)
        lines.append(contentsOf: buffer)
        while true {
            switch coder.code(lines, .finish, into: compressed, atMost: 64 << 10) {
            case .wantsRoom, .wantsInput: break
            case .ended: return true
            case .failed:
                compressed.removeAll()
                return false
            }
        }
    }

    private func write(_ lines: ByteBuffer) -> Errno? {
        lines.withReadable { FileAccess.write($0, to: fd) }
    }

    /// Opens the file anew: it was moved away. What was gathered goes to the old one.
    ///
    /// - Throws: what kept it from being opened; the old file stays in use.
    public func reopen(owner: UInt32? = nil) throws(FileError) {
        _ = write()
        guard case .file(let path) = target else { return }
        let fresh = try LogFile.open(path)
        if let owner { _ = fchown(fresh, owner, .max) }
        close(fd)
        fd = fresh
    }
}
