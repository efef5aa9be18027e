internal import Core
internal import HTTP
internal import Net
internal import Status

/// `autoindex`: answers with what is in a folder, made in slices.
enum Autoindex {
    /// - Returns: `.declined` where folders are not listed.
    static func handle(_ exchange: Exchange) -> Outcome {
        guard exchange.location.settings.autoindex.isOn, exchange.method == .get || exchange.method == .head
        else { return .declined }
        var listing = Listing(exchange.location.settings.autoindex)
        if listing.format == .jsonp {
            guard let callback = callback(of: exchange) else { return .status(400) }
            listing.callback = callback
            if callback.isEmpty { listing.format = .json }
        }
        let directory: OpenedDirectory
        do {
            directory = try open(exchange)
        } catch {
            exchange.log(error.errno.isNotFound || error.errno.isPermission ? .error : .crit, error.message)
            return .status(error.errno.isNotFound ? 404 : error.errno.isPermission ? 403 : 500)
        }
        listing.countsCharacters = listing.format == .html && Charset.tellsUTF8(exchange)
        begin(exchange, listing.format)
        let outcome = ConditionalRequest.settle(exchange, tag: exchange.worker.noBytes)
        guard case .respond = outcome, exchange.method == .get else { return outcome }
        return exchange.begin(work(exchange, directory, listing))
    }

    private static func open(_ exchange: Exchange) throws(FileError) -> OpenedDirectory {
        let path = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(path) }
        FilePath.append(for: exchange, to: path)
        return try OpenedDirectory(path)
    }

    /// Nobody knows how long it becomes.
    private static func begin(_ exchange: Exchange, _ format: AutoindexFormat) {
        let response = exchange.response
        response.status = 200
        response.contentType.removeAll()
        switch format {
        case .html: response.contentType.append("text/html")
        case .xml: response.contentType.append("text/xml; charset=utf-8")
        case .json: response.contentType.append("application/json")
        case .jsonp: response.contentType.append("application/javascript")
        }
        response.content.removeAll()
        response.contentKind = .buffered
        response.contentLength = nil
    }

    /// The function that the request wants the listing to be given to; empty: none. `nil`: it cannot be one.
    private static func callback(of exchange: Exchange) -> [UInt8]? {
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        _ = exchange.arguments.withReadable {
            FieldLookup.appendArgument(named: Array("callback".utf8), of: $0, to: name)
        }
        let bytes = name.bytes
        let isName = bytes.allSatisfy {
            $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
        guard bytes.count <= 128, isName else {
            let reason = bytes.count > 128 ? "too long" : "invalid"
            exchange.log(.info, "client sent \(reason) callback name: \"\(name.printableText)\"")
            return nil
        }
        return bytes
    }

    // MARK: The work

    private static func work(_ exchange: Exchange, _ directory: OpenedDirectory, _ listing: Listing)
        -> SlicedWork
    {
        let reading = DirectoryReading(directory)
        let work = SlicedWork(.listing, out: exchange.response.content) { [unowned exchange] in
            if reading.isFailed { ErrorResponses.fill(exchange, status: 500) }
        }
        work.repeating { [unowned exchange] in reading.step(exchange) }
        work.once { [unowned exchange] in
            if !reading.isFailed { listing.begin(for: exchange.uri, to: work.out) }
        }
        var isFirst = true
        work.repeating {
            guard !reading.isFailed, let entry = reading.names.removeFirst() else { return false }
            listing.append(entry, of: reading.names.bytes, isFirst: isFirst, to: work.out)
            isFirst = false
            return true
        }
        work.once { if !reading.isFailed { listing.end(to: work.out) } }
        return work
    }
}

/// A folder while its names are read.
private final class DirectoryReading {
    private let directory: OpenedDirectory
    private let name = ByteBuffer(capacity: 256)
    var names = ListedNames()
    /// There is nothing to list.
    private(set) var isFailed = false

    init(_ directory: OpenedDirectory) {
        self.directory = directory
    }

    /// Reads one name.
    ///
    /// - Returns: whether there may be more.
    func step(_ exchange: Exchange) -> Bool {
        name.removeAll()
        switch directory.next(into: name) {
        case .end: return false
        case .failed(let error): return fail("readdir() failed \(error.logText)", exchange)
        case .name: break
        }
        // Hidden ones are not told.
        if name.isEmpty || name[0] == UInt8(ascii: ".") { return true }
        guard let stamp = directory.stamp(of: name) else {
            let error = Errno.current
            // It has gone meanwhile.
            if error.isNotFound { return true }
            let message = "stat() \"\(name.printableText)\" failed \(error.logText)"
            guard error.isPermission else { return fail(message, exchange) }
            exchange.log(.crit, message)
            return true
        }
        guard names.insert(name, stamp) else {
            return fail("a folder of more than \(ListedNames.countMax) names is not listed", exchange)
        }
        return true
    }

    private func fail(_ message: String, _ exchange: Exchange) -> Bool {
        exchange.log(.crit, message)
        isFailed = true
        return false
    }
}
