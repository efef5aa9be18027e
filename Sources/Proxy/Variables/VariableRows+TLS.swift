internal import Core
internal import Net

/// Variables of the client's TLS connection; without one they have no value.
extension Variables {
    /// Whoever passes it on says that a request may be a replay: such requests may be served at once.
    static var earlyDataName: String { "ssl_early_data" }

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
            .unlessEmpty("ssl_ciphers", "The ciphers that the client offered, with colons between.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.offeredCiphers) }
            },
            .unlessEmpty("ssl_curves", "The groups that the client offered, with colons between.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.offeredGroups) }
            },
            // OpenSSL tells of them from 3.5 on; with older versions they are empty in nginx as well.
            .unlessEmpty(
                "ssl_sigalg", "The algorithm that we signed the handshake with: OpenSSL 3.0 does not tell."
            ) {
                _, _ in
            },
            .unlessEmpty("ssl_session_id", "The identity of the TLS session, in hexadecimal.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.sessionID) }
            },
            .unlessEmpty("ssl_session_reused", "`r` if the session was resumed, otherwise `.`.") {
                exchange, out in
                if let tls = exchange.client.tls { out.append(tls.isSessionReused ? "r" : ".") }
            },
            .unlessEmpty("ssl_handshake_time", "Seconds that the handshake took, with milliseconds.") {
                exchange, out in
                if let ms = exchange.client.handshakeMs {
                    out.append(secondsFromMilliseconds: Int(max(0, ms)))
                }
            },
            .unlessEmpty(
                earlyDataName, "`1` while the handshake is not over: the request may be a replay."
            ) {
                exchange, out in
                if exchange.client.tls?.isEarly == true { out.append("1") }
            },
            .unlessEmpty("ssl_alpn_protocol", "The protocol agreed on by ALPN.") { exchange, out in
                if let name = exchange.client.tls?.alpn { out.append(name) }
            },
        ] + clientCertificateRows
    }

    private static func certificateRow(
        _ name: String, _ summary: String, _ value: @escaping @Sendable (TLSConnection) -> String
    ) -> VariableRow {
        .unlessEmpty(name, summary) { exchange, out in
            if let tls = exchange.client.tls { out.append(value(tls)) }
        }
    }

    private static var clientCertificateRows: [VariableRow] {
        [
            .unlessEmpty("ssl_client_verify", "`SUCCESS`, `FAILED:reason` or `NONE`.") { exchange, out in
                guard let tls = exchange.client.tls else { return }
                out.append(exchange.client.certificateComplaint.map { "FAILED:\($0)" } ?? tls.verifyResult)
            },
            certificateRow("ssl_client_s_dn", "Whose certificate the client showed, RFC 2253.") {
                $0.clientSubject
            },
            certificateRow("ssl_client_i_dn", "Who issued the client's certificate, RFC 2253.") {
                $0.clientIssuer
            },
            certificateRow("ssl_client_s_dn_legacy", "Whose certificate the client showed: `/C=…/CN=…`.") {
                $0.clientSubjectLegacy
            },
            certificateRow("ssl_client_i_dn_legacy", "Who issued it: `/C=…/CN=…`.") {
                $0.clientIssuerLegacy
            },
            certificateRow(
                "ssl_client_sigalg", "The algorithm that the client signed with: OpenSSL 3.0 does not tell."
            ) { _ in
                ""
            },
            certificateRow("ssl_client_serial", "The serial number of the client's certificate.") {
                $0.clientSerial
            },
            certificateRow("ssl_client_fingerprint", "The SHA-1 of the client's certificate.") {
                $0.clientFingerprint
            },
            certificateRow("ssl_client_v_start", "When the client's certificate begins to hold.") {
                $0.clientValidFrom
            },
            certificateRow("ssl_client_v_end", "When the client's certificate ends to hold.") {
                $0.clientValidUntil
            },
            certificateRow("ssl_client_v_remain", "Days that the client's certificate still holds.") {
                $0.clientDaysLeft
            },
            certificateRow("ssl_client_raw_cert", "The client's certificate as PEM.") {
                $0.clientCertificatePEM
            },
            certificateRow("ssl_client_cert", "The same, each line but the first behind a tab.") {
                ClientCertificates.withoutLastLineFeed($0.clientCertificatePEM).replacing("\n", with: "\n\t")
            },
            certificateRow("ssl_client_escaped_cert", "The same, escaped as in a URL.") {
                ClientCertificates.escaped($0.clientCertificatePEM)
            },
        ]
    }
}
