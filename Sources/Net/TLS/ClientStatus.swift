internal import COpenSSL

/// `ssl_ocsp`: whether authorities are asked if clients' certificates still hold.
public struct ClientStatus: Sendable {
    /// Only the client's own certificate, and not those between it and one that is trusted.
    public var isLeafOnly = false
    /// `ssl_ocsp_responder`: asked instead of those that certificates name.
    public var responder: String?
    /// `ssl_ocsp_cache`: answers are remembered.
    public var isCached = false

    /// All certificates of a chain, each at the responder that it names.
    public init() {}

    var identity: String { "\(isLeafOnly) \(responder ?? "-")" }
}

extension TLSConnection {
    /// Whether answers to `statusSubjects` may be remembered, or be what was remembered: `ssl_ocsp_cache`.
    public var remembersStatus: Bool { serverContext?.clientStatus?.isCached ?? false }

    /// The client's certificate and those above it, to be asked for; none: nothing has to be. Also asked for
    /// when a session is resumed: it may have been revoked since.
    ///
    /// - Throws: why one of them cannot be asked for.
    public func statusSubjects() throws(TLSError) -> [OCSPSubject] {
        guard let ssl, let context = serverContext, let status = context.clientStatus,
            case .good = clientCertificate, let leaf = SSL_get0_peer_certificate(ssl),
            let store = SSL_CTX_get_cert_store(context.context)
        else { return [] }
        // A resumed session has no chain: OpenSSL does not keep it.
        guard let chain = context.verifiedChain(ssl, leaf) else {
            throw TLSError("X509_verify_cert() failed \(TLSError.queued().message)")
        }
        defer { portico_certificates_free(chain) }
        let last = portico_certificates_count(chain) - 1
        var subjects: [OCSPSubject] = []
        for index in 0..<max(0, status.isLeafOnly ? min(last, 1) : last) {
            guard let certificate = portico_certificates_at(chain, index),
                let issuer = portico_certificates_at(chain, index + 1),
                let issuers = X509_chain_up_ref(chain)
            else { throw TLSError.queued() }
            defer { portico_certificates_free(issuers) }
            for _ in 0...index { portico_certificates_drop_first(issuers) }
            guard let url = status.responder ?? TLSTrust.responder(of: certificate) else {
                throw TLSError("no OCSP responder URL in the certificate")
            }
            guard let responder = OCSPResponder(url: url) else {
                throw TLSError("invalid URL prefix in OCSP responder \"\(url)\"")
            }
            let made = OCSPSubject(
                .init(certificate: certificate, issuer: issuer, chain: issuers, store: store),
                responder: responder, name: "a client's", signer: .issuerOrDelegate)
            guard let made else { throw TLSError.queued() }
            subjects.append(made)
        }
        return subjects
    }
}

// MARK: Resumption

extension ClientStatus {
    /// Makes `context` look at sessions that tickets hold before they are resumed. One whose certificates
    /// cannot be asked for any more, because those between the client's and a trusted one were only sent in
    /// its handshake, is not: the client shakes hands in full, and sends them again.
    static func install(in context: OpaquePointer) {
        SSL_CTX_set_session_ticket_cb(
            context, nil,
            { ssl, session, _, _, status, _ in
                let isWhole = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW
                guard isWhole, let ssl, let session, ClientStatus.mayResume(session, ssl) else {
                    return SSL_TICKET_RETURN_IGNORE_RENEW
                }
                return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
            }, nil)
    }

    /// Whether what `ssl_ocsp` asks for is known of a session that was kept without a chain.
    static func mayResume(_ session: OpaquePointer, _ ssl: OpaquePointer) -> Bool {
        guard let context = TLSConnection.of(ssl)?.serverContext, context.clientStatus != nil,
            let certificate = SSL_SESSION_get0_peer(session)
        else { return true }
        guard let chain = context.chain(of: certificate, with: nil) else { return false }
        portico_certificates_free(chain)
        return true
    }
}

extension TLSServerContext {
    /// From the certificate of a connection's client to one that is trusted; the caller frees it.
    fileprivate func verifiedChain(_ ssl: OpaquePointer, _ leaf: OpaquePointer) -> OpaquePointer? {
        if let chain = SSL_get0_verified_chain(ssl) { return X509_chain_up_ref(chain) }
        return chain(of: leaf, with: SSL_get_peer_cert_chain(ssl))
    }

    /// From a client's certificate to one that is trusted; the caller frees it.
    ///
    /// - Parameter others: STACK_OF(X509) that may stand between them; `nil`: none but trusted ones.
    fileprivate func chain(of certificate: OpaquePointer, with others: OpaquePointer?) -> OpaquePointer? {
        ERR_clear_error()
        guard let search = X509_STORE_CTX_new() else { return nil }
        defer { X509_STORE_CTX_free(search) }
        guard let store = SSL_CTX_get_cert_store(context),
            X509_STORE_CTX_init(search, store, certificate, others) == 1,
            X509_STORE_CTX_set_default(search, "ssl_client") == 1
        else { return nil }
        X509_STORE_CTX_set_depth(search, SSL_CTX_get_verify_depth(context))
        return X509_verify_cert(search) == 1 ? X509_STORE_CTX_get1_chain(search) : nil
    }
}
