internal import Config
internal import Net

/// The `ssl_…` directives of servers.
extension TLSSettings {
    private static var contexts: Context { [.http, .server] }

    static var directives: [Directive<Block>] {
        fileRows + protocolRows + sessionRows + clientRows + staplingRows
    }

    private static var fileRows: [Directive<Block>] {
        [
            Directive(
                "ssl_certificate",
                "The file with the server's certificate and its chain; `self-signed` makes one in memory.",
                "file | self-signed", in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                let path = word == "self-signed" ? word : block.builder.confPath(word)
                block.serverSettings.tls.certificates.append(TLSFile(path: path, statement: statement))
            }.repeatable,
            Directive(
                "ssl_certificate_key", "The file with the certificate's key.", "file", in: contexts,
                arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.keys.append(
                    TLSFile(path: block.builder.confPath(statement.argument(0)), statement: statement))
            }.repeatable,
            Directive(
                "ssl_certificate_cache",
                "How many certificates that variables name are remembered, and how long without a look.",
                "off | max=N [inactive=time] [valid=time]", default: "off", in: contexts, arity: 1...3
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.certificateCaching = try CertificateCaching.read(statement)
            },
            Directive(
                "ssl_certificate_compression",
                "Whether certificates are compressed (RFC 8879): OpenSSL before 3.2 cannot.", "on | off",
                default: "off", in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                switch statement.argument(0).lowercased() {
                case "off": break
                case "on":
                    block.builder.warnOnce(
                        statement.name,
                        ConfigError(
                            "OpenSSL does not compress certificates here: they are sent as they are",
                            statement))
                default:
                    throw ConfigError(
                        "invalid value \"\(statement.argument(0))\" in \"\(statement.name)\" directive, "
                            + "it must be \"on\" or \"off\"", statement)
                }
            },
            Directive(
                "ssl", "Has all addresses of a server speak TLS; newer: the `ssl` parameter of `listen`.",
                "on | off", default: "off", in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                switch statement.argument(0).lowercased() {
                case "off": block.serverSettings.tls.isOn = false
                case "on":
                    block.serverSettings.tls.isOn = true
                    block.builder.warn(
                        ConfigError(
                            "the \"ssl\" directive is deprecated,"
                                + " use the \"listen ... ssl\" directive instead", statement))
                default:
                    throw ConfigError(
                        "invalid value \"\(statement.argument(0))\" in \"ssl\" directive,"
                            + " it must be \"on\" or \"off\"", statement)
                }
            },
        ]
    }

    private static var protocolRows: [Directive<Block>] {
        [
            .words(
                "ssl_protocols", "TLS versions that are spoken.", in: contexts, default: "TLSv1.2 TLSv1.3",
                TLSProtocols.words, \.serverSettings.tls.server.protocols),
            .string(
                "ssl_ciphers", "Cipher suites of TLS 1.2 and below.", "ciphers", in: contexts,
                default: TLSServerSettings.modernCiphers, \.serverSettings.tls.ciphers),
            .flag(
                "ssl_prefer_server_ciphers", "Whether the server's order of suites counts.", in: contexts,
                default: false, \.serverSettings.tls.server.prefersServerCiphers),
            Directive(
                "ssl_ecdh_curve", "Curves for key exchange.", "curve", default: "auto", in: contexts,
                arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                block.serverSettings.tls.server.ecdhCurve = word == "auto" ? nil : word
            },
        ]
    }

    private static var sessionRows: [Directive<Block>] {
        [
            Directive(
                "ssl_session_cache", "Where sessions are kept so that clients may resume them.",
                "off | none | [builtin[:size]] [shared:name:size]", default: "none", in: contexts,
                arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                for word in statement.arguments {
                    let chosen = try cache(word, statement)
                    if case .shared(let name, let size) = chosen {
                        try block.builder.limitZones.take(
                            name, for: .clients, byteCount: size, statement)
                    }
                    block.serverSettings.tls.server.sessionCache = chosen
                }
            }.repeatable,
            .seconds(
                "ssl_session_timeout", "How long a session may be resumed.", in: contexts, default: "5m",
                \.serverSettings.tls.server.sessionTimeoutSeconds),
            .flag(
                "ssl_session_tickets", "Whether sessions may be resumed by tickets.", in: contexts,
                default: true, \.serverSettings.tls.server.sessionTickets),
            Directive(
                "ssl_session_ticket_key",
                "A file with a key of tickets, 48 or 80 bytes; the first one makes them, all are accepted.",
                "file", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.ticketKeys.append(
                    TLSFile(path: block.builder.confPath(statement.argument(0)), statement: statement))
            }.repeatable,
            .memory(
                "ssl_buffer_size", "Bytes of content in a record at most.", in: contexts, default: "16k",
                \.serverSettings.tls.server.bufferSize),
            .milliseconds(
                "ssl_handshake_timeout", "Longest time for a handshake.", in: contexts, default: "10s",
                \.serverSettings.tls.handshakeTimeoutMs),
            file(
                "ssl_session_ticket_secret",
                "A file whose bytes, with the clock, make the keys of tickets: the same on all nodes.",
                \.ticketSecret),
        ]
    }

    private static var clientRows: [Directive<Block>] {
        [
            Directive(
                "ssl_verify_client", "Whether clients are asked for a certificate.",
                "on | off | optional | optional_no_ca", default: "off", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let words: [String: ClientVerification] = [
                    "off": .off, "on": .required, "optional": .optional,
                    "optional_no_ca": .optionalWithoutAuthority,
                ]
                guard let chosen = words[statement.argument(0)] else {
                    throw ConfigError("invalid value \"\(statement.argument(0))\"", statement)
                }
                block.serverSettings.tls.server.clientVerification = chosen
            },
            .number(
                "ssl_verify_depth",
                "How many authorities may stand between a client's certificate and one"
                    + " that is trusted.", in: contexts, default: "1",
                \.serverSettings.tls.verifyDepth),
            file(
                "ssl_client_certificate",
                "Authorities that clients' certificates must come from; clients"
                    + " are told their names.", \.clientAuthorities),
            file(
                "ssl_trusted_certificate", "Further authorities, of which clients are not told.",
                \.trustedCertificates),
            file("ssl_crl", "Certificates of clients that are revoked.", \.revocations),
            file("ssl_dhparam", "Parameters for key exchange by DHE.", \.dhParameters),
            file(
                "ssl_password_file", "Passwords that encrypted keys are tried with, one a line.",
                \.passwords),
            Directive(
                "ssl_conf_command", "A command of OpenSSL's own configuration.", "name value", in: contexts,
                arity: 2...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.confCommands.append(
                    TLSCommand(statement, isServer: true, block.builder))
            }.repeatable,
            .flag(
                "ssl_early_data",
                "Whether requests are read that come with a client's first message; they wait for the end of"
                    + " the handshake unless gateways are told (`proxy_set_header … $ssl_early_data`).",
                in: contexts,
                default: false, \.serverSettings.tls.takesEarlyData),
            .flag(
                "ssl_reject_handshake", "Whether handshakes for the server are refused.", in: contexts,
                default: false, \.serverSettings.tls.server.rejectsHandshakes),
        ]
    }

    private static var staplingRows: [Directive<Block>] {
        [
            Directive(
                "ssl_ocsp", "Whether authorities are asked if clients' certificates still hold.",
                "on | off | leaf", default: "off", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                var status = ClientStatus()
                switch statement.argument(0) {
                case "off": return block.serverSettings.tls.clientStatus = nil
                case "on": break
                case "leaf": status.isLeafOnly = true
                default: throw ConfigError("invalid value \"\(statement.argument(0))\"", statement)
                }
                block.serverSettings.tls.clientStatus = status
            },
            Directive(
                "ssl_ocsp_responder", "Asked instead of the responders that clients' certificates name.",
                "http://host[:port]/path", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.clientStatusResponder = statement.argument(0)
            },
            Directive(
                "ssl_ocsp_cache", "Whether a worker remembers what responders said of clients' certificates.",
                "off | shared:name:size", default: "off", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                let word = statement.argument(0)
                guard word == "off" || word.hasPrefix("shared:") else {
                    throw ConfigError("invalid OCSP cache \"\(word)\"", statement)
                }
                block.serverSettings.tls.remembersClientStatus = word != "off"
            },
            .flag(
                "ssl_stapling",
                "Whether clients are given what the authority's OCSP responder says of the certificate.",
                in: contexts, default: false, \.serverSettings.tls.staples),
            file(
                "ssl_stapling_file", "An answer of the responder's (DER) that is given instead of asking.",
                \.stapleFile),
            Directive(
                "ssl_stapling_responder", "Asked instead of the responder that the certificate names.",
                "http://host[:port]/path", in: contexts, arity: 1...1
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.stapleResponder = statement.argument(0)
            },
            .flag(
                "ssl_stapling_verify", "Whether answers must be signed by somebody who is trusted.",
                in: contexts, default: false, \.serverSettings.tls.verifiesStaples),
        ]
    }

    /// A row whose argument is the name of a file that is read when the server is complete.
    private static func file(
        _ name: String, _ summary: String, _ path: any WritableKeyPath<TLSSettings, TLSFile?> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, "file", in: contexts, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.serverSettings.tls[keyPath: path] = TLSFile(
                path: block.builder.confPath(statement.argument(0)), statement: statement)
        }
    }

    /// `ssl_ciphers` as rows of strings see it.
    var ciphers: String {
        get { server.ciphers ?? TLSServerSettings.modernCiphers }
        set { server.ciphers = newValue }
    }

    /// `ssl_verify_depth` as rows of numbers see it.
    var verifyDepth: Int {
        get { Int(server.verifyDepth) }
        set { server.verifyDepth = Int32(clamping: newValue) }
    }

    private static func cache(_ word: String, _ statement: Statement) throws(ConfigError)
        -> SessionCacheSettings
    {
        let invalid = ConfigError("invalid session cache \"\(word)\"", statement)
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts[0] {
        case "off" where parts.count == 1: return .off
        case "none" where parts.count == 1: return .none
        case "builtin":
            guard parts.count > 1 else { return .builtin(size: 20480) }
            guard let size = Units.number(parts[1]), size > 0 else { throw invalid }
            return .builtin(size: size)
        case "shared":
            guard parts.count == 3, !parts[1].isEmpty, let size = Units.size(parts[2]) else { throw invalid }
            guard size >= 8 * 4096 else {
                throw ConfigError("session cache \"\(word)\" is too small", statement)
            }
            return .shared(name: parts[1], size: size)
        default: throw invalid
        }
    }
}
