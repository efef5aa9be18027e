internal import Core
internal import Glibc

/// Error logs of one block of the configuration: lines in nginx's form.
///
///     2026/11/23 01:48:20 [error] 1234#1234: *12 message
public final class ErrorLog {
    /// Where lines up to a level go.
    public struct Sink: Equatable, Sendable {
        /// The place that lines are written to.
        public enum Target: Equatable, Sendable {
            case standardError
            case file(String)
            case syslog(SyslogTarget)
        }
        /// Where to.
        public let target: Target
        /// How its lines are written.
        public enum Form: Equatable, Sendable {
            /// As nginx does.
            case text
            /// An object of JSON in each line.
            case json
        }

        /// The least grave level that is written.
        public let level: LogLevel
        let form: Form

        /// A sink that is opened by the log.
        public init(_ target: Target, _ level: LogLevel, _ form: Form = .text) {
            self.target = target
            self.level = level
            self.form = form
        }
    }

    private struct OpenSink {
        let sink: Sink
        /// -1: there is no syslog server; its lines are lost.
        var fd: Int32
    }

    /// The message that was written last, and how often it came in a second.
    private struct Repetition {
        var level = LogLevel.emerg
        var message = ""
        /// The second, as lines show it.
        var time: [UInt8] = []
        var count = 0
        /// Those that were not written.
        var hiddenCount = 0
    }

    /// A line is cut off here, as nginx does; its line feed is counted.
    static var lineMax: Int { 2048 }
    /// The same message is written so often in a second; what comes beyond is counted.
    static var sameLinesMax: Int { 10 }

    private var sinks: [OpenSink] = []
    private var last = Repetition()
    private let threshold: LogLevel
    let clock: Clock?
    /// Some of the sinks want JSON.
    private let hasJSON: Bool

    /// Opens the sinks; directories that are missing are made.
    ///
    /// - Parameters:
    ///   - clock: the clock of a loop; `nil`: the time is read for each line.
    ///   - opener: opens files; what it returns is the log's to close.
    public init(
        _ sinks: [Sink], clock: Clock? = nil, opener: LogFile.Opener = LogFile.open
    ) throws(FileError) {
        threshold = sinks.map(\.level).max() ?? .emerg
        self.clock = clock
        hasJSON = sinks.contains { $0.form == .json }
        for sink in sinks { self.sinks.append(OpenSink(sink: sink, fd: try ErrorLog.open(sink, opener))) }
    }

    deinit {
        tellHidden(last.time)
        for entry in sinks where entry.fd > STDERR_FILENO { close(entry.fd) }
    }

    private static func open(_ sink: Sink, _ opener: LogFile.Opener) throws(FileError) -> Int32 {
        switch sink.target {
        case .standardError: return STDERR_FILENO
        case .syslog(let target): return target.open()
        case .file(let path): return try opener(path)
        }
    }

    /// Has it write nothing from here on, in a process that has not the files.
    public func silence() {
        sinks = []
        last = Repetition()
    }

    /// Whether a line of this level goes anywhere.
    public func isEnabled(_ level: LogLevel) -> Bool { level <= threshold }

    /// Writes a line; what is not printable in it is escaped. The message is made only if it is wanted.
    ///
    /// Errors and lesser lines that come over and over are written ten times a second. How many more there
    /// were is said before the next line.
    ///
    /// - Parameters:
    ///   - connection: the serial number of the client's connection, shown as `*12`; lines are the same
    ///     whatever it is.
    ///   - about: the parts of the message by name, for lines of JSON; none: it has no parts.
    public func write(
        _ level: LogLevel, connection: Int?, _ message: @autoclosure () -> String,
        about: @autoclosure () -> [Circumstance] = []
    ) {
        guard isEnabled(level) else { return }
        let message = message()
        let time = clock?.errorLogTime ?? Clock.readErrorLogTime()
        guard !isOneTooMany(level, message, time) else { return }
        put(line(level, connection, message, time), level, .text)
        guard hasJSON else { return }
        let parts = about()
        let known = parts.isEmpty ? [Circumstance("message", message)] : parts
        put(object(level, connection, known), level, .json)
    }

    private func isOneTooMany(_ level: LogLevel, _ message: String, _ time: [UInt8]) -> Bool {
        guard level >= .error, level == last.level, time == last.time, message == last.message else {
            tellHidden(time)
            last = Repetition(level: level, message: message, time: time, count: 1)
            return false
        }
        last.count += 1
        guard last.count > ErrorLog.sameLinesMax else { return false }
        last.hiddenCount += 1
        return true
    }

    private func tellHidden(_ time: [UInt8]) {
        guard last.hiddenCount > 0 else { return }
        let message = "message repeated \(last.hiddenCount) times: \(last.message)"
        put(line(last.level, nil, message, time), last.level, .text)
        if hasJSON { put(object(last.level, nil, [Circumstance("message", message)]), last.level, .json) }
        last.hiddenCount = 0
    }

    private func put(_ line: ByteBuffer, _ level: LogLevel, _ form: Sink.Form) {
        for index in sinks.indices where level <= sinks[index].sink.level && sinks[index].sink.form == form {
            if case .syslog(let target) = sinks[index].sink.target {
                target.send(line.bytes[...], level, over: &sinks[index].fd)
            } else {
                let fd = sinks[index].fd
                // There is nobody to tell that an error log cannot be written.
                _ = line.withReadable { FileAccess.writeAtOnce($0, to: fd) }
            }
        }
    }

    private func line(
        _ level: LogLevel, _ connection: Int?, _ message: String, _ time: [UInt8]
    ) -> ByteBuffer {
        let process = Int(getpid())
        let line = ByteBuffer(capacity: 512)
        line.append(time)
        line.append(" [")
        line.append(level.name)
        line.append("] ")
        line.append(decimal: process)
        line.append("#")
        line.append(decimal: process)
        line.append(": ")
        if let connection {
            line.append("*")
            line.append(decimal: connection)
            line.append(UInt8.space)
        }
        ErrorLog.escape(message, into: line)
        line.append(UInt8.lineFeed)
        return line
    }

    /// A terminal that shows the log must not obey it, and a line must stay one line.
    private static func escape(_ text: String, into line: ByteBuffer) {
        for byte in text.utf8 {
            guard line.count + (ByteBuffer.isPrintable(byte) ? 1 : 4) < lineMax else { return }
            line.append(printable: byte)
        }
    }

    /// Has what is said on standard error go into the first file of the log, for a process that has left its
    /// terminal: whoever started it must not wait for more, and a trap's last words must not be lost.
    public func takeStandardError() {
        guard !sinks.contains(where: { $0.sink.target == .standardError }) else { return }
        let file = sinks.first { if case .file = $0.sink.target { true } else { false } }
        if let file { return _ = dup2(file.fd, STDERR_FILENO) }
        let null = Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard null > STDERR_FILENO else { return }
        dup2(null, STDERR_FILENO)
        close(null)
    }

    /// Opens files anew: they were moved away. One that cannot be opened goes on where it was.
    ///
    /// - Parameter owner: the user who gets the files, so that workers without privileges can open
    ///   them too; `nil`: they stay with who made them.
    /// - Returns: what could not be opened.
    @discardableResult
    public func reopen(owner: UInt32? = nil) -> [FileError] {
        tellHidden(last.time)
        var failures: [FileError] = []
        for index in sinks.indices {
            guard case .file(let path) = sinks[index].sink.target else { continue }
            do throws(FileError) {
                let fresh = try LogFile.open(path)
                if let owner { _ = fchown(fresh, owner, .max) }
                close(sinks[index].fd)
                sinks[index].fd = fresh
            } catch {
                failures.append(error)
            }
        }
        return failures
    }
}
