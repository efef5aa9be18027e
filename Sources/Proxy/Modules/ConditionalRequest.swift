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
