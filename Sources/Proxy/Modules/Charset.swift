internal import Config
internal import Core
internal import HTTP
internal import Net

/// `charset` and `X-Accel-Charset`: what the `Content-Type` of a response says of its charset.
///
/// Contents are coded anew where a `charset_map` says how; without one, a charset that is not the content's
/// own is an `[error]`, and not told.
enum Charset {
    /// Called once a response, when its status and type stand.
    static func settle(_ exchange: Exchange) {
        if !exchange.location.settings.charset.isTold, exchange.keptFields.charset.isEmpty { return }
        let type = exchange.response.contentType
        guard !type.isEmpty, !isMultipart(exchange.response) else { return }
        let own = ContentType.charset(in: exchange)
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        guard writeName(for: exchange, own, to: name) else {
            return
        }
        if let own, own.name.isEmpty, case .off = exchange.location.settings.charset.source { return }
        switch agreement(of: name, with: own, exchange) {
        case .missing: return
        case .same: break
        case .recoded(let recoding): recode(recoding, exchange)
        }
        if let own { type.truncate(to: own.start) }
        // As in nginx: old browsers took it for the next page's.
        if exchange.response.status == 301 || exchange.response.status == 302 || name.isEmpty { return }
        type.append("; charset=")
        type.append(contentsOf: name)
    }

    /// Whether a text in HTML that is made here will be told to be in UTF-8.
    static func tellsUTF8(_ exchange: Exchange) -> Bool {
        let name = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(name) }
        name.append(contentsOf: exchange.keptFields.charset)
        if name.isEmpty, !write(exchange.location.settings.charset.charset, for: exchange, to: name) {
            return false
        }
        return name.equalsIgnoringCase(Slice(from: 0, to: name.count), "utf-8")
    }

    /// Writes what is to be told.
    ///
    /// - Returns: false if nothing is.
    private static func writeName(for exchange: Exchange, _ own: ContentType.Charset?, to out: ByteBuffer)
        -> Bool
    {
        let forced = exchange.keptFields.charset
        if !forced.isEmpty {
            out.append(contentsOf: forced)
            let isKnown = forced.withReadable { exchange.snapshot.configuration.charsets[$0] != nil }
            if !isKnown { exchange.log(.error, "unknown charset \"\(forced.printableText)\" to override") }
            return isKnown
        }
        if let own, !own.name.isEmpty {
            guard exchange.location.settings.charset.overrides else { return false }
        } else {
            let isText = ContentType.withBare(of: exchange) {
                exchange.location.settings.charset.types.contains($0)
            }
            guard isText else { return false }
        }
        return write(exchange.location.settings.charset.charset, for: exchange, to: out)
    }

    private static func write(
        _ name: CharsetSettings.Name, for exchange: Exchange, to out: ByteBuffer
    ) -> Bool {
        switch name {
        case .off: return false
        case .fixed(let bytes): out.append(bytes)
        case .computed(let template):
            template.append(for: exchange, to: out)
            FieldValue.dropControls(of: out, from: 0)
        }
        return true
    }

    private enum Agreement {
        case same
        case recoded(CharsetRecoding)
        /// Nobody says how.
        case missing
    }

    /// The response of a file will be coded anew: its length is another then, and no ranges are served.
    static func isForeseen(for exchange: Exchange) -> Bool {
        guard !exchange.snapshot.configuration.charsetMaps.isEmpty,
            exchange.location.settings.charset.isTold || !exchange.keptFields.charset.isEmpty
        else { return false }
        let (name, source) = (exchange.worker.takeScratch(), exchange.worker.takeScratch())
        defer {
            exchange.worker.giveScratch(name)
            exchange.worker.giveScratch(source)
        }
        guard writeName(for: exchange, ContentType.charset(in: exchange), to: name),
            write(exchange.location.settings.charset.source, for: exchange, to: source)
        else { return false }
        return recoding(from: source, to: name, exchange)?.keepsLength == false
    }

    private static func recoding(
        from source: ByteBuffer, to name: ByteBuffer, _ exchange: Exchange
    ) -> CharsetRecoding? {
        source.withReadable { first in
            name.withReadable { exchange.snapshot.configuration.charsetMaps[first, $0] }
        }
    }

    private static func recode(_ recoding: CharsetRecoding, _ exchange: Exchange) {
        let response = exchange.response
        if case .none = response.contentKind { return }
        if !recoding.keepsLength {
            response.contentLength = nil
            response.ranges = .unsaid
        }
        if exchange.givesContent { exchange.add { $0.begin(recoding) } }
    }

    /// Whether the content is in the charset that is to be told, as far as anybody says what it is in, or how
    /// it comes to be.
    private static func agreement(
        of name: ByteBuffer, with own: ContentType.Charset?, _ exchange: Exchange
    ) -> Agreement {
        let source = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(source) }
        if let own, !own.name.isEmpty {
            let place = Slice(from: own.name.lowerBound, to: own.name.upperBound)
            source.append(place, of: exchange.response.contentType)
        } else if !write(exchange.location.settings.charset.source, for: exchange, to: source) {
            return .same
        }
        let isSame = source.withReadable { first in
            name.withReadable { equalsIgnoringCase(first, $0) }
        }
        if isSame { return .same }
        if let recoding = recoding(from: source, to: name, exchange) { return .recoded(recoding) }
        exchange.log(
            .error,
            "no \"charset_map\" between the charsets \"\(source.printableText)\" and"
                + " \"\(name.printableText)\"")
        return .missing
    }

    /// Its parts tell theirs.
    private static func isMultipart(_ response: Response) -> Bool {
        guard response.status == 206, case .buffered = response.contentKind else { return false }
        return response.contentType.withReadable { type in
            type.count > 10 && equalsIgnoringCase(type.extracting(0..<10), "multipart/")
        }
    }
}
