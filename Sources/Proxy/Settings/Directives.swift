internal import Config
internal import Upstream

/// Every directive there is.
enum Directives {
    static let table = DirectiveTable<Block>(rows, elsewhere: Set(UpstreamBlock.directives.map(\.name)))

    static let upstream = DirectiveTable<UpstreamBlock>(
        UpstreamBlock.directives, elsewhere: Set(rows.map(\.name)))

    private static var rows: [Directive<Block>] { families.flatMap(\.rows) }

    /// What belongs together, as the reference's table by families has it.
    static var families: [(name: String, rows: [Directive<Block>])] {
        [
            ("processes", MainSettings.directives),
            ("blocks", BlockDirectives.directives),
            ("servers, TLS, HTTP/2", ServerSettings.directives),
            ("bodies, keep-alive, errors, files", CoreSettings.directives + TryFilesSettings.directives),
            ("proxying, tunnels", ProxySettings.directives + TunnelSettings.directives),
            ("gRPC", GRPCSettings.directives),
            ("addresses, passwords, real IP", AccessSettings.directives),
            (
                "auth_request, mirror, post_action",
                AuthRequestSettings.directives + MirrorSettings.directives + [PostAction.directive]
            ),
            ("secure_link, referers", SecureLinkSettings.directives + RefererSettings.directives),
            ("fields of responses, charset", HeaderSettings.directives + CharsetSettings.directives),
            ("browsers, userid", BrowserSettings.directives + UserIDSettings.directives),
            ("gzip, gunzip", CompressionSettings.directives),
            (
                "folders, links, sub_filter, addition",
                AutoindexSettings.directives + LinkSettings.directives + SubstitutionSettings.directives
                    + AdditionSettings.directives
            ),
            ("logs", LogSettings.directives),
            ("rewrite", RewriteSettings.directives),
            ("answers made here", ContentModule.directives),
            (
                "limits",
                RateSetting.directives + LimitRequestSettings.directives + LimitConnectionSettings.directives
            ),
            ("geo, split_clients", GeoRows.directives + SplitClientsRows.directives),
            ("health checks, names", HealthRows.directives + ResolverRows.directives),
            ("without effect", IgnoredDirectives.directives + IgnoredDirectives.cacheExceptions),
            ("absent", AbsentFeature.rows),
        ]
    }
}

/// The blocks that settings stand in.
enum BlockDirectives {
    static var directives: [Directive<Block>] {
        [
            Directive("http", "Everything about HTTP.", "", in: .main, arity: 0...0) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.readHTTP(statement, in: block)
            }.block(.nested).once,
            Directive("server", "A server: addresses, names and locations.", "", in: .http, arity: 0...0) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.readServer(statement, in: block)
            }.block(.nested),
            Directive(
                "location", "What holds for paths that it names.", "[ = | ~ | ~* | ^~ ] uri | @name",
                in: [.server, .location], arity: 1...2
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try LocationReader.read(statement, in: block)
            }.block(.nested),
            Directive(
                "limit_except", "Restricts all methods but those named.", "method ...", in: .location,
                arity: 1...Int.max
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try LimitExceptReader.read(statement, in: block)
            }.block(.nested).once,
            Directive(
                "upstream", "A group of servers that requests are spread over.", "name", in: .http,
                arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                try block.builder.readUpstream(statement)
            }.block(.definition),
            .computed(
                "map", "A variable whose value follows from another's.", "string $variable", arity: 2...2
            ) { (statement, builder) throws(ConfigError) in .map(try MapReader.read(statement, builder)) },
            Directive(
                "status_zone", "Counts the requests of a server or location under this name.", "zone",
                in: [.server, .location, .ifInLocation], arity: 1...1
            ) {
                (block: Block, statement: Statement) throws(ConfigError) in
                let isServer = block.context == .server
                let zone = StatusZone(kind: isServer ? .server : .location, name: statement.argument(0))
                if isServer {
                    block.serverSettings.statusZone = block.builder.index(of: zone)
                } else {
                    block.settings.core.statusZone = block.builder.index(of: zone)
                }
            },
        ]
    }
}

/// `location`.
private enum LocationReader {
    static func read(_ statement: Statement, in parent: Block) throws(ConfigError) {
        let (kind, name) = try kind(statement, parent)
        try check(kind, name, in: parent, statement)
        let block = Block(.location, parent.builder, parent: parent, server: parent.server)
        block.kind = kind
        block.path = name
        block.statement = statement
        try parent.builder.apply(statement.block ?? [], to: block)
        parent.builder.warnOfMissingUserFile(block)
        parent.nested.append(try parent.builder.makeLocation(block, like: block))
    }

    private static func kind(_ statement: Statement, _ block: Block) throws(ConfigError) -> (
        Location.Kind, String
    ) {
        let words = Array(statement.arguments)
        if words.count == 2 {
            switch words[0] {
            case "=": return (.exact, words[1])
            case "^~": return (.prefixWithoutRegex, words[1])
            case "~":
                return (.regex(try block.builder.regex(words[1], ignoringCase: false, statement)), words[1])
            case "~*":
                return (.regex(try block.builder.regex(words[1], ignoringCase: true, statement)), words[1])
            default: throw ConfigError("invalid location modifier \"\(words[0])\"", statement)
            }
        }
        let word = words[0]
        // The modifier may stand at once before the name.
        if word.hasPrefix("=") { return (.exact, String(word.dropFirst())) }
        if word.hasPrefix("^~") { return (.prefixWithoutRegex, String(word.dropFirst(2))) }
        if word.hasPrefix("~*") {
            return (
                .regex(try block.builder.regex(String(word.dropFirst(2)), ignoringCase: true, statement)),
                String(word.dropFirst(2))
            )
        }
        if word.hasPrefix("~") {
            return (
                .regex(try block.builder.regex(String(word.dropFirst()), ignoringCase: false, statement)),
                String(word.dropFirst())
            )
        }
        return word.hasPrefix("@") ? (.named, word) : (.prefix, word)
    }

    private static func check(_ kind: Location.Kind, _ name: String, in parent: Block, _ statement: Statement)
        throws(ConfigError)
    {
        if parent.context == .location {
            if parent.kind == .exact {
                throw ConfigError(
                    "location \"\(name)\" cannot be inside the exact location \"\(parent.path)\"", statement)
            }
            if parent.kind == .named {
                throw ConfigError(
                    "location \"\(name)\" cannot be inside the named location \"\(parent.path)\"", statement)
            }
            if kind == .named {
                throw ConfigError("named location \"\(name)\" can be on the server level only", statement)
            }
            // As nginx: even the text of a regular expression counts as a name that others must begin with.
            let isPlain = kind == .prefix || kind == .exact || kind == .prefixWithoutRegex
            if isPlain && !name.utf8.starts(with: parent.path.utf8) {
                throw ConfigError("location \"\(name)\" is outside location \"\(parent.path)\"", statement)
            }
        }
        for other in parent.nested where other.name == name && isSameClass(other.kind, kind) {
            let message = "duplicate location \"\(name)\""
            guard kind == .named else { throw ConfigError(message, statement) }
            // As in nginx the first one serves; but that says nothing of it.
            parent.builder.warn(ConfigError("\(message), ignored", statement))
        }
    }

    private static func isSameClass(_ left: Location.Kind, _ right: Location.Kind) -> Bool {
        switch (left, right) {
        case (.exact, .exact), (.named, .named): true
        case (.prefix, .prefix), (.prefix, .prefixWithoutRegex), (.prefixWithoutRegex, .prefix),
            (.prefixWithoutRegex, .prefixWithoutRegex):
            true
        default: false
        }
    }
}

/// `limit_except method … { … }`.
private enum LimitExceptReader {
    static func read(_ statement: Statement, in parent: Block) throws(ConfigError) {
        var allowed: MethodSet = []
        for word in statement.arguments {
            guard let methods = MethodSet(word: word) else {
                throw ConfigError("invalid method \"\(word)\"", statement)
            }
            allowed.formUnion(methods)
        }
        let block = Block(.limitExcept, parent.builder, parent: parent, server: parent.server)
        block.kind = .ifBlock
        block.path = parent.path
        block.statement = statement
        block.settings.content = parent.settings.content
        try parent.builder.apply(statement.block ?? [], to: block)
        parent.builder.warnOfMissingUserFile(block)
        parent.restriction = MethodRestriction(
            allowed: allowed, location: try parent.builder.makeLocation(block, like: parent))
    }
}

/// `map string $variable { … }`.
private enum MapReader {
    static func read(
        _ statement: Statement, _ builder: ConfigurationBuilder
    ) throws(ConfigError) -> ValueMap {
        let lines = statement.block ?? []
        let hasHostnames = lines.contains { $0.words == ["hostnames"] }
        let map = ValueMap(
            source: try builder.template(statement.argument(0), statement), hasHostnames: hasHostnames,
            isVolatile: lines.contains { $0.words == ["volatile"] })
        for line in lines where line.words != ["hostnames"] && line.words != ["volatile"] {
            guard line.words.count == 2, line.block == nil else {
                throw ConfigError("invalid number of the map parameters", line)
            }
            try add(line, to: map, builder)
        }
        map.close(builder.patterns)
        return map
    }

    private static func add(_ line: Statement, to map: ValueMap, _ builder: ConfigurationBuilder)
        throws(ConfigError)
    {
        var key = line.words[0]
        let value = try builder.template(line.words[1], line)
        if key == "default" {
            guard map.fallback == nil else { throw ConfigError("duplicate default map parameter", line) }
            map.fallback = value
            return
        }
        if key.hasPrefix("~") {
            let isCaseless = key.hasPrefix("~*")
            let pattern = String(key.dropFirst(isCaseless ? 2 : 1))
            return map.add(regex: try builder.regex(pattern, ignoringCase: isCaseless, line), value)
        }
        if key.hasPrefix("\\") { key.removeFirst() }
        let isNew: Bool
        if map.hasHostnames {
            guard let mask = HostMask(key) else {
                throw ConfigError("invalid hostname or wildcard \"\(key)\"", line)
            }
            isNew = map.add(mask, value)
        } else {
            isNew = map.add(Array(key.utf8), value)
        }
        if !isNew { throw ConfigError("conflicting parameter \"\(key)\"", line) }
    }
}
