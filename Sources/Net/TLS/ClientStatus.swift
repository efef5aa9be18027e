internal import COpenSSL

/// `ssl_ocsp`: whether authorities are asked if clients' certificates still hold.
public struct ClientStatus: Sendable {
    /// Only the client's own certificate, and not those between it and one that is trusted.
    public var isLeafOnly = false
    /// `ssl_ocsp_responder`: asked instead of those that certificates name.
    public var responder: String?

    /// All certificates of a chain, each at the responder that it names.
    public init() {}

    var identity: String { "\(isLeafOnly) \(responder ?? "-")" }
}

extension TLSConnection {
    /// The client's certificate and those above it, to be asked for; none: nothing has to be, or the session
    /// was resumed, and was asked for when it was begun.
    ///
    /// - Throws: why one of them cannot be asked for.
    public func statusSubjects() throws(TLSError) -> [OCSPSubject] {
        guard let ssl, let context = serverContext, let status = context.clientStatus, !isSessionReused,
            case .good = clientCertificate, let chain = SSL_get0_verified_chain(ssl),
            let store = SSL_CTX_get_cert_store(context.context)
        else { return [] }
        let last = portico_certificates_count(chain) - 1
        var subjects: [OCSPSubject] = []
        for index in 0..<max(0, status.isLeafOnly ? min(last, 1) : last) {
            guard let certificate = portico_certificates_at(chain, index),
                let issuer = portico_certificates_at(chain, index + 1)
            else { break }
            guard let url = status.responder ?? TLSTrust.responder(of: certificate) else {
                throw TLSError("no OCSP responder URL in the certificate")
            }
            guard let responder = OCSPResponder(url: url) else {
                throw TLSError("invalid URL prefix in OCSP responder \"\(url)\"")
            }
            let made = OCSPSubject(
                certificate: certificate, issuer: issuer, chain: chain, store: store, responder: responder,
                name: "a client's", verifiesSigner: true)
            guard let made else { throw TLSError.queued() }
            subjects.append(made)
        }
        return subjects
    }
}
