internal import COpenSSL

/// What a location says about TLS towards its peers: `proxy_ssl_…`.
public struct TLSClientSettings: Sendable {
    /// `proxy_ssl_protocols`
    public var protocols: TLSProtocols = [.tls12, .tls13]
    /// `proxy_ssl_ciphers`
    public var ciphers = "DEFAULT"
    /// `proxy_ssl_verify`
    public var verifies = false
    /// `proxy_ssl_verify_depth`
    public var verifyDepth: Int32 = 1
    /// `proxy_ssl_trusted_certificate`: PEM bytes, and the file's name for error texts.
    public var trustedCertificates: (pem: [UInt8], name: String)?
    /// `proxy_ssl_crl`: PEM bytes, and the file's name for error texts.
    public var revocations: (pem: [UInt8], name: String)?
    /// `proxy_ssl_conf_command`
    public var confCommands: [(name: String, value: String)] = []
    /// `proxy_ssl_certificate` with its key: our own.
    public var certificate: TLSCertificate?
    /// Protocols to offer by ALPN, best first.
    public var alpn: [String] = []

    /// nginx's defaults.
    public init() {}
}

/// The TLS side of connections to peers.
public final class TLSClientContext {
    let context: OpaquePointer
    let socketMethod = TLSSocketMethod()
    let verifies: Bool

    /// - Throws: what is wrong with a certificate, key or list of ciphers, naming the file.
    public init(_ settings: TLSClientSettings) throws(TLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw TLSError.queued() }
        // From here on `deinit` frees it, also when something below throws.
        self.context = context
        verifies = settings.verifies
        try setUp(settings)
    }

    deinit { SSL_CTX_free(context) }

    private func setUp(_ settings: TLSClientSettings) throws(TLSError) {
        TLSLibrary.setDefaults(context)
        try settings.protocols.apply(to: context)
        try TLSLibrary.setCiphers(context, settings.ciphers)
        if let trusted = settings.trustedCertificates { try TLSTrust.add(trusted, to: context) }
        if verifies {
            guard settings.trustedCertificates != nil else {
                throw TLSError("no proxy_ssl_trusted_certificate for proxy_ssl_verify")
            }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            SSL_CTX_set_verify_depth(context, settings.verifyDepth)
        }
        if let list = settings.revocations { try TLSTrust.addRevocations(list, to: context) }
        try TLSTrust.configure(settings.confCommands, context, isServer: false)
        if let certificate = settings.certificate { _ = try certificate.use(in: context) }
        let protocols = ALPN.encode(settings.alpn)
        // Unlike its neighbours this call returns 0 for success.
        if !protocols.isEmpty, SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count)) != 0 {
            throw TLSError.queued()
        }
    }
}
