internal import Config
internal import Core
internal import HTTP
internal import Net

/// Where `proxy_pass` leads.
final class ProxyTarget {
    /// The group, if it is known from the configuration.
    var groupIndex: Int?
    /// The whole URL, if variables make it.
    var template: Template<Variable>?
    var isTLS = false
    /// The URI part; `nil`: none was given.
    var uri: Template<Variable>?
    /// `$proxy_host`: host, and port unless it is the scheme's.
    var hostText: [UInt8] = []
    /// `$proxy_port`.
    var portText: [UInt8] = []
    /// The name that a group is found by, or made with.
    var groupName = ""
    /// The host of that name without its port.
    private(set) var host = ""

    /// What becomes of requests there.
    private enum Kind {
        case passed
        /// Clients are connected with it, and no request is sent (`tunnel_pass`).
        case tunnel
        /// Calls of gRPC (`grpc_pass`).
        case calls
    }

    private var kind = Kind.passed

    /// It is connected with clients; no request is sent (`tunnel_pass`).
    var isTunnel: Bool { kind == .tunnel }
    /// It is spoken to in gRPC (`grpc_pass`).
    var isGRPC: Bool { kind == .calls }

    var hasVariables: Bool { template != nil }
    /// The same as a tunnel's.
    var tunnelling: ProxyTarget {
        kind = .tunnel
        return self
    }
    /// A port was written.
    var namesPort: Bool { !host.isEmpty && host != groupName }
    /// `nil`: what stands there is none.
    var port: UInt16? {
        let port = SocketAddress.portNumber(String(decoding: portText, as: UTF8.self))
        return port == 0 ? nil : port
    }
    /// 0: it has none.
    var defaultPort: UInt16 { isGRPC ? 0 : isTLS ? 443 : 80 }
    /// As logs have it.
    var scheme: StaticString {
        switch (isGRPC, isTLS) {
        case (false, false): "http://"
        case (false, true): "https://"
        case (true, false): "grpc://"
        case (true, true): "grpcs://"
        }
    }
    /// What the directives that concern it begin with.
    var directivePrefix: String { isGRPC ? "grpc" : "proxy" }

    /// nginx's words.
    static var invalidPrefix: String { "invalid URL prefix" }

    /// - Parameter isGRPC: a `grpc_pass` names it.
    init(template: Template<Variable>, isGRPC: Bool = false) {
        self.template = template
        if isGRPC { kind = .calls }
    }

    /// Reads `grpc://host:port`, whose scheme may be missing. There is no URI part.
    ///
    /// - Throws: nginx's words, without a location.
    init(grpc url: [UInt8]) throws(ConfigError) {
        kind = .calls
        var rest = url[...]
        if ProxyTarget.starts(url, with: "grpc://") {
            rest = url.dropFirst(7)
        } else if ProxyTarget.starts(url, with: "grpcs://") {
            isTLS = true
            rest = url.dropFirst(8)
        }
        let text = String(decoding: rest, as: UTF8.self)
        if rest.starts(with: "unix:".utf8) {
            try settlePath(rest, text)
        } else if rest.isEmpty || rest.first == UInt8(ascii: ":") {
            throw ConfigError("no host in upstream \"\(text)\"")
        } else if rest.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }) {
            throw ConfigError("invalid host in upstream \"\(text)\"")
        } else {
            settleHost(text)
        }
    }

    private func settlePath(_ path: ArraySlice<UInt8>, _ text: String) throws(ConfigError) {
        guard path.count > 5 else {
            throw ConfigError("no path in the unix domain socket in upstream \"\(text)\"")
        }
        hostText = Array("localhost".utf8)
        groupName = String(decoding: path, as: UTF8.self)
    }

    /// Splits `http://host:port/uri`. What stands in the URI part is bytes, whatever they are.
    ///
    /// - Throws: nginx's "invalid URL prefix" and the like, without a location.
    init(url: [UInt8]) throws(ConfigError) {
        let rest: ArraySlice<UInt8>
        if ProxyTarget.starts(url, with: "http://") {
            rest = url.dropFirst(7)
        } else if ProxyTarget.starts(url, with: "https://") {
            isTLS = true
            rest = url.dropFirst(8)
        } else {
            throw ConfigError(ProxyTarget.invalidPrefix)
        }
        let restText = String(decoding: rest, as: UTF8.self)
        let host: ArraySlice<UInt8>
        let uriBytes: ArraySlice<UInt8>
        if rest.starts(with: "unix:".utf8) {
            // unix:/path:/uri
            let parts = rest.dropFirst(5).split(
                separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            host = rest.prefix(5 + (parts.first?.count ?? 0))
            uriBytes = parts.count > 1 ? parts[1] : []
            try settlePath(host, restText)
        } else {
            host = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            uriBytes = rest.dropFirst(host.count)
            guard !host.isEmpty else { throw ConfigError("no host in upstream \"\(restText)\"") }
            settleHost(String(decoding: host, as: UTF8.self))
        }
        guard let first = uriBytes.first else { return }
        uri = Template(constant: Array((first == UInt8(ascii: "/") ? "" : "/").utf8) + uriBytes)
    }

    private static func starts(_ url: [UInt8], with scheme: StaticString) -> Bool {
        let count = scheme.utf8CodeUnitCount
        return url.count >= count && equalsIgnoringCase(url.span.extracting(0..<count), scheme)
    }

    private func settleHost(_ host: String) {
        groupName = host
        hostText = Array(host.utf8)
        let (name, port) = HostAndPort.split(host)
        self.host = String(name)
        portText = Array((port ?? (isGRPC ? "" : "\(defaultPort)")).utf8)
        // The scheme's own port is not told.
        if let port, port == "\(defaultPort)" { hostText = Array(name.utf8) }
    }

    /// The same place as a URL of variables came out.
    func resolved(_ other: ProxyTarget) -> ProxyTarget {
        other.template = template
        return other
    }
}

extension ConfigurationBuilder {
    /// What `proxy_pass URL` of a block means.
    func proxyTarget(_ statement: Statement, _ block: Block) throws(ConfigError) -> ProxyTarget {
        let url = statement.argument(0)
        if url.contains("$") { return ProxyTarget(template: try template(url, statement)) }
        let target: ProxyTarget
        do throws(ConfigError) {
            target = try ProxyTarget(url: Array(url.utf8))
        } catch {
            throw ConfigError(error.message, statement)
        }
        if target.uri != nil, !takesURI(block) {
            throw ConfigError(
                "\"proxy_pass\" cannot have URI part in location given by regular expression,"
                    + " or inside named location, or inside \"if\" statement,"
                    + " or inside \"limit_except\" block",
                statement)
        }
        // Blocks of `upstream` are read before servers: whatever is no group is an address.
        target.groupIndex = try group(of: target, statement)
        return target
    }

    private func takesURI(_ block: Block) -> Bool {
        switch block.kind {
        case .prefix, .prefixWithoutRegex, .exact: true
        case .server, .regex, .named, .ifBlock: false
        }
    }
}
