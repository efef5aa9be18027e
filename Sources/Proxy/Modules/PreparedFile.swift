internal import Core
internal import HTTP
internal import Net

/// `gzip_static`: the file with `.gz` behind its name, which somebody has compressed beforehand.
enum PreparedFile {
    /// What becomes of the request.
    enum Finding {
        /// There is none, or the client does not take it: the file itself is served.
        case none
        case file(OpenedFile)
        case refused(UInt16)
    }

    /// Looks for one beside the file that is asked for.
    static func find(for exchange: Exchange) -> Finding {
        let prepared = exchange.location.settings.compression.prepared
        guard prepared != .off, exchange.method != .post else { return .none }
        // What answers a request that is made here stands in another's response.
        let isTaken = prepared == .always || !exchange.isSubrequest && Compression.takesGzip(exchange)
        let varies = exchange.location.settings.compression.varies
        // Caches are told of it also by those who do not get it, so it is looked for.
        guard isTaken || varies, let file = open(exchange) else { return .none }
        if prepared == .on {
            exchange.response.variesByEncoding = varies
            guard isTaken else { return .none }
        }
        if file.stamp.isDirectory { return .none }
        guard file.stamp.isRegular else {
            exchange.log(.crit, "the file with \".gz\" behind its name is not a regular file")
            return .refused(404)
        }
        return .file(file)
    }

    private static func open(_ exchange: Exchange) -> OpenedFile? {
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        FilePath.append(for: exchange, to: path)
        path.append(".gz")
        do {
            return try exchange.open(path)
        } catch {
            if !error.errno.isNotFound {
                exchange.log(error.errno.isPermission ? .error : .crit, error.message)
            }
            return nil
        }
    }
}
