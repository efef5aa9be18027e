internal import COpenSSL

/// Whom a context believes: authorities, revocations, and how far a chain may reach.
package enum TLSTrust {
    /// Adds the certificates of a PEM file to what `context` trusts.
    ///
    /// - Parameter tellsPeer: the other end is told these names: certificates of them are wanted.
    static func add(
        _ file: (pem: [UInt8], name: String), to context: OpaquePointer, tellsPeer: Bool = false
    ) throws(TLSError) {
        let certificates = PEM.certificates(file.pem)
        defer { for certificate in certificates { X509_free(certificate) } }
        guard !certificates.isEmpty else {
            throw TLSError(
                "SSL_CTX_load_verify_locations(\"\(file.name)\") failed \(TLSError.queued().message)")
        }
        let store = SSL_CTX_get_cert_store(context)
        var told: [OpaquePointer] = []
        for certificate in certificates {
            X509_STORE_add_cert(store, certificate)
            guard tellsPeer, !told.contains(where: { isOfSameName($0, certificate) }) else { continue }
            told.append(certificate)
            SSL_CTX_add_client_CA(context, certificate)
        }
        ERR_clear_error()
    }

    private static func isOfSameName(_ one: OpaquePointer, _ other: OpaquePointer) -> Bool {
        X509_NAME_cmp(X509_get_subject_name(one), X509_get_subject_name(other)) == 0
    }

    /// `ssl_crl`: from here on every certificate of a chain is looked up in its issuer's list.
    static func addRevocations(
        _ file: (pem: [UInt8], name: String), to context: OpaquePointer
    ) throws(TLSError) {
        let lists = PEM.revocationLists(file.pem)
        defer { for list in lists { X509_CRL_free(list) } }
        guard !lists.isEmpty else {
            throw TLSError("X509_LOOKUP_load_file(\"\(file.name)\") failed \(TLSError.queued().message)")
        }
        let store = SSL_CTX_get_cert_store(context)
        for list in lists { X509_STORE_add_crl(store, list) }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK) | UInt(X509_V_FLAG_CRL_CHECK_ALL))
        ERR_clear_error()
    }

    /// Who signed a certificate, of those that came with it and those that are trusted; the caller frees it.
    static func issuer(
        of certificate: OpaquePointer, in chain: OpaquePointer?, _ store: OpaquePointer
    ) -> OpaquePointer? {
        for index in 0..<max(0, chain.map { portico_certificates_count($0) } ?? 0) {
            guard let candidate = chain.flatMap({ portico_certificates_at($0, index) }) else { continue }
            if X509_check_issued(candidate, certificate) == X509_V_OK {
                X509_up_ref(candidate)
                return candidate
            }
        }
        guard let search = X509_STORE_CTX_new() else { return nil }
        defer {
            X509_STORE_CTX_free(search)
            ERR_clear_error()
        }
        var found: OpaquePointer?
        guard X509_STORE_CTX_init(search, store, nil, nil) == 1,
            X509_STORE_CTX_get1_issuer(&found, search, certificate) == 1
        else { return nil }
        return found
    }

    /// The first address of an OCSP responder that a certificate names.
    static func responder(of certificate: OpaquePointer) -> String? {
        guard let list = portico_responders(certificate) else { return nil }
        defer { portico_strings_free(list) }
        return portico_strings_first(list).map { String(cString: $0) }
    }

    /// Whether the value of an `ssl_conf_command` is the path of a file or a folder.
    package static func namesFile(_ command: String, isServer: Bool) -> Bool {
        guard let configuration = SSL_CONF_CTX_new() else { return false }
        defer { SSL_CONF_CTX_free(configuration) }
        let role = isServer ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT
        SSL_CONF_CTX_set_flags(
            configuration, UInt32(SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE | role))
        let type = SSL_CONF_cmd_value_type(configuration, command)
        return type == SSL_CONF_TYPE_FILE || type == SSL_CONF_TYPE_DIR
    }

    /// `ssl_conf_command name value`.
    static func configure(
        _ commands: [(name: String, value: String)], _ context: OpaquePointer, isServer: Bool
    ) throws(TLSError) {
        guard !commands.isEmpty else { return }
        guard let configuration = SSL_CONF_CTX_new() else { throw TLSError.queued() }
        defer { SSL_CONF_CTX_free(configuration) }
        let role = isServer ? SSL_CONF_FLAG_SERVER : SSL_CONF_FLAG_CLIENT
        SSL_CONF_CTX_set_flags(
            configuration,
            UInt32(SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CERTIFICATE | SSL_CONF_FLAG_SHOW_ERRORS | role))
        SSL_CONF_CTX_set_ssl_ctx(configuration, context)
        for (name, value) in commands {
            let result = SSL_CONF_cmd(configuration, name, value)
            if result == -2 { throw TLSError("unknown command \"\(name)\"") }
            guard result > 0 else {
                throw TLSError(
                    "SSL_CONF_cmd(\"\(name)\", \"\(value)\") failed \(TLSError.queued().message)")
            }
        }
        guard SSL_CONF_CTX_finish(configuration) == 1 else { throw TLSError.queued() }
    }

    /// `ssl_dhparam`
    static func setDHParameters(
        _ file: (pem: [UInt8], name: String), _ context: OpaquePointer
    ) throws(TLSError) {
        guard let parameters = PEM.parameters(file.pem) else {
            throw TLSError("PEM_read_bio_DHparams(\"\(file.name)\") failed \(TLSError.queued().message)")
        }
        // On success the context owns them.
        guard SSL_CTX_set0_tmp_dh_pkey(context, parameters) == 1 else {
            EVP_PKEY_free(parameters)
            throw TLSError("SSL_CTX_set_tmp_dh(\"\(file.name)\") failed \(TLSError.queued().message)")
        }
    }
}
