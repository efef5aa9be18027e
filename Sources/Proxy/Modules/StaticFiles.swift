internal import Config
internal import Core
internal import HTTP
internal import Net

/// `root`, `alias`, `index`: answers with files.
enum StaticFiles {
    /// What answers where no directive says otherwise.
    static let module = ContentModule(hasReserve: false, handle: { StaticFiles.handle($0) })

    static func handle(_ exchange: Exchange) -> Outcome {
        switch exchange.method {
        case .get, .head, .post: break
        // As in nginx, wherever the path would lead.
        default: return .status(405)
        }
        guard FilePath.isKnown(for: exchange) else { return FilePath.refuse(exchange) }
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        let isDirectory = !exchange.uri.isEmpty && exchange.uri[exchange.uri.count - 1] == UInt8(ascii: "/")
        return isDirectory ? index(of: exchange, path) : file(for: exchange, path)
    }

    // MARK: Directories

    /// Redirects internally to a file that chance picks, or else to the first index file that exists.
    private static func index(of exchange: Exchange, _ path: ByteBuffer) -> Outcome {
        let picked = RandomIndex.handle(exchange, path)
        guard case .declined = picked else { return picked }
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        var isDirectoryKnown = false
        for template in indexNames(of: exchange) {
            name.removeAll()
            template.append(for: exchange, to: name)
            if name.isEmpty { continue }
            if name[0] == UInt8(ascii: "/") { return redirect(exchange, to: name, isWhole: true) }
            path.removeAll()
            FilePath.append(for: exchange, to: path)
            path.append(contentsOf: name)
            if let stamp = exchange.stamp(of: path) {
                if stamp.isDirectory { continue }
                return redirect(exchange, to: name, isWhole: false)
            }
            let error = Errno.current
            if error.isLink {
                exchange.log(.error, "\"\(path.printableText)\" is forbidden \(error.logText)")
                return .status(403)
            }
            if error.isNoFolder {
                exchange.log(.error, "\"\(path.printableText)\" is not found \(error.logText)")
                return .status(404)
            }
            if !isDirectoryKnown, let outcome = missingDirectory(exchange, path) { return outcome }
            isDirectoryKnown = true
        }
        let listing = Autoindex.handle(exchange)
        guard case .declined = listing else { return listing }
        path.removeAll()
        FilePath.append(for: exchange, to: path)
        exchange.log(.error, "directory index of \"\(path.printableText)\" is forbidden")
        return .status(403)
    }

    private static func redirect(_ exchange: Exchange, to name: ByteBuffer, isWhole: Bool) -> Outcome {
        if isWhole { exchange.uri.removeAll() }
        exchange.uri.append(contentsOf: name)
        exchange.serveRedirected()
        return .suspended
    }

    /// - Parameter file: what was looked for in it.
    private static func missingDirectory(_ exchange: Exchange, _ file: ByteBuffer) -> Outcome? {
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        FilePath.append(for: exchange, to: path)
        if let stamp = exchange.stamp(of: path) {
            if stamp.isDirectory { return nil }
            exchange.log(.error, "\"\(path.printableText)\" is not a directory")
            return .status(404)
        }
        let error = Errno.current
        if error.isPermission || exchange.location.settings.core.logNotFound {
            let reason = error.isPermission ? "is forbidden" : "is not found"
            exchange.log(.error, "\"\(file.printableText)\" \(reason) \(error.logText)")
        }
        return .status(error.isPermission ? 403 : 404)
    }

    // MARK: Files

    private static func file(for exchange: Exchange, _ path: ByteBuffer) -> Outcome {
        switch PreparedFile.find(for: exchange) {
        case .none: break
        case .file(let prepared): return FileResponse.fill(exchange, from: prepared, coding: "gzip")
        case .refused(let status): return .status(status)
        }
        FilePath.append(for: exchange, to: path)
        let file: OpenedFile
        do {
            file = try exchange.open(path)
        } catch {
            return refusal(error, exchange)
        }
        if file.stamp.isDirectory {
            Return.redirectToSlash(exchange)
            return .status(301)
        }
        guard file.stamp.isRegular else {
            exchange.log(.crit, "\"\(path.printableText)\" is not a regular file")
            return .status(404)
        }
        guard exchange.method != .post else { return .status(405) }
        return FileResponse.fill(exchange, from: file)
    }

    /// The status of a file that cannot be opened, and the line about it.
    private static func refusal(_ error: FileError, _ exchange: Exchange) -> Outcome {
        let status: UInt16 = error.errno.isNotFound ? 404 : error.errno.isPermission ? 403 : 500
        if status != 404 || exchange.location.settings.core.logNotFound {
            exchange.log(status == 500 ? .crit : .error, error.message)
        }
        return .status(status)
    }

    private static func indexNames(of exchange: Exchange) -> [Template<Variable>] {
        let names = exchange.location.settings.core.index.elements
        return names.isEmpty ? [Template(constant: Array("index.html".utf8))] : names
    }
}
