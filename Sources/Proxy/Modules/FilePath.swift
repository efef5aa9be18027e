internal import Core
internal import Net

/// The file that a path leads to: `root`, `alias`.
enum FilePath {
    /// Whether there is one: what `rewrite … break` made of a path has no part that an `alias` could replace.
    static func isKnown(for exchange: Exchange) -> Bool {
        guard case .settled = exchange.routing.pathOrigin else { return true }
        return exchange.location.settings.core.rootUse == .root
    }

    /// Answers a request that has no file, as nginx does.
    static func refuse(_ exchange: Exchange) -> Outcome {
        let location = exchange.location.name
        exchange.log(.alert, "\"alias\" cannot be used in location \"\(location)\" where URI was rewritten")
        return .status(500)
    }

    /// Appends the file's path for the path in force.
    static func append(for exchange: Exchange, to out: ByteBuffer) {
        guard isKnown(for: exchange) else { return }
        appendBase(of: exchange, to: out)
        switch exchange.location.settings.core.rootUse {
        case .root: out.append(contentsOf: exchange.uri)
        case .alias(let replaced):
            let start = min(replaced, exchange.uri.count)
            out.append(Slice(from: start, to: exchange.uri.count), of: exchange.uri)
        case .wholeFile:
            // Unless `try_files` found one below it.
            if exchange.routing.appendsPathToAlias { out.append(contentsOf: exchange.uri) }
        }
    }

    /// Appends what comes before the path in a file's name: a `root` without its last slash, an `alias`
    /// as it is.
    static func appendBase(of exchange: Exchange, to out: ByteBuffer) {
        appendRoot(of: exchange, to: out)
        if exchange.location.settings.core.rootUse == .root { trimSlash(of: out) }
    }

    /// Bytes of the path that the `alias` in force takes the place of; `nil`: none does, or all of it.
    static func replacedCount(of exchange: Exchange) -> Int? {
        guard case .alias(let replaced) = exchange.location.settings.core.rootUse else { return nil }
        return replaced
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
        FileAccess.appendRealPath(scratch, to: out)
    }

    /// A root's last slash and a path's first are one.
    private static func trimSlash(of out: ByteBuffer) {
        if out.count > 1 && out[out.count - 1] == UInt8(ascii: "/") { out.truncate(to: out.count - 1) }
    }
}
