internal import Config

/// `open_log_file_cache`: how long files of logs whose names hold variables stay open.
struct OpenLogSettings {
    /// Most of them.
    let max: Int
    /// How long one stays that nobody writes to.
    var inactiveMs: Int64 = 10_000
    /// Lines within that time that make it stay.
    var minUses = 1
    /// After how long its name is looked up again.
    var validMs: Int64 = 60_000

    static var directive: Directive<Block> {
        Directive(
            "open_log_file_cache", "How long logs whose names hold variables stay open.",
            "max=N [inactive=time] [min_uses=N] [valid=time] | off", default: "off",
            in: [.http, .server, .location], arity: 1...4
        ) { (block: Block, statement: Statement) throws(ConfigError) in
            block.settings.logs.openLogs = try read(statement)
        }
    }

    private static func read(_ statement: Statement) throws(ConfigError) -> OpenLogSettings? {
        if statement.argument(0) == "off" { return nil }
        var max = 0
        var inactive = 10_000
        var uses = 1
        var valid = 60_000
        for word in statement.arguments {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let text = parts.count == 2 ? parts[1] : ""
            switch parts[0] {
            case "max": max = try number(text, statement, word)
            case "min_uses": uses = try number(text, statement, word)
            case "inactive": inactive = try time(text, statement, word)
            case "valid": valid = try time(text, statement, word)
            default: throw invalid(word, statement)
            }
        }
        guard max > 0 else {
            throw ConfigError("\"open_log_file_cache\" must have \"max\" parameter", statement)
        }
        return OpenLogSettings(
            max: max, inactiveMs: Int64(inactive), minUses: uses, validMs: Int64(valid))
    }

    private static func number(_ text: String, _ statement: Statement, _ word: String) throws(ConfigError)
        -> Int
    {
        guard let number = Units.number(text) else { throw invalid(word, statement) }
        return min(number, NamedLogs.openMax)
    }

    private static func time(_ text: String, _ statement: Statement, _ word: String) throws(ConfigError)
        -> Int
    {
        guard let seconds = Units.seconds(text) else { throw invalid(word, statement) }
        return seconds * 1000
    }

    private static func invalid(_ word: String, _ statement: Statement) -> ConfigError {
        ConfigError("invalid \"open_log_file_cache\" parameter \"\(word)\"", statement)
    }
}
