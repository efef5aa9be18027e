public import Config
public import Net

/// `resolver address … [valid=time] [ipv4=on|off] [ipv6=on|off] [status_zone=zone]`.
public struct ResolverLine: Hashable, Sendable {
    /// The arguments as help shows them.
    public static var syntax: String {
        "address ... [valid=time] [ipv4=on | off] [ipv6=on | off] [status_zone=zone]"
    }

    /// Whom to ask.
    public private(set) var settings = ResolverSettings(servers: [])
    /// How long an answer holds, in place of what it says itself.
    public private(set) var validMs: Int?
    /// Of all that it says, made once: requests look names up by it.
    private var mark = 0

    /// - Parameter resolve: finds the addresses of a name server that is given as a name, by the system.
    public init(
        _ statement: Statement, resolve: (_ host: String, _ port: UInt16) -> [SocketAddress]
    ) throws(ConfigError) {
        for word in statement.arguments {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            if parts.count == 2 {
                try apply(parts[0], parts[1], statement)
            } else {
                settings.servers += try ResolverLine.servers(word, statement, resolve)
            }
        }
        guard !settings.servers.isEmpty else { throw ConfigError("no name servers defined", statement) }
        guard settings.usesIPv4 || settings.usesIPv6 else {
            throw ConfigError("\"ipv4\" and \"ipv6\" cannot both be \"off\"", statement)
        }
        var hasher = Hasher()
        hasher.combine(settings)
        hasher.combine(validMs)
        mark = hasher.finalize()
    }

    /// Takes in what was made of it when it was read.
    public func hash(into hasher: inout Hasher) { hasher.combine(mark) }

    private static func servers(
        _ word: String, _ statement: Statement, _ resolve: (String, UInt16) -> [SocketAddress]
    ) throws(ConfigError) -> [SocketAddress] {
        if let address = SocketAddress.parse(word, defaultPort: 53) {
            guard address.port != nil else {
                throw ConfigError(
                    "\"\(word)\" is not the address of a name server in \"resolver\"", statement)
            }
            return [address]
        }
        let place = try HostAndPort.read(word, defaultPort: 53, in: "resolver \"\(word)\"", statement)
        let found = resolve(place.host, place.port)
        guard !found.isEmpty else { throw ConfigError("host not found in resolver \"\(word)\"", statement) }
        return found
    }

    private mutating func apply(
        _ name: String, _ value: String, _ statement: Statement
    ) throws(ConfigError) {
        let invalid = ConfigError("invalid parameter: \"\(name)=\(value)\"", statement)
        switch name {
        case "valid":
            guard let seconds = Units.seconds(value) else { throw invalid }
            validMs = seconds == 0 ? nil : seconds * 1000
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
