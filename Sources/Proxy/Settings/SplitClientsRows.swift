internal import Config

/// `split_clients string $variable { … }`.
enum SplitClientsRows {
    static var directives: [Directive<Block>] {
        [
            .computed(
                "split_clients", "A variable that has each of its values for a share of the clients.",
                "string $variable", arity: 2...2
            ) { (statement, builder) throws(ConfigError) in .shares(try read(statement, builder)) }
        ]
    }

    private static func read(
        _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> ClientShares {
        let shares = ClientShares(source: try builder.template(statement.argument(0), statement))
        for line in statement.block ?? [] {
            // Of further words nginx takes no notice.
            guard line.words.count >= 2 else {
                throw ConfigError("invalid number of the split_clients parameters", line)
            }
            let hundredths = try hundredths(line)
            guard shares.add(Array(line.argument(0).utf8), hundredths: hundredths) else {
                throw ConfigError("percent total is greater than 100%", line)
            }
        }
        return shares
    }

    /// `30%`, `.5%`, `12.25%`; `nil` for `*`.
    private static func hundredths(_ line: Statement) throws(ConfigError) -> Int? {
        if line.name == "*" { return nil }
        let invalid = ConfigError("invalid percent value \"\(line.name)\"", line)
        guard line.name.hasSuffix("%") else { throw invalid }
        let parts = line.name.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = digits(parts[0]), whole <= 100 else { throw invalid }
        var fraction = 0
        if parts.count == 2 {
            guard parts[1].count <= 2, let digits = digits(parts[1]) else { throw invalid }
            fraction = parts[1].count == 1 ? digits * 10 : digits
        }
        guard whole * 100 + fraction > 0 else { throw invalid }
        return whole * 100 + fraction
    }

    /// What stands on a side of the point, which may be nothing.
    private static func digits(_ text: Substring) -> Int? {
        text.isEmpty ? 0 : Units.number(String(text))
    }
}
