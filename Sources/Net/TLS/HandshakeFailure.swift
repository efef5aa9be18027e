internal import COpenSSL

/// Why a handshake with a client failed, as far as an operator can do something about it.
public enum HandshakeFailure: Sendable {
    /// No version of TLS that both ends speak.
    case noSharedProtocol
    /// No suite, group or signature that both ends have.
    case noSharedCipher
    /// The client did not accept our certificate, and said so by an alert (RFC 8446 §6.2).
    case rejectedCertificate
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

/// Why a client's certificate does not hold.
public enum CertificateFailure: Sendable {
    case expired
    case revoked
    case other
}
