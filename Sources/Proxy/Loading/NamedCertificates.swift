internal import Core
internal import Net

/// `ssl_certificate` with `$ssl_server_name` in its path: certificates that are read when a client first
/// names their host, by the worker, which must be allowed to.
final class NamedCertificates {
    private struct Entry {
        let context: TLSServerContext
        let stamps: [FileStamp?]
        var checkedMs: Int64
    }

    /// Paths of a certificate and its key.
    struct Pair {
        let chain: String
        let key: String
    }

    /// What stands for the name in paths.
    private static var mark: String { "$ssl_server_name" }
    /// Names that are remembered; strangers may make up as many as they like.
    private static var entriesMax: Int { 1000 }
    /// How long files are believed to be the same without another look.
    private static var checkMs: Int64 { 1000 }

    private let settings: TLSServerSettings
    private let pairs: [Pair]
    private let passwords: [[UInt8]]
    private let store: TLSSessionStore?
    private let log: ErrorLog
    private let clock = Clock()
    private var entries: [[UInt8]: Entry] = [:]

    init(
        _ settings: TLSServerSettings, _ pairs: [Pair], passwords: [[UInt8]], store: TLSSessionStore?,
        log: ErrorLog
    ) {
        self.settings = settings
        self.pairs = pairs
        self.passwords = passwords
        self.store = store
        self.log = log
    }

    /// Whether a path has variables, and only the one that is known when a certificate is chosen.
    static func mayName(_ path: String) -> Bool {
        !path.replacing("${ssl_server_name}", with: "").replacing(mark, with: "").contains("$")
    }

    /// The context for a name; `nil`: there is no certificate for it, which was logged.
    func context(for name: [UInt8]) -> TLSServerContext? {
        clock.update()
        guard NamedCertificates.isHost(name) else { return nil }
        if let known = entries[name] {
            if clock.nowMs - known.checkedMs < NamedCertificates.checkMs { return known.context }
            if known.stamps == stamps(name) {
                entries[name]?.checkedMs = clock.nowMs
                return known.context
            }
        }
        entries[name] = nil
        do {
            let made = try load(name)
            if entries.count >= NamedCertificates.entriesMax { entries.removeAll() }
            entries[name] = Entry(context: made, stamps: stamps(name), checkedMs: clock.nowMs)
            return made
        } catch {
            let reason = (error as? FileError)?.message ?? (error as? TLSError)?.message ?? "\(error)"
            log.write(.error, connection: nil, "cannot load certificate: \(reason) while SSL handshaking")
            return nil
        }
    }

    /// Letters, digits, dots, hyphens and underscores, and no empty label: it cannot lead out of a folder.
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

    private func path(_ text: String, _ name: [UInt8]) -> String {
        let host = String(decoding: name, as: UTF8.self)
        return text.replacing("${ssl_server_name}", with: host).replacing(NamedCertificates.mark, with: host)
    }

    private func stamps(_ name: [UInt8]) -> [FileStamp?] {
        pairs.flatMap { [FileAccess.stamp(path($0.chain, name)), FileAccess.stamp(path($0.key, name))] }
    }

    private func load(_ name: [UInt8]) throws -> TLSServerContext {
        var made = settings
        for pair in pairs {
            let chain = path(pair.chain, name)
            let key = path(pair.key, name)
            made.certificates.append(
                .encrypted(
                    chain: try FileAccess.readWhole(chain), chainName: chain,
                    key: try FileAccess.readWhole(key),
                    keyName: key, passwords: passwords))
        }
        return try TLSServerContext(settings: made, sessionStore: store)
    }
}
