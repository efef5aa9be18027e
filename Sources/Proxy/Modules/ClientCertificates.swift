internal import Core
internal import HTTP
internal import Net

/// `ssl_verify_client`: requests of clients whose certificate is missing, or does not hold.
enum ClientCertificates {
    /// Why the request is refused; `nil`: it is not.
    static func refusal(of exchange: Exchange) -> Refusal? {
        let wanted = exchange.server.clientVerification
        guard wanted != .off, let tls = exchange.client.tls else { return nil }
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
        switch (tls.clientCertificate, wanted) {
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
        guard let name = tls.serverName else { return true }
        var captures = Captures()
        let lower = name.map(\.asciiLowercased)
        let listen = exchange.client.listen
        let shaken = listen.server(forHost: lower.span, captures: &captures) ?? listen.defaultServer
        return shaken === exchange.server
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
