public import Config
internal import Core
public import Net
internal import Sharing
internal import Upstream

/// The one door through which everything comes that a configuration is made of: files, addresses of
/// names, logs, shared memory, secrets.
///
/// What the master read through it is a bundle; a worker's door gives out the same again, so a worker
/// makes the same configuration without being allowed to open a single file.
public final class ConfigurationFiles: SourceFiles {
    /// The files that were read, for `-T`.
    private(set) var sources: [(path: String, text: String)] = []
    private var sourcePaths: Set<String> = []
    private var bundle = Bundle()
    /// Descriptors that belong to the bundle, by what they are. Not owned here in a master; in a worker,
    /// those that nobody has asked for yet.
    private var descriptors: [(label: String, fd: Int32)] = []
    /// It gives out what came through another process's.
    let isReplaying: Bool
    private let lasting: LastingSecrets

    /// Contexts of TLS made for this configuration, by all that they are made of. Making one takes OpenSSL a
    /// millisecond (perf: most of it fetching algorithms), so equal servers share one, and a reload takes
    /// those that stay the same from the configuration before.
    private var tlsContexts: [String: TLSServerContext] = [:]
    private var formerTLSContexts: [String: TLSServerContext]
    /// Tables of zones, by their labels.
    private var tables: [String: any ZoneTable] = [:]
    private var formerTables: [String: any ZoneTable] = [:]
    /// Regular expressions compiled for this configuration.
    let patterns: PatternCache

    /// A door to this machine's files.
    ///
    /// - Parameters:
    ///   - lasting: what stays the same over reloads.
    ///   - former: the door of the configuration until now.
    public init(lasting: LastingSecrets = LastingSecrets(), former: ConfigurationFiles? = nil) {
        isReplaying = false
        self.lasting = lasting
        formerTLSContexts = former?.tlsContexts ?? [:]
        patterns = PatternCache(former: former?.patterns)
    }

    /// What came through the last door.
    private var former: Bundle?
    /// Keys of what is read anew instead.
    private var renewedKeys: Set<String> = []

    /// Secrets that belong together, as they were read for one server: a certificate, its key and the like.
    private var secretGroups: [Set<String>] = []

    /// A door to these certificates and keys as they are now, and to everything else as it was.
    public init(renewing paths: Set<String>, of files: ConfigurationFiles, lasting: LastingSecrets) {
        isReplaying = false
        self.lasting = lasting
        former = files.bundle
        renewedKeys = Set(paths.map { "secret \($0)" })
        secretStamps = files.secretStamps.filter { !paths.contains($0.key) }
        formerTLSContexts = files.tlsContexts
        patterns = PatternCache(former: files.patterns)
    }

    /// The configuration is made: what came before it is let go.
    func finishLoading() {
        formerTLSContexts = [:]
        formerTables = [:]
        patterns.finishLoading()
        former = nil
    }

    /// The files with certificates, keys and the like that came through it; not pipes (`ssl_password_file`),
    /// whose writers are not asked again.
    public var secretPaths: [String] {
        bundle.entries.keys.filter { $0.hasPrefix("secret ") }.map { String($0.dropFirst(7)) }
            .filter { secretStamps[$0]?.isRegular != false }.sorted()
    }

    /// What the files with secrets were just before they were read.
    public private(set) var secretStamps: [String: FileStamp] = [:]

    /// What is read from here on belongs to another server.
    func beginSecretGroup() {
        guard !isReplaying, secretGroups.last?.isEmpty != true else { return }
        secretGroups.append([])
    }

    /// `paths` in groups: two are in the same one if a server has both.
    public func groups(of paths: Set<String>) -> [Set<String>] {
        var found: [Set<String>] = []
        for group in secretGroups {
            var joined = group.intersection(paths)
            guard !joined.isEmpty else { continue }
            found.removeAll { other in
                guard !other.isDisjoint(with: joined) else { return false }
                joined.formUnion(other)
                return true
            }
            found.append(joined)
        }
        return found
    }

    /// A door that gives out what came through another process's.
    ///
    /// - Parameters:
    ///   - bytes: what the other's `encoded` was.
    ///   - descriptors: in the order of its `handed`; they are closed with this object.
    ///   - former: the door of the configuration until now.
    /// - Throws: if the bytes are not a bundle's.
    public init(
        bytes: [UInt8], descriptors fds: [Int32], former: ConfigurationFiles? = nil
    ) throws(ConfigError) {
        isReplaying = true
        formerTables = former?.tables ?? [:]
        formerTLSContexts = former?.tlsContexts ?? [:]
        patterns = PatternCache(former: former?.patterns)
        lasting = LastingSecrets()
        guard let bundle = Bundle(bytes) else { throw ConfigError("the bundle is broken") }
        self.bundle = bundle
        let labels = (bundle["descriptors"] ?? []).split(separator: UInt8.lineFeed).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard labels.count == fds.count else { throw ConfigError("the bundle lacks descriptors") }
        descriptors = zip(labels, fds).map { ($0, $1) }
    }

    deinit {
        if isReplaying { for entry in descriptors { Socket.close(entry.fd) } }
    }

    /// A certificate among these files whose time is over.
    public func expiredCertificate(among paths: Set<String>) -> String? {
        paths.sorted().first { path in
            guard let value = bundle["secret \(path)"] else { return false }
            return TLSCertificate.isExpired(pem: Array(value.dropFirst()))
        }
    }

    /// The bytes for another process's door.
    public var encoded: [UInt8] {
        bundle["descriptors"] = Array(descriptors.map(\.label).joined(separator: "\n").utf8)
        return bundle.encoded
    }

    /// The descriptors that go with it.
    public var handed: [Int32] { descriptors.map(\.fd) }

    /// What a closure finds out, or what it found out in the other process.
    private func recorded(
        _ key: String, _ make: () throws(ConfigError) -> [UInt8]
    ) throws(ConfigError) -> [UInt8] {
        if isReplaying {
            guard let value = bundle[key], let kind = value.first else {
                throw ConfigError("\"\(key)\" is not in the bundle")
            }
            guard kind == 0 else {
                throw ConfigError(String(decoding: value.dropFirst(), as: UTF8.self))
            }
            return Array(value.dropFirst())
        }
        if let former, !renewedKeys.contains(key), let value = former[key] {
            bundle[key] = value
            if value.first == 0 { return Array(value.dropFirst()) }
        }
        do throws(ConfigError) {
            let value = try make()
            bundle[key] = [0] + value
            return value
        } catch {
            bundle[key] = [1] + Array(error.message.utf8)
            throw error
        }
    }

    /// The same for what cannot fail; found out once, however many lines ask.
    private func recorded(fact key: String, _ make: () -> [UInt8]) -> [UInt8] {
        if let known = bundle[key], known.first == 0 { return Array(known.dropFirst()) }
        return (try? recorded(key) { make() }) ?? []
    }

    // MARK: Files

    /// The bytes of a file of the configuration itself.
    ///
    /// - Throws: `open() "path" failed …`, without a location.
    public func read(_ path: String) throws(ConfigError) -> [UInt8] {
        let bytes = try readFile("read", path)
        note(source: path, bytes)
        return bytes
    }

    /// A file that is included twice is one file.
    private func note(source path: String, _ bytes: [UInt8]) {
        guard sourcePaths.insert(path).inserted else { return }
        sources.append((path, String(decoding: bytes, as: UTF8.self)))
    }

    /// The bytes of a file of servers that the API changes; `nil`: there is none yet.
    ///
    /// - Throws: `open() "path" failed …`, without a location.
    func readState(_ path: String) throws(ConfigError) -> [UInt8]? {
        let found = try recorded("state \(path)") { () throws(ConfigError) in
            do throws(FileError) {
                return try FileAccess.readPlain(path, limit: StateFile.byteMax).map { [1] + $0 } ?? [0]
            } catch {
                throw ConfigError(error.message)
            }
        }
        guard found.first == 1 else { return nil }
        let bytes = Array(found.dropFirst())
        note(source: path, bytes)
        return bytes
    }

    /// Reads a file that is not part of the text: certificates and keys.
    func readSecret(_ path: String) throws(ConfigError) -> [UInt8] {
        if !isReplaying {
            if secretGroups.isEmpty { beginSecretGroup() }
            secretGroups[secretGroups.count - 1].insert(path)
            if secretStamps[path] == nil { secretStamps[path] = FileAccess.stamp(path) }
        }
        return try readFile("secret", path)
    }

    /// A key of one of OpenSSL's stores, as PEM.
    func readStoredKey(_ uri: String) throws(ConfigError) -> [UInt8] {
        try recorded("store \(uri)") { () throws(ConfigError) in
            do throws(TLSError) {
                return try StoredKey.pem(uri: uri)
            } catch {
                throw ConfigError(error.message)
            }
        }
    }

    private func readFile(_ kind: String, _ path: String) throws(ConfigError) -> [UInt8] {
        try recorded("\(kind) \(path)") { () throws(ConfigError) in
            do throws(FileError) {
                return try FileAccess.readWhole(path)
            } catch {
                throw ConfigError(error.message)
            }
        }
    }

    /// The paths that match a shell pattern, sorted.
    public func glob(_ pattern: String) -> [String] {
        lines(
            recorded(fact: "glob \(pattern)") { Array(FileAccess.glob(pattern).joined(separator: "\n").utf8) }
        )
    }

    /// The absolute path of a folder, without links.
    func realPath(_ path: String) -> String {
        String(
            decoding: recorded(fact: "real \(path)") { Array((FileAccess.realPath(path) ?? path).utf8) },
            as: UTF8.self)
    }

    func exists(_ path: String) -> Bool {
        recorded(fact: "exists \(path)") { [FileAccess.stamp(path) == nil ? 0 : 1] } == [1]
    }

    // MARK: This machine

    /// The addresses of a host; none: it is not known.
    ///
    /// A name that nobody answers for takes seconds: it is asked for once, whatever the ports.
    func resolve(host: String, port: UInt16) -> [SocketAddress] {
        let found = recorded(fact: "resolve \(host)") {
            Array(SocketAddress.resolve(host: host, port: 1).map(\.text).joined(separator: "\n").utf8)
        }
        return lines(found).compactMap { SocketAddress.parse($0, defaultPort: port)?.with(port: port) }
    }

    /// The master is root.
    var isSuperuser: Bool { recorded(fact: "superuser") { [ProcessID.isSuperuser ? 1 : 0] } == [1] }

    private func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8.lineFeed).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Descriptors

    /// Opens a log; the descriptor is the caller's.
    func openLog(_ path: String) throws(FileError) -> Int32 {
        let label = "log \(path)"
        if isReplaying {
            guard let entry = descriptors.first(where: { $0.label == label }),
                let copy = Socket.duplicate(entry.fd)
            else { throw FileError("open()", path, .notFound) }
            return copy
        }
        let fd = try LogFile.open(path)
        if !descriptors.contains(where: { $0.label == label }) { descriptors.append((label, fd)) }
        return fd
    }

    /// The sessions of `ssl_session_cache shared:name:size`.
    func sessionStore(_ name: String, byteCount: Int) throws(TLSError) -> TLSSessionStore {
        let label = "sessions \(byteCount) \(name)"
        if isReplaying {
            guard let entry = descriptors.first(where: { $0.label == label }),
                let copy = Socket.duplicate(entry.fd)
            else { throw TLSError("ssl_session_cache \"\(name)\" is not in the bundle") }
            return try TLSSessionStore(byteCount: byteCount, adopting: copy)
        }
        let store = try lasting.sessionStore(label, byteCount: byteCount)
        if let fd = store.descriptor, !descriptors.contains(where: { $0.label == label }) {
            descriptors.append((label, fd))
        }
        return store
    }

    /// What a zone keeps: the memory that it has already, if its label and size are the same.
    func table<Table: ZoneTable>(
        _ type: Table.Type, _ label: String, byteCount: Int
    ) throws(ConfigError) -> Table {
        let label = "table \(byteCount) \(label)"
        let table: Table
        do throws(Errno) {
            table = try isReplaying ? adopted(label, byteCount) : lasting.table(label, byteCount)
        } catch {
            throw ConfigError("mmap() of \(byteCount) bytes failed \(error.logText)")
        }
        tables[label] = table
        if !isReplaying, let fd = table.descriptor, !descriptors.contains(where: { $0.label == label }) {
            descriptors.append((label, fd))
        }
        return table
    }

    private func adopted<Table: ZoneTable>(_ label: String, _ byteCount: Int) throws(Errno) -> Table {
        if let table = (tables[label] ?? formerTables[label]) as? Table { return table }
        guard let entry = descriptors.first(where: { $0.label == label }),
            let copy = Socket.duplicate(entry.fd)
        else { throw .notFound }
        return try Table(label: label, byteCount: byteCount, adopting: copy)
    }

    // MARK: TLS

    /// The context with this identity, made here or for the configuration before.
    func tlsContext(
        _ identity: String, _ make: () throws(TLSError) -> TLSServerContext
    ) throws(TLSError) -> TLSServerContext {
        if let known = tlsContexts[identity] ?? formerTLSContexts[identity] {
            tlsContexts[identity] = known
            return known
        }
        let made = try make()
        tlsContexts[identity] = made
        return made
    }

    /// Lets go of secrets and memory that were made for other configurations and are not part of this one.
    public func forgetOthers() {
        lasting.keep { label in
            bundle[label] != nil || descriptors.contains { $0.label == label }
        }
    }

    // MARK: Secrets

    /// Keys of session tickets, the same in all workers and over reloads.
    func ticketKeys() -> [UInt8] { recorded(fact: "ticket keys") { lasting.ticketKeys } }

    /// A certificate made in memory for these names.
    func selfSigned(_ names: [String]) throws(ConfigError) -> (chain: [UInt8], key: [UInt8]) {
        func made() throws(ConfigError) -> (chain: [UInt8], key: [UInt8]) {
            do throws(TLSError) {
                return try lasting.selfSigned(names)
            } catch {
                throw ConfigError(error.message)
            }
        }
        let chain = try recorded(LastingSecrets.label(names)) { () throws(ConfigError) in try made().chain }
        let key = try recorded("\(LastingSecrets.label(names)) key") { () throws(ConfigError) in
            try made().key
        }
        return (chain, key)
    }
}

/// What a master makes once and keeps over reloads.
public final class LastingSecrets {
    /// 80 bytes, as `TLSServerSettings` takes them.
    public let ticketKeys: [UInt8]
    /// By their labels, as the stores are.
    private var certificates: [String: (chain: [UInt8], key: [UInt8])] = [:]
    private var stores: [String: TLSSessionStore] = [:]
    private var tables: [String: any ZoneTable] = [:]
    private var leftTables = LeftTables()

    /// - Parameters:
    ///   - ticketKeys: of the binary that ran before; `nil`: new ones.
    ///   - tables: the memory of its zones.
    public init(ticketKeys: [UInt8]? = nil, tables: [Int32] = []) {
        self.ticketKeys = ticketKeys ?? Digest.randomBytes(80) ?? []
        leftTables = LeftTables(tables)
    }

    /// The memory of zones, for a binary that takes over.
    public var tableDescriptors: [Int32] { tables.values.compactMap(\.descriptor) }

    func selfSigned(_ names: [String]) throws(TLSError) -> (chain: [UInt8], key: [UInt8]) {
        if let made = certificates[LastingSecrets.label(names)] { return made }
        let made = try TLSCertificate.selfSignedPEM(names: names)
        certificates[LastingSecrets.label(names)] = made
        return made
    }

    static func label(_ names: [String]) -> String { "self-signed \(names.joined(separator: " "))" }

    /// Lets go of what does not have one of these labels.
    func keep(_ isUsed: (String) -> Bool) {
        certificates = certificates.filter { isUsed($0.key) }
        stores = stores.filter { isUsed($0.key) }
        tables = tables.filter { isUsed($0.key) }
        leftTables.close()
    }

    func table<Table: ZoneTable>(_ label: String, _ byteCount: Int) throws(Errno) -> Table {
        if let table = tables[label] as? Table { return table }
        let table: Table
        if let found: Table = left(label, byteCount) {
            table = found
        } else {
            table = try Table(label: label, byteCount: byteCount, adopting: nil)
        }
        tables[label] = table
        return table
    }

    /// What a former binary has kept under this label.
    private func left<Table: ZoneTable>(_ label: String, _ byteCount: Int) -> Table? {
        guard let descriptor = leftTables.take(label) else { return nil }
        return try? Table(label: label, byteCount: byteCount, adopting: descriptor)
    }

    func sessionStore(_ label: String, byteCount: Int) throws(TLSError) -> TLSSessionStore {
        if let store = stores[label] { return store }
        let store = try TLSSessionStore(byteCount: byteCount)
        stores[label] = store
        return store
    }
}
