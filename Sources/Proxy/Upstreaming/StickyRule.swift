internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// `sticky` of one upstream, with the variables and the memory that it needs.
final class StickyRule {
    /// What binds clients to servers.
    enum Method {
        case cookie(Cookie)
        case route
        case learn(Learning)
    }

    /// A cookie that says which server its client was given.
    final class Cookie {
        /// `name=`
        fileprivate let name: [UInt8]
        fileprivate let lifetime: Lifetime
        fileprivate let domain: Template<Variable>?
        /// `; httponly; secure`
        fileprivate let flags: [UInt8]
        fileprivate let sameSite: Template<Variable>?
        /// `; path=/`
        fileprivate let path: [UInt8]

        init(
            _ settings: StickyCookie, _ builder: ConfigurationBuilder, _ statement: Statement
        ) throws(ConfigError) {
            name = Array("\(settings.name)=".utf8)
            lifetime =
                settings.isLasting ? .lasting : settings.lifetimeSeconds.map { .seconds($0) } ?? .session
            flags = Array(
                ((settings.isHTTPOnly ? "; httponly" : "") + (settings.isSecure ? "; secure" : "")).utf8)
            path = Array((settings.path.map { "; path=\($0)" } ?? "").utf8)
            func template(_ text: String?) throws(ConfigError) -> Template<Variable>? {
                guard let text else { return nil }
                return try builder.template(text, statement)
            }
            domain = try template(settings.domain)
            sameSite = try template(settings.sameSite)
        }
    }

    enum Lifetime {
        /// Until the browser is closed.
        case session
        case seconds(Int)
        /// `max`
        case lasting
    }

    /// Sessions of servers, and where they are kept.
    final class Learning {
        let creations: [Variable]
        let zone: String
        let table: SessionTable
        let timeoutMs: Int
        let atHead: Bool

        init(
            _ settings: StickyLearning, of upstream: String, _ builder: ConfigurationBuilder,
            _ statement: Statement
        ) throws(ConfigError) {
            let words = try ZoneWords("zone=" + (settings.zone ?? ""), statement)
            for other in builder.stickyRules.values where other.zoneName == words.name {
                throw ConfigError(
                    "sticky zone \"\(words.name)\" is already used in upstream \"\(other.upstream)\"",
                    statement)
            }
            try builder.limitZones.take(
                words.name, for: .sessions, byteCount: words.byteCount, statement)
            creations = try StickyRule.variables(settings.creations, builder, statement)
            zone = words.name
            table = try StickyRule.table(words, upstream, builder, statement)
            timeoutMs = settings.timeoutMs
            atHead = settings.atHead
        }
    }

    let method: Method
    /// The first that is not empty says what the request is bound to.
    let lookups: [Variable]
    fileprivate let upstream: String
    private let statement: Statement

    /// - Parameters:
    ///   - upstream: the name of its block.
    ///   - statement: the `sticky` line.
    init(
        _ settings: StickySettings, of upstream: String, _ builder: ConfigurationBuilder,
        _ statement: Statement
    ) throws(ConfigError) {
        self.upstream = upstream
        self.statement = statement
        lookups = try StickyRule.variables(settings.lookups, builder, statement)
        switch settings.method {
        case .cookie(let cookie): method = .cookie(try Cookie(cookie, builder, statement))
        case .route: method = .route
        case .learn(let learning):
            method = .learn(try Learning(learning, of: upstream, builder, statement))
        }
    }

    fileprivate static func variables(
        _ names: [String], _ builder: ConfigurationBuilder, _ statement: Statement
    ) throws(ConfigError) -> [Variable] {
        try names.map { (name) throws(ConfigError) in
            guard !name.isEmpty else { throw ConfigError("invalid variable name \"$\"", statement) }
            return try builder.variable(name.lowercased(), statement)
        }
    }

    /// A zone that goes to another upstream, or whose size changes, is another one, and empty.
    fileprivate static func table(
        _ words: ZoneWords, _ upstream: String, _ builder: ConfigurationBuilder, _ statement: Statement
    ) throws(ConfigError) -> SessionTable {
        let label = "sticky \(words.name.utf8.count) \(words.name)\(upstream)"
        do throws(ConfigError) {
            return try builder.files.table(SessionTable.self, label, byteCount: words.byteCount)
        } catch {
            throw ConfigError("zone \"\(words.name)\": \(error.message)", statement)
        }
    }

    fileprivate var zoneName: String? {
        if case .learn(let learning) = method { learning.zone } else { nil }
    }

    /// Appends the first of these variables that is not empty.
    static func append(first variables: [Variable], of exchange: Exchange, to out: ByteBuffer) {
        for index in variables.indices where out.isEmpty {
            if !Variables.append(variables[index], of: exchange, to: out) { out.removeAll() }
        }
    }
}

extension StickyRule.Cookie {
    /// Appends what `Set-Cookie` says: nginx's words, in nginx's order.
    func append(_ server: ServerID, for exchange: Exchange, to out: ByteBuffer) {
        out.append(name)
        out.append(server)
        switch lifetime {
        case .session: break
        case .lasting: out.append("; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000")
        case .seconds(let seconds):
            out.append("; expires=")
            CivilTime.appendCookieDate(exchange.worker.clock.wallSeconds + Int64(seconds), to: out)
            out.append("; max-age=")
            out.append(decimal: seconds)
        }
        _ = append(domain, "; domain=", for: exchange, to: out)
        out.append(flags)
        let value = append(sameSite, "; samesite=", for: exchange, to: out)
        if !value.isEmpty, !isSameSite(value, of: out) {
            out.truncate(to: Int(value.start))
            out.append("strict")
        }
        out.append(path)
    }

    private func isSameSite(_ value: Slice, of out: ByteBuffer) -> Bool {
        out.equalsIgnoringCase(value, "strict") || out.equalsIgnoringCase(value, "lax")
            || out.equalsIgnoringCase(value, "none")
    }

    /// An attribute, if it has a value.
    ///
    /// - Returns: where the value stands.
    private func append(
        _ value: Template<Variable>?, _ name: StaticString, for exchange: Exchange, to out: ByteBuffer
    ) -> Slice {
        guard let value else { return Slice() }
        let start = out.count
        out.append(name)
        let valueStart = out.count
        value.append(for: exchange, to: out)
        if out.count == valueStart { out.truncate(to: start) }
        return Slice(from: min(valueStart, out.count), to: out.count)
    }
}
