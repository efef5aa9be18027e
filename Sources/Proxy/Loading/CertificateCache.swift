internal import Config
internal import Core
internal import Net

/// `ssl_certificate_cache`, `proxy_ssl_certificate_cache`: how long what was read for a handshake serves
/// others.
struct CertificateCaching: Equatable {
    /// Most that is remembered; strangers may make up as many names as they like.
    var countMax = 1000
    /// How long without use; `nil`: as long as there is room.
    var inactiveMs: Int64?
    /// How long files are believed to be the same without another look; 0: each handshake looks.
    var validMs: Int64 = 0

    /// `off | max=N [inactive=time] [valid=time]`
    static func read(_ statement: Statement) throws(ConfigError) -> CertificateCaching {
        if statement.arguments.count == 1, statement.argument(0) == "off" { return CertificateCaching() }
        var made = CertificateCaching(countMax: 0, inactiveMs: 10_000, validMs: 60_000)
        for word in statement.arguments {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts[0], parts.count > 1 ? parts[1] : "") {
            case ("max", let text):
                guard let count = Units.number(text), count > 0 else {
                    throw .invalidParameter(word, statement)
                }
                made.countMax = count
            case ("inactive", let text):
                guard let time = Units.milliseconds(text) else { throw .invalidParameter(word, statement) }
                made.inactiveMs = Int64(time)
            case ("valid", let text):
                guard let time = Units.milliseconds(text) else { throw .invalidParameter(word, statement) }
                made.validMs = Int64(time)
            default: throw .invalidParameter(word, statement)
            }
        }
        guard made.countMax > 0 else {
            throw ConfigError("\"\(statement.name)\" must have the \"max\" parameter", statement)
        }
        return made
    }
}

/// Contexts whose certificates variables name, by what the variables came to. Files are read by the worker,
/// which must be allowed to.
final class CertificateCache<Context: AnyObject> {
    private struct Entry {
        let context: Context
        let stamps: [FileStamp?]
        var checkedMs: Int64
        var usedMs: Int64
    }

    private let caching: CertificateCaching
    private var entries: [[String]: Entry] = [:]

    init(_ caching: CertificateCaching) { self.caching = caching }

    /// The context for names of certificates and keys; made unless it is known and the files are as they
    /// were.
    func context(
        _ names: [String], nowMs: Int64, make: () throws(TLSError) -> Context
    ) throws(TLSError) -> Context {
        if var known = entries[names], !isStale(known, nowMs) {
            var isSame = nowMs - known.checkedMs < caching.validMs
            if !isSame, known.stamps == stamps(names) {
                known.checkedMs = nowMs
                isSame = true
            }
            if isSame {
                known.usedMs = nowMs
                entries[names] = known
                return known.context
            }
        }
        entries[names] = nil
        let stamps = stamps(names)
        let made = try make()
        makeRoom(nowMs)
        entries[names] = Entry(context: made, stamps: stamps, checkedMs: nowMs, usedMs: nowMs)
        return made
    }

    private func isStale(_ entry: Entry, _ nowMs: Int64) -> Bool {
        caching.inactiveMs.map { nowMs - entry.usedMs >= $0 } ?? false
    }

    private func stamps(_ names: [String]) -> [FileStamp?] {
        names.map { $0.hasPrefix(MadeCertificate.dataMark) ? nil : FileAccess.stamp($0) }
    }

    /// Lets go of what was not used for long; a tenth of the rest where that is not enough.
    private func makeRoom(_ nowMs: Int64) {
        guard entries.count >= caching.countMax else { return }
        entries = entries.filter { !isStale($0.value, nowMs) }
        guard entries.count >= caching.countMax else { return }
        let oldest = entries.sorted { $0.value.usedMs < $1.value.usedMs }.prefix(max(1, entries.count / 10))
        for entry in oldest { entries[entry.key] = nil }
    }
}

/// A certificate and its key that variables name: paths of files, or `data:` and what would stand in one.
struct MadeCertificate {
    static var dataMark: String { "data:" }
    /// Most bytes that are read of a file.
    private static var fileMax: Int { 1 << 20 }

    let chain: Template<Variable>
    let key: Template<Variable>
    /// Where relative paths begin.
    let directory: String

    /// What the variables come to: of the certificate, and of its key.
    func names(for exchange: Exchange) -> [String] { [chain, key].map { name($0, exchange) } }

    private func name(_ template: Template<Variable>, _ exchange: Exchange) -> String {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        template.append(for: exchange, to: scratch)
        let text = String(decoding: scratch.bytes, as: UTF8.self)
        if text.isEmpty || text.hasPrefix(MadeCertificate.dataMark) { return text }
        return ConfigurationBuilder.join(directory, text)
    }

    /// Whether names that come from clients may be part of a path: they cannot lead out of a folder.
    func allows(_ serverName: [UInt8]?) -> Bool {
        guard let serverName, [chain, key].contains(where: { $0.names(builtin: "ssl_server_name") }) else {
            return true
        }
        return MadeCertificate.isHost(serverName)
    }

    /// Letters, digits, dots, hyphens and underscores, and no empty label.
    private static func isHost(_ name: [UInt8]) -> Bool {
        guard !name.isEmpty, name.count <= 253, name.first != UInt8(ascii: ".") else { return false }
        var last: UInt8 = 0
        for byte in name {
            let isPlain = byte.isASCIIAlpha || byte.isASCIIDigit || byte == UInt8(ascii: "-")
            guard isPlain || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") else { return false }
            if byte == UInt8(ascii: "."), last == byte { return false }
            last = byte
        }
        return true
    }

    /// What stands where the names lead to.
    func read(_ names: ArraySlice<String>, _ passwords: [[UInt8]]) throws(TLSError) -> TLSCertificate {
        guard let chain = names.first, let key = names.last, names.count == 2 else {
            throw TLSError("cannot load certificate: it has no name")
        }
        return .encrypted(
            chain: try bytes(chain, of: self.chain, "certificate"),
            chainName: MadeCertificate.shown(chain),
            key: try bytes(key, of: self.key, "certificate key"),
            keyName: MadeCertificate.shown(key), passwords: passwords)
    }

    /// Keys are not said aloud.
    private static func shown(_ name: String) -> String { name.hasPrefix(dataMark) ? dataMark : name }

    private func bytes(
        _ name: String, of template: Template<Variable>, _ what: String
    ) throws(TLSError) -> [UInt8] {
        if name.hasPrefix(MadeCertificate.dataMark) {
            return Array(name.utf8.dropFirst(MadeCertificate.dataMark.utf8.count))
        }
        // A value that a client has a part in is not to choose the folder.
        let climbs = !template.source.contains("..") && name.split(separator: "/").contains("..")
        guard !name.isEmpty, !climbs else { throw TLSError("cannot load \(what) \"\(name)\": invalid path") }
        do throws(FileError) {
            return try FileAccess.readRegular(name, limit: MadeCertificate.fileMax)
        } catch {
            throw TLSError("cannot load \(what) \"\(name)\": \(error.message)")
        }
    }
}
