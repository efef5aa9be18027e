internal import Core
internal import HTTP
internal import Net

/// An opened file as a response: preconditions, then ranges.
enum FileResponse {
    /// What is served of a file, where that is not all of it.
    struct Part {
        /// Bytes that stand before it.
        var lead: [UInt8] = []
        /// Where in the file it begins; it goes to the file's end.
        var offset: Int64 = 0

        var isWhole: Bool { lead.isEmpty && offset == 0 }
    }

    /// Fills in the response for `file`.
    ///
    /// - Parameters:
    ///   - part: what is served of it.
    ///   - coding: how its content is coded, if it is.
    /// - SeeAlso: RFC 9110 §13.2.2: the order of preconditions and ranges.
    static func fill(
        _ exchange: Exchange, from file: OpenedFile, _ part: Part = Part(), coding: StaticString? = nil
    ) -> Outcome {
        let response = exchange.response
        // `error_page =code` decides what this is before conditions and ranges do.
        response.status = exchange.routing.statusOverride.take() ?? 200
        response.lastModified = file.stamp.modified
        let rest = file.stamp.size - part.offset
        let size = rest + Int64(part.lead.count)
        response.contentLength = size
        response.content.append(part.lead)
        response.contentKind = .file(file, offset: part.offset, count: rest)
        ContentType.set(for: exchange)
        let tag = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(tag) }
        if exchange.location.settings.core.etag {
            appendTag(modified: file.stamp.modified, size: size, to: tag)
            response.add(.etag) { $0.append(contentsOf: tag) }
        }
        let outcome = ConditionalRequest.settle(exchange, tag: tag)
        guard case .respond = outcome else { return outcome }
        if let coding, response.status != 304 { response.add(.contentEncoding) { $0.append(coding) } }
        guard response.status == 200, coding == nil else { return outcome }
        return ranges(exchange, file, part, tag)
    }

    /// `"mtime-size"` in hexadecimal, as nginx writes it.
    private static func appendTag(modified: Int64, size: Int64, to out: ByteBuffer) {
        out.append(UInt8(ascii: "\""))
        out.append(hexadecimal: UInt(bitPattern: Int(modified)))
        out.append(UInt8(ascii: "-"))
        out.append(hexadecimal: UInt(bitPattern: Int(size)))
        out.append(UInt8(ascii: "\""))
    }

    // MARK: Ranges

    private static func ranges(
        _ exchange: Exchange, _ file: OpenedFile, _ part: Part, _ tag: ByteBuffer
    ) -> Outcome {
        let response = exchange.response
        let rangesMax = exchange.location.settings.core.maxRanges
        guard rangesMax > 0 else { return .respond }
        if SubFilter.isForeseen(for: exchange) || Charset.isForeseen(for: exchange)
            || Addition.isForeseen(for: exchange) || Compression.isForeseen(for: exchange)
        {
            response.ranges = .accepted
            return .respond
        }
        let size = response.contentLength ?? 0
        var ranges = ByteRanges()
        var verdict = ByteRanges.Verdict.whole
        if allowsRanges(exchange, tag, modified: response.lastModified) {
            verdict =
                exchange.withRequestField(.range) { ranges.parse($0, length: size, rangesMax: rangesMax) }
                ?? .whole
        }
        switch verdict {
        case .whole:
            break
        case .unsatisfiable:
            let varies = response.variesByEncoding
            response.reset()
            response.variesByEncoding = varies
            response.add(.contentRange) { out in
                out.append("bytes */")
                out.append(decimal: Int(size))
            }
            return .status(416)
        case .partial where ranges.ranges.count == 1:
            one(ranges.ranges[0], of: file, part, exchange)
            return .respond
        case .partial:
            if part.isWhole, MultipartRanges.fill(exchange, from: file, ranges.ranges) { return .respond }
        }
        response.ranges = .accepted
        return .respond
    }

    private static func one(
        _ range: Range<Int64>, of file: OpenedFile, _ part: Part, _ exchange: Exchange
    ) {
        let response = exchange.response
        let length = range.upperBound - range.lowerBound
        let lead = part.lead.dropFirst(Int(clamping: range.lowerBound)).prefix(Int(clamping: length))
        response.status = 206
        response.ranges = .part(range, of: response.contentLength ?? 0)
        response.contentLength = length
        response.content.removeAll()
        response.content.append(Array(lead))
        let offset = part.offset + max(0, range.lowerBound - Int64(part.lead.count))
        response.contentKind = .file(file, offset: offset, count: length - Int64(lead.count))
    }

    /// `If-Range`: ranges are for those who have this very version. RFC 9110 §13.1.5.
    ///
    /// - Parameters:
    ///   - tag: the version's entity tag; empty: it has none.
    ///   - modified: when it was changed, if that is known.
    static func allowsRanges(_ exchange: Exchange, _ tag: ByteBuffer, modified: Int64?) -> Bool {
        if exchange.isSubrequest { return false }
        let isSame = exchange.withRequestField(.ifRange) { value in
            if value.count >= 2 && value[value.count - 1] == UInt8(ascii: "\"") {
                return tag.withReadable { EntityTags.isStrongly(value, $0) }
            }
            guard let time = HTTPTime.parse(value), let modified else { return false }
            return time == modified
        }
        return isSame ?? true
    }
}
