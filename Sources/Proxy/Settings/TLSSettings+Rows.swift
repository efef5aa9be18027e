internal import Config
internal import Net

/// The `ssl_…` directives of servers.
extension TLSSettings {
    private static var contexts: Context { [.http, .server] }

    static var directives: [Directive<Block>] { fileRows + protocolRows + sessionRows }

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
                "ssl", "Replaced by the `ssl` parameter of `listen`.", "off", in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard statement.argument(0) == "off" else {
                    throw ConfigError(
                        "the \"ssl\" directive is obsolete, use the \"listen ... ssl\" directive instead",
                        statement)
                }
            },
            Directive(
                "http2", "Whether HTTP/2 is offered; it is not yet.", "on | off", default: "off",
                in: contexts, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                if statement.argument(0) == "on" {
                    block.builder.warnOnce(
                        "http2",
                        ConfigError("HTTP/2 is not offered yet: clients are served over HTTP/1.1", statement))
                }
            },
        ]
    }

    private static var protocolRows: [Directive<Block>] {
        [
            Directive(
                "ssl_protocols", "TLS versions that are spoken.",
                "[SSLv2] [SSLv3] [TLSv1] [TLSv1.1] [TLSv1.2] [TLSv1.3]", default: "TLSv1.2 TLSv1.3",
                in: contexts, arity: 1...6
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.serverSettings.tls.server.protocols = try protocols(statement)
            },
            .string(
                "ssl_ciphers", "Cipher suites of TLS 1.2 and below.", "ciphers", in: contexts,
                default: "HIGH:!aNULL:!MD5", \.serverSettings.tls.server.ciphers),
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

    static func protocols(_ statement: Statement) throws(ConfigError) -> TLSProtocols {
        var protocols: TLSProtocols = []
        for word in statement.arguments {
            guard let version = TLSProtocols(word: word) else {
                throw ConfigError("invalid value \"\(word)\"", statement)
            }
            protocols.formUnion(version)
        }
        return protocols
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
                    block.serverSettings.tls.server.sessionCache = try cache(word, statement)
                }
            },
            .seconds(
                "ssl_session_timeout", "How long a session may be resumed.", in: contexts, default: "5m",
                \.serverSettings.tls.server.sessionTimeoutSeconds),
            .flag(
                "ssl_session_tickets", "Whether sessions may be resumed by tickets.", in: contexts,
                default: true, \.serverSettings.tls.server.sessionTickets),
        ]
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
