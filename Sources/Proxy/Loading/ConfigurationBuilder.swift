internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Sharing
internal import Upstream

/// A configuration while it is read: what its blocks share.
final class ConfigurationBuilder {
    let prefix: String
    let files: ConfigurationFiles
    let directory: String
    var main = MainSettings()
    var serverDefaults = ServerSettings()
    private(set) var warnings: [ConfigError] = []
    /// Gateways of all servers are told which requests came early.
    private(set) var tellsEarlyData = false
    /// `api write=on` stands somewhere.
    var hasWritableAPI = false
    /// `status_zone`s, each once.
    private(set) var zones: [StatusZone] = []
    /// `auth_basic_user_file`s, and where they are named.
    var userFiles: [(path: String, statement: Statement)] = []
    /// Servers with certificates, in the order of the file.
    var certified: [CertifiedServer] = []
    private var warned: Set<String> = []
    var errorLog: ErrorLog
    var errorLogs: [ErrorLog] = []
    var upstreams: [UpstreamSettings] = []
    /// Where each of them stands.
    var groupPlaces = GroupPlaces()
    var health = HealthAssembly()
    var limitZones = LimitZones()
    var threadPools = ThreadPools()
    /// `resolver` and `resolver_timeout` of the `http` block.
    var resolver: ResolverLine?
    var resolverTimeoutMs: Int?
    /// `status_zone`s of resolvers in `http`, `server` and `location`.
    var resolverZones: [String] = []
    private(set) var healthChecks: [HealthCheck] = []
    var hashKeys: [Int: Template<Variable>] = [:]
    /// `sticky`, by upstream.
    var stickyRules: [Int: StickyRule] = [:]
    /// Charsets that some directive names.
    var charsets = CaselessTable()
    var charsetMaps = CharsetMaps()
    /// `map`, `geo`, `split_clients`.
    var computed = ComputedVariables()
    let patterns: PatternTable
    private(set) var userVariables: [String: Int] = [:]
    /// Names of variables that a `set` gives values, by index.
    var setVariables: [Int: String] = [:]
    /// Built-in variables that some of those take the place of where they are set.
    private(set) var replacedVariables: [Int: Variable] = [:]
    private(set) var accessLogFiles: [AccessLogFile] = []
    /// The log of those who name none; it is opened only if somebody writes to it.
    private var defaultLog: Int?
    private var isDefaultLogUsed = false
    private(set) var logFormats: [LogFormat] = []
    private var formatTexts: [(index: Int, texts: [String], statement: Statement)] = []
    private(set) var servers: [(block: ServerBlock, server: VirtualServer)] = []
    /// Blocks that were read; what they become depends on all of them.
    private(set) var serverBlocks: [(block: ServerBlock, base: Location, locations: [Location])] = []
    var tlsClients: [TLSClientContext] = []
    var tlsClientKeys: [String: Int] = [:]
    /// Numbers of what connections to peers are found by.
    var connectionKeys: [String: Int] = [:]
    /// Upstreams that some location passes to over TLS.
    var tlsUpstreams: Set<String> = []
    /// Where bodies are kept that do not fit in memory.
    var temporaryFolders: Set<String> = []
    /// Where folders and logs are named first, by their paths.
    private(set) var places: [String: Statement] = [:]
    var hasEvents = false

    init(_ request: LoadRequest, _ files: ConfigurationFiles) throws(ConfigError) {
        self.files = files
        patterns = PatternTable(files.patterns)
        prefix = request.prefix.hasPrefix("/") ? request.prefix : files.realPath(request.prefix)
        let path = ConfigurationBuilder.join(prefix, request.path ?? request.builtIn.name)
        directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        // Before a log is opened: the folder of a name that was misspelt must not be made.
        guard request.isBare || files.exists(prefix) else {
            throw ConfigError("open() \"\(path)\" failed \(Errno.notFound.logText)")
        }
        let target: ErrorLog.Sink.Target =
            request.errorLogPath == "stderr"
            ? .standardError
            : .file(ConfigurationBuilder.join(prefix, request.errorLogPath ?? "logs/error.log"))
        errorLog = try ConfigurationBuilder.open([ErrorLog.Sink(target, .error)], files)
        errorLogs = [errorLog]
    }

    // MARK: Paths

    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileAccess.realPath(path) ?? path
    }

    static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    /// Relative to the prefix.
    func path(_ text: String) -> String {
        text.hasPrefix("$") ? text : ConfigurationBuilder.join(prefix, text)
    }

    /// Relative to the folder of the configuration file, as certificates and user files are.
    func confPath(_ text: String) -> String {
        let isName = ["$", "data:", "engine:", "store:"].contains { text.hasPrefix($0) }
        return isName || text.isEmpty ? text : ConfigurationBuilder.join(directory, text)
    }

    func notePlace(of path: String, _ statement: Statement) {
        if places[path] == nil { places[path] = statement }
    }

    // MARK: Loading

    func load(_ request: LoadRequest) throws(ConfigError) -> Configuration {
        let parser = ConfigParser(files: files, directory: directory)
        let mainBlock = Block(.main, self, parent: nil, server: nil)
        let globals = try parser.parse(
            text: request.globalDirectives, name: SourceLocation.commandLine)
        let reading = try reading(request, parser)
        noteNames(reading.statements)
        tellsEarlyData = ConfigurationBuilder.tellsEarlyData(reading.statements)
        try read(globals + reading.statements, in: mainBlock, faults: reading.faults)
        try addControl(parser, mainBlock)
        guard hasEvents else { throw ConfigError("no \"events\" section in configuration") }
        var listeners: [ListenAddress] = []
        var errors: [ConfigError] = []
        errors.gather { () throws(ConfigError) in try finishMain() }
        errors.gather { () throws(ConfigError) in servers = try makeServers() }
        errors.gather { () throws(ConfigError) in listeners = try ListenerAssembly(self).assemble() }
        if let error = ConfigError.together(errors) { throw error }
        files.finishLoading()
        return Configuration(self, listeners: listeners, startNotice: notice(listeners, request))
    }

    /// Finds the variables that the configuration defines: they may be used before that.
    private func noteNames(_ statements: [Statement]) {
        for statement in statements {
            if statement.name == "set" || statement.name == "auth_request_set" {
                laterNames.insert(statement.argument(0).dropFirst().lowercased())
            }
            computed.reserve(statement)
            for word in statement.words where word.contains("(?") {
                laterNames.formUnion(PatternCache.groupNames(word))
            }
            noteNames(statement.block ?? [])
        }
    }

    private func finishMain() throws(ConfigError) {
        try computed.check()
        try limitZones.check()
        try threadPools.check()
        patterns.bound(steps: main.patternMatchLimit)
        healthChecks = try health.assemble(&upstreams)
        for index in upstreams.indices {
            if !upstreams[index].dynamicNames.isEmpty { upstreams[index].hasZone = true }
            // The API may bring names later.
            guard upstreams[index].hasZone else { continue }
            upstreams[index].resolver = upstreams[index].resolver ?? resolver
            upstreams[index].resolverTimeoutMs = upstreams[index].resolverTimeoutMs ?? resolverTimeoutMs
        }
        try checkRoom()
        main.pidPath = path(main.pidPath)
        if let defaultLog, !isDefaultLogUsed {
            accessLogFiles[defaultLog] = AccessLogFile(target: .file("/dev/null"))
        }
        if !main.usesMaster { main.workerProcesses = 1 }
        if !main.cpuMasks.isEmpty, main.cpuMasks.count != main.workerProcesses {
            warn(
                ConfigError(
                    "the number of \"worker_processes\" is not equal to the number of"
                        + " \"worker_cpu_affinity\" masks, using last mask for remaining worker processes"))
        }
        for (index, texts, statement) in formatTexts {
            let format = logFormats[index]
            logFormats[index] = LogFormat(
                name: format.name, escape: format.escape,
                template: try LogFormat.template(texts, statement, self))
        }
    }

    /// Obeys the whole configuration; if something in it cannot be obeyed, all of that is told.
    ///
    /// - Parameter faults: what could not be read.
    private func read(
        _ statements: [Statement], in block: Block, faults: [ConfigError]
    ) throws(ConfigError) {
        var errors = UnsupportedDirectives.errors(in: statements)
        let known = errors.isEmpty ? statements : UnsupportedDirectives.without(statements)
        errors.gather { () throws(ConfigError) in try apply(known, to: block) }
        guard !(errors.isEmpty && faults.isEmpty) else { return }
        errors += closingErrors()
        let missing = UnsupportedDirectives.variables(in: statements)
        // What is missing would have defined names: nobody can say that they are wrong.
        let sure = errors.flatMap(\.all).filter { error in
            guard faults.isEmpty else { return !error.isReference }
            return error.unknownVariable.map { !missing.covers($0) } ?? true
        }
        if let error = ConfigError.together(faults + sure) { throw error }
    }

    /// What is wrong beside that, as far as it does not follow from it.
    private func closingErrors() -> [ConfigError] {
        var errors = certificateErrors()
        errors.gather { () throws(ConfigError) in try limitZones.check() }
        for (_, texts, statement) in formatTexts {
            errors.gather { () throws(ConfigError) in
                _ = try LogFormat.template(texts, statement, self)
            }
        }
        return errors
    }

    func apply(_ statements: [Statement], to block: Block) throws(ConfigError) {
        try Directives.table.apply(statements, to: block, in: block.context)
    }

    // MARK: Blocks

    func readEvents(_ statement: Statement) throws(ConfigError) {
        hasEvents = true
        try apply(statement.block ?? [], to: Block(.events, self, parent: nil, server: nil))
    }

    func readHTTP(_ statement: Statement, in parent: Block) throws(ConfigError) {
        let block = Block(.http, self, parent: parent, server: nil)
        block.statement = statement
        setDefaults(&block.settings)
        try apply(statement.block ?? [], to: block)
    }

    private func setDefaults(_ settings: inout LocationSettings) {
        settings.core.root = PathTemplate(Template(constant: Array(path("html").utf8)), in: prefix)
        settings.core.clientBodyTempFolder = TemporaryFolder(path(settings.core.clientBodyTempFolder.path))
        settings.proxy.tempPath = path(settings.proxy.tempPath)
        let log = accessLogFile(AccessLogFile(target: .file(path("logs/access.log"))))
        defaultLog = log
        if let log, let combined = formatIndex("combined") {
            settings.logs.access.append(AccessLogTarget(place: .file(log), format: combined, condition: nil))
            settings.logs.access.inherit()
        }
    }

    func readServer(_ statement: Statement, in parent: Block) throws(ConfigError) {
        let server = ServerBlock(serverDefaults, statement)
        server.settings.tls.certificates.inherit()
        server.settings.tls.keys.inherit()
        server.settings.tls.ticketKeys.inherit()
        server.settings.tls.confCommands.inherit()
        let block = Block(.server, self, parent: parent, server: server)
        block.statement = statement
        var errors: [ConfigError] = []
        do throws(ConfigError) {
            try apply(statement.block ?? [], to: block)
        } catch {
            errors.append(error)
        }
        warnOfMissingUserFile(block)
        if server.listens.isEmpty {
            let port: UInt16 = files.isSuperuser ? 80 : 8000
            server.listens = [ListenLine(address: SocketAddress(.ipv4(0, port: port)), statement: statement)]
        }
        do throws(ConfigError) {
            serverBlocks.append((server, try makeLocation(block, like: block), block.nested))
        } catch {
            errors.append(error)
        }
        if let error = ConfigError.together(errors) { throw error }
    }

    /// The finished location of a block; `model` says how much of the path `proxy_pass` replaces.
    func makeLocation(_ block: Block, like model: Block) throws(ConfigError) -> Location {
        try block.settings.proxy.check(block)
        try block.settings.charset.check(block)
        switch block.settings.content {
        case .module(let module): try module.prepare(block)
        case .tunnel: block.settings.proxy.take(block.settings.tunnel)
        case .proxy(let target):
            if target.isGRPC { block.settings.proxy.take(block.settings.grpc ?? GRPCSettings()) }
            temporaryFolders.insert(block.settings.core.clientBodyTempFolder.path)
            temporaryFolders.insert(block.settings.proxy.tempPath)
        }
        block.settings.substitution.assemble()
        try block.settings.referers.assemble(block.server, patterns)
        if !block.settings.mirror.paths.elements.isEmpty, block.settings.mirror.copiesBody {
            temporaryFolders.insert(block.settings.core.clientBodyTempFolder.path)
        }
        for target in block.settings.logs.access.elements {
            if case .file(let index) = target.place, index == defaultLog { isDefaultLogUsed = true }
        }
        let plan = try proxyPlan(of: block)
        try health.add(block.healthChecks, block.settings, plan)
        let location = Location(block, nested: LocationTree(block.nested, patterns), plan: plan)
        guard block.kind == .ifBlock else { return location }
        switch model.kind {
        case .prefix, .prefixWithoutRegex, .exact: return location.replacing(model.path.utf8.count)
        case .server, .regex, .named, .ifBlock: return location
        }
    }

    /// - Returns: where the zone stands among all.
    func index(of zone: StatusZone) -> Int {
        if let known = zones.firstIndex(of: zone) { return known }
        zones.append(zone)
        return zones.count - 1
    }

    // MARK: Warnings

    func warn(_ warning: ConfigError) { warnings.append(warning) }

    func warnOnce(_ key: String, _ warning: ConfigError) {
        if isFirst(key) { warn(warning) }
    }

    /// Whether something is said for the first time.
    func isFirst(_ key: String) -> Bool { warned.insert(key).inserted }

    func warnOfMissingUserFile(_ block: Block) {
        guard let statement = block.authentication,
            block.settings.auth.userFile == nil
        else { return }
        warnOnce(
            "auth_basic \(statement.location)",
            ConfigError(
                "\"auth_basic\" stands without \"auth_basic_user_file\": every request is denied with 403;"
                    + " add \"auth_basic_user_file FILE;\"", statement))
    }

    // MARK: Shared tables

    func template(_ text: String, _ statement: Statement) throws(ConfigError) -> Template<Variable> {
        try Template(text, at: statement) { (name) throws(ConfigError) in
            try variable(name.lowercased(), statement)
        }
    }

    func variable(_ name: String, _ statement: Statement) throws(ConfigError) -> Variable {
        if let index = computed[name] { return .computed(index) }
        if let index = userVariables[name] { return .user(index) }
        let isReplaced = laterNames.contains(name) && !Variables.isReserved(name)
        if !isReplaced, let found = Variables.resolve(name) { return found }
        guard laterNames.contains(name) else { throw .unknownVariable(name, statement) }
        return .user(try userVariable(name, statement))
    }

    /// Names that a `set` or a named group further on in the files defines.
    var laterNames: Set<String> = []

    /// The index of a variable that the configuration defines. Names have no case.
    func userVariable(_ written: String, _ statement: Statement) throws(ConfigError) -> Int {
        let name = written.lowercased()
        if let index = userVariables[name] { return index }
        if Variables.isReserved(name) {
            throw ConfigError("the duplicate \"\(name)\" variable", statement)
        }
        let index = userVariables.count
        replacedVariables[index] = Variables.resolve(name)
        userVariables[name] = index
        return index
    }

    func regex(_ source: String, ignoringCase: Bool, _ statement: Statement) throws(ConfigError) -> Int {
        try patterns.add(source, caseless: ignoringCase, statement) { (name) throws(ConfigError) in
            try userVariable(name, statement)
        }
    }

    // MARK: Logs

    func formatIndex(_ name: String) -> Int? {
        if let index = logFormats.firstIndex(where: { $0.name == name }) { return index }
        guard name == "combined" else { return nil }
        let statement = Statement(
            words: ["log_format", "combined"], block: nil, location: SourceLocation(file: "", line: 0))
        addFormat("combined", .standard, [LogFormat.combined], statement)
        return logFormats.count - 1
    }

    /// Adds a format; its variables may be defined further on, so it is compiled at the end.
    func addFormat(_ name: String, _ escape: LogFormat.Escape, _ texts: [String], _ statement: Statement) {
        formatTexts.append((logFormats.count, texts, statement))
        logFormats.append(LogFormat(name: name, escape: escape, template: Template(constant: [])))
    }

    /// The file's index, each file once; `nil`: it is gathered otherwise where it was named before.
    func accessLogFile(_ file: AccessLogFile) -> Int? {
        if let index = accessLogFiles.firstIndex(where: { $0.target == file.target }) {
            if index == defaultLog { isDefaultLogUsed = true }
            let known = accessLogFiles[index]
            if known.isBuffered, file.isBuffered, known != file { return nil }
            if file.isBuffered { accessLogFiles[index] = file }
            return index
        }
        accessLogFiles.append(file)
        return accessLogFiles.count - 1
    }

    // MARK: TLS

    /// The session stores that `ssl_session_cache shared:name:size` names: servers share them by name.
    private var sessionStores: [String: TLSSessionStore] = [:]

    func sessionStore(_ cache: SessionCacheSettings) throws(TLSError) -> TLSSessionStore? {
        guard case .shared(let name, let size) = cache else { return nil }
        if let store = sessionStores[name] { return store }
        let store = try files.sessionStore(name, byteCount: size)
        sessionStores[name] = store
        return store
    }

    // MARK: What to say at the start

    /// Servers whose certificate is made in memory.
    private var selfSigned: [String] = []

    func noteSelfSigned(_ names: [String], _ statement: Statement) {
        selfSigned.append(names.joined(separator: ", "))
    }

    /// Said when the program starts in the foreground on the configuration that it is given none.
    private func notice(_ listeners: [ListenAddress], _ request: LoadRequest) -> String? {
        guard !files.isReplaying else { return nil }
        for names in selfSigned {
            errorLog.write(
                .notice, connection: nil, "a self-signed certificate was made in memory for \(names)")
        }
        guard request.path == nil else { return nil }
        let text = files.sources.first?.text
        let isDemonstration = request.isBare && (text == nil || text == request.builtIn.text + "\n")
        return StartNotice.text(
            listeners, hasUserFile: files.exists(confPath("ops.htpasswd")),
            demonstration: isDemonstration ? prefix : nil)
    }
}
