internal import Core
internal import HTTP
internal import Net

/// `proxy_force_ranges`: of a gateway's whole response the client gets the range that it asked for.
enum ForcedRanges {
    /// Called once a response, when its length and its content are what the client would get.
    static func settle(_ exchange: Exchange) {
        guard exchange.location.settings.proxy.forcesRanges, case .streamed = exchange.response.contentKind,
            exchange.stream.takesContent, !exchange.isSubrequest, exchange.response.status == 200
        else { return }
        let response = exchange.response
        response.remove(.acceptRanges)
        guard let size = response.contentLength, exchange.location.settings.core.maxRanges > 0 else { return }
        response.ranges = .accepted
        guard let range = range(exchange, size) else { return }
        let count = range.upperBound - range.lowerBound
        response.status = 206
        response.hasOwnReason = false
        response.contentLength = count
        response.ranges = .part(range, of: size)
        if exchange.givesContent { exchange.add { $0.begin(range) } }
    }

    /// The one range that is asked for; of several, as in nginx, none.
    private static func range(_ exchange: Exchange, _ size: Int64) -> Range<Int64>? {
        let tag = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(tag) }
        if let field = field(.etag, exchange) { tag.append(field.value, of: exchange.response.lines) }
        let modified =
            exchange.response.lastModified
            ?? field(.lastModified, exchange).flatMap { field in
                exchange.response.lines.withBytes(of: field.value) { HTTPTime.parse($0) }
            }
        guard FileResponse.allowsRanges(exchange, tag, modified: modified) else { return nil }
        var ranges = ByteRanges()
        let verdict = exchange.withRequestField(.range) { ranges.parse($0, length: size, rangesMax: 1) }
        guard case .partial? = verdict else { return nil }
        return ranges.ranges.first
    }

    private static func field(_ name: FieldName, _ exchange: Exchange) -> Field? {
        exchange.response.fields.first { $0.known == name }
    }
}
