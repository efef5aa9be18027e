internal import Config
internal import Net
internal import Upstream

/// `tunnel_pass` and its kin: how CONNECT reaches an upstream. Times are milliseconds.
struct TunnelSettings {
    var connectTimeoutMs = 60_000
    var sendTimeoutMs = 60_000
    var readTimeoutMs = 60_000
    var nextUpstream = Attempts.Terms()
    var bind: LocalBinding?
    var socketKeepalive = false
}

extension ProxySettings {
    /// What a location that tunnels has in place of its `proxy_…` directives.
    mutating func take(_ tunnel: TunnelSettings) {
        connectTimeoutMs = tunnel.connectTimeoutMs
        sendTimeoutMs = tunnel.sendTimeoutMs
        readTimeoutMs = tunnel.readTimeoutMs
        nextUpstream = tunnel.nextUpstream
        bind = tunnel.bind
        socketKeepalive = tunnel.socketKeepalive
    }
}

extension TunnelSettings {
    private static var anywhere: Context { [.http, .server, .location] }

    static var directives: [Directive<Block>] { [passRow] + waitRows + failoverRows }

    private static var passRow: Directive<Block> {
        Directive(
            "tunnel_pass",
            "Connects clients that ask for it (CONNECT) with a server of an upstream of the configuration.",
            "[address]", default: "$host:$request_port", in: [.server, .location, .ifInLocation],
            arity: 0...1
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.content = .tunnel(try block.builder.tunnelTarget(statement))
            block.serverSettings.allowsConnect = true
        }
    }

    private static var waitRows: [Directive<Block>] {
        [
            .milliseconds(
                "tunnel_connect_timeout", "Longest wait for a connection of a tunnel.", in: anywhere,
                default: "60s", \.settings.tunnel.connectTimeoutMs),
            .milliseconds(
                "tunnel_send_timeout", "Longest gap between two writes to the server of a tunnel.",
                in: anywhere, default: "60s", \.settings.tunnel.sendTimeoutMs),
            .milliseconds(
                "tunnel_read_timeout", "How long nothing may pass through a tunnel.", in: anywhere,
                default: "60s", \.settings.tunnel.readTimeoutMs),
            ProxySettings.bindRow(
                "tunnel_bind", "The local address of tunnels' connections.", \.settings.tunnel.bind),
            .flag(
                "tunnel_socket_keepalive", "Whether the system probes idle connections of tunnels.",
                in: anywhere, default: false, \.settings.tunnel.socketKeepalive),
        ]
    }

    private static var failoverRows: [Directive<Block>] {
        [
            .words(
                "tunnel_next_upstream", "What makes a tunnel try the next server.", in: anywhere,
                default: "error timeout", [("error", .error), ("timeout", .timeout), ("off", .off)],
                \.settings.tunnel.nextUpstream.conditions),
            .number(
                "tunnel_next_upstream_tries", "Most servers that one tunnel is tried at; 0 is all.",
                in: anywhere, default: "0", \.settings.tunnel.nextUpstream.triesMax),
            .milliseconds(
                "tunnel_next_upstream_timeout",
                "Longest time in which a tunnel is tried at further servers; 0 is any.", in: anywhere,
                default: "0", \.settings.tunnel.nextUpstream.timeoutMs),
        ]
    }
}

extension ConfigurationBuilder {
    /// What `tunnel_pass` of a block means.
    ///
    /// - Throws: what is neither an upstream nor an address with a port, in nginx's words.
    func tunnelTarget(_ statement: Statement) throws(ConfigError) -> ProxyTarget {
        let text = statement.arguments.first ?? "$host:$request_port"
        if text.contains("$") {
            return ProxyTarget(template: try template(text, statement)).tunnelling
        }
        let target: ProxyTarget
        do throws(ConfigError) {
            target = try ProxyTarget(url: Array("http://\(text)".utf8))
        } catch {
            throw ConfigError(error.message, statement)
        }
        guard target.uri == nil, !text.contains("/") || text.hasPrefix("unix:") else {
            throw ConfigError("invalid host in upstream \"\(text)\"", statement)
        }
        target.groupIndex = try group(ofAddress: target, statement)
        return target.tunnelling
    }

    /// The group of what is an upstream or an address, for which no port can be supposed.
    ///
    /// - Throws: there is no port, in nginx's words.
    func group(ofAddress target: ProxyTarget, _ statement: Statement) throws(ConfigError) -> Int {
        let text = target.groupName
        let isKnown = upstreams.contains { !$0.isImplicit && $0.name.lowercased() == text.lowercased() }
        guard isKnown || text.hasPrefix("unix:") || target.namesPort else {
            throw ConfigError(
                "no port in upstream \"\(text)\""
                    + Spelling.hint(for: text, in: upstreams.filter { !$0.isImplicit }.map(\.name)),
                statement)
        }
        return try group(of: target, statement)
    }
}
