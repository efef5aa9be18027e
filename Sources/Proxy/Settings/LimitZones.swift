internal import Config
internal import Sharing

/// A zone of `limit_req_zone` or `limit_conn_zone`, as one configuration knows it.
final class LimitZone<Line> {
    let name: String
    /// What its line says; `nil`: it has only been named so far.
    fileprivate(set) var line: Line?

    fileprivate init(_ name: String) { self.name = name }
}

/// What a line of `limit_req_zone` says.
final class RequestZoneLine {
    let key: Template<Variable>
    /// Thousandths of requests a second.
    let rate: Int
    let buckets: RequestBuckets

    fileprivate init(key: Template<Variable>, rate: Int, buckets: RequestBuckets) {
        self.key = key
        self.rate = rate
        self.buckets = buckets
    }
}

/// What a line of `limit_conn_zone` says.
final class ConnectionZoneLine {
    let key: Template<Variable>
    let counts: ConnectionCounts

    fileprivate init(key: Template<Variable>, counts: ConnectionCounts) {
        self.key = key
        self.counts = counts
    }
}

typealias RequestZone = LimitZone<RequestZoneLine>
typealias ConnectionZone = LimitZone<ConnectionZoneLine>

/// The zones of a configuration while it is read: they may be named before their lines come.
struct LimitZones {
    /// In the order in which they are first named.
    private(set) var requests: [RequestZone] = []
    private(set) var connections: [ConnectionZone] = []
    private var others: [String: Use] = [:]
    private var sizes: [String: Int] = [:]
    /// Where each zone of any kind was first named.
    private var firstNamed: [String: Statement] = [:]

    mutating func requestZone(_ name: String, _ statement: Statement) throws(ConfigError) -> RequestZone {
        try zone(name, in: \.requests, statement)
    }

    mutating func connectionZone(
        _ name: String, _ statement: Statement
    ) throws(ConfigError) -> ConnectionZone {
        try zone(name, in: \.connections, statement)
    }

    private mutating func zone<Line>(
        _ name: String, in zones: WritableKeyPath<LimitZones, [LimitZone<Line>]>, _ statement: Statement
    ) throws(ConfigError) -> LimitZone<Line> {
        if let zone = self[keyPath: zones].first(where: { $0.name == name }) { return zone }
        try claim(name, statement)
        let zone = LimitZone<Line>(name)
        self[keyPath: zones].append(zone)
        return zone
    }

    private mutating func claim(_ name: String, _ statement: Statement) throws(ConfigError) {
        guard firstNamed[name] == nil else {
            throw ConfigError(
                "the shared memory zone \"\(name)\" is already declared for a different use", statement)
        }
        firstNamed[name] = statement
    }

    /// What a zone is for that counts nothing.
    enum Use {
        /// `zone` of an upstream
        case servers
        /// `ssl_session_cache`
        case clients
        /// `sticky learn`
        case sessions
    }

    /// A zone that counts nothing; lines for the same use share it, and one of them says its size.
    mutating func take(
        _ name: String, for use: Use, byteCount: Int?, _ statement: Statement
    ) throws(ConfigError) {
        if others[name] != use { try claim(name, statement) }
        others[name] = use
        if let byteCount { try setSize(of: name, byteCount, statement) }
    }

    // MARK: Lines

    mutating func define(
        _ words: ZoneWords, rate: Int, _ block: Block, _ statement: Statement
    ) throws(ConfigError) {
        let zone = try requestZone(words.name, statement)
        try checkNew(words, boundTo: zone.line?.key, statement)
        let key = try block.template(statement.argument(0), statement)
        zone.line = RequestZoneLine(
            key: key, rate: rate, buckets: try table(words, key, block, statement))
    }

    mutating func define(
        _ words: ZoneWords, _ block: Block, _ statement: Statement
    ) throws(ConfigError) {
        let zone = try connectionZone(words.name, statement)
        try checkNew(words, boundTo: zone.line?.key, statement)
        let key = try block.template(statement.argument(0), statement)
        zone.line = ConnectionZoneLine(key: key, counts: try table(words, key, block, statement))
    }

    private mutating func checkNew(
        _ words: ZoneWords, boundTo key: Template<Variable>?, _ statement: Statement
    ) throws(ConfigError) {
        try setSize(of: words.name, words.byteCount, statement)
        if let key {
            throw ConfigError(
                "\(statement.name) \"\(words.name)\" is already bound to key \"\(key.source)\"", statement)
        }
    }

    private mutating func setSize(
        of name: String, _ byteCount: Int, _ statement: Statement
    ) throws(ConfigError) {
        if let size = sizes[name], size != byteCount {
            throw ConfigError(
                "the size \(byteCount) of shared memory zone \"\(name)\" conflicts with already"
                    + " declared size \(size)", statement)
        }
        sizes[name] = byteCount
    }

    /// Its memory. A zone whose size or key another configuration changes is another one, and empty.
    private func table<Table: ZoneTable>(
        _ words: ZoneWords, _ key: Template<Variable>, _ block: Block, _ statement: Statement
    ) throws(ConfigError) -> Table {
        let label = "\(statement.name) \(words.name.utf8.count) \(words.name)\(key.source)"
        do throws(ConfigError) {
            return try block.builder.files.table(Table.self, label, byteCount: words.byteCount)
        } catch {
            throw ConfigError("zone \"\(words.name)\": \(error.message)", statement)
        }
    }

    /// All that the files say is known.
    func check() throws(ConfigError) {
        let missing =
            requests.filter { $0.line == nil }.map(\.name)
            + connections.filter { $0.line == nil }.map(\.name)
            + others.keys.filter { sizes[$0] == nil }.sorted()
        let known = (requests.map(\.name) + connections.map(\.name)).filter { !missing.contains($0) }
        let errors = missing.map { name in
            let message = "zero size shared memory zone \"\(name)\"\(Spelling.hint(for: name, in: known))"
            return firstNamed[name].map { .unknownReference(message, $0) } ?? ConfigError(message)
        }
        if let error = ConfigError.together(errors) { throw error }
    }
}

/// `zone=name:size`
struct ZoneWords {
    let name: String
    let byteCount: Int

    /// Smallest zone: eight pages, as in nginx.
    private static var byteCountMin: Int { 8 * 4096 }
    private static var byteCountMax: Int { 64 << 30 }

    /// - Parameter word: begins with `zone=`.
    init(_ word: String, _ statement: Statement) throws(ConfigError) {
        let text = word.dropFirst("zone=".count)
        guard let colon = text.firstIndex(of: ":"), let size = Units.size(String(text[colon...].dropFirst()))
        else { throw ConfigError("invalid zone size \"\(word)\"", statement) }
        guard size >= ZoneWords.byteCountMin else {
            throw ConfigError("zone \"\(word)\" is too small", statement)
        }
        guard size <= ZoneWords.byteCountMax else {
            throw ConfigError("zone \"\(word)\" is too large: it may have 65536m", statement)
        }
        name = String(text[..<colon])
        byteCount = size
        guard !name.isEmpty else { throw ZoneWords.missing(statement) }
    }

    static func missing(_ statement: Statement) -> ConfigError {
        ConfigError("\"\(statement.name)\" must have \"zone\" parameter", statement)
    }
}
