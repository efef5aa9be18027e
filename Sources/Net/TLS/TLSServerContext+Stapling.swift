internal import COpenSSL

/// `ssl_stapling`: the state of the server's certificate, sent along in handshakes (RFC 6066 §8).
public struct Stapling: Sendable {
    /// `ssl_stapling_file`: sent as it is. DER bytes and the file's name.
    public var file: (der: [UInt8], name: String)?
    /// `ssl_stapling_responder`: asked instead of the one that the certificate names.
    public var responder: String?
    /// `ssl_stapling_verify`
    public var verifies = false

    /// Asked of the responder that the certificate names.
    public init() {}

    var identity: String {
        let file = file.map { Digest.hex(Digest.sha256($0.der)) } ?? "-"
        return "\(file) \(responder ?? "-") \(verifies)"
    }
}

/// Where the state of certificates is found while clients wait for it.
public protocol StapleSource: AnyObject {
    /// A responder's answer, in DER; `nil`: there is none that holds at this second of the wall clock.
    ///
    /// - Parameter fingerprint: the certificate's SHA-256.
    func staple(for fingerprint: [UInt8], nowSeconds: Int64) -> [UInt8]?
}

extension TLSServerContext {
    /// Finds out whom to ask for which certificate, and gives the answers to clients that want them.
    ///
    /// - Returns: certificates to be asked for, and what keeps others from it.
    func setUpStapling(_ stapling: Stapling) throws(TLSError) -> (subjects: [OCSPSubject], notes: [String]) {
        portico_ssl_ctx_set_status_callback(context) { ssl, _ in
            guard let ssl, let context = TLSConnection.of(ssl)?.serverContext,
                let bytes = context.staple(ssl), !bytes.isEmpty
            else { return SSL_TLSEXT_ERR_NOACK }
            let isSet = portico_ssl_set_status_response(ssl, bytes, bytes.count) == 1
            return isSet ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
        }
        if let file = stapling.file {
            ERR_clear_error()
            guard let parsed = OCSPSubject.parse(file.der) else {
                throw TLSError("d2i_OCSP_RESPONSE_bio(\"\(file.name)\") failed \(TLSError.queued().message)")
            }
            OCSP_RESPONSE_free(parsed)
            return ([], [])
        }
        var found: (subjects: [OCSPSubject], notes: [String]) = ([], [])
        forEachCertificate { certificate in
            let name = certificateFiles[TLSCertificate.fingerprint(certificate)] ?? "self-signed"
            switch subject(certificate, name, stapling) {
            case .success(let subject): found.subjects.append(subject)
            case .failure(let error): found.notes.append("\"ssl_stapling\" ignored, \(error.message)")
            }
        }
        return found
    }

    private func staple(_ ssl: OpaquePointer) -> [UInt8]? {
        if let fixedStaple { return fixedStaple }
        guard let certificate = SSL_get_certificate(ssl) else { return nil }
        return staples?.staple(
            for: TLSCertificate.fingerprint(certificate), nowSeconds: Clock().wallMs / 1000)
    }

    private func subject(
        _ certificate: OpaquePointer, _ name: String, _ stapling: Stapling
    ) -> Result<OCSPSubject, TLSError> {
        let chain = portico_ssl_ctx_chain(context)
        guard let store = SSL_CTX_get_cert_store(context),
            let issuer = TLSTrust.issuer(of: certificate, in: chain, store)
        else { return .failure(TLSError("issuer certificate not found for certificate \"\(name)\"")) }
        defer { X509_free(issuer) }
        guard let url = stapling.responder ?? TLSTrust.responder(of: certificate) else {
            return .failure(TLSError("no OCSP responder URL in the certificate \"\(name)\""))
        }
        guard let responder = OCSPResponder(url: url) else {
            return .failure(
                TLSError("invalid URL prefix in OCSP responder \"\(url)\" in the certificate \"\(name)\""))
        }
        guard
            let subject = OCSPSubject(
                .init(certificate: certificate, issuer: issuer, chain: chain, store: store),
                responder: responder, name: name, signer: stapling.verifies ? .trusted : .anybody)
        else { return .failure(.queued()) }
        return .success(subject)
    }
}
