internal import Core
internal import HTTP

/// The variables of the configuration language: `$name`.
enum Variables {
    /// Every built-in variable, in the order in which their kin stand together.
    static let rows: [VariableRow] =
        requestRows + targetRows + bodyRows + connectionRows + workerRows + responseRows + upstreamRows
        + tlsRows + limitRows + linkRows + traceRows + browserRows + userIDRows

    /// The variable called `name` (without `$`), unless it is one that the configuration itself defines.
    static func resolve(_ name: String) -> Variable? {
        if let index = rows.firstIndex(where: { $0.name == name }) { return .builtin(index) }
        if name.hasPrefix(proxyValuePrefix) {
            return ProxyProtocolValues.name(String(name.dropFirst(proxyValuePrefix.count))).map {
                .proxyValue($0)
            }
        }
        for prefix in prefixes where name.hasPrefix(prefix.text) {
            return prefix.make(Array(name.utf8.dropFirst(prefix.text.utf8.count)))
        }
        return nil
    }

    /// Built-in variables that the configuration may define as well, as in nginx: where it gives them no
    /// value, they have their own.
    static let replaceable = Set(
        (tlsRows + browserRows).map(\.name) + ["proxy_host", "proxy_port", "invalid_referer", "uid_reset"])

    /// Built-in variables in whose values no control character can stand: they are made here, or were judged
    /// with the head that they came in. Of `$host` that holds where the request names one.
    static let cleanNames: Set<String> = [
        "host", "http_host", "proxy_add_x_forwarded_for", "remote_addr", "remote_port", "request_id",
        "scheme", "server_port",
    ]

    /// Variables for fields that nginx has rows of their own for.
    private static var fixedFields: [String] { ["http_via", "sent_http_cache_control", "sent_http_link"] }

    /// Whether the configuration may not define a variable of this name.
    static func isReserved(_ name: String) -> Bool {
        if fixedFields.contains(name) { return true }
        guard case .builtin? = resolve(name) else { return false }
        return !replaceable.contains(name)
    }

    private static var proxyValuePrefix: String { "proxy_protocol_tlv_" }

    /// Appends the value of `variable` to `out`.
    ///
    /// - Returns: false, and nothing is appended, if it has none: logs show a hyphen, templates nothing.
    static func append(_ variable: Variable, of exchange: Exchange, to out: ByteBuffer) -> Bool {
        switch variable {
        case .builtin(let index):
            return rows[index].append(exchange, out)
        case .requestField(let name):
            return exchange.appendRequestField(named: name, to: out)
        case .argument(let name):
            return exchange.appendArgument(named: name, to: out)
        case .cookie(let name):
            return exchange.appendCookie(named: name, to: out)
        case .proxyValue(let name):
            guard let value = ProxyProtocolValues.value(name, in: exchange.client.proxyProtocolValues) else {
                return false
            }
            out.append(Array(value))
            return true
        case .sentField(let name):
            return exchange.appendResponseField(named: name, to: out)
        case .sentTrailer(let name):
            return exchange.appendTrailer(named: name, to: out)
        case .upstreamTrailer(let name):
            return exchange.appendUpstreamTrailer(named: name, to: out)
        case .upstreamField(let name):
            return exchange.appendUpstreamField(named: name, to: out)
        case .upstreamCookie(let name):
            return exchange.appendUpstreamCookie(named: name, to: out)
        case .user(let index):
            guard index < exchange.values.user.count, exchange.values.user[index].isSet else {
                return exchange.appendUnset(index, to: out)
            }
            out.append(exchange.values.user[index].bytes)
            return true
        case .computed(let index):
            return exchange.appendComputed(index, to: out)
        }
    }

    /// What `-h` says of a variable (without `$`); `nil`: there is none of this name.
    static func help(for name: String) -> String? {
        if let row = rows.first(where: { $0.name == name }) { return "\(row.about)\nVariable: $\(name)" }
        let family = families.first { name.hasPrefix($0.name) }
        return family.map { "\($0.about)\nVariable: $\($0.name)name" }
    }

    /// How the names of each family begin, and what its variables show.
    static var families: [(name: String, about: String)] {
        prefixes.map { ($0.text, $0.about) } + [
            (
                proxyValuePrefix,
                "A value of the PROXY protocol's header: `alpn`, `authority`, `ssl_cn`, `0x01` and so on."
            )
        ]
    }

    /// Variables whose names go on with that of a field, a cookie or an argument.
    private struct Prefix: Sendable {
        let text: String
        let about: String
        let make: @Sendable ([UInt8]) -> Variable
    }

    private static var prefixes: [Prefix] {
        [
            Prefix(text: "http_", about: "A field of the request; `_` stands for `-`.") { .requestField($0) },
            Prefix(text: "arg_", about: "An argument of the query.") { .argument($0) },
            Prefix(text: "cookie_", about: "A cookie of the request.") { .cookie($0) },
            Prefix(text: "sent_http_", about: "A field of the response.") { .sentField($0) },
            Prefix(text: "sent_trailer_", about: "A field behind the content of the response.") {
                .sentTrailer($0)
            },
            Prefix(text: "upstream_trailer_", about: "A field behind the content of the gateway's response.")
            {
                .upstreamTrailer($0)
            },
            Prefix(text: "upstream_http_", about: "A field of the gateway's response.") {
                .upstreamField($0)
            },
            Prefix(text: "upstream_cookie_", about: "A cookie that the gateway sets.") {
                .upstreamCookie($0)
            },
        ]
    }
}
