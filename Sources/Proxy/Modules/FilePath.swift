internal import Core
internal import Net

/// The file that a path leads to: `root`, `alias`.
enum FilePath {
    /// Appends the file's path for the path in force.
    static func append(for exchange: Exchange, to out: ByteBuffer) {
        appendBase(of: exchange, to: out)
        guard exchange.location.settings.core.isAlias else { return out.append(contentsOf: exchange.uri) }
        if case .regex = exchange.location.kind {
            // There `alias` names the whole file, unless `try_files` found one below it.
            if exchange.appendsPathToAlias { out.append(contentsOf: exchange.uri) }
            return
        }
        let nameLength = min(exchange.location.replacedCount, exchange.uri.count)
        out.append(Slice(from: nameLength, to: exchange.uri.count), of: exchange.uri)
    }

    /// Appends what comes before the path in a file's name: a `root` without its last slash, an `alias`
    /// as it is.
    static func appendBase(of exchange: Exchange, to out: ByteBuffer) {
        appendRoot(of: exchange, to: out)
        if !exchange.location.settings.core.isAlias { trimSlash(of: out) }
    }

    /// Bytes of the path that the `alias` in force takes the place of; `nil`: none does, or all of it.
    static func replacedCount(of exchange: Exchange) -> Int? {
        guard exchange.location.settings.core.isAlias else { return nil }
        if case .regex = exchange.location.kind { return nil }
        return exchange.location.replacedCount
    }

    /// Appends the root in force.
    static func appendRoot(of exchange: Exchange, to out: ByteBuffer) {
        exchange.location.settings.core.root.append(for: exchange, to: out)
    }

    /// Appends the root in force with its symbolic links resolved; nothing if it does not exist.
    static func appendRealRoot(of exchange: Exchange, to out: ByteBuffer) {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        appendRoot(of: exchange, to: scratch)
        if let path = FileAccess.realPath(String(decoding: scratch.bytes, as: UTF8.self)) { out.append(path) }
    }

    /// A root's last slash and a path's first are one.
    private static func trimSlash(of out: ByteBuffer) {
        if out.count > 1 && out[out.count - 1] == UInt8(ascii: "/") { out.truncate(to: out.count - 1) }
    }
}
