internal import Glibc

/// An error of the operating system.
public struct Errno: Error, Equatable, Sendable {
    /// The value of errno(3).
    public let code: Int32

    /// - Parameter code: a value of errno(3).
    public init(code: Int32) {
        self.code = code
    }

    /// What the last system call of this thread left.
    public static var current: Errno { Errno(code: errno) }

    // MARK: The usual ones

    /// EPIPE: the other end takes no more.
    public static var brokenPipe: Errno { Errno(code: EPIPE) }
    /// ENOENT.
    public static var notFound: Errno { Errno(code: ENOENT) }
    /// ECONNREFUSED: nobody listens there.
    public static var connectionRefused: Errno { Errno(code: ECONNREFUSED) }
    /// EHOSTUNREACH: there is no way to it.
    public static var hostUnreachable: Errno { Errno(code: EHOSTUNREACH) }
    /// ENETUNREACH: there is no way to its network.
    public static var networkUnreachable: Errno { Errno(code: ENETUNREACH) }
    /// ECONNRESET: the other end broke the connection.
    public static var connectionReset: Errno { Errno(code: ECONNRESET) }
    /// ETIMEDOUT; also what is logged when a timer of ours ran out.
    public static var timedOut: Errno { Errno(code: ETIMEDOUT) }
    /// EINVAL.
    public static var invalidArgument: Errno { Errno(code: EINVAL) }
    /// EMFILE: this process may not have more descriptors.
    public static var tooManyFiles: Errno { Errno(code: EMFILE) }
    /// ENOMEM.
    public static var outOfMemory: Errno { Errno(code: ENOMEM) }
    /// EFBIG: more bytes than we agreed to hold.
    public static var fileTooLarge: Errno { Errno(code: EFBIG) }
    /// ENOSPC.
    public static var diskFull: Errno { Errno(code: ENOSPC) }

    // MARK: Meaning

    /// The system's text: "Connection refused".
    public var message: String { String(cString: strerror(code)) }

    /// As log lines show it: "(111: Connection refused)".
    public var logText: String { "(\(code): \(message))" }

    /// Descriptors or memory have run out; trying again at once cannot help.
    public var isShortage: Bool {
        code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
    }

    /// It is this machine that lacks something, descriptors, memory, ports or an address: nothing is said of
    /// the other end of a connection that could not be made.
    public var isOurs: Bool {
        // ENOSPC: epoll_ctl(7) watches as many descriptors as the system allows.
        isShortage || code == EADDRNOTAVAIL || code == EADDRINUSE || code == ENOSPC
    }

    /// There is no such file.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG }
    /// Its path leads through what is no folder, or is too long for any file.
    public var isNoFolder: Bool { code == ENOTDIR || code == ENAMETOOLONG }
    /// A link that may not be followed, or leads to itself.
    public var isLink: Bool { code == ELOOP || code == EMLINK }
    /// It is there, and not for us.
    public var isPermission: Bool {
        code == EACCES || code == EPERM || isLink
    }
}
