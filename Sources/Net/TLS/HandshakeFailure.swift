internal import COpenSSL

/// Why a handshake failed, as far as an operator can do something about it.
public enum HandshakeFailure: Equatable, Sendable {
    /// No version of TLS that both ends speak.
    case noSharedProtocol
    /// No suite, group or signature that both ends have.
    case noSharedCipher
    /// The other end did not accept our certificate, and said so by an alert (RFC 8446 §6.2).
    case rejectedCertificate
    /// The other end's certificate does not hold.
    case unverified(CertificateFailure)
    case other

    /// - Parameter code: of OpenSSL's error queue.
    init(code: UInt) {
        switch portico_error_reason(code) {
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH,
            SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_WRONG_VERSION_NUMBER, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
            SSL_R_INAPPROPRIATE_FALLBACK:
            self = .noSharedProtocol
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
            SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            self = .noSharedCipher
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
            SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA:
            self = .rejectedCertificate
        default: self = .other
        }
    }
}

/// Why the other end's certificate does not hold.
public enum CertificateFailure: Sendable {
    case expired
    case revoked
    /// It is another server's.
    case otherName
    case other

    /// - Parameter result: of OpenSSL's verification.
    init(verifyResult result: Int) {
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: self = .expired
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .otherName
        default: self = .other
        }
    }
}
