internal import Config

/// Directives of nginx that cannot matter here: accepted with what nginx accepts, and one `[warn]` each.
enum IgnoredDirectives {
    static var directives: [Directive<Block>] {
        contentRows + proxyRows + tableRows + processRows
    }

    private static let anywhere: Context = [.http, .server, .location]

    private static var contentRows: [Directive<Block>] {
        rows(["sendfile"], .flag, in: [.http, .server, .location, .ifInLocation])
            + rows(
                [
                    "tcp_nopush", "aio_write", "open_file_cache_errors", "open_file_cache_events",
                    "gzip_no_buffer",
                ], .flag)
            + rows(
                [
                    "sendfile_max_chunk", "postpone_output", "read_ahead", "send_lowat",
                    "subrequest_output_buffer_size", "gzip_window", "gzip_hash", "postpone_gzipping",
                ], .size)
            + rows(["directio"], .offset(orElse: "off"))
            + rows(["directio_alignment"], .offset(orElse: nil))
            + rows(["output_buffers"], .buffers)
            + rows(["aio"], .transfers)
            + rows(["open_file_cache"], .openFiles)
            + rows(["open_file_cache_valid"], .seconds)
            + rows(["open_file_cache_min_uses", "types_hash_max_size", "types_hash_bucket_size"], .number)
            + rows(
                ["connection_pool_size", "request_pool_size", "http2_pool_size"], .pool, in: [.http, .server])
            + rows(["http2_streams_index_size"], .number, in: [.http, .server])
    }

    private static var proxyRows: [Directive<Block>] {
        rows(["proxy_headers_hash_max_size", "proxy_headers_hash_bucket_size"], .number)
            + rows(
                [
                    "proxy_send_lowat", "proxy_temp_file_write_size", "tunnel_send_lowat",
                    "tunnel_buffer_size",
                ],
                .size)
    }

    private static var tableRows: [Directive<Block>] {
        rows(["referer_hash_max_size", "referer_hash_bucket_size"], .number, in: [.server, .location])
            + rows(
                [
                    "server_names_hash_max_size", "server_names_hash_bucket_size", "variables_hash_max_size",
                    "variables_hash_bucket_size", "map_hash_max_size", "map_hash_bucket_size",
                ], .number, in: .http)
    }

    private static var processRows: [Directive<Block>] {
        rows(["lock_file", "load_module"], .word, in: .main)
            + rows(["timer_resolution"], .milliseconds, in: .main)
            + rows(["pcre_jit", "ssl_object_cache_inheritable"], .flag, in: .main)
            + rows(["thread_pool"], .threads, in: .main)
            + rows(["worker_rlimit_core"], .offset(orElse: nil), in: .main)
            + rows(["debug_points"], .oneOf(["stop", "abort"]), in: .main)
            + rows(["accept_mutex"], .flag, in: .events)
            + rows(["accept_mutex_delay"], .milliseconds, in: .events)
            + rows(["debug_connection"], .word, in: .events)
            + rows(["epoll_events", "worker_aio_requests"], .number, in: .events)
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
        "load_module": "all that is here is built in",
    ]

    /// What may stand more than once in a block.
    private static let repeated: Set<String> = ["debug_connection", "load_module", "thread_pool"]

    private static func rows(
        _ names: [String], _ kind: IgnoredArguments, in contexts: Context = anywhere
    ) -> [Directive<Block>] {
        names.map { name in
            let row = Directive(
                name, "Accepted for nginx's sake; it does not matter here.", kind.syntax, in: contexts,
                arity: kind.arity
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try kind.check(statement)
                if name == "aio" { block.builder.threadPools.use(statement) }
                if name == "thread_pool" { try block.builder.threadPools.define(statement) }
                let reason = reasons[name].map { ": \($0)" } ?? ""
                block.builder.warnOnce(
                    name, ConfigError("\"\(name)\" is accepted but has no effect here\(reason)", statement))
            }
            return repeated.contains(name) ? row.repeatable : row
        }
    }
}

/// The names of `thread_pool`s, and where `aio` refers to them.
struct ThreadPools {
    private var names: Set<String> = []
    private var uses: [(name: String, statement: Statement)] = []

    fileprivate mutating func define(_ statement: Statement) throws(ConfigError) {
        guard names.insert(statement.argument(0)).inserted else {
            throw ConfigError("duplicate thread pool \"\(statement.argument(0))\"", statement)
        }
    }

    /// Of a name that variables make nothing is known.
    fileprivate mutating func use(_ statement: Statement) {
        let word = statement.argument(0)
        guard word.hasPrefix("threads="), !word.contains("$") else { return }
        uses.append((String(word.dropFirst("threads=".count)), statement))
    }

    /// All that the files say is known.
    func check() throws(ConfigError) {
        for (name, statement) in uses where name != "default" && !names.contains(name) {
            throw ConfigError("unknown thread pool \"\(name)\"", statement)
        }
    }
}

/// What nginx takes as the arguments of a directive: what it refuses is wrong here too.
private enum IgnoredArguments {
    case flag, number, size, buffers, milliseconds, seconds, word
    /// `connection_pool_size`
    case pool
    case offset(orElse: String?)
    case oneOf([String])
    /// `open_file_cache`
    case openFiles
    /// `aio`
    case transfers
    /// `thread_pool`
    case threads

    var syntax: String {
        switch self {
        case .flag: "on | off"
        case .number: "number"
        case .size, .pool, .offset(orElse: nil): "size"
        case .offset(let word?): "size | \(word)"
        case .buffers: "number size"
        case .milliseconds, .seconds: "time"
        case .word: "..."
        case .oneOf(let words): words.joined(separator: " | ")
        case .openFiles: "off | max=number [inactive=time]"
        case .transfers: "on | off | threads[=pool]"
        case .threads: "name threads=number [max_queue=number]"
        }
    }

    var arity: ClosedRange<Int> {
        switch self {
        case .buffers: 2...2
        case .openFiles: 1...2
        case .threads: 2...3
        case .flag, .number, .size, .pool, .offset, .milliseconds, .seconds, .word, .oneOf, .transfers: 1...1
        }
    }

    func check(_ statement: Statement) throws(ConfigError) {
        let word = statement.argument(0)
        switch self {
        case .flag:
            guard ["on", "off"].contains(word.lowercased()) else {
                throw ConfigError(
                    "invalid value \"\(word)\" in \"\(statement.name)\" directive,"
                        + " it must be \"on\" or \"off\"",
                    statement)
            }
        case .oneOf(let words):
            guard words.contains(word.lowercased()) else {
                throw ConfigError("invalid value \"\(word)\"", statement)
            }
        case .number:
            guard Units.number(word) != nil else {
                throw ConfigError("\"\(statement.name)\" directive invalid number", statement)
            }
        case .size: try IgnoredArguments.want(Units.size(word), statement)
        case .offset(let other): if word != other { try IgnoredArguments.want(Units.offset(word), statement) }
        case .buffers: try IgnoredArguments.want(Units.buffers(word, statement.argument(1)), statement)
        case .milliseconds: try IgnoredArguments.want(Units.milliseconds(word), statement)
        case .seconds: try IgnoredArguments.want(Units.seconds(word), statement)
        case .word: break
        case .pool: try IgnoredArguments.checkPool(statement)
        case .openFiles: try IgnoredArguments.checkOpenFiles(statement)
        case .transfers:
            guard ["on", "off", "threads"].contains(word) || word.hasPrefix("threads=") else {
                throw .invalidValue(statement)
            }
        case .threads: try IgnoredArguments.checkThreads(statement)
        }
    }

    private static func want<Value>(_ value: Value?, _ statement: Statement) throws(ConfigError) {
        guard value != nil else { throw .invalidValue(statement) }
    }

    private static func checkPool(_ statement: Statement) throws(ConfigError) {
        guard let size = Units.size(statement.argument(0)) else { throw .invalidValue(statement) }
        guard size >= 112 else { throw ConfigError("the pool size must be no less than 112", statement) }
        guard size % 16 == 0 else { throw ConfigError("the pool size must be a multiple of 16", statement) }
    }

    private static func checkOpenFiles(_ statement: Statement) throws(ConfigError) {
        var isSized = false
        for word in statement.arguments {
            if word.hasPrefix("max="), let count = Units.number(String(word.dropFirst(4))), count > 0 {
                isSized = true
            } else if word.hasPrefix("inactive="), Units.seconds(String(word.dropFirst(9))) != nil {
                continue
            } else if word == "off" {
                isSized = true
            } else {
                throw ConfigError("invalid \"open_file_cache\" parameter \"\(word)\"", statement)
            }
        }
        guard isSized else {
            throw ConfigError("\"open_file_cache\" must have the \"max\" parameter", statement)
        }
    }

    private static func checkThreads(_ statement: Statement) throws(ConfigError) {
        var isSized = false
        for word in statement.arguments.dropFirst() {
            if word.hasPrefix("threads=") {
                guard let count = Units.number(String(word.dropFirst(8))), count > 0 else {
                    throw ConfigError("invalid threads value \"\(word)\"", statement)
                }
                isSized = true
            } else if word.hasPrefix("max_queue=") {
                guard Units.number(String(word.dropFirst(10))) != nil else {
                    throw ConfigError("invalid max_queue value \"\(word)\"", statement)
                }
            }
        }
        guard isSized else {
            throw ConfigError(
                "\"thread_pool\" must have \"threads\" parameter", statement)
        }
    }
}
