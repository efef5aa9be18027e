internal import Core
internal import HTTP
internal import Net

/// Variables of the attempts at upstreams. Attempts are joined by `, `, a hop to another group by ` : `.
extension Variables {
    static var upstreamRows: [VariableRow] {
        [
            VariableRow("upstream_cache_status", "What a cache did: there is none, so it has no value.") {
                _, _ in false
            },
            VariableRow("upstream_cache_last_modified", "A cache's `Last-Modified`: there is none.") {
                _, _ in false
            },
            VariableRow("upstream_cache_etag", "A cache's `ETag`: there is none.") { _, _ in false },
            VariableRow("upstream_addr", "The addresses that were tried, in order.") { exchange, out in
                appendAttempts(of: exchange, to: out) { attempt, out in
                    out.append(attempt.name, of: exchange.attempts.names)
                    return true
                }
            },
            VariableRow("upstream_status", "The statuses that the attempts had.") { exchange, out in
                appendAttempts(of: exchange, to: out) { attempt, out in
                    guard attempt.status > 0 else { return false }
                    out.append(status: attempt.status)
                    return true
                }
            },
            VariableRow("upstream_connect_time", "Seconds to connect, TLS included.") { exchange, out in
                appendAttempts(of: exchange, to: out) { append(time: $0.connectMs, to: $1) }
            },
            VariableRow("upstream_queue_time", "Seconds that it waited for a server.") { exchange, out in
                append(time: exchange.upstream?.queuedMs, to: out)
            },
            VariableRow("upstream_header_time", "Seconds to the head of the response.") { exchange, out in
                appendAttempts(of: exchange, to: out) { append(time: $0.headerMs, to: $1) }
            },
            VariableRow("upstream_response_time", "Seconds to the end of the response.") { exchange, out in
                appendAttempts(of: exchange, to: out) { append(time: $0.responseMs, to: $1) }
            },
            VariableRow("upstream_response_length", "Bytes of content received.") { exchange, out in
                appendAttempts(of: exchange, to: out) { attempt, out in
                    out.append(decimal: Int(attempt.responseLength))
                    return true
                }
            },
            VariableRow("upstream_bytes_sent", "Bytes sent to the upstream.") { exchange, out in
                appendAttempts(of: exchange, to: out) { attempt, out in
                    out.append(decimal: Int(attempt.bytesSent))
                    return true
                }
            },
            VariableRow("upstream_bytes_received", "Bytes received from the upstream.") { exchange, out in
                appendAttempts(of: exchange, to: out) { attempt, out in
                    out.append(decimal: Int(attempt.bytesReceived))
                    return true
                }
            },
            VariableRow("grpc_status", "What a gRPC call came to: its `grpc-status`.") { exchange, out in
                exchange.appendGRPCStatus(to: out)
            },
            .unlessEmpty("proxy_host", "The host and port of `proxy_pass`.") { exchange, out in
                if let target = target(of: exchange) { out.append(target.hostText) }
            },
            .unlessEmpty("proxy_port", "The port of `proxy_pass`.") { exchange, out in
                if let target = target(of: exchange) { out.append(target.portText) }
            },
        ]
    }

    /// Where the request was passed to, if the location in force does that: as in nginx, nothing is left of
    /// it where another location answers.
    private static func target(of exchange: Exchange) -> ProxyTarget? {
        guard case .proxy(let target) = exchange.location.settings.content, !target.isGRPC else { return nil }
        return exchange.proxying.target
    }

    /// Appends one value an attempt; one that has none shows a hyphen.
    private static func appendAttempts(
        of exchange: Exchange, to out: ByteBuffer, _ append: (AttemptLog.Attempt, ByteBuffer) -> Bool
    ) -> Bool {
        let attempts = exchange.attempts
        if attempts.isEmpty { return false }
        for index in 0..<attempts.count {
            if index > 0 { out.append(attempts[index].startsNewGroup ? " : " : ", ") }
            if !append(attempts[index], out) { out.append("-") }
        }
        return true
    }

    private static func append(time milliseconds: Int64?, to out: ByteBuffer) -> Bool {
        guard let milliseconds else { return false }
        out.append(secondsFromMilliseconds: Int(max(0, milliseconds)))
        return true
    }
}
