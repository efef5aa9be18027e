internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The response, as it arrives from the peer.
///
/// The request is handed down: reading it from the exchange again and again had it retained and released
/// each time.
extension HTTP1PeerStream {
    // MARK: The head

    /// Reads until a final head is complete, and what came with it.
    func receiveHead(from peer: PeerConnection) {
        guard let request else { return }
        while peer.transport.isReadable {
            switch receivePiece(peer) {
            case .bytes(let count):
                exchange.attempts.received(count)
                if parseReceived(peer, request) { return }
                // Once the head is settled, whoever waits for more sets the time for it.
                peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
            case .wouldBlock:
                continue
            case .closed:
                request.log(lossLevel(request), "upstream prematurely closed connection")
                return fail(.error)
            case .failed(let errno):
                request.log(lossLevel(request), "recv() failed \(errno.logText)")
                return fail(AttemptFailure(errno))
            }
        }
        if peer.transport.isHangup, case .failed = course.sending { fail(.error) }
    }

    /// Reads into the worker's buffer, or behind a part of the head that came before.
    private func receivePiece(_ peer: PeerConnection) -> IOOutcome {
        if let partial = peer.partial { return peer.transport.receive(into: partial, atLeast: 4096) }
        relay.removeAll()
        return peer.transport.receive(into: relay, atLeast: 32 << 10, limit: exchange.stream.pieceMax)
    }

    private func parseReceived(_ peer: PeerConnection, _ request: UpstreamRequest) -> Bool {
        if let partial = peer.partial { return parse(partial, peer, request) }
        return parse(relay, peer, request)
    }

    /// A kept connection that the peer has given up is no error.
    private func lossLevel(_ request: UpstreamRequest) -> LogLevel {
        request.attempt.isReused && !hasResponseByte ? .info : .error
    }

    /// - Returns: whether the head is settled, in whatever way.
    private func parse(_ buffer: ByteBuffer, _ peer: PeerConnection, _ request: UpstreamRequest) -> Bool {
        while true {
            switch parser.parse(buffer, into: response, sizeMax: proxy.bufferSize) {
            case .incomplete:
                keepPartial(buffer, peer)
                return false
            case .refused(let error):
                request.log(.error, "\(error.reason)")
                request.headRefused()
                return true
            case .complete(let length):
                buffer.consume(length)
                guard isInformational else {
                    headArrived(buffer, peer, request)
                    return true
                }
                course.informationalCount += 1
                guard course.informationalCount <= HTTP1ResponseParser.informationalMax else {
                    request.log(.error, "upstream sent too many informational responses")
                    request.headRefused()
                    return true
                }
                if response.status == 103 { request.hintsArrived(length) }
                // The client may have left by that.
                guard case .head = stage else { return true }
                response.reset()
                if buffer.isEmpty { return false }
            }
        }
    }

    private var isInformational: Bool { (100..<200).contains(response.status) && response.status != 101 }

    private func keepPartial(_ buffer: ByteBuffer, _ peer: PeerConnection) {
        guard buffer === relay, !buffer.isEmpty else { return }
        let partial = worker.takeBuffer()
        partial.append(contentsOf: buffer)
        peer.partial = partial
    }

    /// A final head is complete; content may stand at the front of `buffer`.
    private func headArrived(_ buffer: ByteBuffer, _ peer: PeerConnection, _ request: UpstreamRequest) {
        request.headArrived()
        if response.status == 101 { return switchProtocols(buffer, peer, request) }
        course.content.begin(response.framing(requestMethod: exchange.proxying.method))
        course.keepsConnection = response.keepsConnection
        if course.content.isEnded, !buffer.isEmpty { course.keepsConnection = false }
        stage = .content
        request.responseArrived()
        if case .content = stage { giveFirst(buffer, peer, request) }
    }

    /// RFC 9110 §7.8: only an upgrade that was asked for, to the protocol that was asked for.
    private func switchProtocols(
        _ buffer: ByteBuffer, _ peer: PeerConnection, _ request: UpstreamRequest
    ) {
        guard exchange.location.proxyPlan.asksForUpgrade(exchange), case .complete = course.sending,
            isUpgradeAsAsked(), exchange.stream.takesContent
        else {
            request.log(.error, "upstream sent unexpected 101 response")
            return request.headRefused()
        }
        stage = .tunnel
        request.protocolSwitched(over: peer, early: buffer)
    }

    private func isUpgradeAsAsked() -> Bool {
        guard let answered = response.firstField(.upgrade), let asked = exchange.head.firstField(.upgrade)
        else {
            return false
        }
        let wanted = exchange.headBytes.bytes(of: asked.value).map(\.asciiLowercased)
        let given = response.bytes.bytes(of: answered.value).map(\.asciiLowercased)
        return wanted.split(separator: UInt8(ascii: ",")).contains { offer in
            offer.filter { $0 != .space && $0 != .tab }.elementsEqual(given)
        }
    }

    // MARK: The content

    var hasAllContent: Bool { course.content.isEnded }

    /// Content that came with the head.
    private func giveFirst(_ buffer: ByteBuffer, _ peer: PeerConnection, _ request: UpstreamRequest) {
        if course.content.isEnded { return request.responseEnded() }
        exchange.attempts.relayed(buffer.count)
        if !buffer.isEmpty { give(buffer, request) }
        if let partial = peer.partial.take() { worker.giveBuffer(partial) }
        guard case .content = stage else { return }
        if course.content.isEnded { return request.responseEnded() }
        readOn(from: peer, request)
        if case .content = stage { request.contentPauses() }
    }

    func readOn() {
        if let connection { readOn(from: connection) }
    }

    /// Pieces of content that are passed on in one turn: 256 KiB, which take a fifth of a millisecond. Who
    /// has a small answer to wait for waits behind them.
    private static var piecesMax: Int { 4 }

    /// Reads what is there and gives it to the request, as long as that takes it.
    func readOn(from peer: PeerConnection) {
        if let request { readOn(from: peer, request) }
    }

    private func readOn(from peer: PeerConnection, _ request: UpstreamRequest) {
        guard case .content = stage else { return }
        course.isPaced = false
        var budget = exchange.stream.letsOthersThrough(exchange) ? 1 : Self.piecesMax
        while peer.transport.isReadable {
            guard request.takesContent else { return waitForClient(peer) }
            guard budget > 0 else {
                worker.post(peer.token)
                break
            }
            budget -= 1
            let allowance = request.readAllowance
            guard allowance > 0 else { return pace(peer, request) }
            switch receive(peer, atMost: min(Int(clamping: allowance), request.pieceMax)) {
            case .bytes(let count):
                exchange.attempts.received(count)
                exchange.attempts.relayed(count)
                give(relay, request)
                guard case .content = stage else { return }
                if course.content.isEnded { return request.responseEnded() }
            case .wouldBlock:
                continue
            case .closed:
                return closed(peer, request)
            case .failed(let errno):
                request.log(.error, "recv() failed \(errno.logText)")
                return fail(AttemptFailure(errno))
            }
        }
        peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        if course.content.isChunked || exchange.filter != nil { request.contentPauses() }
    }

    /// Goes on when more may be read.
    private func pace(_ peer: PeerConnection, _ request: UpstreamRequest) {
        course.isPaced = true
        peer.arm(peer.readTimer, afterMs: request.readWaitMs)
        if course.content.isChunked || exchange.filter != nil { request.contentPauses() }
    }

    /// The client is behind. What was framed for it, and not sent, would have nobody wait for it.
    private func waitForClient(_ peer: PeerConnection) {
        worker.cancel(peer.readTimer)
        if course.content.isChunked { exchange.stream.flush() }
    }

    private func receive(_ peer: PeerConnection, atMost allowance: Int) -> IOOutcome {
        let shared = worker.emptyRelay()
        let most = course.content.remaining.map { Int(clamping: $0) } ?? .max
        let limit = min(most, allowance)
        return peer.transport.receive(into: shared, atLeast: 64 << 10, limit: limit)
    }

    /// Gives the content in `buffer` to the request; all of it is consumed.
    private func give(_ buffer: ByteBuffer, _ request: UpstreamRequest) {
        if course.content.isChunked { return giveChunks(buffer, request) }
        guard case .content(let range)? = try? course.content.next(in: buffer, from: 0) else { return }
        if range.count < buffer.count {
            request.log(.warn, "upstream sent more data than specified in \"Content-Length\" header")
            course.keepsConnection = false
            buffer.truncate(to: range.count)
        }
        request.contentArrived(buffer, isLast: course.content.isEnded)
    }

    private func giveChunks(_ buffer: ByteBuffer, _ request: UpstreamRequest) {
        var position = 0
        while position < buffer.count {
            let piece: ContentReader.Piece
            do {
                piece = try course.content.next(in: buffer, from: position)
            } catch {
                request.log(.error, "upstream sent invalid chunked response")
                return fail(.invalidHeader)
            }
            switch piece {
            case .content(let range):
                request.contentArrived(Slice(from: range.lowerBound, to: range.upperBound), of: buffer)
                position = range.upperBound
            case .trailers(let range):
                request.trailersArrived(range, of: buffer)
                position = range.upperBound
            case .needsMore:
                position = buffer.count
            case .ended(let end):
                if end < buffer.count { course.keepsConnection = false }
                position = buffer.count
            }
        }
        buffer.removeAll()
    }

    private func closed(_ peer: PeerConnection, _ request: UpstreamRequest) {
        course.keepsConnection = false
        // Whoever can cut a connection of TLS cannot end it (RFC 9112 §9.8).
        if peer.transport.tls?.wasTruncated != true, course.content.closed() {
            return request.responseEnded()
        }
        request.log(.error, "upstream prematurely closed connection")
        fail(.error)
    }
}
