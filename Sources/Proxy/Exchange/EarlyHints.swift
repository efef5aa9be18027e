internal import Config
internal import Core
internal import HTTP

/// `early_hints`: what a gateway says ahead of its response, 103 (RFC 8297), passes to clients that the
/// directive names.
enum EarlyHints {
    /// Passes the fields of a 103. The response that is to come is not touched by it.
    static func pass(_ head: ResponseHead, to exchange: Exchange) {
        // HTTP/1.0 knows no interim responses: RFC 9110 §15.2.
        guard case .awaitingUpstream = exchange.phase, exchange.head.version >= .http11,
            isWanted(exchange)
        else { return }
        let response = exchange.response
        response.reset()
        response.status = 103
        ResponseRewrite.fillHints(exchange, from: head)
        if !response.fields.isEmpty { exchange.stream.inform(exchange) }
        // The client may have left by that: its status stands.
        guard case .awaitingUpstream = exchange.phase else { return }
        response.reset()
    }

    private static func isWanted(_ exchange: Exchange) -> Bool {
        for value in exchange.location.settings.core.earlyHints.elements where value.isYes(for: exchange) {
            return true
        }
        return false
    }
}
