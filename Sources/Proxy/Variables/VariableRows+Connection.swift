internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// Variables of the client's connection and of the worker.
extension Variables {
    static var connectionRows: [VariableRow] { addressRows + connectionStateRows + tcpRows }

    private static var addressRows: [VariableRow] {
        [
            .always("remote_addr", "The client's address.") { $0.remoteAddress.append(addressTo: $1) },
            .always("remote_port", "The client's port.") { exchange, out in
                // A field may have named the address alone.
                if let port = exchange.remoteAddress.port, port > 0 { out.append(decimal: Int(port)) }
            },
            .always("binary_remote_addr", "The client's address as 4 or 16 bytes; `unix:` of a UNIX socket.")
            {
                exchange, out in
                let start = out.count
                exchange.remoteAddress.withAddressBytes { out.append($0) }
                // Limits have a key also for who comes that way.
                if out.count == start { exchange.remoteAddress.append(addressTo: out) }
            },
            .always("realip_remote_addr", "The address at the other end of the connection.") {
                $0.client.remoteAddress.append(addressTo: $1)
            },
            .always("realip_remote_port", "The port at the other end of the connection.") { exchange, out in
                if let port = exchange.client.remoteAddress.port { out.append(decimal: Int(port)) }
            },
            .always("server_addr", "The address that the client connected to.") { exchange, out in
                let address = exchange.client.localAddress
                if address.port == nil { address.append(to: out) } else { address.append(addressTo: out) }
            },
            .always("server_port", "The port that the client connected to.") { exchange, out in
                if let port = exchange.client.localAddress.port { out.append(decimal: Int(port)) }
            },
            .unlessEmpty("proxy_protocol_addr", "The client's address in the PROXY protocol's header.") {
                $0.client.proxyProtocolAddress?.append(addressTo: $1)
            },
            .unlessEmpty("proxy_protocol_port", "The client's port in the PROXY protocol's header.") {
                exchange, out in
                if let port = exchange.client.proxyProtocolAddress?.port { out.append(decimal: Int(port)) }
            },
            .unlessEmpty("proxy_protocol_server_addr", "The server's address in the PROXY protocol's header.")
            {
                $0.client.proxyProtocolDestination?.append(addressTo: $1)
            },
            .unlessEmpty("proxy_protocol_server_port", "The server's port in the PROXY protocol's header.") {
                exchange, out in
                if let port = exchange.client.proxyProtocolDestination?.port {
                    out.append(decimal: Int(port))
                }
            },
        ]
    }

    private static var connectionStateRows: [VariableRow] {
        [
            .always("connection", "The serial number of the connection.") {
                $1.append(decimal: $0.client.number)
            },
            .always("connection_requests", "How many requests came on the connection, this one included.") {
                $1.append(decimal: $0.arrival.number)
            },
            .always("connection_time", "Seconds since the connection was accepted, with milliseconds.") {
                exchange, out in
                out.append(secondsFromMilliseconds: Int(max(0, exchange.nowMs - exchange.client.startedMs)))
            },
        ]
    }

    private static var tcpRows: [VariableRow] {
        [
            VariableRow(
                "tcpinfo_rtt", "The kernel's estimate of the round trip to the client, in microseconds."
            ) {
                $0.appendTCPState(to: $1) { $0.rtt }
            },
            VariableRow("tcpinfo_rttvar", "The variance of `$tcpinfo_rtt`, in microseconds.") {
                $0.appendTCPState(to: $1) { $0.rttvar }
            },
            VariableRow("tcpinfo_snd_cwnd", "The kernel's congestion window towards the client, in segments.")
            {
                $0.appendTCPState(to: $1) { $0.cwnd }
            },
            VariableRow("tcpinfo_rcv_space", "The kernel's receive window from the client, in bytes.") {
                $0.appendTCPState(to: $1) { $0.space }
            },
        ]
    }

    /// Asked of the system once.
    private static let hostname = Array(Host.name.utf8)

    /// The worker's clock, counters and name.
    static var workerRows: [VariableRow] {
        [
            .always("hostname", "The machine's name.") { _, out in out.append(hostname) },
            .always("pid", "The worker's process number.") { _, out in
                out.append(decimal: Int(ProcessID.current))
            },
            .always("msec", "Seconds since the epoch, with milliseconds.") { exchange, out in
                out.append(secondsFromMilliseconds: Int(exchange.worker.clock.wallMs))
            },
            .always("time_local", "The time in the form of logs: `23/Nov/2026:01:48:20 +0000`.") {
                $1.append($0.worker.clock.logTime)
            },
            .always("time_iso8601", "The time in the form of ISO 8601: `2026-11-23T01:48:20+00:00`.") {
                $1.append($0.worker.clock.iso8601)
            },
            .always("date_gmt", "The time in UTC: `Saturday, 28-Nov-2026 21:35:58 GMT`.") {
                $1.append($0.worker.clock.longDate(isLocal: false))
            },
            .always("date_local", "The same in the machine's own zone.") {
                $1.append($0.worker.clock.longDate(isLocal: true))
            },
            .always("nginx_version", "The version of nginx whose language this is.") { _, out in
                out.append("1.31.5")
            },
            .always("portico_version", "The version of Portico.") { _, out in
                out.append(Version.text)
            },
            .always("connections_active", "Client connections, idle ones included.") { exchange, out in
                out.append(decimal: exchange.worker.counters.total(.active))
            },
            .always("connections_reading", "Connections on which a head is being read.") { exchange, out in
                out.append(decimal: exchange.worker.counters.total(.reading))
            },
            .always("connections_writing", "Connections whose request is being served.") { exchange, out in
                out.append(decimal: exchange.worker.counters.total(.writing))
            },
            .always("connections_waiting", "Idle connections that wait for a request.") { exchange, out in
                out.append(decimal: exchange.worker.counters.total(.waiting))
            },
        ]
    }
}
