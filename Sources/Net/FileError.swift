/// A file that could not be opened or written: what, and why.
public struct FileError: Error, Equatable, Sendable {
    /// The system call: "open()".
    public let call: String
    /// The file, or what it is for.
    public let path: String
    /// The system's reason.
    public let errno: Errno

    /// An error of the call with this name and its brackets.
    public init(_ call: String, _ path: String, _ errno: Errno) {
        self.call = call
        self.path = path
        self.errno = errno
    }

    /// nginx's words: `open() "path" failed (2: No such file or directory)`.
    public var message: String { "\(call) \"\(path)\" failed \(errno.logText)" }

    /// The reason alone: `(2: No such file or directory)`.
    public var logText: String { errno.logText }
}
