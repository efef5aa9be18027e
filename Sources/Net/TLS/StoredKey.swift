internal import COpenSSL

/// Keys that OpenSSL's stores hold: `ssl_certificate_key store:scheme:id`.
public enum StoredKey {
    /// Most entries of a store that are looked at.
    private static var entriesMax: Int { 64 }

    /// The first private key that a URI names, as PEM.
    ///
    /// A key that does not leave its store cannot be used: every worker needs it.
    public static func pem(uri: String) throws(TLSError) -> [UInt8] {
        ERR_clear_error()
        defer { ERR_clear_error() }
        // Nobody is there to be asked for a password.
        guard let store = OSSL_STORE_open(uri, UI_null(), nil, nil, nil) else { throw failure(uri) }
        defer { OSSL_STORE_close(store) }
        _ = OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY)
        for _ in 0..<entriesMax where OSSL_STORE_eof(store) == 0 {
            guard let entry = OSSL_STORE_load(store) else { continue }
            defer { OSSL_STORE_INFO_free(entry) }
            guard OSSL_STORE_INFO_get_type(entry) == OSSL_STORE_INFO_PKEY,
                let key = OSSL_STORE_INFO_get1_PKEY(entry)
            else { continue }
            defer { EVP_PKEY_free(key) }
            if let pem = PEM.write({ PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }) {
                return pem
            }
        }
        throw failure(uri)
    }

    private static func failure(_ uri: String) -> TLSError {
        TLSError(
            "cannot load certificate key \"store:\(uri)\": OSSL_STORE failed \(TLSError.queued().message)")
    }
}
