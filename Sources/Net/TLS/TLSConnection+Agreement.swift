internal import COpenSSL

/// What both ends agreed on, for variables and logs. All of it is made anew for each look: cold paths.
extension TLSConnection {
    /// `$ssl_protocol`: "TLSv1.3".
    public var protocolName: String { ssl.map { String(cString: SSL_get_version($0)) } ?? "" }

    /// `$ssl_cipher`: "TLS_AES_256_GCM_SHA384".
    public var cipherName: String {
        guard let ssl, let name = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)) else { return "" }
        return String(cString: name)
    }

    /// `$ssl_session_reused`
    public var isSessionReused: Bool { ssl.map { SSL_session_reused($0) == 1 } ?? false }

    /// `$ssl_session_id`: lower-case hexadecimal, empty if there is none.
    public var sessionID: String {
        guard let ssl, let session = SSL_get_session(ssl) else { return "" }
        var count: UInt32 = 0
        guard let start = SSL_SESSION_get_id(session, &count) else { return "" }
        return Digest.hex(Array(UnsafeBufferPointer(start: start, count: Int(count))))
    }

    /// `$ssl_alpn_protocol`: "h2"; `nil` if none was agreed on.
    public var alpn: String? {
        guard let ssl else { return nil }
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &start, &count)
        guard let start, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// `$ssl_curve`: "X25519", "prime256v1", or a number as `0x001d`; `nil` if keys were not exchanged so.
    public var curve: String? {
        guard let ssl else { return nil }
        let group = portico_ssl_group(ssl)
        return group > 0 ? TLSConnection.name(ofGroup: group) : nil
    }

    private static func name(ofGroup group: Int32) -> String {
        // TLSEXT_nid_unknown marks a number of the protocol's own.
        let unknown: Int32 = 0x100_0000
        if group & unknown == 0, let name = OBJ_nid2sn(group) { return String(cString: name) }
        let number = group & 0xFFFF
        return "0x" + Digest.hex([UInt8(number >> 8), UInt8(number & 0xFF)])
    }

    /// `$ssl_ciphers`: what the client offered, with colons between; unknown ones as numbers.
    public var offeredCiphers: String {
        var start: UnsafePointer<UInt8>?
        guard let ssl, case let count = portico_ssl_offered_ciphers(ssl, &start), count > 0, let start else {
            return ""
        }
        let bytes = UnsafeBufferPointer(start: start, count: Int(count))
        return stride(from: 0, to: bytes.count - 1, by: 2).map { index in
            let number = [bytes[index], bytes[index + 1]]
            guard let cipher = SSL_CIPHER_find(ssl, number), let name = SSL_CIPHER_get_name(cipher) else {
                return "0x" + Digest.hex(number)
            }
            return String(cString: name)
        }.joined(separator: ":")
    }

    /// `$ssl_curves`: groups that the client offered, with colons between; unknown ones as numbers.
    public var offeredGroups: String {
        guard let ssl, case let count = portico_ssl_offered_groups(ssl, nil), 1...1024 ~= count else {
            return ""
        }
        var groups = [Int32](repeating: 0, count: Int(count))
        guard portico_ssl_offered_groups(ssl, &groups) == count else { return "" }
        return groups.map { TLSConnection.name(ofGroup: $0) }.joined(separator: ":")
    }

    /// Whether the other end's certificate holds: "SUCCESS", "NONE" or "FAILED:reason", as
    /// `$ssl_client_verify`.
    public var verifyResult: String {
        guard let ssl, SSL_get0_peer_certificate(ssl) != nil else { return "NONE" }
        let result = SSL_get_verify_result(ssl)
        if result == Int(X509_V_OK) { return "SUCCESS" }
        return "FAILED:" + String(cString: X509_verify_cert_error_string(result))
    }

    /// What a later connection to the same peer may resume; `nil` if the peer allows it not, or not yet: in
    /// TLS 1.3 it says so after the handshake (RFC 8446 §4.6.1), so look when the first answer is read.
    public var currentSession: TLSSession? {
        guard let ssl, let session = SSL_get1_session(ssl) else { return nil }
        let held = TLSSession(taking: session)
        return SSL_SESSION_is_resumable(session) == 1 ? held : nil
    }
}
