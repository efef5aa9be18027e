internal import Core
internal import HTTP

/// Preconditions on a 200 that has a time or a tag.
///
/// - SeeAlso: RFC 9110 §13; nginx's order and its `if_modified_since`.
enum ConditionalRequest {
    /// What becomes of the response.
    enum Verdict: Equatable {
        /// It is sent.
        case unchanged
        /// 304 without content.
        case notModified
        /// 412.
        case failed
    }

    /// Carries out the preconditions on a response that is filled in but for what concerns ranges.
    ///
    /// The page of an error that is sent as such is not what the client's conditions are about, nor is what
    /// answers a request that was made here.
    static func settle(_ exchange: Exchange, tag: ByteBuffer) -> Outcome {
        let response = exchange.response
        guard response.status == 200, !exchange.isSubrequest else { return .respond }
        switch tag.withReadable({ verdict(for: exchange, tag: $0) }) {
        case .failed:
            let varies = response.variesByEncoding
            response.reset()
            response.variesByEncoding = varies
            exchange.keptFields.reset()
            return .status(412)
        case .notModified:
            response.status = 304
            response.contentType.removeAll()
            response.contentLength = nil
            response.contentKind = .none
            exchange.keptFields.forgetRanges()
        case .unchanged: break
        }
        return .respond
    }

    /// Checks the preconditions of `exchange` against its response's time and `tag` (empty: none).
    static func verdict(for exchange: Exchange, tag: Span<UInt8>) -> Verdict {
        let modified = exchange.response.lastModified
        if let limit = time(.ifUnmodifiedSince, of: exchange), let modified, limit < modified {
            return .failed
        }
        if exchange.hasRequestField(.ifUnmodifiedSince) && modified == nil { return .failed }
        if let names = names(tag, .ifMatch, of: exchange, weakly: false), !names { return .failed }
        let hasTime = exchange.hasRequestField(.ifModifiedSince)
        let named = names(tag, .ifNoneMatch, of: exchange, weakly: true)
        guard hasTime || named != nil else { return .unchanged }
        if hasTime && isModified(exchange, modified) { return .unchanged }
        if let named, !named { return .unchanged }
        return .notModified
    }

    private static func isModified(_ exchange: Exchange, _ modified: Int64?) -> Bool {
        guard let modified else { return true }
        let since = time(.ifModifiedSince, of: exchange)
        switch exchange.location.settings.core.ifModifiedSince {
        case .off: return true
        case .exact: return since != modified
        case .before: return (since ?? -1) < modified
        }
    }

    private static func time(_ name: FieldName, of exchange: Exchange) -> Int64? {
        exchange.withRequestField(name) { HTTPTime.parse($0) } ?? nil
    }

    private static func names(
        _ tag: Span<UInt8>, _ name: FieldName, of exchange: Exchange, weakly: Bool
    ) -> Bool? {
        exchange.withRequestField(name) { EntityTags.contain(tag, in: $0, weakly: weakly) }
    }
}
