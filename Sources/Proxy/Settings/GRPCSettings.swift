internal import Config
internal import Upstream

/// `grpc_pass` and its kin: what `proxy_…` says of gateways that are sent HTTP, said of those that are sent
/// gRPC.
///
/// Each of the directives is the one of `proxy_…` that ends in the same words, and sets the same settings of
/// a place of their own.
struct GRPCSettings {
    private indirect enum Place { case settings(ProxySettings) }

    /// Shared by the blocks that inherit it.
    private var place: Place

    /// nginx's defaults: messages pass both ways as they come, and what follows them with them.
    init() {
        var settings = ProxySettings()
        settings.httpVersion = .http2
        settings.needsHTTP2 = true
        settings.isBuffered = false
        settings.isRequestBuffered = false
        settings.passesTrailers = true
        settings.redirectIsOff = true
        place = .settings(settings)
    }

    /// What a location that passes gRPC has in place of its `proxy_…` directives.
    var proxy: ProxySettings {
        get {
            switch place {
            case .settings(let settings): settings
            }
        }
        set { place = .settings(newValue) }
    }
}

extension ProxySettings {
    /// What a location that passes gRPC has in place of its `proxy_…` directives.
    mutating func take(_ grpc: GRPCSettings) {
        let own = self
        self = grpc.proxy
        tempPath = own.tempPath
        http2PeerStreams = own.http2PeerStreams
        http2PeerPingMs = own.http2PeerPingMs
        // As in nginx: nothing that a gateway says has a stream buffered.
        ignoreHeaders.insert(.xAccelBuffering)
    }
}

extension GRPCSettings {
    static var directives: [Directive<Block>] {
        [passRow, nextUpstreamRow, webRow] + ProxySettings.directives.compactMap(row)
    }

    private static var passRow: Directive<Block> {
        Directive(
            "grpc_pass", "Passes gRPC calls, or any other requests, to an upstream that speaks HTTP/2.",
            "[grpc:// | grpcs://]address", in: [.location, .ifInLocation], arity: 1...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .proxy(try block.builder.grpcTarget(statement))
        }
    }

    private static var nextUpstreamRow: Directive<Block> {
        .words(
            "grpc_next_upstream", "What sends a call to the next peer.", in: [.http, .server, .location],
            default: "error timeout",
            ProxySettings.failoverConditions + [("grpc_unavailable", .grpcUnavailable)],
            \.settings.grpcProxy.nextUpstream.conditions)
    }

    private static var webRow: Directive<Block> {
        .flag(
            "grpc_web", "Whether calls of browsers (gRPC-Web) are made into those of gRPC, and back.",
            in: [.http, .server, .location], default: false, \.settings.grpcProxy.translatesWeb)
    }

    /// The ends of names that `grpc_…` has in common with `proxy_…`.
    private static let shared: Set<String> = [
        "bind", "buffer_size", "connect_timeout", "hide_header", "ignore_headers", "intercept_errors",
        "next_upstream_budget", "next_upstream_timeout", "next_upstream_tries", "pass_header",
        "read_timeout", "send_timeout", "set_header", "socket_keepalive", "ssl_certificate",
        "ssl_certificate_cache", "ssl_certificate_key", "ssl_ciphers", "ssl_conf_command", "ssl_crl",
        "ssl_name", "ssl_password_file", "ssl_protocols", "ssl_server_name", "ssl_session_reuse",
        "ssl_trusted_certificate", "ssl_verify", "ssl_verify_depth",
    ]

    /// The row of `grpc_…` for one of `proxy_…`, if there is one.
    private static func row(of proxied: Directive<Block>) -> Directive<Block>? {
        let end = String(proxied.name.dropFirst("proxy_".count))
        guard proxied.name.hasPrefix("proxy_"), shared.contains(end) else { return nil }
        return proxied.like("grpc_\(end)") { (block: Block, statement: Statement) throws(ConfigError) in
            let own = block.settings.proxy
            block.settings.proxy = block.settings.grpcProxy
            defer { block.settings.proxy = own }
            try proxied.apply(block, statement)
            block.settings.grpcProxy = block.settings.proxy
        }
    }
}

extension LocationSettings {
    /// What the `grpc_…` directives say.
    fileprivate var grpcProxy: ProxySettings {
        get { (grpc ?? GRPCSettings()).proxy }
        set {
            var changed = grpc ?? GRPCSettings()
            changed.proxy = newValue
            grpc = changed
        }
    }
}

extension ConfigurationBuilder {
    /// What `grpc_pass` of a block means.
    func grpcTarget(_ statement: Statement) throws(ConfigError) -> ProxyTarget {
        let url = statement.argument(0)
        if url.contains("$") { return ProxyTarget(template: try template(url, statement), isGRPC: true) }
        let target: ProxyTarget
        do throws(ConfigError) {
            target = try ProxyTarget(grpc: Array(url.utf8))
        } catch {
            throw ConfigError(error.message, statement)
        }
        target.groupIndex = try group(ofAddress: target, statement)
        return target
    }
}
