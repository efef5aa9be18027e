internal import Core
internal import HTTP
internal import Net

/// Variables of the request.
extension Variables {
    /// The request line, and what the request asks for.
    static var requestRows: [VariableRow] {
        [
            .unlessEmpty("request", "The request line as the client sent it.") {
                $0.appendRequestLine(to: $1)
            },
            .unlessEmpty("request_method", "The method in force.") { $0.appendMainMethod(to: $1) },
            .unlessEmpty("request_uri", "The path and query of the request as the client sent them.") {
                $0.appendTarget(to: $1)
            },
            .always("request_id", "32 random hexadecimal digits, one set a request.") {
                $0.appendRequestID(to: $1)
            },
            .always("request_length", "Bytes of the request: line, head and content.") { exchange, out in
                out.append(decimal: Int(exchange.arrival.byteCount))
            },
            .always("request_time", "Seconds since the first byte of the request, with milliseconds.") {
                exchange, out in
                out.append(secondsFromMilliseconds: Int(max(0, exchange.nowMs - exchange.arrival.startedMs)))
            },
            .always("proxy_reason", "Why the request ended as it did: `ok`, `retried:timeout` and so on.") {
                exchange, out in
                out.append(exchange.endReason.text)
            },
            .always("request_completion", "`OK` if the response was sent to its end.") { exchange, out in
                if exchange.isComplete { out.append("OK") }
            },
            .unlessEmpty("server_protocol", "The protocol of the request: `HTTP/1.1`.") {
                $0.appendProtocol(to: $1)
            },
            .always("http3", "Empty: HTTP/3 is not spoken.") { _, _ in },
            .always("http2", "`h2` over TLS, `h2c` without, empty for other protocols.") {
                exchange, out in
                guard exchange.head.version == .http2 else { return }
                out.append(exchange.client.isSecure ? "h2" : "h2c")
            },
            .always("scheme", "`http` or `https`.") { exchange, out in
                out.append(exchange.client.isSecure ? "https" : "http")
            },
            .always("https", "`on` if the client speaks TLS, otherwise empty.") { exchange, out in
                if exchange.client.isSecure { out.append("on") }
            },
            .always("pipe", "`p` if the request was pipelined, otherwise `.`.") { exchange, out in
                out.append(exchange.arrival.isPipelined ? "p" : ".")
            },
            .unlessEmpty("remote_user", "The user's name in `Authorization: Basic`.") {
                $0.appendRemoteUser(to: $1)
            },
        ]
    }

    /// Where the request leads: host, path, query, file.
    static var targetRows: [VariableRow] {
        [
            .always("host", "The host of the request without its port, or the server's name.") {
                exchange, out in
                if exchange.host.isEmpty {
                    out.append(exchange.server.serverName)
                } else {
                    out.append(contentsOf: exchange.host)
                }
            },
            .unlessEmpty("request_port", "The port that the request names with its host.") {
                exchange, out in
                if let port = exchange.requestPort { out.append(decimal: Int(port)) }
            },
            .always("is_request_port", "`:` if the request names a port, otherwise empty.") { exchange, out in
                if exchange.requestPort != nil { out.append(":") }
            },
            .always("server_name", "The first name of the server that serves the request.") { exchange, out in
                out.append(exchange.server.serverName)
            },
            VariableRow("uri", "The path in force, decoded and normalised.") { $0.appendPath(to: $1) },
            VariableRow("document_uri", "The same as `$uri`.") { $0.appendPath(to: $1) },
            VariableRow("args", "The query in force.") { $0.appendQuery(to: $1) },
            VariableRow("query_string", "The same as `$args`.") { $0.appendQuery(to: $1) },
            .always("is_args", "`?` if there is a query, otherwise empty.") { exchange, out in
                if !exchange.arguments.isEmpty { out.append("?") }
            },
            .always("document_root", "The `root` or `alias` in force.") {
                FilePath.appendRoot(of: $0, to: $1)
            },
            .unlessEmpty("realpath_root", "The `root` or `alias` in force, symbolic links resolved.") {
                FilePath.appendRealRoot(of: $0, to: $1)
            },
            .always("request_filename", "The file that the path in force leads to.") {
                FilePath.append(for: $0, to: $1)
            },
            .always(
                "limit_rate",
                "The limit of the response's rate, in bytes a second; before it begins, what `set` says."
            ) { exchange, out in
                let limit = exchange.isResponding ? exchange.rateLimit : exchange.delivery.limitRate
                out.append(decimal: Int(limit ?? 0))
            },
        ]
    }

    /// The content of the request and the fields that describe it.
    static var bodyRows: [VariableRow] {
        [
            VariableRow(
                "content_length",
                "`Content-Length` of the request; without one, the bytes of content that it had."
            ) { exchange, out in
                if exchange.appendRequestField(.contentLength, to: out) { return true }
                guard exchange.body.isPresent, let length = exchange.body.knownLength else { return false }
                out.append(decimal: Int(length))
                return true
            },
            VariableRow("content_type", "`Content-Type` of the request.") { exchange, out in
                exchange.appendRequestField(.contentType, to: out)
            },
            VariableRow("request_body", "The content of the request, while it is held in memory.") {
                $0.appendHeldBody(to: $1)
            },
            .unlessEmpty("request_body_file", "The temporary file that the content of the request is in.") {
                exchange, out in
                if let file = exchange.body.file { out.append(file.path) }
            },
            VariableRow("http_user_agent", "`User-Agent` of the request.") { exchange, out in
                exchange.appendRequestField(.userAgent, to: out)
            },
            VariableRow("http_referer", "`Referer` of the request.") { exchange, out in
                exchange.appendRequestField(.referer, to: out)
            },
            VariableRow("http_host", "`Host` of the request, with its port.") { exchange, out in
                exchange.appendRequestField(.host, to: out)
            },
            VariableRow("http_cookie", "`Cookie` of the request.") { exchange, out in
                exchange.appendRequestField(.cookie, to: out)
            },
            VariableRow("http_x_forwarded_for", "`X-Forwarded-For` of the request.") { exchange, out in
                exchange.appendRequestField(.xForwardedFor, to: out)
            },
            .always(
                "proxy_add_x_forwarded_for",
                "`X-Forwarded-For` of the request with the client's address added."
            ) { exchange, out in
                if exchange.appendRequestField(.xForwardedFor, to: out) { out.append(", ") }
                exchange.remoteAddress.append(addressTo: out)
            },
        ]
    }
}
