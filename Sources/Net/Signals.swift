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
    case io = 29

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
        case .io: "SIGIO"
        }
    }

    /// What workers and the checker wait for: all that somebody may send them, were it only to ignore it.
    public static var obeyedByLoops: [Signal] {
        [.terminate, .interrupt, .quit, .winch, .user1, .user2, .hangup, .alarm, .io]
    }

    /// Has a program begin as if its parent had ignored nothing: the ends of its children are told to it. A
    /// pipe that nobody reads is an error of the write, and nothing more.
    public static func takeDefaults() {
        for signal in allCases { Glibc.signal(signal.rawValue, SIG_DFL) }
        Glibc.signal(SIGPIPE, SIG_IGN)
        Glibc.signal(SIGSYS, SIG_IGN)
    }
}

/// A signal that came, and where from.
public struct ReceivedSignal: Sendable {
    /// Which one.
    public let signal: Signal
    /// The process that sent it, or the child that ended; 0: it is not to be seen from here, or is none.
    public let sender: Int32
    /// The kernel sent it: a terminal, most likely.
    public let isKernels: Bool

    /// A signal as signalfd(2) tells of it.
    public init(_ signal: Signal, sender: Int32, isKernels: Bool = false) {
        self.signal = signal
        self.sender = sender
        self.isKernels = isKernels
    }
}

/// Signals as something to read: blocked everywhere else in the process.
public final class SignalDescriptor {
    /// Readable when a signal came; for `Poller.addControl`.
    public let fd: Int32

    /// Blocks these signals, and no others, in the process. It does not die of a pipe that nobody reads.
    public init(_ signals: [Signal]) throws(Errno) {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        sigprocmask(SIG_SETMASK, &set, nil)
        fd = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard fd >= 0 else { throw Errno.current }
    }

    deinit { close(fd) }

    /// The next signal that came; `nil`: none.
    public func next() -> ReceivedSignal? {
        var info = signalfd_siginfo()
        while true {
            let count = read(fd, &info, MemoryLayout<signalfd_siginfo>.size)
            guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
            guard let signal = Signal(rawValue: Int32(truncatingIfNeeded: info.ssi_signo)) else { continue }
            return ReceivedSignal(
                signal, sender: Int32(truncatingIfNeeded: info.ssi_pid), isKernels: info.ssi_code > 0)
        }
    }

    /// Waits until a signal is there, at most `timeoutMs` (-1: without end).
    public func wait(timeoutMs: Int32) {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, timeoutMs)
    }

    /// Unblocks everything.
    public func release() {
        var set = sigset_t()
        sigemptyset(&set)
        sigprocmask(SIG_SETMASK, &set, nil)
    }
}
