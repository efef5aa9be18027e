internal import COpenSSL

/// One certificate whose state is asked for by OCSP (RFC 6960).
public final class OCSPSubject {
    private let id: OpaquePointer
    /// Whose signatures may stand under an answer, besides those of certificates that come with it.
    private let signers: OpaquePointer
    private let store: OpaquePointer
    /// Signers must be trusted too, not just right: `ssl_stapling_verify`.
    private let verifiesSigner: Bool
    /// SHA-256 of the certificate.
    public let fingerprint: [UInt8]
    /// Its file or subject, for logs.
    public let name: String
    /// Who is asked.
    public let responder: OCSPResponder

    /// Everything that is needed; nothing is owned by the caller afterwards that was not before.
    ///
    /// - Parameter chain: STACK_OF(X509) that came with it; `nil`: nothing.
    init?(
        certificate: OpaquePointer, issuer: OpaquePointer, chain: OpaquePointer?, store: OpaquePointer,
        responder: OCSPResponder, name: String, verifiesSigner: Bool
    ) {
        guard let id = OCSP_cert_to_id(nil, certificate, issuer), let signers = portico_certificates_new()
        else { return nil }
        self.id = id
        self.signers = signers
        _ = portico_certificates_add(signers, issuer)
        for index in 0..<max(0, chain.map { portico_certificates_count($0) } ?? 0) {
            _ = chain.flatMap { portico_certificates_at($0, index) }.map {
                portico_certificates_add(signers, $0)
            }
        }
        X509_STORE_up_ref(store)
        self.store = store
        self.responder = responder
        self.name = name
        self.verifiesSigner = verifiesSigner
        fingerprint = TLSCertificate.fingerprint(certificate)
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
        var base64 = [UInt8](repeating: 0, count: (der.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&base64, der, Int32(der.count))
        var path = responder.path
        if !path.hasSuffix("/") { path += "/" }
        for byte in base64.prefix(Int(max(0, count))) {
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

    private var der: [UInt8]? {
        guard let request = OCSP_REQUEST_new() else { return nil }
        defer {
            OCSP_REQUEST_free(request)
            ERR_clear_error()
        }
        guard let copy = OCSP_CERTID_dup(id) else { return nil }
        guard OCSP_request_add0_id(request, copy) != nil else {
            OCSP_CERTID_free(copy)
            return nil
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
        let flags = UInt(verifiesSigner ? OCSP_TRUSTOTHER : OCSP_NOVERIFY)
        guard OCSP_basic_verify(basic, signers, store, flags) == 1 else {
            return .invalid("OCSP_basic_verify() failed \(TLSError.queued().message)")
        }
        return state(in: basic)
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
