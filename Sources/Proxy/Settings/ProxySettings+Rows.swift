internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The `proxy_…` directives.
extension ProxySettings {
    private static var anywhere: Context { [.http, .server, .location] }

    static var directives: [Directive<Block>] {
        passRows + requestRows + timeRows + responseRows + bufferRows + failoverRows + tlsRows + tlsFileRows
    }

    private static var passRows: [Directive<Block>] {
        [
            Directive(
                "proxy_pass", "Passes requests to an upstream or an address.", "URL",
                in: [.location, .ifInLocation, .limitExcept], arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.content = .proxy(try block.builder.proxyTarget(statement, block))
            }
        ]
    }

    private static var requestRows: [Directive<Block>] {
        [
            .oneOf(
                "proxy_http_version", "The version of HTTP that peers are spoken to in.", in: anywhere,
                default: "1.1", [("1.0", UpstreamHTTPVersion.http10), ("1.1", .http11), ("2", .http2)],
                \.settings.proxy.httpVersion),
            .milliseconds(
                "http2_peer_ping",
                "Silence after which an HTTP/2 peer that owes responses is asked whether it is there; 0: never.",
                in: anywhere, default: "0", \.settings.proxy.http2PeerPingMs),
            .number(
                "http2_peer_streams", "Most requests at a time over one HTTP/2 connection to a peer.",
                in: anywhere, default: "100", \.settings.proxy.http2PeerStreams),
            template(
                "proxy_method", "The method that peers get instead of the client's.", "method",
                \.settings.proxy.method),
            template(
                "proxy_set_body", "The body that peers get instead of the client's.", "value",
                \.settings.proxy.setBody),
            .flag(
                "proxy_pass_request_headers", "Whether the client's fields are passed.", in: anywhere,
                default: true, \.settings.proxy.passesRequestHeaders),
            .flag(
                "proxy_pass_request_body", "Whether the client's body is passed.", in: anywhere,
                default: true, \.settings.proxy.passesRequestBody),
            Directive(
                "proxy_set_header", "Sets a field of requests to peers; an empty value sends none.",
                "field value", default: "Host $proxy_host", in: anywhere, arity: 2...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let name = statement.argument(0)
                block.settings.proxy.setHeaders.append(
                    ProxyHeader(
                        name: Array(name.utf8), lowercasedName: Array(name.lowercased().utf8),
                        value: try block.template(statement.argument(1), statement)))
            }.repeatable,
            .oneOf(
                "proxy_set_header_inherit", "What becomes of the proxy_set_header lines around a block.",
                in: anywhere, default: "on", Inheritance.words, \.settings.proxy.setHeaders.rule),
            bindRow("proxy_bind", "The local address of connections to peers.", \.settings.proxy.bind),
            .flag(
                "proxy_force_ranges", "Whether clients get ranges of contents whose gateways know of none.",
                in: anywhere, default: false, \.settings.proxy.forcesRanges),
            .flag(
                "proxy_socket_keepalive", "Whether the system probes idle connections to peers.",
                in: anywhere, default: false, \.settings.proxy.socketKeepalive),
        ]
    }

    static func bindRow(
        _ name: String, _ summary: String,
        _ path: any ReferenceWritableKeyPath<Block, LocalBinding?> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, "address [transparent] | off", in: anywhere, arity: 1...2) {
            (block: Block, statement: Statement) throws(ConfigError) in
            let isTransparent = statement.arguments.count == 2
            guard !isTransparent || statement.argument(1) == "transparent" else {
                throw .invalidParameter(statement.argument(1), statement)
            }
            let word = statement.argument(0)
            guard word == "off" || word.contains("$") || isAddress(word) else {
                throw ConfigError("invalid address \"\(word)\"", statement)
            }
            if isTransparent { block.builder.main.bindsTransparently = true }
            block[keyPath: path] =
                word == "off"
                ? nil
                : LocalBinding(address: try block.template(word, statement), isTransparent: isTransparent)
        }
    }

    /// An address of this machine, with or without a port.
    private static func isAddress(_ word: String) -> Bool {
        !word.hasPrefix("unix:")
            && (SocketAddress.parse(word, defaultPort: 1) ?? SocketAddress.parse("[\(word)]", defaultPort: 1))
                != nil
    }

    private static func template(
        _ name: String, _ summary: String, _ syntax: String,
        _ path: any ReferenceWritableKeyPath<Block, Template<Variable>?> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, syntax, in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block[keyPath: path] = try block.template(statement.argument(0), statement)
        }
    }

    private static var timeRows: [Directive<Block>] {
        [
            .milliseconds(
                "proxy_connect_timeout", "Longest wait for a connection to a peer.", in: anywhere,
                default: "60s", \.settings.proxy.connectTimeoutMs),
            .milliseconds(
                "proxy_send_timeout", "Longest gap between two writes of a request to a peer.", in: anywhere,
                default: "60s", \.settings.proxy.sendTimeoutMs),
            .milliseconds(
                "proxy_read_timeout", "Longest gap between two reads of a response from a peer.",
                in: anywhere, default: "60s", \.settings.proxy.readTimeoutMs),
        ]
    }

    private static var responseRows: [Directive<Block>] {
        [
            list(
                "proxy_hide_header", "A field of responses that is kept from clients.",
                \.settings.proxy.hideHeaders),
            list(
                "proxy_pass_header", "A field of responses that is passed although it is not by default.",
                \.settings.proxy.passHeaders),
            .flag(
                "proxy_pass_trailers", "Whether fields behind the content of messages are passed.",
                in: anywhere, default: false, \.settings.proxy.passesTrailers),
            .words(
                "proxy_ignore_headers", "Fields of responses that have no effect here.", in: anywhere,
                default: nil, ignorableHeaders, \.settings.proxy.ignoreHeaders),
            Directive(
                "proxy_redirect", "How Location and Refresh are rewritten.",
                "default | off | redirect replacement", default: "default", in: anywhere, arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try ProxyRedirectLine.read(statement, into: block)
            }.repeatable,
            cookie(
                "proxy_cookie_domain", "How the domain of cookies is rewritten.", "off | domain replacement",
                \.settings.proxy.cookieDomains, ProxyRedirectLine.domain),
            cookie(
                "proxy_cookie_path", "How the path of cookies is rewritten.", "off | path replacement",
                \.settings.proxy.cookiePaths, ProxyRedirectLine.rule),
            CookieFlagRule.directive,
            .flag(
                "proxy_intercept_errors", "Whether error_page applies to responses of peers.", in: anywhere,
                default: false, \.settings.proxy.interceptsErrors),
            .flag(
                "proxy_ignore_client_abort", "Whether a request goes on when its client has left.",
                in: anywhere, default: false, \.settings.proxy.ignoresClientAbort),
        ]
    }

    private static func list(
        _ name: String, _ summary: String,
        _ path: any ReferenceWritableKeyPath<Block, Replaceable<String>> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, "field", in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block[keyPath: path].append(statement.argument(0))
        }.repeatable
    }

    private static func cookie(
        _ name: String, _ summary: String, _ syntax: String,
        _ path: any ReferenceWritableKeyPath<Block, Replaceable<ProxyRedirect>> & Sendable,
        _ rule: @escaping @Sendable (Statement, Block) throws(ConfigError) -> ProxyRedirect
    ) -> Directive<Block> {
        Directive(name, summary, syntax, default: "off", in: anywhere, arity: 1...2) {
            (block: Block, statement: Statement) throws(ConfigError) in
            let rules = block[keyPath: path]
            if statement.arguments.count == 1 {
                guard statement.argument(0) == "off" else {
                    throw ConfigError("invalid parameter \"\(statement.argument(0))\"", statement)
                }
                guard !rules.isOwn else { throw .duplicate(statement) }
                return block[keyPath: path].clear()
            }
            if rules.isOwn, rules.elements.isEmpty { throw .duplicate(statement) }
            block[keyPath: path].append(try rule(statement, block))
        }.repeatable
    }

    private static var ignorableHeaders: [(word: String, value: IgnoredHeaders)] {
        [
            ("X-Accel-Redirect", .xAccelRedirect), ("X-Accel-Expires", .xAccelExpires),
            ("X-Accel-Limit-Rate", .xAccelLimitRate), ("X-Accel-Buffering", .xAccelBuffering),
            ("X-Accel-Charset", .xAccelCharset), ("Expires", .expires), ("Cache-Control", .cacheControl),
            ("Set-Cookie", .setCookie), ("Vary", .vary),
        ]
    }

    private static var bufferRows: [Directive<Block>] {
        [
            .flag(
                "proxy_buffering", "Whether a response is taken from the peer as fast as it comes.",
                in: anywhere, default: true, \.settings.proxy.isBuffered),
            .flag(
                "proxy_request_buffering", "Whether a request's body is read whole before a peer is chosen.",
                in: anywhere, default: true, \.settings.proxy.isRequestBuffered),
            .memory(
                "proxy_buffer_size", "Largest response head of a peer.", in: anywhere, default: "4k",
                \.settings.proxy.bufferSize),
            Directive(
                "proxy_buffers", "How much of a response is kept in memory for a slow client.", "number size",
                default: "8 4k", in: anywhere, arity: 2...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let buffers = Units.buffers(statement.argument(0), statement.argument(1))
                guard let buffers else {
                    throw ConfigError("\"proxy_buffers\" directive invalid value", statement)
                }
                block.settings.proxy.bufferCount = buffers.count
                block.settings.proxy.bodyBufferSize = buffers.size
            },
            Directive(
                "proxy_busy_buffers_size", "How much of a response may be on its way to the client.", "size",
                default: "8k", in: anywhere, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                guard let size = Units.size(statement.argument(0)) else { throw .invalidValue(statement) }
                block.settings.proxy.busyBuffersSize = size
            },
            .offset(
                "proxy_max_temp_file_size",
                "How much of a response may be kept in a file for a slow client; 0 is none.", in: anywhere,
                default: "1024m", \.settings.proxy.maxTempFileSize),
            Directive(
                "proxy_temp_path", "Where responses are kept for slow clients.",
                "path [level1 [level2 [level3]]]", default: "proxy_temp", in: anywhere, arity: 1...4
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.proxy.tempPath = try block.temporaryFolder(statement).path
            },
        ]
    }

    private static var failoverRows: [Directive<Block>] {
        [
            .words(
                "proxy_next_upstream", "What sends a request to the next peer.", in: anywhere,
                default: "error timeout", failoverConditions,
                \.settings.proxy.nextUpstream.conditions),
            .number(
                "proxy_next_upstream_tries", "Most peers that one request is tried at; 0 is all.",
                in: anywhere, default: "0", \.settings.proxy.nextUpstream.triesMax),
            .milliseconds(
                "proxy_next_upstream_timeout",
                "Longest time in which a request is tried at further peers; 0 is any.", in: anywhere,
                default: "0", \.settings.proxy.nextUpstream.timeoutMs),
            Directive(
                "proxy_next_upstream_budget",
                "Most requests that are tried again at one time, in percent of those under way, and 3 at least.",
                "n% | off", default: "20%", in: anywhere, arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                if statement.argument(0) == "off" { return block.settings.proxy.nextUpstreamBudget = nil }
                guard let percent = HealthCheckSettings.percent(statement.argument(0)) else {
                    throw .invalidValue(statement)
                }
                block.settings.proxy.nextUpstreamBudget = percent
            },
        ]
    }

    static var failoverConditions: [(word: String, value: NextUpstream)] {
        [
            ("error", .error), ("timeout", .timeout), ("invalid_header", .invalidHeader),
            ("http_500", .http500), ("http_502", .http502), ("http_503", .http503), ("http_504", .http504),
            ("http_403", .http403), ("http_404", .http404), ("http_429", .http429),
            ("non_idempotent", .nonIdempotent), ("updating", []), ("off", .off),
        ]
    }

    private static var tlsRows: [Directive<Block>] {
        [
            .flag(
                "proxy_ssl_server_name", "Whether peers are told the name that is asked for (SNI).",
                in: anywhere, default: false, \.settings.proxy.sslServerName),
            template(
                "proxy_ssl_name", "The name that a peer's certificate must have.", "name",
                \.settings.proxy.sslName),
            .flag(
                "proxy_ssl_verify", "Whether peers' certificates are checked.", in: anywhere, default: false,
                \.settings.proxy.sslVerify),
            .number(
                "proxy_ssl_verify_depth", "Longest chain of a peer's certificate.", in: anywhere,
                default: "1", \.settings.proxy.sslVerifyDepth),
            .flag(
                "proxy_ssl_session_reuse", "Whether TLS sessions with peers are resumed.", in: anywhere,
                default: true, \.settings.proxy.sslSessionReuse),
            .string(
                "proxy_ssl_ciphers", "Cipher suites offered to peers.", "ciphers", in: anywhere,
                default: "DEFAULT", \.settings.proxy.sslCiphers),
            .words(
                "proxy_ssl_protocols", "TLS versions offered to peers.", in: anywhere,
                default: "TLSv1.2 TLSv1.3", TLSProtocols.words, \.settings.proxy.sslProtocols),
        ]
    }

    private static var tlsFileRows: [Directive<Block>] {
        [
            file(
                "proxy_ssl_trusted_certificate", "Certificates that peers' certificates are checked with.",
                \.settings.proxy.sslTrustedCertificate),
            file(
                "proxy_ssl_certificate", "The certificate that peers are shown.",
                \.settings.proxy.sslCertificate),
            file(
                "proxy_ssl_certificate_key", "The key of that certificate.",
                \.settings.proxy.sslCertificateKey),
            Directive(
                "proxy_ssl_certificate_cache",
                "How many certificates that variables name are remembered, and how long without a look.",
                "off | max=N [inactive=time] [valid=time]", default: "off", in: anywhere, arity: 1...3
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.proxy.certificateCaching = try CertificateCaching.read(statement)
            },
            file(
                "proxy_ssl_password_file", "Passwords that the key is tried with, one a line.",
                \.settings.proxy.sslPasswordFile),
            file(
                "proxy_ssl_crl", "Certificates of peers that are revoked.",
                \.settings.proxy.sslRevocations),
            Directive(
                "proxy_ssl_conf_command", "A command of OpenSSL's own configuration.", "name value",
                in: anywhere, arity: 2...2
            ) { (block: Block, statement: Statement) throws(ConfigError) in
                block.settings.proxy.sslConfCommands.append(
                    TLSCommand(statement, isServer: false, block.builder))
            }.repeatable,
        ]
    }

    private static func file(
        _ name: String, _ summary: String, _ path: any ReferenceWritableKeyPath<Block, String?> & Sendable
    ) -> Directive<Block> {
        Directive(name, summary, "file", in: anywhere, arity: 1...1) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block[keyPath: path] = block.builder.confPath(statement.argument(0))
        }
    }
}

/// `proxy_redirect`, and the rules of `proxy_cookie_domain` and `proxy_cookie_path`.
private enum ProxyRedirectLine {
    static func read(_ statement: Statement, into block: Block) throws(ConfigError) {
        let redirects = block.settings.proxy.redirects
        guard !block.settings.proxy.redirectIsOff || !redirects.isOwn else { throw .duplicate(statement) }
        guard statement.arguments.count == 1 else {
            block.settings.proxy.redirectIsOff = false
            return block.settings.proxy.redirects.append(try rule(statement, block))
        }
        switch statement.argument(0) {
        case "off":
            guard !redirects.isOwn else { throw .duplicate(statement) }
            block.settings.proxy.redirectIsOff = true
            block.settings.proxy.redirects.clear()
        case "default":
            // As in nginx: what it stands for is the target of the location that it stands in.
            guard case .proxy(let target) = block.settings.content, !target.isGRPC else {
                throw ConfigError(
                    "\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive",
                    statement)
            }
            block.settings.proxy.redirectIsOff = false
            block.settings.proxy.redirects.append(
                ProxyRedirect(pattern: .locationDefault, replacement: Template(constant: [])))
        default: throw ConfigError("invalid parameter \"\(statement.argument(0))\"", statement)
        }
    }

    static func rule(_ statement: Statement, _ block: Block) throws(ConfigError) -> ProxyRedirect {
        let from = statement.argument(0)
        let pattern: ProxyRedirect.Pattern
        if from.hasPrefix("~") {
            let isCaseless = from.hasPrefix("~*")
            let text = String(from.dropFirst(isCaseless ? 2 : 1))
            pattern = .regex(try block.builder.regex(text, ignoringCase: isCaseless, statement))
        } else {
            pattern = .prefix(try block.template(from, statement))
        }
        return ProxyRedirect(
            pattern: pattern, replacement: try block.template(statement.argument(1), statement))
    }

    /// Names are compared without case, and without a dot before them.
    static func domain(_ statement: Statement, _ block: Block) throws(ConfigError) -> ProxyRedirect {
        let from = statement.argument(0)
        guard from.hasPrefix("~") else {
            return ProxyRedirect(
                pattern: .prefix(try block.template(withoutDot(from), statement)),
                replacement: try block.template(withoutDot(statement.argument(1)), statement))
        }
        let regex = try block.builder.regex(String(from.dropFirst()), ignoringCase: true, statement)
        return ProxyRedirect(
            pattern: .regex(regex), replacement: try block.template(statement.argument(1), statement))
    }

    private static func withoutDot(_ name: String) -> String {
        name.hasPrefix(".") ? String(name.dropFirst()) : name
    }
}
