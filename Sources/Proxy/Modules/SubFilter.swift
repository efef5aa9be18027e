internal import Core
internal import HTTP

/// `sub_filter`: whether texts are replaced in a response, and what its head says then.
enum SubFilter {
    /// Called once a response, when all that its maker and `add_header` say of it stands.
    static func settle(_ exchange: Exchange) {
        guard let plan = exchange.location.settings.substitution.plan, exchange.stream.takesContent,
            isEligible(exchange), let search = plan.search(for: exchange)
        else { return }
        let response = exchange.response
        if !exchange.location.settings.substitution.keepsLastModified {
            response.lastModified = nil
            response.remove(.lastModified)
            response.remove(.etag)
        }
        let scratch = exchange.worker.takeScratch()
        response.recode(nil, keepsRanges: true, using: scratch)
        exchange.worker.giveScratch(scratch)
        guard exchange.givesContent, hasContent(response) else { return }
        exchange.add { $0.begin(plan, search.table, search.replacements) }
    }

    /// Whether texts will be replaced in the response of a file, as it stands: no ranges are served then.
    static func isForeseen(for exchange: Exchange) -> Bool {
        exchange.location.settings.substitution.plan != nil && isEligible(exchange)
    }

    /// As in nginx, what is said of contents that are not sent is said of them as they would be.
    private static func hasContent(_ response: Response) -> Bool {
        response.status != 304 && response.status != 204
    }

    private static func isEligible(_ exchange: Exchange) -> Bool {
        let response = exchange.response
        if case .none = response.contentKind, hasContent(response) { return false }
        guard response.contentLength != 0,
            !response.fields.contains(where: { $0.known == .contentEncoding && !$0.value.isEmpty })
        else { return false }
        return ContentType.withBare(of: exchange) {
            exchange.location.settings.substitution.types.contains($0)
        }
    }
}
