internal import CLinux
internal import Glibc

/// The terminal that a command was started at, as a program that draws uses it: keys come one by one, and
/// are not shown. `restore` must be called however the program ends.
public struct Terminal {
    private let former: termios

    /// - Returns: `nil`: standard input or output is none.
    public init?() {
        var settings = termios()
        guard isatty(1) == 1, tcgetattr(0, &settings) == 0 else { return nil }
        former = settings
        cfmakeraw(&settings)
        guard tcsetattr(0, TCSAFLUSH, &settings) == 0 else { return nil }
        // Another screen, without a cursor.
        show("\u{1B}[?1049h\u{1B}[?25l")
    }

    /// The terminal is as it was.
    public func restore() {
        show("\u{1B}[?25h\u{1B}[?1049l")
        var settings = former
        _ = tcsetattr(0, TCSAFLUSH, &settings)
    }

    /// Lines and columns.
    public var size: (lines: Int, columns: Int) {
        var size = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    /// Writes to it.
    public func show(_ text: String) {
        let bytes = Array(text.utf8)
        _ = FileAccess.write(bytes.span, to: STDOUT_FILENO)
    }

    /// What the terminal says next.
    public enum Input: Equatable, Sendable {
        case key(UInt8)
        case nothing
        /// It is gone, or the program was told to end.
        case end
    }

    /// - Parameter signals: those that end the program.
    public func next(timeoutMs: Int32, signals: SignalDescriptor) -> Input {
        var entries = [
            pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.fd, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&entries, 2, timeoutMs)
        if entries[1].revents != 0 {
            while let signal = signals.next() {
                if signal.signal != .winch { return .end }
            }
            return .nothing
        }
        guard count > 0 else { return .nothing }
        var byte: UInt8 = 0
        return read(0, &byte, 1) == 1 ? .key(byte) : .end
    }
}
