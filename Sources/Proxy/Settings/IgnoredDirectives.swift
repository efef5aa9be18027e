internal import Config

/// Directives of nginx that cannot matter here: accepted, with one `[warn]` each.
enum IgnoredDirectives {
    static var directives: [Directive<Block>] {
        let anywhere: Context = [.http, .server, .location, .ifInLocation]
        return rows(
            [
                "sendfile", "sendfile_max_chunk", "tcp_nopush", "aio", "aio_write", "directio",
                "directio_alignment",
                "output_buffers", "postpone_output", "read_ahead", "open_file_cache",
                "open_file_cache_errors", "open_file_cache_min_uses",
                "open_file_cache_valid", "types_hash_max_size",
                "types_hash_bucket_size",
                "connection_pool_size",
                "request_pool_size",
                "send_lowat", "subrequest_output_buffer_size",

                "proxy_headers_hash_max_size", "proxy_headers_hash_bucket_size", "proxy_send_lowat",
                "proxy_temp_file_write_size", "tunnel_send_lowat", "tunnel_buffer_size",
                "msie_padding", "msie_refresh",
                "keepalive_min_timeout",
            ], in: anywhere)
            + rows(["referer_hash_max_size", "referer_hash_bucket_size"], in: [.server, .location])
            + rows(
                [
                    "server_names_hash_max_size", "server_names_hash_bucket_size", "variables_hash_max_size",
                    "variables_hash_bucket_size", "map_hash_max_size", "map_hash_bucket_size",
                ], in: .http)
            + rows(
                [
                    "lock_file", "timer_resolution", "pcre_jit", "thread_pool", "worker_rlimit_core",
                    "load_module",
                    "ssl_object_cache_inheritable", "debug_points",
                ], in: .main)
            + rows(
                [
                    "accept_mutex", "accept_mutex_delay", "debug_connection", "epoll_events",
                    "worker_aio_requests",
                ], in: .events)
    }

    /// What is not to be taken from a cache, or put into one: nothing is, so there is nothing to warn of.
    /// Their variables must exist.
    static var cacheExceptions: [Directive<Block>] {
        ["proxy_cache_bypass", "proxy_no_cache"].map { name in
            Directive(
                name, "Accepted for nginx's sake: nothing is cached.", "string ...",
                in: [.http, .server, .location], arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                for word in statement.arguments { _ = try block.template(word, statement) }
            }.repeatable
        }
    }

    /// What is to be known where that is more than that nothing depends on it.
    private static let reasons = [
        "worker_rlimit_core": "workers leave no core files, as keys are in their memory",
        "debug_connection": "there are no lines of level debug",
        "uninitialized_variable_warn": "nobody is warned of variables without a value",
        "load_module": "all that is here is built in",
        "keepalive_min_timeout": "a worker that ends waits ten seconds for one more request",
        "msie_padding": "old browsers are served as all others",
        "msie_refresh": "old browsers are served as all others",
    ]

    private static func rows(_ names: [String], in contexts: Context) -> [Directive<Block>] {
        names.map { name in
            Directive(
                name, "Accepted for nginx's sake; it does not matter here.", "...", in: contexts,
                arity: 0...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let reason = reasons[name].map { ": \($0)" } ?? ""
                block.builder.warnOnce(
                    name, ConfigError("\"\(name)\" is accepted but has no effect here\(reason)", statement))
            }.repeatable
        }
    }
}
