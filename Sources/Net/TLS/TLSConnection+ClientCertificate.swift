internal import COpenSSL

/// What a client's certificate says, for variables. All of it is made anew for each look: cold paths.
extension TLSConnection {
    /// How the client's certificate fares against `ssl_verify_client`.
    public enum ClientCertificate: Equatable, Sendable {
        case none
        case good
        /// What OpenSSL says: "(18:self-signed certificate)".
        case bad(reason: String, isUntrustedOnly: Bool)
    }

    /// Whether the client sent a certificate, and whether it holds.
    public var clientCertificate: ClientCertificate {
        guard let ssl else { return .none }
        let result = SSL_get_verify_result(ssl)
        guard SSL_get0_peer_certificate(ssl) != nil else { return .none }
        if result == Int(X509_V_OK) { return .good }
        let text = String(cString: X509_verify_cert_error_string(result))
        // Nothing is wrong with it but that nobody we know has signed it: `optional_no_ca`.
        let untrusted = [
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        ]
        return .bad(reason: "(\(result):\(text))", isUntrustedOnly: untrusted.contains { Int($0) == result })
    }

    /// What is wrong with the client's certificate; `nil`: nothing, or it sent none.
    public var certificateFailure: CertificateFailure? {
        guard let ssl, SSL_get0_peer_certificate(ssl) != nil else { return nil }
        let result = SSL_get_verify_result(ssl)
        return result == Int(X509_V_OK) ? nil : CertificateFailure(verifyResult: result)
    }

    private func withCertificate(_ body: (OpaquePointer) -> String?) -> String {
        guard let ssl, let certificate = SSL_get0_peer_certificate(ssl) else { return "" }
        return body(certificate) ?? ""
    }

    private func written(_ body: (OpaquePointer) -> Bool) -> String? {
        PEM.write { body($0) ? 1 : 0 }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// `$ssl_client_raw_cert`: PEM.
    public var clientCertificatePEM: String {
        withCertificate { certificate in written { PEM_write_bio_X509($0, certificate) == 1 } }
    }

    /// `$ssl_client_s_dn`, RFC 2253.
    public var clientSubject: String {
        withCertificate { certificate in
            written { portico_print_name($0, X509_get_subject_name(certificate)) >= 0 }
        }
    }

    /// `$ssl_client_i_dn`, RFC 2253.
    public var clientIssuer: String {
        withCertificate { certificate in
            written { portico_print_name($0, X509_get_issuer_name(certificate)) >= 0 }
        }
    }

    /// `$ssl_client_s_dn_legacy`: `/C=…/CN=…`.
    public var clientSubjectLegacy: String {
        withCertificate { TLSConnection.oneLine(X509_get_subject_name($0)) }
    }

    /// `$ssl_client_i_dn_legacy`
    public var clientIssuerLegacy: String {
        withCertificate { TLSConnection.oneLine(X509_get_issuer_name($0)) }
    }

    private static func oneLine(_ name: OpaquePointer?) -> String? {
        guard let text = X509_NAME_oneline(name, nil, 0) else { return nil }
        defer { CRYPTO_free(text, nil, 0) }
        return String(cString: text)
    }

    /// `$ssl_client_serial`: upper-case hexadecimal.
    public var clientSerial: String {
        withCertificate { certificate in
            written { i2a_ASN1_INTEGER($0, X509_get_serialNumber(certificate)) > 0 }
        }
    }

    /// `$ssl_client_fingerprint`: SHA-1, lower-case hexadecimal.
    public var clientFingerprint: String {
        withCertificate { certificate in
            var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var count: UInt32 = 0
            guard X509_digest(certificate, EVP_sha1(), &digest, &count) == 1 else { return nil }
            return Digest.hex(Array(digest.prefix(Int(count))))
        }
    }

    /// `$ssl_client_v_start`: "Nov 23 12:48:18 2026 GMT".
    public var clientValidFrom: String {
        withCertificate { certificate in
            written { ASN1_TIME_print($0, X509_get0_notBefore(certificate)) == 1 }
        }
    }

    /// `$ssl_client_v_end`
    public var clientValidUntil: String {
        withCertificate { certificate in
            written { ASN1_TIME_print($0, X509_get0_notAfter(certificate)) == 1 }
        }
    }

    /// `$ssl_client_v_remain`: days.
    public var clientDaysLeft: String {
        withCertificate { certificate in
            var days: Int32 = 0
            var seconds: Int32 = 0
            guard ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1 else {
                return nil
            }
            return "\(max(0, days))"
        }
    }
}
