internal import Core
internal import Net

/// Variables of the client's TLS connection; without one they have no value.
extension Variables {
    static var tlsRows: [VariableRow] {
        [
            .unlessEmpty("ssl_protocol", "The version of TLS: `TLSv1.3`.") { exchange, out in
                if let tls = exchange.client.tls { out.append(tls.protocolName) }
            },
            .unlessEmpty("ssl_cipher", "The cipher agreed on.") { exchange, out in
                if let tls = exchange.client.tls { out.append(tls.cipherName) }
            },
            .unlessEmpty("ssl_server_name", "The server name that the client asked for (SNI).") {
                exchange, out in
                if let name = exchange.client.tls?.serverName { out.append(name) }
            },
            .unlessEmpty("ssl_curve", "The group that the key was agreed on in.") { exchange, out in
                if let curve = exchange.client.tls?.curve { out.append(curve) }
            },
            .unlessEmpty("ssl_session_id", "The identity of the TLS session, in hexadecimal.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.sessionID) }
            },
            .unlessEmpty("ssl_session_reused", "`r` if the session was resumed, otherwise `.`.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.isSessionReused ? "r" : ".") }
            },
        ]
    }
}
