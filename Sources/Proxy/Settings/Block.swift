internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// One block of the configuration while it is read: what its directives set.
final class Block {
    let context: Context
    let builder: ConfigurationBuilder
    /// The location that the block will be; a server's base, or an `if`'s.
    var settings: LocationSettings
    /// The server that the block is, or is in.
    let server: ServerBlock?
    /// The location around it, if there is one.
    let parent: Block?
    /// The prefix, pattern or name that the block was opened with.
    var path = ""
    var kind = Location.Kind.server
    /// `root` or `alias`, if one of them was written in this very block.
    var rootDirective: String?
    /// `types` was written in this very block: another one adds to it.
    var hasTypes = false
    /// Locations in it, in the order of the file.
    var nested: [Location] = []
    /// `limit_except` in it.
    var restriction: MethodRestriction?
    /// `health_check` lines in it.
    var healthChecks: [HealthCheckSettings] = []
    /// Where its own `error_log` lines lead.
    var errorSinks: [ErrorLog.Sink] = []
    /// `auth_basic` in it or around it, for a warning if no user file comes.
    var authentication: Statement?
    /// The words given in it to directives that are sets of words.
    private var words: [String: Set<String>] = [:]
    /// What opened the block, for complaints about it as a whole.
    var statement: Statement?

    init(_ context: Context, _ builder: ConfigurationBuilder, parent: Block?, server: ServerBlock?) {
        self.context = context
        self.builder = builder
        self.parent = parent
        self.server = server
        settings = parent?.settings.inherited ?? LocationSettings(errorLog: builder.errorLog)
        authentication = parent?.authentication
    }

    /// The server's own settings, for rows that stand in `http` and `server`.
    var serverSettings: ServerSettings {
        get { server?.settings ?? builder.serverDefaults }
        set {
            if let server { server.settings = newValue } else { builder.serverDefaults = newValue }
        }
    }

    var main: MainSettings {
        get { builder.main }
        set { builder.main = newValue }
    }

    // MARK: Words that become values

    /// Compiles a text with variables.
    func template(_ text: String, _ statement: Statement) throws(ConfigError) -> Template<Variable> {
        try builder.template(text, statement)
    }

    /// An absolute path: relative ones begin at the prefix.
    func path(_ text: String) -> String { builder.path(text) }

    /// `path [level1 [level2 [level3]]]`
    func temporaryFolder(_ statement: Statement) throws(ConfigError) -> TemporaryFolder {
        var levels: [Int] = []
        for word in statement.arguments.dropFirst() {
            guard let level = Units.number(word) else { throw .invalidValue(statement) }
            levels.append(level)
        }
        guard let folder = TemporaryFolder(path(statement.argument(0)), levels: levels) else {
            throw .invalidValue(statement)
        }
        builder.notePlace(of: folder.path, statement)
        return folder
    }
}

extension Block: WordSetScope {
    func takeWords(_ statement: Statement) -> Bool {
        let isFirst = words[statement.name] == nil
        for word in statement.arguments
        where !words[statement.name, default: []].insert(word.lowercased()).inserted {
            builder.warn(ConfigError("duplicate value \"\(word)\"", statement))
        }
        return isFirst
    }
}

/// A `server` block while it is read.
final class ServerBlock {
    var settings: ServerSettings
    var listens: [ListenLine] = []
    private(set) var names: [ServerName] = []
    /// Those that no host can have.
    private(set) var idleNames: [(text: String, statement: Statement)] = []
    private var seenNames: Set<ServerName> = []
    let statement: Statement

    init(_ settings: ServerSettings, _ statement: Statement) {
        self.settings = settings
        self.statement = statement
    }

    /// The same name twice in one server conflicts with nothing.
    func add(_ name: ServerName) {
        if seenNames.insert(name).inserted { names.append(name) }
    }

    func addIdle(_ name: String, _ statement: Statement) { idleNames.append((name, statement)) }
}

/// What a server obeys before a location is found.
struct ServerSettings {
    var head = HeadLimits()
    var clientHeaderTimeoutMs = 60_000
    var mergeSlashes = true
    /// `tunnel_pass` stands somewhere in it.
    var allowsConnect = false
    /// `status_zone`: which of the configuration's zones.
    var statusZone: Int?
    var tls = TLSSettings()
    var http2 = HTTP2Offer()
}

/// `ssl_…`: files are named here and read when all is known.
struct TLSSettings {
    /// `ssl`
    var isOn = false
    var certificates = Replaceable<TLSFile>()
    var keys = Replaceable<TLSFile>()
    var certificateCaching = CertificateCaching()
    var server = TLSServerSettings()
    var clientAuthorities: TLSFile?
    var trustedCertificates: TLSFile?
    var revocations: TLSFile?
    var dhParameters: TLSFile?
    var passwords: TLSFile?
    var ticketKeys = Replaceable<TLSFile>()
    var ticketSecret: TLSFile?
    var handshakeTimeoutMs = 10_000
    var confCommands = Replaceable<TLSCommand>()
    var takesEarlyData = false
    var clientStatus: ClientStatus?
    var clientStatusResponder: String?
    var remembersClientStatus = false
    var staples = false
    var stapleFile: TLSFile?
    var stapleResponder: String?
    var verifiesStaples = false
}

/// A file that a directive names, and where.
struct TLSFile {
    let path: String
    let statement: Statement
}

/// One `ssl_conf_command` line.
struct TLSCommand {
    let name: String
    let value: String

    /// Files and folders are relative to the configuration's.
    init(_ statement: Statement, isServer: Bool, _ builder: ConfigurationBuilder) {
        name = statement.argument(0)
        let word = statement.argument(1)
        value = TLSTrust.namesFile(name, isServer: isServer) ? builder.confPath(word) : word
    }
}

/// One `listen` line.
struct ListenLine {
    var address: SocketAddress
    var options = ListenOptions()
    var isTLS = false
    var usesProxyProtocol = false
    var offersHTTP2 = false
    var isDefault = false
    /// A parameter of the socket itself was given: at most one line for an address may have some.
    var hasSocketOptions = false
    let statement: Statement
}

/// One word of `server_name`.
enum ServerName: Hashable {
    case mask(HostMask)
    /// An expression, by its number in the `PatternTable`.
    case regex(Int)
}
