internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// Turns a peer's response head into the one that the client gets.
enum ResponseRewrite {
    /// Fills `exchange.response` from the parsed head of `request`.
    static func fill(_ exchange: Exchange, from request: UpstreamRequest) {
        let response = exchange.response
        let head = request.response
        let isUpgrade = response.isUpgrade
        response.reset()
        response.isUpgrade = isUpgrade
        response.status = head.status
        response.hasOwnReason = true
        response.reason.append(head.reason, of: head.bytes)
        response.contentKind = .streamed
        response.contentLength = head.content.declared
        if request.stream.endsWithHead, exchange.proxying.method != .head {
            if response.status != 204, response.status != 304 { response.contentLength = 0 }
        } else if exchange.location.settings.proxy.passesTrailers, exchange.proxying.web == nil,
            head.content == .unknown || request.stream.isShared
        {
            response.expectTrailers()
        }
        request.passage.isBuffered = applyControls(exchange, head)
        let plan = exchange.location.proxyPlan
        // `proxy_pass_header Server`: the gateway's, or none.
        response.hasOwnServer = plan.shows(.server)
        var seen = FieldSet()
        // By index: iterating takes the list's array along, and gives it back.
        for index in head.fields.indices {
            let field = head.fields[index]
            if field.known.isSingular {
                guard !seen.contains(field.known) else {
                    complainOfDuplicate(field, exchange, head.bytes)
                    continue
                }
                seen.insert(field.known)
            }
            pass(field, exchange, head.bytes, plan)
        }
        if response.contentType.isEmpty {
            response.contentType.append(contentsOf: exchange.keptFields.contentType)
        }
    }

    /// Fills `exchange.response` with the fields of a gateway's 103: what would pass of a final head, but for
    /// what speaks of content.
    static func fillHints(_ exchange: Exchange, from head: ResponseHead) {
        let plan = exchange.location.proxyPlan
        for index in head.fields.indices {
            let field = head.fields[index]
            guard !field.known.isHopByHop, field.known != .contentLength, !field.isConnectionNamed,
                !plan.hides(field, of: head.bytes)
            else { continue }
            exchange.response.add(field, of: head.bytes)
        }
    }

    private static func complainOfDuplicate(_ field: Field, _ exchange: Exchange, _ source: ByteBuffer) {
        exchange.log(
            .warn,
            "upstream sent duplicate header line: \"\(source.string(of: field.name)):"
                + " \(source.string(of: field.value))\", ignored")
    }

    private static func pass(
        _ field: Field, _ exchange: Exchange, _ source: ByteBuffer, _ plan: ProxyPlan
    ) {
        let response = exchange.response
        if plan.hides(field, of: source) { return }
        switch field.known {
        case _ where field.known.isHopByHop && !(field.known == .upgrade && response.isUpgrade):
            return
        case .contentLength:
            return
        case .contentType:
            return response.setContentType(field.value, of: source)
        case .server: response.hasOwnServer = true
        case .date: response.hasOwnDate = true
        case .location, .refresh, .setCookie:
            return passRewritten(field, exchange, source)
        default: break
        }
        if field.isConnectionNamed && field.known != .upgrade { return }
        response.add(field, of: source)
    }

    /// `proxy_redirect` and `proxy_cookie_…` may change these.
    private static func passRewritten(_ field: Field, _ exchange: Exchange, _ source: ByteBuffer) {
        let scratch = exchange.worker.takeScratch()
        defer { exchange.worker.giveScratch(scratch) }
        guard rewrite(field, exchange, source, into: scratch) else {
            return exchange.response.add(field, of: source)
        }
        if field.known == .location, scratch.count > 0, scratch[0] == UInt8(ascii: "/") {
            // nginx makes a location absolute that a rewrite left without scheme and host.
            return Return.setLocation(exchange, path: scratch)
        }
        exchange.response.add(field.known) { $0.append(contentsOf: scratch) }
    }

    private static func rewrite(
        _ field: Field, _ exchange: Exchange, _ source: ByteBuffer, into out: ByteBuffer
    ) -> Bool {
        source.withBytes(of: field.value) {
            ProxyRedirectFilter.rewrite(field.known, $0, exchange, into: out)
        }
    }

    /// `X-Accel-Buffering`, `X-Accel-Limit-Rate`, `X-Accel-Charset`: the peer's say in how its response is
    /// passed.
    ///
    /// - Returns: whether it may be read faster than the client takes it.
    private static func applyControls(_ exchange: Exchange, _ head: ResponseHead) -> Bool {
        takeLimitRate(exchange, head)
        takeCharset(exchange, head)
        let proxy = exchange.location.settings.proxy
        var isBuffered = proxy.isBuffered
        if !proxy.ignoreHeaders.contains(.xAccelBuffering), let field = head.firstField(.xAccelBuffering) {
            if head.bytes.equalsIgnoringCase(field.value, "no") { isBuffered = false }
            if head.bytes.equalsIgnoringCase(field.value, "yes") { isBuffered = true }
        }
        // As nginx: what is not buffered passes as it comes.
        if !isBuffered { exchange.delivery.limitRate = 0 }
        return isBuffered
    }

    /// `X-Accel-Limit-Rate`: bytes a second that whatever is sent to the client is sent at.
    static func takeLimitRate(_ exchange: Exchange, _ head: ResponseHead) {
        guard !exchange.location.settings.proxy.ignoreHeaders.contains(.xAccelLimitRate),
            let field = head.firstField(.xAccelLimitRate),
            let rate = Int64(head.bytes.string(of: field.value)), rate >= 0
        else { return }
        exchange.delivery.limitRate = rate
    }

    /// `X-Accel-Charset`: what is told of the content, whatever its type.
    private static func takeCharset(_ exchange: Exchange, _ head: ResponseHead) {
        guard !exchange.location.settings.proxy.ignoreHeaders.contains(.xAccelCharset),
            let field = head.firstField(.xAccelCharset)
        else { return }
        exchange.keptFields.charset.removeAll()
        exchange.keptFields.charset.append(field.value, of: head.bytes)
    }

    /// An intercepted 401 keeps its challenge.
    static func copyAuthenticate(_ exchange: Exchange, from head: ResponseHead) {
        for field in head.fields where field.known == .wwwAuthenticate {
            exchange.keptFields.append(field, of: head.bytes)
        }
    }

    /// What stays with the answer when `X-Accel-Redirect` names another source of content, as the location
    /// that asked for it has it.
    static func copyForRedirect(_ exchange: Exchange, from head: ResponseHead) {
        let kept = exchange.keptFields
        let source = head.bytes
        for field in head.fields {
            switch field.known {
            case .contentType:
                kept.contentType.removeAll()
                kept.contentType.append(field.value, of: source)
            case .setCookie:
                let scratch = exchange.worker.takeScratch()
                defer { exchange.worker.giveScratch(scratch) }
                if rewrite(field, exchange, source, into: scratch) {
                    kept.append(field, of: source) { $0.append(contentsOf: scratch) }
                } else {
                    kept.append(field, of: source)
                }
            case .cacheControl, .expires, .acceptRanges:
                kept.append(field, of: source)
            case .other where source.equalsIgnoringCase(field.name, "content-disposition"):
                kept.append(field, of: source)
            default: break
            }
        }
        takeLimitRate(exchange, head)
        takeCharset(exchange, head)
    }
}
