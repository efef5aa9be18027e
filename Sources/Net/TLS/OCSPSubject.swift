internal import COpenSSL

/// One certificate whose state is asked for by OCSP (RFC 6960).
public final class OCSPSubject {
    /// Who may have signed an answer.
    enum Signer {
        /// Its signature is right: `ssl_stapling_verify off`. Clients look for themselves.
        case anybody
        /// Somebody of the chain, or whom the store trusts with it: `ssl_stapling_verify on`.
        case trusted
        /// The issuer of the certificate, or whom it has charged with it (RFC 6960 §4.2.2.2), and never the
        /// holder.
        case issuerOrDelegate
    }

    private let id: OpaquePointer
    /// Whose signatures may stand under an answer, besides those of certificates that come with it.
    private let signers: OpaquePointer
    private let store: OpaquePointer
    private let signer: Signer
    /// Comes back in the answer, if the responder does that: RFC 6960 §4.4.1. None where caches in between
    /// may help.
    private let nonce: [UInt8]?
    /// SHA-256 of the certificate.
    public let fingerprint: [UInt8]
    /// SHA-256 of its issuer.
    private let issuerFingerprint: [UInt8]
    /// Its file or subject, for logs.
    public let name: String
    /// Who is asked.
    public let responder: OCSPResponder

    /// A certificate among those that speak for it.
    struct Certificates {
        let certificate: OpaquePointer
        let issuer: OpaquePointer
        /// STACK_OF(X509) of its issuers that came with it; `nil`: nothing.
        let chain: OpaquePointer?
        let store: OpaquePointer
    }

    /// Everything that is needed; nothing is owned by the caller afterwards that was not before.
    init?(_ certificates: Certificates, responder: OCSPResponder, name: String, signer: Signer) {
        let (certificate, issuer) = (certificates.certificate, certificates.issuer)
        switch signer {
        case .anybody, .trusted: nonce = nil
        case .issuerOrDelegate:
            guard let nonce = Digest.randomBytes(32) else { return nil }
            self.nonce = nonce
        }
        guard let signers = portico_certificates_new() else { return nil }
        guard let id = OCSP_cert_to_id(nil, certificate, issuer) else {
            portico_certificates_free(signers)
            return nil
        }
        self.id = id
        self.signers = signers
        _ = portico_certificates_add(signers, issuer)
        for index in 0..<max(0, certificates.chain.map { portico_certificates_count($0) } ?? 0) {
            _ = certificates.chain.flatMap { portico_certificates_at($0, index) }.map {
                portico_certificates_add(signers, $0)
            }
        }
        X509_STORE_up_ref(certificates.store)
        store = certificates.store
        self.responder = responder
        self.name = name
        self.signer = signer
        fingerprint = TLSCertificate.fingerprint(certificate)
        issuerFingerprint = TLSCertificate.fingerprint(issuer)
    }

    deinit {
        OCSP_CERTID_free(id)
        portico_certificates_free(signers)
        X509_STORE_free(store)
    }

    /// The whole request of HTTP: a GET (RFC 6960 §A.1), so that caches in between may help; `nil` if
    /// memory ran out.
    public var request: [UInt8]? {
        guard let der else { return nil }
        var path = responder.path
        if !path.hasSuffix("/") { path += "/" }
        for byte in Digest.base64(der) {
            switch byte {
            case UInt8(ascii: "+"): path += "%2B"
            case UInt8(ascii: "/"): path += "%2F"
            case UInt8(ascii: "="): path += "%3D"
            default: path.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        let host = responder.port == 80 ? responder.host : "\(responder.host):\(responder.port)"
        return Array("GET \(path) HTTP/1.0\r\nHost: \(host)\r\n\r\n".utf8)
    }

    /// What an answer is about, and who gave it, beside the rules that it was judged by: nothing else may go
    /// by the answer.
    public func identity(under trust: ClientTrust) -> [UInt8] {
        let responder = "\(responder.host):\(responder.port)\(responder.path)"
        return Digest.sha256(fingerprint + issuerFingerprint + trust.digest + Array(responder.utf8))
    }

    /// An OCSP_REQUEST; the caller frees it.
    private func question() -> OpaquePointer? {
        guard let request = OCSP_REQUEST_new() else { return nil }
        if let copy = OCSP_CERTID_dup(id) {
            if OCSP_request_add0_id(request, copy) != nil {
                guard var nonce else { return request }
                if OCSP_request_add1_nonce(request, &nonce, Int32(nonce.count)) == 1 { return request }
            } else {
                OCSP_CERTID_free(copy)
            }
        }
        OCSP_REQUEST_free(request)
        return nil
    }

    private var der: [UInt8]? {
        guard let request = question() else { return nil }
        defer {
            OCSP_REQUEST_free(request)
            ERR_clear_error()
        }
        let count = i2d_OCSP_REQUEST(request, nil)
        guard count > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        let written = bytes.withUnsafeMutableBufferPointer { target in
            var start = target.baseAddress
            return i2d_OCSP_REQUEST(request, &start)
        }
        return written == count ? bytes : nil
    }

    /// What a responder's answer says of the certificate.
    public func judge(_ response: [UInt8]) -> OCSPAnswer {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let parsed = OCSPSubject.parse(response) else {
            return .invalid("d2i_OCSP_RESPONSE() failed \(TLSError.queued().message)")
        }
        defer { OCSP_RESPONSE_free(parsed) }
        let status = OCSP_response_status(parsed)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            let text = OCSP_response_status_str(Int(status)).map { String(cString: $0) } ?? "?"
            return .invalid("OCSP response not successful (\(status): \(text))")
        }
        guard let basic = OCSP_response_get1_basic(parsed) else {
            return .invalid("OCSP_response_get1_basic() failed \(TLSError.queued().message)")
        }
        defer { OCSP_BASICRESP_free(basic) }
        if let complaint = complaint(of: basic) { return .invalid(complaint) }
        return state(in: basic)
    }

    /// Why an answer is not believed, whatever it says.
    private func complaint(of basic: OpaquePointer) -> String? {
        let flags =
            switch signer {
            case .anybody: UInt(OCSP_NOVERIFY)
            case .trusted: UInt(OCSP_TRUSTOTHER)
            case .issuerOrDelegate: UInt(0)
            }
        guard OCSP_basic_verify(basic, signers, store, flags) == 1 else {
            return "OCSP_basic_verify() failed \(TLSError.queued().message)"
        }
        guard case .issuerOrDelegate = signer else { return nil }
        var found: OpaquePointer?
        guard OCSP_resp_get0_signer(basic, &found, signers) == 1, let found,
            TLSCertificate.fingerprint(found) != fingerprint
        else { return "the OCSP response is signed by the certificate that it is about" }
        guard let question = question() else { return "OCSP_REQUEST_new() failed" }
        defer { OCSP_REQUEST_free(question) }
        // None in the answer is well: many responders sign ahead (RFC 5019 §4), and its times are looked at.
        return OCSP_check_nonce(question, basic) == 0 ? "the nonce of the OCSP response is another one" : nil
    }

    private func state(in basic: OpaquePointer) -> OCSPAnswer {
        var status: Int32 = 0
        var thisUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        var nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        guard OCSP_resp_find_status(basic, id, &status, nil, nil, &thisUpdate, &nextUpdate) == 1 else {
            return .invalid("certificate status not found in the OCSP response")
        }
        guard OCSP_check_validity(thisUpdate, nextUpdate, 300, -1) == 1 else {
            return .invalid("OCSP_check_validity() failed \(TLSError.queued().message)")
        }
        switch status {
        case V_OCSP_CERTSTATUS_GOOD:
            guard let nextUpdate else { return .good(validSeconds: nil) }
            var days: Int32 = 0
            var seconds: Int32 = 0
            guard ASN1_TIME_diff(&days, &seconds, nil, nextUpdate) == 1 else {
                return .good(validSeconds: nil)
            }
            return .good(validSeconds: max(0, Int(days) * 86400 + Int(seconds)))
        case V_OCSP_CERTSTATUS_REVOKED: return .revoked
        default: return .unknown
        }
    }

    /// - Returns: an OCSP_RESPONSE that the caller frees; `nil`: it is none.
    static func parse(_ bytes: [UInt8]) -> OpaquePointer? {
        bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            // In bounds: OpenSSL reads at most `count` bytes.
            return d2i_OCSP_RESPONSE(nil, &start, buffer.count)
        }
    }
}
