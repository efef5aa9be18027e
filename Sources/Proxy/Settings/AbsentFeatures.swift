internal import Config

/// What nginx does and this program does not: what switches it on is refused, with what serves in its stead.
///
/// A configuration that merely tunes it, or says that it is off, loses nothing, and is told so once.
struct AbsentFeature {
    /// As it is called in a sentence.
    let name: String
    /// What to do instead.
    let advice: String
    /// What switches it on, but for `off`.
    let switches: [Switch]
    /// What tunes it where it is switched on.
    var tuning: [String] = []
    var tuningContexts: Context = [.http, .server, .location]

    /// A directive that asks for the feature.
    struct Switch {
        let name: String
        let contexts: Context
        /// The words by which it does not.
        let off: String

        init(_ name: String, in contexts: Context = [.http, .server, .location], unless off: String = "off") {
            self.name = name
            self.contexts = contexts
            self.off = off
        }
    }

    private var directives: [Directive<Block>] {
        switches.map { row(for: $0) } + tuning.map { row(forTuning: $0) }
    }

    private func row(for word: Switch) -> Directive<Block> {
        let (name, advice) = (word.name, advice)
        return Directive(
            name, "Not here unless `\(word.off)`: \(advice).", "...", in: word.contexts, arity: 0...Int.max
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            guard !statement.arguments.elementsEqual([word.off]) else { return }
            let isFirst = block.builder.isFirst("absent \(name)")
            throw .unsupported("the \"\(name)\" directive", advice: isFirst ? advice : nil, statement)
        }.repeatable
    }

    private func row(forTuning name: String) -> Directive<Block> {
        let feature = self.name
        return Directive(
            name, "Accepted for nginx's sake: \(feature) is not here.", "...", in: tuningContexts,
            arity: 0...Int.max
        ) {
            (block: Block, statement: Statement) throws(ConfigError) in
            block.builder.warnOnce(
                "absent \(feature)",
                ConfigError(
                    "\"\(name)\", and whatever else tunes \(feature), has no effect: that is not here",
                    statement))
        }.repeatable
    }
}

extension AbsentFeature {
    static var rows: [Directive<Block>] { all.flatMap(\.directives) }

    /// The directives of all of them.
    static let names = Set(rows.map(\.name))

    static var all: [AbsentFeature] {
        [cache, slices, fastCGI, uwsgi, scgi, memcached] + makers + others
    }

    private static let gateways =
        "gateways are spoken to in HTTP only: use \"proxy_pass\" to the application's HTTP port"
    private static let contents = "contents pass as they are: let the gateway make them"
    private static let scripts =
        "scripts are not run: use \"map\", \"geo\", \"if\" and \"return\", or let the gateway decide"
    private static let cached = "nothing is cached: leave it out, and every request goes to the gateways"

    private static func names(_ prefix: String, _ rest: String...) -> [String] {
        rest.flatMap { $0.split(separator: " ") }.map { "\(prefix)_\($0)" }
    }

    /// What tunes caches, whatever protocol fills them.
    private static let caching = """
        cache_background_update cache_key cache_lock cache_lock_age cache_lock_timeout \
        cache_max_range_offset cache_methods cache_min_uses cache_path cache_revalidate cache_use_stale \
        cache_valid cache_purge store_access
        """
    /// What tunes connections to gateways of every protocol.
    private static let connecting = """
        bind buffer_size connect_timeout next_upstream next_upstream_timeout next_upstream_tries \
        read_timeout send_timeout socket_keepalive socket_rcvbuf socket_sndbuf
        """
    /// What tunes requests and responses of those that resemble HTTP.
    private static let passing = """
        hide_header ignore_headers intercept_errors pass_header
        """
    private static let buffering = """
        buffering buffers busy_buffers_size force_ranges ignore_client_abort limit_rate max_temp_file_size \
        param pass_request_body pass_request_headers request_buffering temp_file_write_size temp_path \
        cache_bypass no_cache
        """
    private static let securing = """
        ssl_certificate ssl_certificate_cache ssl_certificate_key ssl_ciphers ssl_conf_command ssl_crl \
        ssl_key_log ssl_name ssl_password_file ssl_protocols ssl_server_name ssl_session_reuse \
        ssl_trusted_certificate ssl_verify ssl_verify_depth
        """

    private static var cache: AbsentFeature {
        AbsentFeature(
            name: "the cache", advice: cached,
            switches: [Switch("proxy_cache"), Switch("proxy_store")],
            tuning: names("proxy", caching, "cache_convert_head"))
    }

    private static var slices: AbsentFeature {
        AbsentFeature(name: "slicing", advice: cached, switches: [Switch("slice", unless: "0")])
    }

    private static var fastCGI: AbsentFeature {
        gateway(
            "FastCGI", "fastcgi",
            tuning: names(
                "fastcgi", caching, connecting, passing, buffering,
                "catch_stderr index keep_conn send_lowat split_path_info"))
    }

    private static var uwsgi: AbsentFeature {
        gateway(
            "uwsgi", "uwsgi",
            tuning: names(
                "uwsgi", caching, connecting, passing, buffering, securing, "modifier1 modifier2 string"))
    }

    private static var scgi: AbsentFeature {
        gateway("SCGI", "scgi", tuning: names("scgi", caching, connecting, passing, buffering))
    }

    private static func gateway(_ name: String, _ prefix: String, tuning: [String]) -> AbsentFeature {
        AbsentFeature(
            name: name, advice: gateways,
            switches: [
                Switch("\(prefix)_pass", in: [.location, .ifInLocation]), Switch("\(prefix)_cache"),
                Switch("\(prefix)_store"),
            ], tuning: tuning)
    }

    private static var memcached: AbsentFeature {
        AbsentFeature(
            name: "memcached", advice: gateways,
            switches: [Switch("memcached_pass", in: [.location, .ifInLocation])],
            tuning: names("memcached", connecting, "gzip_flag"))
    }

    /// What makes contents, or changes them.
    private static var makers: [AbsentFeature] {
        [
            AbsentFeature(
                name: "SSI", advice: contents,
                switches: [Switch("ssi", in: [.http, .server, .location, .ifInLocation])],
                tuning: names("ssi", "last_modified min_file_chunk silent_errors types value_length")),
            AbsentFeature(
                name: "XSLT", advice: contents,
                switches: [Switch("xslt_stylesheet", in: .location), Switch("xml_entities")],
                tuning: names("xslt", "last_modified param string_param types")),
            AbsentFeature(
                name: "the filter of images", advice: contents,
                switches: [Switch("image_filter", in: .location)],
                tuning: names(
                    "image_filter", "buffer interlace jpeg_quality sharpen transparency webp_quality")),
            AbsentFeature(
                name: "streaming of MP4",
                advice: "files are served as they are, with ranges, which players use: leave it out",
                switches: [Switch("mp4", in: .location)],
                tuning: names(
                    "mp4", "buffer_size max_buffer_size limit_rate limit_rate_after start_key_frame")),
            AbsentFeature(
                name: "perl",
                advice:
                    scripts,
                switches: [Switch("perl", in: [.location, .limitExcept]), Switch("perl_set", in: .http)],
                tuning: ["perl_modules", "perl_require"], tuningContexts: .http),
        ]
    }

    private static var others: [AbsentFeature] {
        [
            AbsentFeature(
                name: "WebDAV", advice: "files are only read: let the gateway take uploads",
                switches: [Switch("dav_methods")],
                tuning: ["dav_access", "create_full_put_path", "min_delete_depth"]),
            AbsentFeature(
                name: "HTTP/3", advice: "HTTP/3 is not spoken: leave it out",
                switches: [Switch("http3", in: [.http, .server])],
                tuning: names("http3", "hq max_concurrent_streams stream_buffer_size max_table_capacity")
                    + names(
                        "quic", "retry gso active_connection_id_limit bpf host_key mtu stream_buffer_size"),
                tuningContexts: [.main, .http, .server]),
        ]
    }
}
