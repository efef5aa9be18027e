internal import COpenSSL
internal import Core

/// A certificate made in memory: EC P-256, valid for one year, for the given names.
final class SelfSignedCertificate {
    let certificate: OpaquePointer
    let key: OpaquePointer

    /// - Parameter names: DNS names and IP addresses; the first is the common name. Those that cannot
    ///   stand in a certificate (regular expressions, empty names) are left out.
    /// - Throws: what OpenSSL refused.
    init(names: [String]) throws(TLSError) {
        ERR_clear_error()
        guard let key = portico_ec_key() else { throw TLSError.queued() }
        guard let certificate = X509_new() else {
            EVP_PKEY_free(key)
            throw TLSError.queued()
        }
        self.key = key
        self.certificate = certificate
        let usable = names.filter { SelfSignedCertificate.isUsable($0) }
        try fill(usable.isEmpty ? ["localhost"] : usable)
    }

    /// Certificate and key as PEM files would hold them.
    func pem() throws(TLSError) -> (certificate: [UInt8], key: [UInt8]) {
        guard let made = PEM.write({ PEM_write_bio_X509($0, certificate) }),
            let secret = PEM.write({ PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
        else { throw TLSError.queued() }
        return (made, secret)
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    private static func isUsable(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        if SocketAddress(ip: name, port: 0) != nil { return true }
        return name.utf8.allSatisfy { byte in
            byte.isASCIIAlpha || byte.isASCIIDigit || "-._*".utf8.contains(byte)
        }
    }

    private func fill(_ names: [String]) throws(TLSError) {
        X509_set_version(certificate, 2)
        try setSerial()
        // Clocks differ a little.
        X509_gmtime_adj(X509_getm_notBefore(certificate), -300)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * 86400)
        X509_set_pubkey(certificate, key)
        let subject = X509_get_subject_name(certificate)
        // RFC 5280 bounds a common name to 64 characters.
        let common = Array((names.first ?? "").utf8.prefix(64))
        // MBSTRING_UTF8 is a macro that Swift does not see.
        let utf8: Int32 = 0x1000
        guard X509_NAME_add_entry_by_txt(subject, "CN", utf8, common, Int32(common.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, subject) == 1, add(names),
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw TLSError.queued() }
    }

    private func setSerial() throws(TLSError) {
        guard let bytes = Digest.randomBytes(8) else { throw TLSError.queued() }
        let serial = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // Positive and not 0: RFC 5280 §4.1.2.2.
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1)
    }

    private func add(_ names: [String]) -> Bool {
        let entries = names.map { SocketAddress(ip: $0, port: 0) == nil ? "DNS:\($0)" : "IP:\($0)" }
        let text = entries.joined(separator: ",")
        guard let value = X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, text) else { return false }
        defer { X509_EXTENSION_free(value) }
        return X509_add_ext(certificate, value, -1) == 1
    }
}
