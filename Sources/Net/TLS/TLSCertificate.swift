internal import COpenSSL

/// A certificate with its key, as read through the configuration's one door.
public enum TLSCertificate: Sendable {
    /// PEM bytes: the chain, leaf first, and the key; the names are for error texts.
    case pem(chain: [UInt8], chainName: String, key: [UInt8], keyName: String)
    /// The same with a key that may be encrypted, and passwords to be tried on it.
    case encrypted(
        chain: [UInt8], chainName: String, key: [UInt8], keyName: String, passwords: [[UInt8]])
    /// Made in memory for these names: DNS names and IP addresses.
    case selfSigned(names: [String])

    /// What tells it from others, in short.
    var identity: String {
        func short(_ bytes: [UInt8]) -> String { Digest.hex(Digest.sha256(bytes)) }
        switch self {
        case .pem(let chain, _, let key, _): return short(chain) + short(key)
        case .encrypted(let chain, _, let key, _, let passwords):
            return short(chain) + short(key) + passwords.map(short).joined()
        case .selfSigned(let names): return "self-signed " + names.joined(separator: " ")
        }
    }

    /// Whether PEM bytes begin with a certificate whose time is over.
    public static func isExpired(pem: [UInt8]) -> Bool {
        let certificates = PEM.certificates(pem)
        defer {
            for certificate in certificates { X509_free(certificate) }
            ERR_clear_error()
        }
        guard let leaf = certificates.first else { return false }
        return X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0
    }

    /// The certificate made in memory as the bytes of files, so that it can be kept and handed on.
    public static func selfSignedPEM(names: [String]) throws(TLSError) -> (chain: [UInt8], key: [UInt8]) {
        let made = try SelfSignedCertificate(names: names).pem()
        return (made.certificate, made.key)
    }

    /// The file of its chain; `nil`: it came from none.
    var file: String? {
        switch self {
        case .pem(_, let name, _, _), .encrypted(_, let name, _, _, _): name
        case .selfSigned: nil
        }
    }

    /// Gives the certificate to `context`, beside those of other key types that it has.
    ///
    /// - Returns: the leaf's SHA-256.
    /// - Throws: what is wrong, naming the file.
    func use(in context: OpaquePointer) throws(TLSError) -> [UInt8] {
        ERR_clear_error()
        switch self {
        case .selfSigned(let names):
            let made = try SelfSignedCertificate(names: names)
            guard SSL_CTX_use_certificate(context, made.certificate) == 1,
                SSL_CTX_use_PrivateKey(context, made.key) == 1
            else { throw TLSError.queued() }
            return TLSCertificate.fingerprint(made.certificate)
        case .pem(let chain, let chainName, let key, let keyName):
            return try TLSCertificate.encrypted(
                chain: chain, chainName: chainName, key: key, keyName: keyName, passwords: []
            ).use(in: context)
        case .encrypted(let chain, let chainName, let key, let keyName, let passwords):
            let certificates = PEM.certificates(chain)
            defer { for certificate in certificates { X509_free(certificate) } }
            guard let leaf = certificates.first else {
                let reason = TLSError.queued().message
                throw TLSError(
                    "cannot load certificate \"\(chainName)\": PEM_read_bio_X509_AUX() failed \(reason)")
            }
            try TLSCertificate.use(certificates, named: chainName, in: context)
            let privateKey = try TLSCertificate.readKey(key, named: keyName, passwords)
            defer { EVP_PKEY_free(privateKey) }
            // A key of another type would be taken for a second certificate's.
            guard X509_check_private_key(leaf, privateKey) == 1,
                SSL_CTX_use_PrivateKey(context, privateKey) == 1
            else {
                throw TLSError(
                    "SSL_CTX_use_PrivateKey(\"\(keyName)\") failed \(TLSError.queued().message)"
                        + " for certificate \"\(chainName)\"")
            }
            return TLSCertificate.fingerprint(leaf)
        }
    }

    private static func use(
        _ certificates: [OpaquePointer], named name: String, in context: OpaquePointer
    ) throws(TLSError) {
        guard let leaf = certificates.first, SSL_CTX_use_certificate(context, leaf) == 1 else {
            throw TLSError("SSL_CTX_use_certificate(\"\(name)\") failed \(TLSError.queued().message)")
        }
        _ = portico_ssl_ctx_set_chain(context, nil)
        for issuer in certificates.dropFirst() where portico_ssl_ctx_add_chain(context, issuer) != 1 {
            throw TLSError("SSL_CTX_add1_chain_cert(\"\(name)\") failed \(TLSError.queued().message)")
        }
    }

    private static func readKey(
        _ bytes: [UInt8], named name: String, _ passwords: [[UInt8]]
    ) throws(TLSError) -> OpaquePointer {
        switch PEM.privateKey(bytes, passwords: passwords) {
        case .key(let key): return key
        case .encrypted:
            ERR_clear_error()
            throw TLSError(
                "cannot load certificate key \"\(name)\": the key is encrypted with a password;"
                    + " name a file with it in \"ssl_password_file\""
            )
        case .unreadable:
            let reason = TLSError.queued().message
            throw TLSError(
                "cannot load certificate key \"\(name)\": PEM_read_bio_PrivateKey() failed \(reason)")
        }
    }

    static func fingerprint(_ certificate: OpaquePointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return [] }
        return Array(digest.prefix(Int(count)))
    }
}
