internal import Net
internal import Sharing

/// What the worker says, and of whom.
extension Worker {
    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        snapshot.configuration.errorLog.write(level, connection: nil, message())
    }

    func log(_ level: LogLevel, _ connection: ClientConnection, _ message: @autoclosure () -> String) {
        let log = connection.listen.defaultServer.base.settings.logs.errorLog
        guard log.isEnabled(level) else { return }
        let message = message()
        log.write(
            level, connection: connection.number, ErrorLogging.line(message, connection),
            about: ErrorLogging.circumstances(of: message, connection))
    }

    func log(_ level: LogLevel, _ exchange: Exchange, _ message: @autoclosure () -> String) {
        if let trace { return trace.note(level, message(), exchange) }
        let log = errorLog(of: exchange)
        guard log.isEnabled(level) else { return }
        let message = message()
        log.write(
            level, connection: exchange.client.number, ErrorLogging.line(message, exchange),
            about: ErrorLogging.circumstances(of: message, exchange))
    }

    func errorLog(of exchange: Exchange) -> ErrorLog {
        exchange.location.settings.logs.errorLog
    }

    /// A request is over: it is counted and logged.
    func account(for exchange: Exchange) {
        if let trace { return trace.end() }
        count(exchange)
        exchange.writeAccessLogs()
        if exchange.location.settings.core.postAction != nil { PostAction.send(for: exchange) }
    }

    /// Lines of an access log could not be written: its disk is full, say. Each turn would say it.
    func tellOfLostLines() {
        guard let loss = snapshot.logs.takeLoss(), case .file(let path) = loss.target,
            lossLog.admit(nowMs: clock.nowMs) != nil
        else { return }
        log(.alert, "write() to \"\(path)\" failed \(loss.errno.logText)")
        shared.chronicle.tell(
            .log, at: clock.wallMs, stripe: path.utf8.reduce(0) { $0 &+ Int($1) },
            Chronicle.Entry(path, "cannot be written", reason: loss.errno.logText))
    }
}
