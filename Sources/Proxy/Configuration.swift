public import Config
internal import Core
internal import HTTP
public import Net
package import Upstream

/// Where a configuration comes from: the words of the command line.
public struct LoadRequest: Sendable {
    /// `-p`.
    public let prefix: String
    /// `-c`; `nil`: the default path, or the text built in.
    public let path: String?
    /// `-g`.
    public let globalDirectives: String
    /// `-e`.
    public let errorLogPath: String?
    /// Used where nothing was named, and the file of its name is not found.
    public let builtIn: BuiltInConfiguration
    /// Neither `-p` nor `-c` was given: what they name must be there.
    public let isBare: Bool

    /// The words as they were given; nothing is read yet.
    public init(
        prefix: String, path: String?, globalDirectives: String, errorLogPath: String?,
        builtIn: BuiltInConfiguration, isBare: Bool = true
    ) {
        self.prefix = prefix
        self.path = path
        self.globalDirectives = globalDirectives
        self.errorLogPath = errorLogPath
        self.builtIn = builtIn
        self.isBare = isBare && path == nil
    }

    /// The file's path as errors name it.
    public var configurationPath: String {
        ConfigurationBuilder.join(prefix, path ?? builtIn.name)
    }
}

/// Paths that hold before any configuration is read.
public enum ConfigurationPath {
    /// The error log of the start; `nil`: standard error alone.
    public static func errorLog(prefix: String, option: String?) -> String? {
        if option == "stderr" { return nil }
        return ConfigurationBuilder.join(ConfigurationBuilder.absolute(prefix), option ?? "logs/error.log")
    }
}

/// The configuration used where no file is named and none is found.
public struct BuiltInConfiguration: Sendable {
    /// The path, below the prefix, of the file that takes its place.
    public let name: String
    /// What stands in that file.
    public let text: String

    /// A text under the name of the file that it stands for.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// A configuration, complete and checked. Made by the master, inherited by workers.
public final class Configuration {
    /// What the processes obey.
    public let main: MainSettings
    /// What is listened on, each address once.
    public let listeners: [ListenAddress]
    /// What the operator should know, in nginx's words; for `[warn]` lines.
    public let warnings: [String]
    /// What it was made of.
    public let files: ConfigurationFiles
    /// The files that were read.
    public var sources: [(path: String, text: String)] { files.sources }
    /// The log of the main context: for what concerns no single request.
    public let errorLog: ErrorLog
    /// Every error log of any block.
    private let errorLogs: [ErrorLog]
    let prefix: String
    /// Where bodies are kept that do not fit in memory.
    private let temporaryFolders: [String]
    /// Where they, and logs, are named; what has its name by default stands nowhere.
    private let places: [String: Statement]
    /// Groups of servers; the number of one is its place here.
    package let upstreams: [UpstreamSettings]
    /// What the checker does, one for each group that is checked.
    package let healthChecks: [HealthCheck]
    /// `status_zone`s, each once.
    let zones: [StatusZone]
    /// `limit_req_zone`s and `limit_conn_zone`s.
    let limitZones: LimitZones
    /// Servers with certificates, in the order of the file.
    let certified: [CertifiedServer]
    /// Whom to ask for addresses of names; `nil`: as this machine says.
    package let resolver: ResolverSettings?
    /// `status_zone`s of resolvers, each once.
    let resolverZones: [String]
    /// Numbers of TLS settings towards peers, by what they say.
    private let tlsClientKeys: [String: Int]
    /// Numbers of what connections to peers are found by.
    private let connectionKeys: [String: Int]
    /// Upstreams that some location passes to over TLS.
    let tlsUpstreams: Set<String>
    private let userFiles: [(path: String, statement: Statement)]
    /// `hash` keys, by upstream.
    private let hashKeys: [Int: Template<Variable>]
    /// `sticky`, by upstream.
    private let stickyRules: [Int: StickyRule]
    let computedVariables: [ComputedVariable]
    let patterns: PatternTable
    let userVariables: [String: Int]
    /// Names of those that a `set` gives values, by index.
    let setVariables: [Int: String]
    /// Built-in variables that some of the operator's take the place of where they are set.
    let replacedVariables: [Int: Variable]
    let accessLogFiles: [AccessLogFile]
    /// Opened by the master, who may; each worker writes into its own copy.
    private(set) var accessLogs: [LogFile] = []
    /// Those whose names requests make: each process opens its own.
    let namedLogs = NamedLogs()
    let logFormats: [LogFormat]
    /// Charsets that some directive names.
    let charsets: CaselessTable
    /// `charset_map`
    let charsetMaps: CharsetMaps
    /// There is work for a checker.
    public var needsChecker: Bool {
        !healthChecks.isEmpty || upstreams.contains { !$0.dynamicNames.isEmpty } || !stapleSubjects.isEmpty
            || (hasWritableAPI && upstreams.contains { $0.isDynamic && $0.resolver != nil })
    }
    private let hasWritableAPI: Bool
    /// What to say at the start in the foreground.
    public let startNotice: String?

    init(_ builder: ConfigurationBuilder, listeners: [ListenAddress], startNotice: String?) {
        main = builder.main
        self.listeners = listeners
        warnings = builder.warnings.map(\.description)
        files = builder.files
        errorLog = builder.errorLog
        errorLogs = builder.errorLogs
        userFiles = builder.userFiles
        prefix = builder.prefix
        temporaryFolders = builder.temporaryFolders.sorted()
        places = builder.places
        upstreams = builder.upstreams
        healthChecks = builder.healthChecks
        certified = builder.certified
        zones = builder.zones
        limitZones = builder.limitZones
        hasWritableAPI = builder.hasWritableAPI
        resolver = builder.resolver?.settings
        let groupZones = builder.upstreams.compactMap { $0.resolver?.settings.statusZone }
        resolverZones = (builder.resolverZones + groupZones).reduce(into: []) { zones, zone in
            if !zones.contains(zone) { zones.append(zone) }
        }
        tlsClientKeys = builder.tlsClientKeys
        connectionKeys = builder.connectionKeys
        tlsUpstreams = builder.tlsUpstreams
        hashKeys = builder.hashKeys
        stickyRules = builder.stickyRules
        computedVariables = builder.computed.all
        patterns = builder.patterns
        userVariables = builder.userVariables
        setVariables = builder.setVariables
        replacedVariables = builder.replacedVariables
        accessLogFiles = builder.accessLogFiles
        logFormats = builder.logFormats
        charsets = builder.charsets
        charsetMaps = builder.charsetMaps
        self.startNotice = startNotice
    }

    /// Reads, checks and completes a configuration.
    ///
    /// - Throws: the first thing that cannot be obeyed, in nginx's words, with file and line.
    ///
    /// - Parameter files: the door that all it is made of comes through.
    public static func load(
        _ request: LoadRequest, files: ConfigurationFiles = ConfigurationFiles()
    ) throws(ConfigError) -> Configuration {
        try ConfigurationBuilder(request, files).load(request)
    }

    /// Where the pid file of a configuration is that may be wrong otherwise.
    public static func pidPath(_ request: LoadRequest) -> String {
        if let configuration = try? load(request) { return configuration.main.pidPath }
        let globals = Array(request.globalDirectives.utf8)
        let text =
            (try? FileAccess.readWhole(request.configurationPath)) ?? Array(request.builtIn.text.utf8)
        let words = [globals, text].lazy.compactMap { ConfigParser.lastStatement(named: "pid", in: $0) }.first
        let path = words.flatMap { $0.count > 1 ? $0[1] : nil } ?? MainSettings().pidPath
        return ConfigurationBuilder.join(ConfigurationBuilder.absolute(request.prefix), path)
    }

    /// Where the control socket of a configuration is that may be wrong otherwise; `nil`: it has none.
    public static func controlPath(_ request: LoadRequest) -> String? {
        let globals = Array(request.globalDirectives.utf8)
        let text =
            (try? FileAccess.readWhole(request.configurationPath)) ?? Array(request.builtIn.text.utf8)
        let words = [globals, text].lazy.compactMap {
            ConfigParser.lastStatement(named: "control_socket", in: $0)
        }.first
        guard let setting = words.flatMap({ $0.count > 1 ? $0[1] : nil }), setting != "off" else {
            return nil
        }
        return ConfigurationBuilder.controlPath(
            setting == "on" ? "" : setting, pidPath: pidPath(request),
            prefix: ConfigurationBuilder.absolute(request.prefix))
    }

    var userVariableCount: Int { userVariables.count }

    var upstreamPlan: UpstreamPlan {
        UpstreamPlan(upstreams, connectionKeys: connectionKeys, tlsClientKeys: tlsClientKeys, errorLog)
    }

    func hashKey(of group: PeerGroup) -> Template<Variable>? { hashKeys[group.index] }

    /// - Parameter group: one of this configuration's.
    func stickyRule(of group: PeerGroup) -> StickyRule? { stickyRules[group.index] }

    /// Makes the folders that logs, temporary files and the pid file need; opens logs to see that it can.
    /// If some of that fails, all of it is told.
    /// - Parameter owner: the user that workers run as, if it is not this process's.
    public func prepareDirectories(owner: UInt32?) throws(ConfigError) {
        var errors: [ConfigError] = []
        for folder in temporaryFolders {
            do throws(Errno) {
                try Directory.make(folder, mode: 0o700)
                if let owner { try Directory.give(folder, to: owner) }
            } catch {
                errors.append(fault("mkdir() \"\(folder)\" failed \(error.logText)", of: folder))
            }
        }
        for file in upstreams.compactMap(\.stateFile) {
            errors.gather { () throws(ConfigError) in try makeFolder(of: file, owner: owner) }
        }
        do throws(Errno) {
            try Directory.makeParents(of: main.pidPath)
        } catch {
            errors.append(ConfigError("mkdir() for \"\(main.pidPath)\" failed \(error.logText)"))
        }
        errors.gather { () throws(ConfigError) in try openAccessLogs() }
        if let error = ConfigError.together(errors) { throw error }
    }

    /// What is wrong with a file or folder, where the configuration names it.
    private func fault(_ message: String, of path: String) -> ConfigError {
        places[path].map { ConfigError(message, $0) } ?? ConfigError(message)
    }

    /// Removes what workers that were killed while they wrote state files have left.
    public func removeDrafts() {
        for file in upstreams.compactMap(\.stateFile) { FileAccess.removeDrafts(of: file.path) }
    }

    /// Workers write state files. A folder that is there already stays its owner's.
    private func makeFolder(of file: StateFile, owner: UInt32?) throws(ConfigError) {
        guard let slash = file.path.lastIndex(of: "/"), slash != file.path.startIndex else { return }
        let folder = String(file.path[..<slash])
        guard FileAccess.stamp(folder) == nil else { return }
        do throws(Errno) {
            try Directory.make(folder)
            if let owner { try Directory.give(folder, to: owner) }
        } catch {
            throw ConfigError("mkdir() \"\(folder)\" failed \(error.logText)")
        }
    }

    /// Opens the access logs, or takes those that the master opened.
    package func openAccessLogs() throws(ConfigError) {
        accessLogs = []
        var errors: [ConfigError] = []
        for file in accessLogFiles {
            do throws(FileError) {
                accessLogs.append(
                    try LogFile(
                        file.target, bufferSize: file.bufferSize, flushMs: file.flushMs,
                        gzipLevel: file.gzipLevel
                    ) {
                        (path) throws(FileError) in try files.openLog(path)
                    })
            } catch {
                guard case .file(let path) = file.target else {
                    errors.append(ConfigError(error.message))
                    continue
                }
                errors.append(fault(error.message, of: path))
            }
        }
        if let error = ConfigError.together(errors) { throw error }
    }

    /// Some of the logs go on from a former configuration's.
    func use(_ logs: [LogFile]) { accessLogs = logs }

    /// Opens all logs anew. A worker may not own the folders, so its master makes the files for it.
    ///
    /// - Parameter owner: the user that workers run as.
    public func reopenLogs(owner: UInt32? = nil) {
        var failures = errorLogs.flatMap { $0.reopen(owner: owner) }
        namedLogs.reopen()
        for log in accessLogs {
            do throws(FileError) {
                try log.reopen(owner: owner)
            } catch {
                failures.append(error)
            }
        }
        for failure in failures { errorLog.write(.alert, connection: nil, failure.message) }
        takeStandardError()
    }

    /// Nothing is written to logs from here on, nor what was gathered for them: this process plays a part of
    /// another one.
    func silence() {
        for log in errorLogs { log.silence() }
        for log in accessLogs { log.silence() }
    }

    /// A process in the background says what it says on standard error in its log.
    public func takeStandardError() {
        if main.daemonizes { errorLog.takeStandardError() }
    }
}

/// The help of directives and variables, for the command line.
public enum DirectiveHelp {
    /// What a directive does, its arguments, default and contexts; or what a variable is, with `$` or
    /// without. `nil`: there is none of this name.
    public static func text(for name: String) -> String? {
        if name.hasPrefix("$") { return Variables.help(for: String(name.dropFirst())) }
        return Directives.table.help(for: name) ?? Directives.upstream.help(for: name)
            ?? Variables.help(for: name)
    }

    /// The reference's table, one row a directive; what is not here stands in the table by families alone.
    public static var markdown: String {
        var lines = [
            "| directive | arguments | default | contexts | what it does |",
            "| --- | --- | --- | --- | --- |",
        ]
        func add(_ name: String, _ syntax: String, _ text: String?, _ contexts: Context, _ summary: String) {
            let arguments = syntax.isEmpty ? "—" : "`\(syntax.replacing("|", with: "\\|"))`"
            let value = text.map { "`\($0.replacing("|", with: "\\|"))`" } ?? "—"
            lines.append("| `\(name)` | \(arguments) | \(value) | \(contexts.name) | \(summary) |")
        }
        let rows =
            Directives.table.all.filter { !AbsentFeature.names.contains($0.name) }.map {
                ($0.name, $0.syntax, $0.defaultText, $0.contexts, $0.summary)
            }
            + Directives.upstream.all.map { ($0.name, $0.syntax, $0.defaultText, $0.contexts, $0.summary) }
        for row in rows.sorted(by: { $0.0 < $1.0 }) { add(row.0, row.1, row.2, row.3, row.4) }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Configuration {
    /// Files of users and passwords that cannot be read, each once: `open() "path" failed … in file:line`.
    public var missingUserFiles: [String] {
        var seen: Set<String> = []
        return userFiles.filter { seen.insert($0.path).inserted }.compactMap { file in
            do throws(FileError) {
                _ = try FileAccess.readRegular(file.path, limit: PasswordFile.sizeMax)
                return nil
            } catch {
                return ConfigError(error.message, file.statement).description
            }
        }
    }
}
