internal import Config
internal import Core
internal import HTTP
internal import Upstream

/// `add_trailer` and `proxy_pass_trailers`: fields behind a response's content.
enum TrailerFilter {
    /// Says that fields may follow, if they may. Called once a response, when its status stands.
    static func prepare(_ exchange: Exchange) {
        let response = exchange.response
        // A tunnel has no end that anything could follow: RFC 9113 §8.5.
        if response.isUpgrade { return }
        let isPlain = HeaderFilter.isPlain(response.status)
        for line in exchange.location.settings.headers.trailers.elements
        where isPlain || line.isAlways { return response.expectTrailers() }
    }

    /// Fills in the fields. Called at the end of the content, if the client's protocol can send them.
    static func fill(_ exchange: Exchange) {
        guard let trailers = exchange.response.trailers, trailers.isExpected else { return }
        if case .streamed = exchange.response.contentKind, exchange.location.settings.proxy.passesTrailers {
            pass(exchange, to: trailers)
        }
        let isPlain = HeaderFilter.isPlain(exchange.response.status)
        for line in exchange.location.settings.headers.trailers.elements where isPlain || line.isAlways {
            trailers.add(line, for: exchange)
        }
    }

    private static func pass(_ exchange: Exchange, to trailers: ResponseTrailers) {
        forEachPassed(of: exchange) { trailers.add($0, of: $1) }
    }

    /// Calls `body` with each field behind a gateway's content that its client may see. As for the fields of
    /// the head: what is hidden, or meant for one hop, does not pass.
    static func forEachPassed(of exchange: Exchange, _ body: (Field, ByteBuffer) -> Void) {
        guard let upstream = exchange.upstream, let received = upstream.trailers else { return }
        let plan = exchange.location.proxyPlan
        for field in received.fields
        where !plan.hides(field, of: received.bytes)
            && !upstream.response.isConnectionNamed(field.name, of: received.bytes)
        {
            body(field, received.bytes)
        }
    }
}
