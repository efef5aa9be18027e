internal import Config
internal import Net
internal import Sharing

/// `limit_conn` and its kin.
struct LimitConnectionSettings {
    var limits = Replaceable<ConnectionLimit>()
    /// What a request that is refused is answered with.
    var status = 503
    var logLevel = LogLevel.error
    var isDryRun = false
}

/// One `limit_conn` line.
struct ConnectionLimit {
    let zone: ConnectionZone
    let most: Int
}

extension LimitConnectionSettings {
    private static var anywhere: Context { [.http, .server, .location] }

    static var directives: [Directive<Block>] {
        [
            zoneRow, limitRow,
            .number(
                "limit_conn_status", "Status of requests that `limit_conn` refuses.", in: anywhere,
                default: "503", within: 400...599, \.settings.limitConnections.status),
            .oneOf(
                "limit_conn_log_level", "Level of log lines about requests that `limit_conn` refuses.",
                in: anywhere, default: "error", LogLevel.ofLimits, \.settings.limitConnections.logLevel),
            .flag(
                "limit_conn_dry_run", "Whether `limit_conn` only says what it would do.", in: anywhere,
                default: false, \.settings.limitConnections.isDryRun),
        ]
    }

    private static var zoneRow: Directive<Block> {
        Directive(
            "limit_conn_zone", "Memory for the requests under way of each value of a key.",
            "key zone=name:size", in: .http, arity: 2...2
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let word = statement.argument(1)
            guard word.hasPrefix("zone=") else { throw .invalidParameter(word, statement) }
            try block.builder.limitZones.define(try ZoneWords(word, statement), block, statement)
        }.repeatable
    }

    private static var limitRow: Directive<Block> {
        Directive(
            "limit_conn", "Limits how many requests may be under way, which is connections in HTTP/1.1.",
            "zone number", in: anywhere, arity: 2...2
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            let zone = try block.builder.limitZones.connectionZone(statement.argument(0), statement)
            let limits = block.settings.limitConnections.limits
            if limits.isOwn, limits.elements.contains(where: { $0.zone === zone }) {
                throw .duplicate(statement)
            }
            guard let most = Units.number(statement.argument(1)), most > 0 else {
                throw ConfigError("invalid number of connections \"\(statement.argument(1))\"", statement)
            }
            guard most <= ConnectionCounts.countMax else {
                throw ConfigError("connection limit must be less 65536", statement)
            }
            block.settings.limitConnections.limits.append(ConnectionLimit(zone: zone, most: most))
        }.repeatable
    }
}
