internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// What becomes of a response.
extension UpstreamRequest {
    /// A final head has come.
    func headArrived() {
        exchange.attempts.setStatus(response.status)
        exchange.attempts.headArrived(worker.clock)
        endRetry()
    }

    /// The peer told something ahead of its response, in so many bytes: all of it together takes no more than
    /// one head may.
    func hintsArrived(_ length: Int) {
        attempt.hintsLength += length
        guard attempt.hintsLength <= proxy.bufferSize else {
            return log(.info, "upstream sent too big early hints")
        }
        EarlyHints.pass(response, to: exchange)
    }

    /// The head cannot be used: nothing of it is, and the next peer is asked.
    func headRefused() {
        response.reset()
        exchange.attempts.setStatus(502)
        next(.invalidHeader)
    }

    /// A head is complete and sound; its content follows, if the attempt goes on.
    func responseArrived() {
        let status = response.status
        if tries.rejects(status: status, standing, nowMs: worker.clock.nowMs) { return next(.status(status)) }
        if isUnavailable, tries.rejects(.unavailable, standing, nowMs: worker.clock.nowMs) {
            return next(.unavailable)
        }
        noteHeader()
        if isIntercepted(status) { return intercept() }
        if let target = accelRedirect() { return redirect(to: target) }
        attempt.activity = .readingContent
        state = .relaying
        body.forgetGiven()
        learnSession(atHead: true)
        ResponseRewrite.fill(exchange, from: self)
        settleRate()
        exchange.respond()
    }

    /// `proxy_limit_rate`: as in nginx, of responses that may be read faster than the client takes them.
    private func settleRate() {
        if case .fixed(0) = exchange.location.settings.proxy.limitRate { return }
        guard passage.isBuffered else { return }
        let limit = exchange.location.settings.proxy.limitRate.value(for: exchange)
        passage.rate = RateLimit(bytesPerSecond: limit, after: 0, startMs: worker.clock.nowMs)
    }

    /// The connection leaves HTTP, as was asked for.
    ///
    /// - Parameter early: what came behind the head.
    func protocolSwitched(over connection: PeerConnection, early: ByteBuffer) {
        noteHeader()
        state = .relaying
        attempt.activity = .proxyingUpgrade
        learnSession(atHead: true)
        exchange.response.isUpgrade = true
        ResponseRewrite.fill(exchange, from: self)
        tellServer(exchange.response)
        exchange.stream.startTunnel(peer: connection, request: self, early: early)
    }

    // MARK: Answers that are not passed on

    /// `proxy_intercept_errors`: the location has a page of its own for this status, or would have it if the
    /// request had not been led to one already; then it ends in the built-in one.
    private func isIntercepted(_ status: UInt16) -> Bool {
        guard proxy.interceptsErrors, status >= 300 else { return false }
        return exchange.location.settings.core.errorPages.elements.contains { $0.status == status }
    }

    private func intercept() {
        let status = response.status
        if status == 401 { ResponseRewrite.copyAuthenticate(exchange, from: response) }
        ResponseRewrite.takeLimitRate(exchange, response)
        endUnread()
        exchange.finish(status: status)
    }

    private func accelRedirect() -> Field? {
        guard !proxy.ignoreHeaders.contains(.xAccelRedirect) else { return nil }
        return response.firstField(.xAccelRedirect)
    }

    /// `X-Accel-Redirect`: the upstream names what is to be served instead.
    private func redirect(to field: Field) {
        let value = response.bytes.bytes(of: field.value)
        ResponseRewrite.copyForRedirect(exchange, from: response)
        endUnread()
        if value.first == UInt8(ascii: "@") {
            return exchange.redirectInternally(named: Array(value.dropFirst()))
        }
        let path = worker.takeScratch()
        defer { worker.giveScratch(path) }
        guard let queryStart = URIPath.decodeNamed(value.span, into: path) else {
            log(.error, "unsafe URI \"\(String(decoding: value, as: UTF8.self))\" in \"X-Accel-Redirect\"")
            return exchange.upstreamFailed(status: 404)
        }
        if exchange.method != .head { exchange.method = .get }
        let hasQuery = queryStart < value.count || value.last == UInt8(ascii: "?")
        let query = hasQuery ? Array(value[queryStart...]) : nil
        exchange.redirectInternally(uri: path.bytes, arguments: query)
    }

    /// The response is not wanted beyond its head.
    func endUnread() {
        if stream.hasAllContent { return completed() }
        state = .done
        endAttempt(.success)
    }
}
