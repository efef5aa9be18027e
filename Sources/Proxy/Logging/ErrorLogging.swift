internal import Core
internal import HTTP
internal import Net

/// The end of a line of the error log: whom the message is about.
enum ErrorLogging {
    /// A message about a connection on which no request is served.
    static func line(_ message: String, _ connection: ClientConnection) -> String {
        let out = ByteBuffer(capacity: 256)
        out.append(message)
        out.append(", client: ")
        connection.remoteAddress.append(addressTo: out)
        out.append(", server: ")
        connection.listen.address.append(to: out)
        return out.printableText
    }

    /// A message about a request.
    static func line(_ message: String, _ exchange: Exchange) -> String {
        let out = ByteBuffer(capacity: 512)
        out.append(message)
        out.append(", client: ")
        exchange.remoteAddress.append(addressTo: out)
        out.append(", server: ")
        out.append(exchange.server.serverName)
        quoted(", request: \"", to: out) { exchange.appendRequestLine(to: $0) }
        if exchange.isSubrequest {
            quoted(", subrequest: \"", to: out) { $0.append(contentsOf: exchange.uri) }
        }
        if exchange.upstream?.isActive == true, let attempt = exchange.attempts.last {
            quoted(", upstream: \"", to: out) { appendUpstream(attempt, exchange, to: $0) }
        }
        quoted(", host: \"", to: out) { _ = exchange.appendRequestField(.host, to: $0) }
        quoted(", referrer: \"", to: out) { _ = exchange.appendRequestField(.referer, to: $0) }
        return out.printableText
    }

    // MARK: JSON

    /// The parts of a message about a connection, by name.
    static func circumstances(of message: String, _ connection: ClientConnection) -> [ErrorLog.Circumstance] {
        [
            ErrorLog.Circumstance("message", message),
            ErrorLog.Circumstance(
                "client", ByteBuffer.shown { connection.remoteAddress.append(addressTo: $0) }),
            ErrorLog.Circumstance("server", connection.listen.address.text),
        ]
    }

    /// The parts of a message about a request, by name. Its number is that of the access log.
    static func circumstances(of message: String, _ exchange: Exchange) -> [ErrorLog.Circumstance] {
        var parts = [ErrorLog.Circumstance("message", message)]
        func add(_ name: StaticString, _ append: (ByteBuffer) -> Void) {
            let value = ByteBuffer.shown(append)
            if !value.isEmpty { parts.append(ErrorLog.Circumstance(name, value)) }
        }
        add("client") { exchange.remoteAddress.append(addressTo: $0) }
        add("server") { $0.append(exchange.server.serverName) }
        add("request") { exchange.appendRequestLine(to: $0) }
        if exchange.isSubrequest { add("subrequest") { $0.append(contentsOf: exchange.uri) } }
        if exchange.upstream?.isActive == true, let attempt = exchange.attempts.last {
            add("upstream") { appendUpstream(attempt, exchange, to: $0) }
        }
        add("host") { _ = exchange.appendRequestField(.host, to: $0) }
        add("referrer") { _ = exchange.appendRequestField(.referer, to: $0) }
        add("request_id") { exchange.appendRequestID(to: $0) }
        return parts
    }

    private static func appendUpstream(
        _ attempt: AttemptLog.Attempt, _ exchange: Exchange, to out: ByteBuffer
    ) {
        out.append(exchange.proxying.target?.scheme ?? "http://")
        out.append(attempt.name, of: exchange.attempts.names)
        exchange.upstream?.stream.appendTarget(to: out)
    }

    /// Appends `prefix`, the value and a closing quote; nothing if the value is empty.
    private static func quoted(_ prefix: StaticString, to out: ByteBuffer, _ append: (ByteBuffer) -> Void) {
        let start = out.count
        out.append(prefix)
        let valueStart = out.count
        append(out)
        guard out.count > valueStart else { return out.truncate(to: start) }
        out.append(UInt8(ascii: "\""))
    }
}

extension Exchange {
    /// Writes to the error log of the location in force; the text is made only if it is written.
    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        worker.log(level, self, message())
    }
}
