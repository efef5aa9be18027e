internal import CLinux
internal import Glibc

/// The signals that masters and workers obey.
public enum Signal: Int32, Sendable, CaseIterable {
    case hangup = 1
    case interrupt = 2
    case quit = 3
    case user1 = 10
    case user2 = 12
    case pipe = 13
    case alarm = 14
    case terminate = 15
    case child = 17
    case winch = 28

    /// The system's number.
    public var number: Int32 { rawValue }
    /// The system's name.
    public var name: String {
        switch self {
        case .hangup: "SIGHUP"
        case .interrupt: "SIGINT"
        case .quit: "SIGQUIT"
        case .user1: "SIGUSR1"
        case .user2: "SIGUSR2"
        case .pipe: "SIGPIPE"
        case .alarm: "SIGALRM"
        case .terminate: "SIGTERM"
        case .child: "SIGCHLD"
        case .winch: "SIGWINCH"
        }
    }
}

/// Signals as something to read: blocked everywhere else in the process.
public final class SignalDescriptor {
    /// Readable when a signal came; for `Poller.addControl`.
    public let fd: Int32

    /// Blocks these signals, and no others, in the process.
    public init(_ signals: [Signal]) throws(Errno) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        sigprocmask(SIG_SETMASK, &set, nil)
        fd = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard fd >= 0 else { throw Errno.current }
    }

    deinit { close(fd) }

    /// The next signal that came; `nil`: none.
    public func next() -> Signal? {
        var info = signalfd_siginfo()
        while true {
            let count = read(fd, &info, MemoryLayout<signalfd_siginfo>.size)
            guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
            if let signal = Signal(rawValue: Int32(info.ssi_signo)) { return signal }
        }
    }

    /// Waits until a signal is there, at most `timeoutMs` (-1: without end).
    public func wait(timeoutMs: Int32) {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, timeoutMs)
    }

    /// A forked child unblocks everything; it makes a descriptor of its own.
    public func release() {
        var set = sigset_t()
        sigemptyset(&set)
        sigprocmask(SIG_SETMASK, &set, nil)
    }
}
