internal import Core
internal import HTTP
internal import Net

/// `proxy_force_ranges`: of a gateway's whole response the client gets the range that it asked for.
enum ForcedRanges {
    /// Called once a response, when its length and its content are what the client would get.
    ///
    /// - Returns: the length of a content of which the client asks for ranges that it does not have.
    static func settle(_ exchange: Exchange) -> Int64? {
        guard exchange.location.settings.proxy.forcesRanges, case .streamed = exchange.response.contentKind,
            exchange.stream.takesContent, !exchange.isSubrequest, exchange.response.status == 200
        else { return nil }
        let response = exchange.response
        response.remove(.acceptRanges)
        guard let size = response.contentLength, exchange.location.settings.core.maxRanges > 0 else {
            return nil
        }
        response.ranges = .accepted
        let range: Range<Int64>
        switch verdict(exchange, size) {
        case .whole: return nil
        case .unsatisfiable: return size
        case .partial(let part): range = part
        }
        let count = range.upperBound - range.lowerBound
        response.status = 206
        response.hasOwnReason = false
        response.contentLength = count
        response.ranges = .part(range, of: size)
        if exchange.givesContent { exchange.add { $0.begin(range) } }
        return nil
    }

    private enum Verdict {
        case whole
        case partial(Range<Int64>)
        case unsatisfiable
    }

    /// What becomes of the one range that is asked for; of several, as in nginx, none is given.
    private static func verdict(_ exchange: Exchange, _ size: Int64) -> Verdict {
        let tag = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(tag) }
        if let field = field(.etag, exchange) { tag.append(field.value, of: exchange.response.lines) }
        let modified =
            exchange.response.lastModified
            ?? field(.lastModified, exchange).flatMap { field in
                exchange.response.lines.withBytes(of: field.value) { HTTPTime.parse($0) }
            }
        guard FileResponse.allowsRanges(exchange, tag, modified: modified) else { return .whole }
        var ranges = ByteRanges()
        let verdict = exchange.withRequestField(.range) { ranges.parse($0, length: size, rangesMax: 1) }
        switch verdict {
        case .partial?: return ranges.ranges.first.map { .partial($0) } ?? .whole
        case .unsatisfiable?: return .unsatisfiable
        case .whole?, nil: return .whole
        }
    }

    private static func field(_ name: FieldName, _ exchange: Exchange) -> Field? {
        exchange.response.fields.first { $0.known == name }
    }
}
