internal import COpenSSL

/// Protocol versions that may be spoken: `ssl_protocols`.
public struct TLSProtocols: OptionSet, Sendable, Equatable {
    /// One bit a version.
    public let rawValue: UInt8

    /// The set of these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// TLS 1.0; obsolete by RFC 8996.
    public static var tls10: TLSProtocols { TLSProtocols(rawValue: 1) }
    /// TLS 1.1; obsolete by RFC 8996.
    public static var tls11: TLSProtocols { TLSProtocols(rawValue: 2) }
    /// TLS 1.2, RFC 5246.
    public static var tls12: TLSProtocols { TLSProtocols(rawValue: 4) }
    /// TLS 1.3, RFC 8446.
    public static var tls13: TLSProtocols { TLSProtocols(rawValue: 8) }

    /// The words that the configuration uses; SSLv2 and SSLv3 are accepted and never spoken.
    public static var words: [(word: String, value: TLSProtocols)] {
        [
            ("SSLv2", []), ("SSLv3", []), ("TLSv1", .tls10), ("TLSv1.1", .tls11), ("TLSv1.2", .tls12),
            ("TLSv1.3", .tls13),
        ]
    }

    /// Restricts `context` to these versions.
    ///
    /// - Throws: if none of them can be spoken.
    func apply(to context: OpaquePointer) throws(TLSError) {
        let versions: [(TLSProtocols, number: Int32, refusal: UInt64)] = [
            (.tls10, TLS1_VERSION, portico_op_no_tls10()), (.tls11, TLS1_1_VERSION, portico_op_no_tls11()),
            (.tls12, TLS1_2_VERSION, portico_op_no_tls12()), (.tls13, TLS1_3_VERSION, portico_op_no_tls13()),
        ]
        guard let lowest = versions.first(where: { contains($0.0) }),
            let highest = versions.last(where: { contains($0.0) })
        else { throw TLSError("none of the protocols in \"ssl_protocols\" can be spoken") }
        var options = portico_op_no_sslv3()
        for version in versions where !contains(version.0) { options |= version.refusal }
        SSL_CTX_set_options(context, options)
        // The system's openssl.cnf may have set others.
        guard portico_ssl_ctx_set_min_version(context, lowest.number) == 1,
            portico_ssl_ctx_set_max_version(context, highest.number) == 1
        else { throw TLSError.queued() }
        // OpenSSL 3 speaks the old versions at security level 0 only: their signatures need SHA-1.
        if contains(.tls10) || contains(.tls11) { SSL_CTX_set_security_level(context, 0) }
    }
}
