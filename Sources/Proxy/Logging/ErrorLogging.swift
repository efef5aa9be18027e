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
            quoted(", upstream: \"", to: out) { out in
                out.append(exchange.proxying.target?.isTLS == true ? "https://" : "http://")
                out.append(attempt.name, of: exchange.attempts.names)
                exchange.upstream?.stream.appendTarget(to: out)
            }
        }
        quoted(", host: \"", to: out) { _ = exchange.appendRequestField(.host, to: $0) }
        quoted(", referrer: \"", to: out) { _ = exchange.appendRequestField(.referer, to: $0) }
        return out.printableText
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
