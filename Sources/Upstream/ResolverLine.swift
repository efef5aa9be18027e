public import Config
public import Net

/// `resolver address … [valid=time] [ipv4=on|off] [ipv6=on|off] [status_zone=zone]`.
public struct ResolverLine: Sendable {
    /// The arguments as help shows them.
    public static var syntax: String {
        "address ... [valid=time] [ipv4=on | off] [ipv6=on | off] [status_zone=zone]"
    }

    /// Whom to ask.
    public private(set) var settings = ResolverSettings(servers: [])
    /// How long an answer holds, in place of what it says itself.
    public private(set) var validMs: Int?

    /// - Throws: also for name servers that are names: they would have to be looked up themselves.
    public init(_ statement: Statement) throws(ConfigError) {
        for word in statement.arguments {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            if parts.count == 2 {
                try apply(parts[0], parts[1], statement)
            } else {
                guard let address = SocketAddress.parse(word, defaultPort: 53), address.port != nil else {
                    throw ConfigError(
                        "\"\(word)\" is not the address of a name server in \"resolver\"", statement)
                }
                settings.servers.append(address)
            }
        }
        guard !settings.servers.isEmpty else { throw ConfigError("no name servers defined", statement) }
        guard settings.usesIPv4 || settings.usesIPv6 else {
            throw ConfigError("\"ipv4\" and \"ipv6\" cannot both be \"off\"", statement)
        }
    }

    private mutating func apply(
        _ name: String, _ value: String, _ statement: Statement
    ) throws(ConfigError) {
        let invalid = ConfigError("invalid parameter: \"\(name)=\(value)\"", statement)
        switch name {
        case "valid":
            guard let ms = Units.milliseconds(value), ms > 0 else { throw invalid }
            validMs = ms
        case "ipv4", "ipv6":
            guard value == "on" || value == "off" else { throw invalid }
            if name == "ipv4" { settings.usesIPv4 = value == "on" } else { settings.usesIPv6 = value == "on" }
        case "status_zone":
            guard !value.isEmpty else { throw invalid }
            settings.statusZone = value
        default: throw invalid
        }
    }
}
