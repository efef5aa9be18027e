/// Where sessions are kept so that clients may resume them: `ssl_session_cache`.
public enum SessionCacheSettings: Sendable, Equatable {
    /// Clients are told that sessions are never resumed.
    case off
    /// Clients are told that they may resume, but nothing is kept.
    case none
    /// In each worker: this many sessions.
    case builtin(size: Int)
    /// In memory that all workers share: this many bytes.
    case shared(name: String, size: Int)
}

/// What a server block says about TLS.
public struct TLSServerSettings: Sendable {
    /// `ssl_certificate` and `ssl_certificate_key`; more than one for keys of several types.
    public var certificates: [TLSCertificate] = []
    /// Certificates and keys that variables name, as they are written.
    public var madeCertificates: [String] = []
    /// `ssl_protocols`
    public var protocols: TLSProtocols = [.tls12, .tls13]
    /// `ssl_ciphers`: OpenSSL's list for TLS 1.2 and before.
    ///
    /// `nil`: only what has forward secrecy and authenticated encryption, unless versions are spoken that
    /// have neither.
    public var ciphers: String?
    /// `ssl_prefer_server_ciphers`
    public var prefersServerCiphers = false
    /// `ssl_session_cache`
    public var sessionCache = SessionCacheSettings.none
    /// `ssl_session_timeout`
    public var sessionTimeoutSeconds = 300
    /// `ssl_session_tickets`
    public var sessionTickets = true
    /// What `ssl_session_ticket_key` files hold, the one that makes tickets first.
    public var ticketKeyFiles: [[UInt8]] = []
    /// What keys of tickets are made of where there are no files; empty: something that no other process
    /// knows.
    public var ticketSecret: [UInt8] = []
    /// `ssl_buffer_size`: bytes of content in a record at most; 512 to 16384.
    public var bufferSize = 16384
    /// What separates sessions of one server block from another's, besides the certificates.
    public var sessionContextID = "HTTP"
    /// `ssl_ecdh_curve`: names with colons between; `nil` is `auto`.
    public var ecdhCurve: String?
    /// Protocols for ALPN (RFC 7301), best first; none: the extension is not answered.
    public var alpn: [String] = []
    /// `ssl_reject_handshake`
    public var rejectsHandshakes = false

    /// `ssl_verify_client`
    public var clientVerification = ClientVerification.off
    /// `ssl_verify_depth`
    public var verifyDepth: Int32 = 1
    /// `ssl_client_certificate`: authorities that clients are told of. PEM bytes and the file's name.
    public var clientAuthorities: (pem: [UInt8], name: String)?
    /// `ssl_trusted_certificate`: authorities that they are not told of.
    public var trustedCertificates: (pem: [UInt8], name: String)?
    /// `ssl_crl`
    public var revocations: (pem: [UInt8], name: String)?
    /// `ssl_conf_command`
    public var confCommands: [(name: String, value: String)] = []
    /// `ssl_stapling`; `nil`: off.
    public var stapling: Stapling?
    /// `ssl_ocsp`; `nil`: off.
    public var clientStatus: ClientStatus?
    /// `ssl_early_data`
    public var earlyData = EarlyRequests.refused
    /// `ssl_dhparam`
    public var dhParameters: (pem: [UInt8], name: String)?

    /// The suites in force.
    var effectiveCiphers: String {
        if let ciphers { return ciphers }
        let isModern = protocols.isSubset(of: [.tls12, .tls13])
        return isModern ? TLSServerSettings.modernCiphers : "HIGH:!aNULL:!MD5"
    }

    /// Everything that a context is made of, in short: equal settings have the same.
    public var identity: String {
        var words: [String] = certificates.map(\.identity)
        for file in [clientAuthorities, trustedCertificates, revocations, dhParameters] {
            words.append(file.map { Digest.hex(Digest.sha256($0.pem)) } ?? "-")
        }
        for bytes in ticketKeyFiles + [ticketSecret] { words.append(Digest.hex(Digest.sha256(bytes))) }
        words += confCommands.map { "\($0.name)=\($0.value)" } + alpn + madeCertificates
        words += [
            "\(protocols.rawValue)", effectiveCiphers, "\(prefersServerCiphers)", "\(sessionCache)",
            "\(sessionTimeoutSeconds)", "\(sessionTickets)", "\(bufferSize)", sessionContextID,
            ecdhCurve ?? "auto", "\(rejectsHandshakes)", "\(clientVerification)", "\(verifyDepth)",
            stapling?.identity ?? "no staple",
            clientStatus.map { "\($0.identity) \($0.isCached)" } ?? "no status", "\(earlyData)",
        ]
        return words.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// The suites of TLS 1.2 that RFC 9325 §4.2 recommends.
    public static var modernCiphers: String { "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL" }

    /// nginx's defaults, without a certificate.
    public init() {}
}

/// `ssl_early_data`: what becomes of a request that comes with a client's first message (RFC 8446 §2.3).
/// Whoever recorded it can send it again.
public enum EarlyRequests: Sendable {
    /// The client has to send it again after the handshake.
    case refused
    /// It is read, and waits until the handshake shows that the client is there: nothing is replayed.
    case held
    /// It is served at once; HTTP decides which requests may be.
    case served
}

/// `ssl_verify_client`: whether clients are asked for a certificate, and what becomes of those whose
/// certificate does not hold. The handshake succeeds in any case; requests are refused.
public enum ClientVerification: Sendable {
    case off
    case required
    case optional
    /// It need not be signed by anyone known.
    case optionalWithoutAuthority
}
