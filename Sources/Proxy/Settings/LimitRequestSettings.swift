internal import Config
internal import Net
internal import Sharing

/// `limit_req` and its kin.
struct LimitRequestSettings {
    var limits = Replaceable<RequestLimit>()
    /// What a request that is refused is answered with.
    var status = 503
    /// Level of the line about it; a delay's is one less grave.
    var logLevel = LogLevel.error
    var isDryRun = false
    /// `limit_req_fields`
    var tellsClients = false
}

/// One `limit_req` line; thousandths of requests.
struct RequestLimit {
    let zone: RequestZone
    let burst: Int
    /// What may be ahead of the rate without a delay.
    let free: Int
}

extension LimitRequestSettings {
    private static var anywhere: Context { [.http, .server, .location] }
    /// Most requests that a burst may have, so that thousandths of them cannot overflow.
    private static var numberMax: Int { Int.max / 1000 }

    static var directives: [Directive<Block>] {
        [
            zoneRow, limitRow,
            .number(
                "limit_req_status", "Status of requests that `limit_req` refuses.", in: anywhere,
                default: "503", within: 400...599, \.settings.limitRequests.status),
            .oneOf(
                "limit_req_log_level",
                "Level of log lines about requests that `limit_req` refuses; delays are one less grave.",
                in: anywhere, default: "error", LogLevel.ofLimits, \.settings.limitRequests.logLevel),
            .flag(
                "limit_req_dry_run", "Whether `limit_req` only says what it would do.", in: anywhere,
                default: false, \.settings.limitRequests.isDryRun),
            .flag(
                "limit_req_fields", "Whether clients are told what `limit_req` leaves them: `RateLimit`.",
                in: anywhere, default: false, \.settings.limitRequests.tellsClients),
        ]
    }

    private static var zoneRow: Directive<Block> {
        Directive(
            "limit_req_zone", "Memory for the rate of requests of each value of a key.",
            "key zone=name:size rate=rate", in: .http, arity: 3...4
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            var words: ZoneWords?
            var rate = LeakyBucket.request
            for word in statement.arguments.dropFirst() {
                if word.hasPrefix("zone=") {
                    words = try ZoneWords(word, statement)
                } else if word.hasPrefix("rate=") {
                    rate = try self.rate(word, statement)
                } else if word == "sync" {
                    throw .unsupported("the parameter \"sync\"", advice: "leave it out", statement)
                } else {
                    throw .invalidParameter(word, statement)
                }
            }
            guard statement.arguments.count == 3 else { throw .invalidArgumentCount(statement) }
            guard let words else { throw ZoneWords.missing(statement) }
            try block.builder.limitZones.define(words, rate: rate, block, statement)
        }.repeatable
    }

    /// `rate=5r/s`, `rate=30r/m`; without a unit, a second's.
    private static func rate(_ word: String, _ statement: Statement) throws(ConfigError) -> Int {
        var text = word.dropFirst("rate=".count)
        var seconds = 1
        if text.hasSuffix("r/m") { seconds = 60 }
        if text.hasSuffix("r/s") || text.hasSuffix("r/m") { text = text.dropLast(3) }
        guard let count = Units.number(String(text)), count > 0 else {
            throw ConfigError("invalid rate \"\(word)\"", statement)
        }
        return count * LeakyBucket.request / seconds
    }

    private static var limitRow: Directive<Block> {
        Directive(
            "limit_req", "Limits the rate of requests: those in excess wait, or are refused.",
            "zone=name [burst=number] [nodelay | delay=number]", in: anywhere, arity: 1...3
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            var zone: RequestZone?
            var (burst, free) = (0, 0)
            for word in statement.arguments {
                if word.hasPrefix("zone=") {
                    zone = try block.builder.limitZones.requestZone(String(word.dropFirst(5)), statement)
                } else if word.hasPrefix("burst=") {
                    burst = try number(word, "burst", statement)
                } else if word.hasPrefix("delay=") {
                    free = try number(word, "delay", statement)
                } else if word == "nodelay" {
                    free = numberMax
                } else {
                    throw .invalidParameter(word, statement)
                }
            }
            guard let zone else { throw ZoneWords.missing(statement) }
            let limits = block.settings.limitRequests.limits
            if limits.isOwn, limits.elements.contains(where: { $0.zone === zone }) {
                throw .duplicate(statement)
            }
            block.settings.limitRequests.limits.append(
                RequestLimit(
                    zone: zone, burst: burst * LeakyBucket.request, free: free * LeakyBucket.request))
        }.repeatable
    }

    private static func number(
        _ word: String, _ name: String, _ statement: Statement
    ) throws(ConfigError) -> Int {
        guard let number = Units.number(String(word.dropFirst(name.utf8.count + 1))), number > 0 else {
            throw ConfigError("invalid \(name) value \"\(word)\"", statement)
        }
        return number
    }
}

extension LogLevel {
    /// Words of `limit_req_log_level` and `limit_conn_log_level`.
    static var ofLimits: [(word: String, value: LogLevel)] {
        [LogLevel.info, .notice, .warn, .error].map { ($0.name, $0) }
    }

    /// The next one, of what is told and does no harm; nothing is less grave than `info`.
    var lessGrave: LogLevel { self == .info ? .info : LogLevel(rawValue: rawValue + 1) ?? .info }
}
