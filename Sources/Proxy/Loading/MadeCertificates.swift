internal import Core
internal import Net

/// `ssl_certificate` with variables: certificates that are read when a client's first message is here.
final class MadeCertificates {
    private let settings: TLSServerSettings
    private let certificates: [MadeCertificate]
    private let passwords: [[UInt8]]
    private let store: TLSSessionStore?
    private let cache: CertificateCache<TLSServerContext>

    init(
        _ settings: TLSServerSettings, _ certificates: [MadeCertificate], passwords: [[UInt8]],
        store: TLSSessionStore?, caching: CertificateCaching
    ) {
        self.settings = settings
        self.certificates = certificates
        self.passwords = passwords
        self.store = store
        cache = CertificateCache(caching)
    }

    /// The context for a client that is shaking hands.
    func context(for exchange: Exchange) throws(TLSError) -> TLSServerContext {
        let serverName = exchange.client.tls?.serverName
        guard certificates.allSatisfy({ $0.allows(serverName) }) else {
            throw TLSError("cannot load certificate: the client names no host")
        }
        let names = certificates.flatMap { $0.names(for: exchange) }
        return try cache.context(names, nowMs: exchange.worker.clock.nowMs) { () throws(TLSError) in
            var made = settings
            for (index, certificate) in certificates.enumerated() {
                made.certificates.append(
                    try certificate.read(names[(2 * index)..<(2 * index + 2)], passwords))
            }
            return try TLSServerContext(settings: made, sessionStore: store)
        }
    }
}

/// `proxy_ssl_certificate` with variables: what gateways are shown of us, for each request.
final class MadeClientCertificate {
    private let settings: TLSClientSettings
    private let certificate: MadeCertificate
    private let passwords: [[UInt8]]
    private let cache: CertificateCache<TLSClientContext>

    init(
        _ settings: TLSClientSettings, _ certificate: MadeCertificate, passwords: [[UInt8]],
        caching: CertificateCaching
    ) {
        self.settings = settings
        self.certificate = certificate
        self.passwords = passwords
        cache = CertificateCache(caching)
    }

    /// The context with the certificate that the variables lead to; `nil`: none is to be shown.
    func context(for exchange: Exchange) throws(TLSError) -> TLSClientContext? {
        let names = certificate.names(for: exchange)
        guard names.first?.isEmpty == false else { return nil }
        return try cache.context(names, nowMs: exchange.worker.clock.nowMs) { () throws(TLSError) in
            var made = settings
            made.certificate = try certificate.read(names[...], passwords)
            return try TLSClientContext(made)
        }
    }
}

extension Exchange {
    /// Settles which certificate the gateways of this request are shown; once for all attempts.
    ///
    /// - Returns: `false`: it cannot be had; 500 was answered.
    func settleCertificate() -> Bool {
        if proxying.certificate != nil { proxying.certificate = nil }
        guard proxying.target?.isTLS == true, let maker = location.proxyPlan.certificate else { return true }
        do throws(TLSError) {
            proxying.certificate = try maker.context(for: self)
            return true
        } catch {
            worker.log(.error, self, "\(error.message) while SSL handshaking to upstream")
            finish(status: 500)
            return false
        }
    }
}

extension Worker {
    /// The context that variables make for a client that is shaking hands; without it, what the server has.
    func madeContext(for client: ClientConnection) -> TLSServerContext? {
        // One that has none is served with those of the address's own server.
        let named = client.namedServer
        let server = named.tls == nil ? client.listen.defaultServer : named
        guard let certificates = server.madeCertificates else { return server.tls }
        let stand = takeSubrequest()
        let exchange = stand.lend(to: client, server)
        defer {
            giveBack(exchange)
            giveBack(stand)
        }
        do throws(TLSError) {
            return try certificates.context(for: exchange)
        } catch {
            log(.error, client, "\(error.message) while SSL handshaking")
            return server.tls
        }
    }
}
