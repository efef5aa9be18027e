internal import Core
internal import HTTP
internal import Upstream

/// The fields behind a request's content (RFC 9110 §6.5), on their way to a peer.
extension Exchange {
    /// Settles which of them the peer gets; none, as long as not all of them are here.
    ///
    /// Where both sides speak HTTP/2 they go along, as gRPC has it; those of HTTP/1, and to it, only with
    /// `proxy_pass_trailers on`. What the head may not say to the peer in the client's words, they may not.
    /// - Parameter isFramed: the peer speaks HTTP/1.
    func settleTrailers(isFramed: Bool) {
        guard let trailers = body.trailers, body.isComplete else { return }
        body.passedTrailers = nil
        let isPlain = isFramed || head.version != .http2
        let plan = location.proxyPlan
        guard !isPlain || location.settings.proxy.passesTrailers, plan.passesBody,
            location.settings.proxy.setBody == nil, proxying.web == nil,
            // RFC 9112 §7.1.2: only chunks have something behind them.
            !isFramed || location.settings.proxy.httpVersion != .http10
        else { return }
        trailers.complete(isRequest: true)
        let lines = ByteBuffer(capacity: 64)
        for field in trailers.fields
        where plan.copies(field, of: trailers.bytes)
            && !head.isConnectionNamed(field.name, of: trailers.bytes, head: headBytes)
        {
            _ = lines.appendLine(of: field, in: trailers.bytes)
        }
        if !lines.isEmpty { body.passedTrailers = lines }
    }
}
