internal import Config
internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The response's head, as it arrives from the peer.
extension UpstreamRequest {
    /// 1xx responses that a peer may send before the final one.
    static var informationalMax: Int { 16 }

    /// Reads until a final head is complete; decides what becomes of it.
    func receiveHead(_ peer: PeerConnection) {
        while peer.transport.isReadable {
            switch receivePiece(peer) {
            case .bytes(let count):
                exchange.attempts.received(count)
                if parsePiece(peer) { return }
                // Once the head is settled, whoever waits for more sets the time for it.
                peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
            case .wouldBlock:
                continue
            case .closed:
                log(lossLevel, "upstream prematurely closed connection")
                return next(.error)
            case .failed(let errno):
                log(lossLevel, "recv() failed \(errno.logText)")
                return next(AttemptFailure(errno))
            }
        }
        if peer.transport.isHangup && hasSendFailed { next(.error) }
    }

    /// Reads into the worker's buffer, or behind a part of the head that came before.
    private func receivePiece(_ peer: PeerConnection) -> IOOutcome {
        if let partial = peer.partial { return peer.transport.receive(into: partial, atLeast: 4096) }
        worker.relay.removeAll()
        return peer.transport.receive(into: worker.relay, atLeast: 32 << 10)
    }

    private func parsePiece(_ peer: PeerConnection) -> Bool {
        guard let partial = peer.partial else { return parse(worker.relay, peer) }
        return parse(partial, peer)
    }

    /// A kept connection that the peer has given up is no error.
    private var lossLevel: LogLevel { isReused && !hasResponseByte ? .info : .error }

    /// - Returns: whether the head is settled, in whatever way.
    private func parse(_ buffer: ByteBuffer, _ peer: PeerConnection) -> Bool {
        while true {
            switch responseHead.parse(buffer, sizeMax: proxy.bufferSize) {
            case .incomplete:
                keepPartial(buffer, peer)
                return false
            case .refused(let error):
                log(.error, "\(error.reason)")
                refuseHead()
                return true
            case .complete(let length):
                guard isInformational else {
                    headArrived(buffer, length, peer)
                    return true
                }
                informationalCount += 1
                guard informationalCount <= Self.informationalMax else {
                    log(.error, "upstream sent too many informational responses")
                    refuseHead()
                    return true
                }
                buffer.consume(length)
                responseHead.reset()
                if buffer.isEmpty { return false }
            }
        }
    }

    /// The head cannot be used: nothing of it is, and the next peer is asked.
    private func refuseHead() {
        responseHead.reset()
        exchange.attempts.setStatus(502)
        next(.invalidHeader)
    }

    private var isInformational: Bool {
        (100..<200).contains(responseHead.status) && responseHead.status != 101
    }

    private func keepPartial(_ buffer: ByteBuffer, _ peer: PeerConnection) {
        guard buffer === worker.relay, !buffer.isEmpty else { return }
        let partial = worker.takeBuffer()
        partial.append(contentsOf: buffer)
        peer.partial = partial
    }

    /// A final head stands at the front of `buffer`; content may follow it.
    private func headArrived(_ buffer: ByteBuffer, _ length: Int, _ peer: PeerConnection) {
        buffer.consume(length)
        exchange.attempts.setStatus(responseHead.status)
        exchange.attempts.headArrived(worker.clock)
        endRetry()
        if responseHead.status == 101 { return switchProtocols(buffer, peer) }
        if tries.rejects(
            status: responseHead.status, standing(over: .newConnection), nowMs: worker.clock.nowMs)
        {
            return next(.status(responseHead.status))
        }
        content.begin(responseHead.framing(requestMethod: exchange.sentMethod))
        keepsPeer = responseHead.minorVersion >= 1 && !responseHead.connection.contains(.close)
        if content.isEnded, !buffer.isEmpty { keepsPeer = false }
        if isIntercepted(responseHead.status) { return intercept() }
        if let target = accelRedirect() { return redirect(to: target) }
        activity = .readingContent
        state = .relaying
        guard ResponseRewrite.fill(exchange, from: self) else {
            log(.error, "upstream sent invalid header")
            return refuseHead()
        }
        exchange.respond()
        relayFirst(buffer, peer)
    }

    // MARK: Answers that are not passed on

    /// `proxy_intercept_errors`: the location has a page of its own for this status, or would have it if the
    /// request had not been led to one already; then it ends in the built-in one.
    private func isIntercepted(_ status: UInt16) -> Bool {
        guard proxy.interceptsErrors, status >= 300 else { return false }
        return exchange.location.settings.core.errorPages.elements.contains { $0.status == status }
    }

    private func intercept() {
        let status = responseHead.status
        if status == 401 { ResponseRewrite.copyAuthenticate(exchange, from: self) }
        ResponseRewrite.takeLimitRate(exchange, self)
        endUnread()
        exchange.finish(status: status)
    }

    private func accelRedirect() -> Field? {
        guard !proxy.ignoreHeaders.contains(.xAccelRedirect) else { return nil }
        return responseHead.firstField(.xAccelRedirect)
    }

    /// `X-Accel-Redirect`: the upstream names what is to be served instead.
    private func redirect(to field: Field) {
        let value = responseHead.bytes.bytes(of: field.value)
        ResponseRewrite.copyForRedirect(exchange, from: self)
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
        exchange.redirectInternally(uri: path.bytes, arguments: Array(value[queryStart...]))
    }

    /// The response is not wanted beyond its head.
    private func endUnread() {
        if content.isEnded { return completed() }
        state = .done
        endAttempt(.success)
    }

    // MARK: 101

    /// RFC 9110 §7.8: only an upgrade that was asked for, to the protocol that was asked for.
    private func switchProtocols(_ buffer: ByteBuffer, _ peer: PeerConnection) {
        guard exchange.location.proxyPlan.asksForUpgrade(exchange), isRequestComplete, isUpgradeAsAsked()
        else {
            log(.error, "upstream sent unexpected 101 response")
            return refuseHead()
        }
        state = .relaying
        activity = .proxyingUpgrade
        content.begin(.untilClose)
        exchange.response.isUpgrade = true
        _ = ResponseRewrite.fill(exchange, from: self)
        exchange.stream.startTunnel(peer: peer, request: self, early: buffer)
    }

    private func isUpgradeAsAsked() -> Bool {
        guard let answered = responseHead.firstField(.upgrade), let asked = exchange.head.firstField(.upgrade)
        else {
            return false
        }
        let wanted = exchange.headBytes.bytes(of: asked.value).map(\.asciiLowercased)
        let given = responseHead.bytes.bytes(of: answered.value).map(\.asciiLowercased)
        return wanted.split(separator: UInt8(ascii: ",")).contains { offer in
            offer.filter { $0 != .space && $0 != .tab }.elementsEqual(given)
        }
    }
}
