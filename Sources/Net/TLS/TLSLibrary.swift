internal import COpenSSL

/// OpenSSL itself.
public enum TLSLibrary {
    /// As `-V` shows it: "OpenSSL 3.0.2 15 Mar 2022".
    public static var version: String { String(cString: portico_openssl_version()) }

    /// Lets OpenSSL use memory of our own, where it asks for less of it and gets it sooner: `TLSMemory`. For
    /// processes with one thread.
    ///
    /// - Returns: false if it goes on with malloc(): it has used that before, or there is no memory of ours.
    @discardableResult
    public static func useOwnMemory() -> Bool {
        TLSMemory.reserveShared()
        guard TLSMemory.shared.isReserved else { return false }
        return CRYPTO_set_mem_functions(
            { count, _, _ in TLSMemory.shared.allocate(count) },
            { object, count, _, _ in TLSMemory.shared.reallocate(object, count) },
            { object, _, _ in TLSMemory.shared.free(object) }) == 1
    }

    /// What every context of ours is set to.
    static func setDefaults(_ context: OpaquePointer) {
        _ = portico_ssl_ctx_set_mode(context, portico_modes())
        // One read takes a record with its header, and what follows it.
        portico_ssl_ctx_set_read_ahead(context, 1)
        SSL_CTX_set_options(context, portico_op_no_compression() | portico_op_no_renegotiation())
    }

    /// Sets the ciphers of TLS 1.2 and before.
    static func setCiphers(_ context: OpaquePointer, _ ciphers: String) throws(TLSError) {
        ERR_clear_error()
        guard SSL_CTX_set_cipher_list(context, ciphers) == 1 else {
            throw TLSError("SSL_CTX_set_cipher_list(\"\(ciphers)\") failed \(TLSError.queued().message)")
        }
    }
}
