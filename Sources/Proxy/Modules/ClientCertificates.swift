internal import Core
internal import HTTP
internal import Net

/// `ssl_verify_client`: requests of clients whose certificate is missing, or does not hold.
enum ClientCertificates {
    /// Why the request is refused; `nil`: it is not.
    static func refusal(of exchange: Exchange) -> Refusal? {
        let wanted = exchange.server.clientVerification
        guard wanted != .off else { return nil }
        if let trace = exchange.worker.trace { return trace.certificateRefusal(of: exchange, wanted) }
        guard let tls = exchange.client.tls else { return nil }
        guard isNegotiated(exchange, tls) else {
            exchange.worker.log(
                .info, exchange,
                "client attempted to request the server name different from the one that was negotiated")
            return .status(421)
        }
        if let complaint = exchange.client.certificateComplaint {
            exchange.worker.log(
                .info, exchange,
                "client SSL certificate verify error: \(complaint) while reading client request headers")
            return .badCertificate
        }
        let certificate = tls.clientCertificate
        if certificate != .none, tls.clientTrust != exchange.server.clientTrust {
            exchange.worker.log(
                .info, exchange, "client SSL certificate was verified by other rules than the server's")
            exchange.stream.mustClose()
            return .status(421)
        }
        switch (certificate, wanted) {
        case (.bad(_, true), .optionalWithoutAuthority): return nil
        case (.bad(let reason, _), _):
            exchange.worker.log(
                .info, exchange,
                "client SSL certificate verify error: \(reason) while reading client request headers")
            return .badCertificate
        case (.none, .required):
            exchange.worker.log(
                .info, exchange,
                "client sent no required SSL certificate while reading client request headers")
            return .noCertificate
        case (.none, _), (.good, _): return nil
        }
    }

    /// The certificate was asked for by the rules of the server that the request is for, and not of another
    /// one that the client named in its handshake (RFC 9110 §15.5.20).
    private static func isNegotiated(_ exchange: Exchange, _ tls: TLSConnection) -> Bool {
        tls.serverName == nil || shaken(tls, exchange.client.listen) === exchange.server
    }

    /// A reload has changed what the certificate has to be judged by, and it has to be shown again.
    static func isOutdated(_ connection: ClientConnection, in next: Snapshot) -> Bool {
        guard let tls = connection.tls, tls.clientCertificate != .none,
            let listen = next.listen(at: connection.listen.address)
        else { return false }
        return shaken(tls, listen).clientTrust != tls.clientTrust
    }

    /// The server that the client shook hands with.
    private static func shaken(_ tls: TLSConnection, _ listen: ListenAddress) -> VirtualServer {
        guard let name = tls.serverName else { return listen.defaultServer }
        let lower = name.map(\.asciiLowercased)
        return listen.server(forHost: lower.span).server ?? listen.defaultServer
    }

    static func withoutLastLineFeed(_ text: String) -> String {
        text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    static func escaped(_ text: String) -> String {
        let out = ByteBuffer(capacity: 4096)
        URIPath.escape(Array(text.utf8).span, as: .uriComponent, into: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}
