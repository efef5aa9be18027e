internal import COpenSSL
internal import Core

/// Finds the server that a client names: SNI, RFC 6066 §3.
public protocol TLSServerSelector: AnyObject {
    /// - Parameter name: in lower case, not yet checked.
    /// - Returns: `nil` to go on with the context that the connection has, even if that one rejects
    ///   handshakes: the named server does not.
    func context(forServerName name: [UInt8]) -> TLSServerContext?
}

/// The TLS side of a server block. Made by the master; workers inherit it, and with it the keys of its
/// session tickets.
public final class TLSServerContext {
    let context: OpaquePointer
    let socketMethod = TLSSocketMethod()
    let alpn: [[UInt8]]
    let rejectsHandshakes: Bool
    /// Variables name certificates: another context is made, and shown in this one's place.
    let hasMadeCertificates: Bool
    /// `nil`: OpenSSL's own.
    let ticketKeys: TLSTicketKeys?
    /// Files of certificates by the SHA-256 of what they begin with.
    private(set) var certificateFiles: [[UInt8]: String] = [:]
    /// Certificates whose state is asked for, to be stapled.
    public private(set) var stapleSubjects: [OCSPSubject] = []
    /// What the operator should know.
    public private(set) var notes: [String] = []
    /// `ssl_early_data`
    let earlyData: EarlyRequests
    /// `ssl_ocsp`
    let clientStatus: ClientStatus?
    /// What certificates of clients are judged by.
    let clientTrust: ClientTrust
    /// `ssl_stapling_file`
    let fixedStaple: [UInt8]?
    /// Where the answers to `stapleSubjects` are found.
    public weak var staples: (any StapleSource)?
    /// Set for `ssl_session_cache shared` only.
    let sessionStore: TLSSessionStore?
    /// Asked for each handshake that names a server, unless the connection has its own.
    public weak var selector: (any TLSServerSelector)?

    /// - Parameter sessionStore: what `ssl_session_cache shared:name:size` names, for contexts that share
    ///   it; `nil`: the context makes one for itself.
    /// - Throws: what is wrong with a certificate, key or list of ciphers, naming the file.
    public init(settings: TLSServerSettings, sessionStore: TLSSessionStore? = nil) throws(TLSError) {
        alpn = settings.alpn.map { Array($0.utf8) }
        rejectsHandshakes = settings.rejectsHandshakes
        hasMadeCertificates = !settings.madeCertificates.isEmpty
        earlyData = settings.earlyData
        clientStatus = settings.clientStatus
        clientTrust = settings.clientTrust
        fixedStaple = settings.stapling?.file?.der
        if !settings.ticketKeyFiles.isEmpty {
            guard let keys = TLSTicketKeys(files: settings.ticketKeyFiles) else {
                throw TLSError("a file of \"ssl_session_ticket_key\" must hold 48 or 80 bytes")
            }
            ticketKeys = keys
        } else if !settings.ticketSecret.isEmpty {
            // Tickets live as long as sessions do; a key must not be younger than its tickets.
            ticketKeys = TLSTicketKeys(
                secret: settings.ticketSecret, periodSeconds: max(settings.sessionTimeoutSeconds, 3600))
        } else {
            ticketKeys = nil
        }
        if case .shared(_, let size) = settings.sessionCache {
            if let sessionStore {
                self.sessionStore = sessionStore
            } else {
                self.sessionStore = try TLSSessionStore(byteCount: size)
            }
        } else {
            self.sessionStore = nil
        }
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw TLSError.queued() }
        // From here on `deinit` frees it, also when something below throws.
        self.context = context
        try setUp(settings)
        installCallbacks()
    }

    /// Most that a client may send before the handshake is over.
    static var earlyBytesMax: Int { 16 << 10 }

    // OpenSSL frees it when the last connection does; connections hold `self` as well.
    deinit { SSL_CTX_free(context) }

    private func setUp(_ settings: TLSServerSettings) throws(TLSError) {
        TLSLibrary.setDefaults(context)
        // Clients that close without a close_notify are common; HTTP's own framing shows what is cut off.
        SSL_CTX_set_options(context, portico_op_ignore_unexpected_eof())
        try settings.protocols.apply(to: context)
        try TLSLibrary.setCiphers(context, settings.effectiveCiphers)
        if settings.prefersServerCiphers { SSL_CTX_set_options(context, portico_op_server_preference()) }
        if let curves = settings.ecdhCurve, portico_ssl_ctx_set_groups(context, curves) != 1 {
            throw TLSError("SSL_CTX_set1_curves_list(\"\(curves)\") failed \(TLSError.queued().message)")
        }
        _ = portico_ssl_ctx_set_max_fragment(context, min(max(settings.bufferSize, 512), 16384))
        if let file = settings.dhParameters { try TLSTrust.setDHParameters(file, context) }
        var identity = Array(settings.sessionContextID.utf8) + clientTrust.digest
        try setUpVerification(settings)
        for certificate in settings.certificates {
            let fingerprint = try certificate.use(in: context)
            certificateFiles[fingerprint] = certificate.file
            identity += fingerprint
        }
        try setUpSessions(settings, identity)
        if let stapling = settings.stapling {
            (stapleSubjects, notes) = try setUpStapling(stapling)
        }
        if settings.earlyData != .refused {
            SSL_CTX_set_max_early_data(context, UInt32(TLSServerContext.earlyBytesMax))
            // OpenSSL's own guard is tickets that are known to one process alone; ours is to wait for the
            // end of the handshake, or to be told by the configuration that a replay does no harm.
            SSL_CTX_set_options(context, portico_op_no_anti_replay())
        }
        try TLSTrust.configure(settings.confCommands, context, isServer: true)
    }

    /// `ssl_verify_client` and its like. What is wrong with a certificate is said by HTTP, not by TLS.
    private func setUpVerification(_ settings: TLSServerSettings) throws(TLSError) {
        if let file = settings.clientAuthorities {
            try TLSTrust.add(file, to: context, tellsPeer: true)
        }
        if let file = settings.trustedCertificates { try TLSTrust.add(file, to: context) }
        if let file = settings.revocations { try TLSTrust.addRevocations(file, to: context) }
        guard settings.clientVerification != .off else { return }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER) { _, _ in 1 }
        SSL_CTX_set_verify_depth(context, settings.verifyDepth)
    }

    private func setUpSessions(_ settings: TLSServerSettings, _ identity: [UInt8]) throws(TLSError) {
        // A session may be resumed only where it was made: another block may have other rules.
        let id = Digest.sha256(identity)
        guard SSL_CTX_set_session_id_context(context, id, UInt32(id.count)) == 1 else {
            throw TLSError.queued()
        }
        if ticketKeys != nil { TLSTicketKeys.install(in: context) }
        ClientStatus.install(in: context)
        // Each connection of TLS 1.3 gets one ticket, also a resumed one: clients keep as many as they had
        // connections. OpenSSL's second one costs a full handshake 5 % of its instructions (callgrind).
        SSL_CTX_set_num_tickets(context, 1)
        SSL_CTX_set_timeout(context, settings.sessionTimeoutSeconds)
        if !settings.sessionTickets {
            SSL_CTX_set_options(context, portico_op_no_ticket())
            // Without a cache the identifiers that TLS 1.3 would send instead lead nowhere.
            if settings.sessionCache == .off || settings.sessionCache == .none {
                SSL_CTX_set_num_tickets(context, 0)
            }
        }
        switch settings.sessionCache {
        case .off: setCacheMode(SSL_SESS_CACHE_OFF)
        case .none: setCacheMode(SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL_STORE)
        case .builtin(let size):
            setCacheMode(SSL_SESS_CACHE_SERVER)
            _ = portico_ssl_ctx_set_cache_size(context, max(size, 1))
        case .shared:
            setCacheMode(SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL)
            sessionStore?.install(in: context)
        }
    }

    private func setCacheMode(_ mode: Int32) {
        _ = portico_ssl_ctx_set_session_cache_mode(context, Int(mode))
    }

    // MARK: Callbacks

    private func installCallbacks() {
        // The server is chosen before versions and sessions are looked at; the later call that OpenSSL
        // has for names only says that the name was taken in.
        SSL_CTX_set_client_hello_cb(
            context,
            { ssl, alert, _ in
                guard let ssl, let connection = TLSConnection.of(ssl) else { return SSL_CLIENT_HELLO_SUCCESS }
                switch connection.receivedHello(ssl) {
                case .goesOn: return SSL_CLIENT_HELLO_SUCCESS
                case .waits: return SSL_CLIENT_HELLO_RETRY
                case .refused:
                    alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
                    return SSL_CLIENT_HELLO_ERROR
                }
            }, nil)
        portico_ssl_ctx_set_name_callback(context) { ssl, _, _ in
            SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == nil
                ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK
        }
        guard !alpn.isEmpty else { return }
        SSL_CTX_set_alpn_select_cb(
            context,
            { ssl, chosen, chosenCount, offered, offeredCount, _ in
                guard let ssl, let connection = TLSConnection.of(ssl), let context = connection.serverContext,
                    let offered
                else { return SSL_TLSEXT_ERR_NOACK }
                let list = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
                guard let range = ALPN.choose(from: list.span, preferring: context.alpn) else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                // OpenSSL copies it before it lets go of what the client sent.
                chosen?.pointee = offered + range.lowerBound
                chosenCount?.pointee = UInt8(truncatingIfNeeded: range.count)
                return SSL_TLSEXT_ERR_OK
            }, nil)
    }

    /// Goes on with `ssl` under this context. OpenSSL takes certificates and ciphers over, and not the rest.
    func adopt(_ ssl: OpaquePointer) -> Bool {
        guard SSL_set_SSL_CTX(ssl, context) != nil else { return false }
        SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context))
        SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(context))
        SSL_set_max_early_data(ssl, SSL_CTX_get_max_early_data(context))
        let options = SSL_CTX_get_options(context)
        SSL_clear_options(ssl, SSL_get_options(ssl) & ~options)
        SSL_set_options(ssl, options)
        _ = portico_ssl_set_min_version(ssl, portico_ssl_ctx_min_version(context))
        _ = portico_ssl_set_max_version(ssl, portico_ssl_ctx_max_version(context))
        return true
    }
}

extension TLSServerContext {
    /// What serves a client that names a server in its handshake, or none; `nil`: the handshake is refused.
    ///
    /// A server without certificates and rules of its own is served with those at hand.
    public func successor(_ name: [UInt8]?, _ selector: (any TLSServerSelector)?) -> TLSServerContext? {
        let named = name.flatMap { selector?.context(forServerName: $0.map(\.asciiLowercased)) }
        let isNameless = name == nil || selector == nil
        let found = named ?? self
        return found.rejectsHandshakes && (named != nil || isNameless) ? nil : found
    }
}
