internal import Core
internal import HTTP
internal import Net

/// `gzip`, `gunzip`: whether the content of a response is coded anew on its way to the client, and what its
/// head says then.
enum Compression {
    /// `gunzip`: called once a response, when all that its maker and `add_header` say of it stands, and
    /// before anybody looks into its content.
    static func settleUnpacking(_ exchange: Exchange) {
        guard exchange.location.settings.compression.uncompresses, exchange.stream.takesContent,
            exchange.response.status != 206, isGzip(exchange.response)
        else { return }
        exchange.response.variesByEncoding = exchange.location.settings.compression.varies
        if !takesGzip(exchange) { uncompress(exchange) }
    }

    /// `gzip`: called when everybody else has done with the content.
    static func settle(_ exchange: Exchange) {
        guard exchange.location.settings.compression.compresses, !exchange.isSubrequest,
            isEligible(exchange)
        else { return }
        exchange.response.variesByEncoding = exchange.location.settings.compression.varies
        if takesGzip(exchange) { compress(exchange) }
    }

    /// Whether the response of a file, as it stands, will be compressed: ranges are not served of it then. Of
    /// one that is compressed for others, caches are told.
    static func isForeseen(for exchange: Exchange) -> Bool {
        guard isEligible(exchange) else { return false }
        exchange.response.variesByEncoding = exchange.location.settings.compression.varies
        return exchange.delivery.takesGzip ?? CompressionConsent.isGiven(exchange)
    }

    /// As nginx, asked once a request, at the first occasion.
    static func takesGzip(_ exchange: Exchange) -> Bool {
        if let known = exchange.delivery.takesGzip { return known }
        let verdict = CompressionConsent.isGiven(exchange)
        exchange.delivery.takesGzip = verdict
        return verdict
    }

    // MARK: What the response must be

    private static func isEligible(_ exchange: Exchange) -> Bool {
        guard exchange.location.settings.compression.compresses else { return false }
        let response = exchange.response
        switch response.status {
        case 200, 403, 404: break
        default: return false
        }
        if case .none = response.contentKind { return false }
        if let length = response.contentLength,
            length < Int64(exchange.location.settings.compression.minLength)
        {
            return false
        }
        return !response.fields.contains { $0.known == .contentEncoding && !$0.value.isEmpty }
            && hasType(exchange)
    }

    private static func hasType(_ exchange: Exchange) -> Bool {
        ContentType.withBare(of: exchange) { exchange.location.settings.compression.types.contains($0) }
    }

    private static func isGzip(_ response: Response) -> Bool {
        guard let field = response.fields.first(where: { $0.known == .contentEncoding }) else { return false }
        return response.lines.equalsIgnoringCase(field.value, "gzip")
    }

    // MARK: What becomes of it

    private static func compress(_ exchange: Exchange) {
        let settings = exchange.location.settings.compression
        let kind = deflate(settings.level, length: exchange.response.contentLength)
        begin(kind, "gzip", settings.pieceMax, exchange)
    }

    private static func uncompress(_ exchange: Exchange) {
        begin(.inflate, nil, exchange.location.settings.compression.uncompressedPieceMax, exchange)
    }

    /// A short content needs no large window.
    private static func deflate(_ level: Int, length: Int64?) -> ContentCoder.Kind {
        var windowBits = 15
        var memoryLevel = 8
        if let length, length > 0 {
            // As nginx: 262 bytes of a window are of no use.
            while windowBits > 9, length < (1 << (windowBits - 1)) - 262 {
                windowBits -= 1
                memoryLevel -= 1
            }
        }
        return .deflate(level: level, windowBits: windowBits, memoryLevel: max(memoryLevel, 1))
    }

    private static func begin(
        _ kind: ContentCoder.Kind, _ coding: StaticString?, _ pieceMax: Int, _ exchange: Exchange
    ) {
        let worker = exchange.worker
        let hasContent = exchange.givesContent && hasContent(exchange.response)
        if hasContent {
            guard exchange.client.codedCount < ContentCoders.usedByClientMax, worker.coders.reserve() else {
                return complain(exchange)
            }
            exchange.client.codedCount += 1
            exchange.add { $0.begin(kind, pieceMax: pieceMax, mayWait: mayWait(exchange)) }
        }
        let scratch = worker.takeScratch()
        exchange.response.recode(coding, using: scratch)
        worker.giveScratch(scratch)
    }

    /// A content that is buffered, and whose length is known, is no stream of events: as in nginx, what came
    /// of it may wait for more, and is one block of the coding rather than many.
    private static func mayWait(_ exchange: Exchange) -> Bool {
        exchange.response.contentLength != nil && exchange.upstream?.passage.isBuffered ?? true
    }

    private static func hasContent(_ response: Response) -> Bool {
        if case .none = response.contentKind { return false }
        return response.status != 304 && response.status != 204
    }

    private static func complain(_ exchange: Exchange) {
        let worker = exchange.worker
        guard let count = worker.coders.shortageLog.admit(nowMs: worker.clock.nowMs) else { return }
        let more = count > 0 ? " (\(count) more like it before)" : ""
        worker.log(
            .warn, exchange,
            "\(worker.coders.usedCount) responses are being coded, \(exchange.client.codedCount) of them for"
                + " this client: this one passes as it is\(more)")
    }
}
