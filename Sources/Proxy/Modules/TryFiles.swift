internal import Config
internal import Core
internal import Net

/// `try_files`: serves the first file or folder that exists, else what is named last.
enum TryFiles {
    /// - Returns: `.declined` if the location's handler is to go on, with the path that was found.
    static func handle(_ exchange: Exchange) -> Outcome {
        guard let settings = exchange.location.settings.tryFiles else { return .declined }
        guard FilePath.isKnown(for: exchange) else { return FilePath.refuse(exchange) }
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        for candidate in settings.candidates {
            name.removeAll()
            append(candidate.name, for: exchange, to: name)
            let isThere = exists(name, isDirectory: candidate.isDirectory, exchange)
            if let trace = exchange.worker.trace { trace.tried(name, isThere, exchange) }
            if isThere {
                adopt(name, exchange)
                return .declined
            }
        }
        switch settings.last {
        case .status(let code): return .status(code)
        case .target(let target):
            name.removeAll()
            append(target, for: exchange, to: name)
            return redirect(exchange, to: name.bytes)
        }
    }

    /// Appends a name. A path made of variables counts below the `alias`, as the location's own paths do.
    private static func append(_ template: Template<Variable>, for exchange: Exchange, to out: ByteBuffer) {
        template.append(for: exchange, to: out)
        guard !template.isConstant, let count = FilePath.replacedCount(of: exchange), count <= out.count
        else {
            return
        }
        for index in 0..<count where index >= exchange.uri.count || out[index] != exchange.uri[index] {
            return
        }
        out.consume(count)
    }

    private static func exists(_ name: ByteBuffer, isDirectory: Bool, _ exchange: Exchange) -> Bool {
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        FilePath.appendBase(of: exchange, to: path)
        path.append(contentsOf: name)
        if let stamp = exchange.stamp(of: path) { return stamp.isDirectory == isDirectory }
        let error = Errno.current
        if !error.isNotFound {
            exchange.log(.crit, "stat() \"\(path.printableText)\" failed \(error.logText)")
        }
        return false
    }

    /// The path in force becomes that of the file that was found.
    private static func adopt(_ name: ByteBuffer, _ exchange: Exchange) {
        if let count = FilePath.replacedCount(of: exchange) {
            exchange.uri.truncate(to: min(count, exchange.uri.count))
        } else {
            exchange.uri.removeAll()
            exchange.routing.appendsPathToAlias = exchange.location.settings.core.rootUse == .wholeFile
        }
        exchange.uri.append(contentsOf: name)
    }

    private static func redirect(_ exchange: Exchange, to target: [UInt8]) -> Outcome {
        if target.first == UInt8(ascii: "@") {
            exchange.redirectInternally(named: Array(target.dropFirst()))
            return .suspended
        }
        let mark = UInt8(ascii: "?")
        // As in nginx there is a query then, if only an empty one.
        exchange.redirectInternally(to: target.contains(mark) ? target : target + [mark])
        return .suspended
    }
}
