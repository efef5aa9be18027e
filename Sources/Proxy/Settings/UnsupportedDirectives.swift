internal import Config

/// Directives of nginx and its common modules that are not here yet: the error says so, and what to do
/// instead, rather than calling them unknown.
enum UnsupportedDirectives {
    /// Names, those of whole families ending with `*`, and what serves in their stead.
    static var entries: [(names: [String], text: String)] {
        [
            (
                ["stream", "mail"],
                "only HTTP is balanced: keep what serves these ports, and leave the block out"
            ),
            (
                ["auth_jwt*"],
                "use \"auth_request\" with a service that checks it, or let the gateway check"
            ),
            (["tunnel_allow_upstream"], "tunnels lead to upstreams of the configuration alone"),
            (["sticky_*"], "use \"sticky\" in the upstream block"),
            (["least_time"], "use \"least_conn\""),
            (["ntlm"], "use \"ip_hash\" and let the gateway take another kind of authentication"),
            (["geoip*"], "use \"geo\" with networks"),
            (
                [
                    "error_log_tag", "stall_threshold", "proxy_allow_upstream", "proxy_bind_dynamic",
                    "proxy_request_dynamic", "proxy_ssl_key_log", "grpc_allow_upstream",
                    "grpc_bind_dynamic", "grpc_request_dynamic", "grpc_ssl_key_log", "ssl_key_log",
                    "ssl_ech_file",
                ], "it is of nginx's newest or commercial edition: leave it out"
            ),
            (["keyval*"], "use \"map\""),
            (["hls*", "f4f*"], "contents pass as they are: let the gateway make them"),
            (["brotli*", "zstd*"], "use \"gzip\", or let the gateway compress them"),
            (
                ["lua_*", "js_*"],
                "scripts are not run: use \"map\", \"geo\", \"if\" and \"return\", or let the gateway decide"
            ),
            (
                ["more_set_headers", "more_clear_headers", "headers_more*"],
                "use \"add_header\" and \"proxy_hide_header\""
            ),
            (
                ["more_set_input_headers", "more_clear_input_headers"],
                "use \"proxy_set_header\", with an empty value to clear"
            ),
            (["session_log*"], "use \"$request_id\" in the log"),
            (
                ["modsecurity*", "pagespeed*", "vhost_traffic_status*", "passenger*"],
                "that module is not here"
            ),
            (
                ["opentracing*", "otel_*"],
                "pass \"traceparent\" on as it is, and log it with \"$http_traceparent\""
            ),
            (
                [
                    "proxy_socket_rcvbuf", "proxy_socket_sndbuf", "grpc_socket_rcvbuf", "grpc_socket_sndbuf",
                    "tunnel_socket_rcvbuf", "tunnel_socket_sndbuf", "tunnel_bind_dynamic",
                    "ssl_alpn",
                    "ssl_engine", "zone_sync*",
                ], "leave it out"
            ),
        ]
    }

    /// Advice by the name, or by the beginning of a family's names.
    private struct Index {
        var names: [String: String] = [:]
        var families: [(prefix: String, advice: String)] = []

        init() {
            for (words, text) in entries {
                for word in words {
                    if word.hasSuffix("*") {
                        families.append((String(word.dropLast()), text))
                    } else {
                        names[word] = text
                    }
                }
            }
        }

        func advice(for name: String) -> String? {
            if name.contains("_by_lua") { return advice(for: "lua_") }
            return names[name] ?? families.first { name.hasPrefix($0.prefix) }?.advice
        }
    }

    private static let index = Index()

    /// Blocks that hold words of the operator's own, not directives.
    private static var tables: Set<String> {
        ["map", "types", "split_clients", "match", "mail", "stream", "geo", "charset_map"]
    }

    /// What to do instead of a directive that is not here; `nil`: it is here, or nobody knows it.
    private static func advice(for name: String) -> String? {
        guard Directives.table.rows(named: name).isEmpty, Directives.upstream.rows(named: name).isEmpty else {
            return nil
        }
        return index.advice(for: name)
    }

    static func includes(_ name: String) -> Bool { advice(for: name) != nil }

    /// One for each such directive in the order of the files, with advice where its name comes first.
    static func errors(in statements: [Statement]) -> [ConfigError] {
        var errors: [ConfigError] = []
        var named: Set<String> = []
        collect(statements, &named, &errors)
        return errors
    }

    private static func collect(
        _ statements: [Statement], _ named: inout Set<String>, _ errors: inout [ConfigError]
    ) {
        for statement in statements {
            let name = statement.name
            if let advice = advice(for: name) {
                let isFirst = named.insert(name).inserted
                errors.append(
                    .unsupported(
                        "the \"\(name)\" directive", advice: isFirst ? advice : nil, statement))
            } else if !tables.contains(name), let block = statement.block {
                collect(block, &named, &errors)
            }
        }
    }

    /// Variables that what is not here would define.
    struct Variables {
        private var names: Set<String> = []
        private var locatesClients = false

        func covers(_ name: String) -> Bool {
            names.contains(name) || (locatesClients && name.hasPrefix("geoip"))
        }

        fileprivate mutating func take(_ statements: [Statement], isAbsent: Bool) {
            for statement in statements {
                let name = statement.name
                let isAbsent = isAbsent || includes(name) || AbsentFeature.names.contains(name)
                if isAbsent {
                    if name.hasPrefix("geoip") { locatesClients = true }
                    let words = statement.words.filter { $0.hasPrefix("$") }
                    names.formUnion(words.map { $0.dropFirst().lowercased() })
                } else if tables.contains(name) {
                    continue
                }
                take(statement.block ?? [], isAbsent: isAbsent)
            }
        }
    }

    /// Whatever such directives, and lines in their blocks, name as a variable.
    static func variables(in statements: [Statement]) -> Variables {
        var found = Variables()
        found.take(statements, isAbsent: false)
        return found
    }

    /// The same statements without those directives.
    static func without(_ statements: [Statement]) -> [Statement] {
        statements.filter { !includes($0.name) }.map { statement in
            guard let block = statement.block, !tables.contains(statement.name) else { return statement }
            return Statement(
                words: statement.words, block: without(block), location: statement.location,
                order: statement.order)
        }
    }
}
