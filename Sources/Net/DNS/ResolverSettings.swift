internal import Core

/// Whom to ask, and how names are completed.
public struct ResolverSettings: Hashable, Sendable {
    private static var defaultPort: UInt16 { 53 }
    /// As resolv.conf(5) has it.
    private static var ndotsMax: Int { 15 }
    private static var sizeMax: Int { 1 << 20 }

    /// The name servers, in the order in which they are asked.
    public var servers: [SocketAddress]
    /// Domains that are put behind a name: `search`.
    public var search: [String] = []
    /// A name with that many dots is tried as it is before it is completed.
    public var ndots = 1
    /// For the whole lookup: nginx's `resolver_timeout`.
    public var timeoutMs = 30_000
    /// Asks for A records.
    public var usesIPv4 = true
    /// Asks for AAAA records.
    public var usesIPv6 = true
    /// Looks into `/etc/hosts` first.
    public var usesHosts = false

    /// `status_zone`: what lookups are counted under.
    public var statusZone: String?

    /// Asks these servers for names as they are.
    public init(servers: [SocketAddress]) {
        self.servers = servers
    }

    /// Reads resolv.conf(5): `nameserver`, `search`, `domain`, and `ndots` of `options`; everything else,
    /// and what is malformed, is passed over.
    public static func parse(resolvConf text: String) -> ResolverSettings {
        var settings = ResolverSettings(servers: [])
        for line in text.utf8.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
            let words = line.split { $0 == .space || $0 == .tab }.map { String(decoding: $0, as: UTF8.self) }
            guard let keyword = words.first, line.first.map(isComment) == false else { continue }
            settings.take(keyword, words.dropFirst().prefix { $0.utf8.first.map(isComment) != true })
        }
        return settings
    }

    /// Those of `/etc/resolv.conf`, and `/etc/hosts` before them. Without a server there it is this machine.
    public static func system() -> ResolverSettings {
        let bytes = try? FileAccess.readWhole("/etc/resolv.conf", limit: sizeMax)
        var settings = parse(resolvConf: String(decoding: bytes ?? [], as: UTF8.self))
        if settings.servers.isEmpty {
            settings.servers = [SocketAddress(.ipv4(0x7F00_0001, port: defaultPort))]
        }
        settings.usesHosts = true
        return settings
    }

    private static func isComment(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";")
    }

    private mutating func take(_ keyword: String, _ words: ArraySlice<String>) {
        switch keyword {
        case "nameserver":
            guard let word = words.first else { return }
            guard let server = SocketAddress(ip: word, port: ResolverSettings.defaultPort) else { return }
            if !servers.contains(server) { servers.append(server) }
        case "search":
            search = words.filter { DNSName($0) != nil }
        case "domain":
            search = words.prefix(1).filter { DNSName($0) != nil }
        case "options":
            for word in words where word.hasPrefix("ndots:") {
                guard let count = Int(word.dropFirst("ndots:".utf8.count)), count >= 0 else { continue }
                ndots = min(count, ResolverSettings.ndotsMax)
            }
        default:
            break
        }
    }

    // MARK: Names

    /// Names that are tried for one that was given.
    private static var candidateMax: Int { 33 }

    /// The names to ask for, in order; none: `host` is not a name.
    ///
    /// A dot at the end says that it is complete.
    func candidates(for host: String) -> [DNSName] {
        guard let plain = DNSName(host) else { return [] }
        guard host.utf8.last != UInt8(ascii: ".") else { return [plain] }
        let completed = search.compactMap { DNSName(host + "." + $0) }.prefix(
            ResolverSettings.candidateMax - 1)
        let dotCount = host.utf8.count { $0 == UInt8(ascii: ".") }
        return dotCount >= ndots ? [plain] + completed : completed + [plain]
    }

    /// The servers that a UDP socket can ask, each once.
    var usableServers: [SocketAddress] {
        var usable: [SocketAddress] = []
        for server in servers.map(\.unmapped) where server.family != .unix {
            let server = ResolverSettings.loopback(insteadOf: server)
            if !usable.contains(server) { usable.append(server) }
        }
        return usable
    }

    /// What is sent to no particular address is answered by this machine from its own.
    private static func loopback(insteadOf address: SocketAddress) -> SocketAddress {
        guard address.isWildcard, let port = address.port else { return address }
        return SocketAddress(
            address.isIPv6 ? .ipv6(high: 0, low: 1, port: port) : .ipv4(0x7F00_0001, port: port))
    }
}
