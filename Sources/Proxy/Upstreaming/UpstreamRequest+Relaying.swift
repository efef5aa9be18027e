internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The response's content, from the peer to the client.
///
/// While the client keeps up nothing is stored: bytes go from the worker's one read buffer into the
/// client's socket. When it does not, `proxy_buffering` decides whether they are spooled or wait.
extension UpstreamRequest {
    /// Content that came with the head.
    func relayFirst(_ buffer: ByteBuffer, _ peer: PeerConnection) {
        guard case .relaying = state else { return }
        if content.isEnded {
            if !buffer.isEmpty { keepsPeer = false }
            return finishRelaying()
        }
        let stream = exchange.stream
        exchange.attempts.relayed(buffer.count)
        if !buffer.isEmpty { pass(buffer, to: stream) }
        if let partial = peer.partial.take() { worker.giveBuffer(partial) }
        guard case .relaying = state else { return }
        if content.isEnded { return finishRelaying() }
        relay()
        if case .relaying = state { stream.flush() }
    }

    /// Reads what is there and passes it on, as long as the client can be given more.
    func relay() {
        guard case .relaying = state, let peer else { return }
        var budget = 16
        while peer.transport.isReadable {
            guard mayTakeMore else { return worker.cancel(peer.readTimer) }
            guard budget > 0 else {
                worker.post(peer.token)
                break
            }
            budget -= 1
            switch receive(peer) {
            case .bytes(let count):
                exchange.attempts.received(count)
                exchange.attempts.relayed(count)
                pass(worker.relay, to: exchange.stream)
                guard case .relaying = state else { return }
                if content.isEnded { return finishRelaying() }
            case .wouldBlock:
                continue
            case .closed:
                return peerClosed()
            case .failed(let errno):
                log(.error, "recv() failed \(errno.logText)")
                return failRelaying()
            }
        }
        peer.arm(peer.readTimer, afterMs: proxy.readTimeoutMs)
        if content.isChunked { exchange.stream.flush() }
    }

    private func receive(_ peer: PeerConnection) -> IOOutcome {
        let shared = worker.relay
        shared.removeAll()
        if let remaining = content.remaining {
            return peer.transport.receive(into: shared, atLeast: 64 << 10, limit: Int(clamping: remaining))
        }
        return peer.transport.receive(into: shared, atLeast: 64 << 10)
    }

    /// Passes on the content in `buffer`; all of it is consumed.
    private func pass(_ buffer: ByteBuffer, to stream: ResponseStream) {
        if content.isChunked { return passChunks(buffer) }
        guard case .content(let range)? = try? content.next(in: buffer, from: 0) else { return }
        if range.count < buffer.count {
            log(.warn, "upstream sent more data than specified in \"Content-Length\" header")
            keepsPeer = false
            buffer.truncate(to: range.count)
        }
        emit(buffer, to: stream)
    }

    private func passChunks(_ buffer: ByteBuffer) {
        var position = 0
        while position < buffer.count {
            let piece: ContentReader.Piece
            do {
                piece = try content.next(in: buffer, from: position)
            } catch {
                log(.error, "upstream sent invalid chunked response")
                return failRelaying()
            }
            switch piece {
            case .content(let range):
                keep(Slice(from: range.lowerBound, to: range.upperBound), of: buffer)
                position = range.upperBound
            case .needsMore:
                position = buffer.count
            case .ended(let end):
                if end < buffer.count { keepsPeer = false }
                position = buffer.count
            }
        }
        buffer.removeAll()
    }

    // MARK: To the client, or the spool

    private func emit(_ buffer: ByteBuffer, to stream: ResponseStream) {
        if spool != nil || stream.isBlocked {
            keep(Slice(from: 0, to: buffer.count), of: buffer)
            buffer.removeAll()
        } else {
            stream.send(buffer, of: exchange, isLast: content.isEnded)
        }
    }

    /// Holds content for the client's socket, or spools it.
    private func keep(_ slice: Slice, of buffer: ByteBuffer) {
        if spool == nil && exchange.stream.heldCount > ResponseStream.heldMax {
            exchange.stream.flush()
            guard case .relaying = state else { return }
            if exchange.stream.heldCount > ResponseStream.heldMax && isBuffered {
                spool = ResponseSpool(self)
            }
        }
        guard let spool else { return exchange.stream.append(slice, of: buffer) }
        if let errno = spool.append(slice, of: buffer) {
            log(.crit, "writing to a temporary file in \"\(proxy.tempPath)\" failed \(errno.logText)")
        }
    }

    /// Whether content may be read from the peer: the client takes it, or it may be spooled.
    private var mayTakeMore: Bool {
        if let spool { return spool.mayGrow }
        guard exchange.stream.isBlocked else { return true }
        return isBuffered
    }

    /// The client's socket took all that was held.
    func clientCanTakeMore() {
        guard drain() else { return }
        switch state {
        case .relaying: relay()
        case .done: finishResponse(pendingEnd)
        case .idle, .waiting, .connecting, .handshaking, .awaitingHead: break
        }
    }

    /// Passes on what is spooled, as far as the client takes it.
    ///
    /// - Returns: whether nothing is spooled any more, and the response goes on.
    private func drain() -> Bool {
        while let spool, !exchange.stream.isBlocked {
            let shared = worker.relay
            shared.removeAll()
            guard spool.take(into: shared) else {
                spoolIsUnreadable()
                return false
            }
            if spool.isEmpty { self.spool = nil }
            exchange.stream.send(shared, of: exchange)
            guard case .responding = exchange.phase else { return false }
        }
        return spool == nil
    }

    private func spoolIsUnreadable() {
        log(.crit, "reading a temporary file in \"\(proxy.tempPath)\" failed")
        spool = nil
        if case .relaying = state { return failRelaying() }
        exchange.fault = .internalError
        finishResponse(.cut)
    }

    // MARK: The end

    private func peerClosed() {
        keepsPeer = false
        // Whoever can cut a connection of TLS cannot end it (RFC 9112 §9.8).
        if peer?.transport.tls?.wasTruncated != true, content.closed() { return finishRelaying() }
        log(.error, "upstream prematurely closed connection")
        failRelaying()
    }

    /// The last byte came from the peer.
    private func finishRelaying() {
        completed()
        finishResponse(.whole)
    }

    /// The response broke off: the client gets what came, and must see that it is not all.
    func failRelaying() {
        guard case .relaying = state else { return }
        state = .done
        exchange.fault = .upstreamCut
        endAttempt(.failure)
        finishResponse(.cut)
    }

    /// No more content comes: ends the response, behind what is spooled.
    private func finishResponse(_ ending: ResponseStream.Ending) {
        pendingEnd = ending
        guard drain() else { return }
        pendingEnd = .none
        switch ending {
        case .none: break
        case .whole: exchange.stream.end(exchange)
        case .cut: exchange.stream.cut(exchange)
        }
    }
}
