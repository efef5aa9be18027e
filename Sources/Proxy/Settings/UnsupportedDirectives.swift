internal import Config

/// Directives of nginx that are not here yet: the error says so, rather than calling them unknown.
enum UnsupportedDirectives {
    private static var names: Set<String> {
        [
            "add_after_body", "add_before_body", "disable_symlinks", "auth_request", "auth_request_set",
            "autoindex",
            "early_hints", "empty_gif", "geoip_country", "image_filter", "js_content",
            "js_import", "least_time", "mail", "mirror", "mirror_request_body", "ntlm", "perl",
            "proxy_store", "proxy_cookie_flags", "proxy_socket_rcvbuf",
            "proxy_socket_sndbuf",
            "referer_hash_bucket_size", "secure_link", "slice", "ssi", "ssl_alpn",
            "ssl_engine",

            "sticky", "stream",
            "sub_filter", "sub_filter_once", "sub_filter_types", "tunnel_pass",
            "valid_referers", "xslt_stylesheet", "add_header_inherit", "add_trailer_inherit", "zone_sync",
        ]
    }

    private static var families: [String] {
        [
            "dav_", "fastcgi_", "grpc_", "keyval", "limit_conn", "limit_req", "memcached_", "proxy_cache",
            "quic_", "scgi_", "session_log", "sub_filter", "userid", "uwsgi_",
        ]
    }

    /// Blocks that hold words of the operator's own, not directives.
    private static var tables: Set<String> {
        ["map", "types", "split_clients", "match", "mail", "stream"]
    }

    static func includes(_ name: String) -> Bool {
        guard Directives.table.rows(named: name).isEmpty, Directives.upstream.rows(named: name).isEmpty else {
            return false
        }
        return names.contains(name) || families.contains { name.hasPrefix($0) }
    }

    /// - Throws: for the first such directive in the order of the files.
    static func refuse(_ statements: [Statement]) throws(ConfigError) {
        for statement in statements {
            guard !includes(statement.name) else {
                throw ConfigError("the \"\(statement.name)\" directive is not supported yet", statement)
            }
            if !tables.contains(statement.name) { try refuse(statement.block ?? []) }
        }
    }
}
