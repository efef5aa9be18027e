internal import Core
internal import HTTP
internal import Net

/// The response of the request under way, as HTTP/1 writes it.
extension HTTP1Session {
    /// Most content, in bytes, that is left for the end of the worker's turn when it ends a response.
    ///
    /// Requests and responses of a turn are read and made first, and sent then, one after the other: code
    /// and data of either part stay in the processor's caches, and who is woken by the first send is awake
    /// for the next. With 64 connections a request took 27.1 us when each was sent at once, and 23.7 us so
    /// (2.5 us of the gain in user space; nginx 25.1 us in the same run).
    private static var leftMax: Int { 4 << 10 }

    /// The client's socket is behind: no more content should be given.
    var isBlocked: Bool {
        exchange?.delivery.isDelayed ?? false || writer.heldCount > 0 && !transport.isWritable
    }

    /// Sends the status and the fields of `exchange.response` as an interim response: RFC 9110 §15.2.
    func inform(_ exchange: Exchange) {
        guard self.exchange === exchange, exchange.head.version >= .http11 else { return }
        let before = writer.heldCount
        HTTP1ResponseHead.writeInterim(exchange.response, to: writer.pending)
        exchange.delivery.bytesSent += Int64(writer.heldCount - before)
        flush(exchange)
    }

    /// Writes the head of `exchange.response`; it leaves with the first content or at the end.
    ///
    /// The exchange is handed down from here on: reading it from the session again and again had it retained
    /// and released each time.
    func start(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        if !isInStep(exchange) { keepsAlive = false }
        let before = writer.heldCount
        HTTP1ResponseHead.write(exchange, to: writer, keepsAlive: &keepsAlive)
        exchange.delivery.bytesSent += Int64(writer.heldCount - before)
    }

    /// Whether the next request can be found behind this one. A client that waits for leave may send its
    /// content or the next request: nobody can tell which.
    private func isInStep(_ exchange: Exchange) -> Bool {
        let mayKeepContent =
            exchange.head.expectsContinue && !exchange.arrival.didSendContinue && exchange.body.isAwaited
        return exchange.body.isInStep && !mayKeepContent
    }

    /// Frames and holds content; sent by `flush`.
    func append(_ slice: Slice, of content: ByteBuffer) {
        if let exchange { append(slice, of: content, exchange) }
    }

    private func append(_ slice: Slice, of content: ByteBuffer, _ exchange: Exchange) {
        let before = writer.heldCount
        writer.append(slice, of: content)
        countBehindHead(writer.heldCount - before, exchange)
    }

    private func countBehindHead(_ count: Int, _ exchange: Exchange) {
        exchange.delivery.contentBytesSent += Int64(count)
        exchange.delivery.bytesSent += Int64(count)
    }

    /// What the socket has not taken was not sent, and never will be.
    func takeBack(_ exchange: Exchange) {
        let left = Int64(writer.heldCount)
        exchange.delivery.bytesSent -= left
        exchange.delivery.contentBytesSent = max(0, exchange.delivery.contentBytesSent - left)
    }

    /// Sends content on; all of it is consumed, what the socket does not take is held.
    ///
    /// - Parameter isLast: no content follows it.
    func send(_ content: ByteBuffer, of exchange: Exchange, isLast: Bool = false) {
        guard self.exchange === exchange else { return }
        let isLeft = isLast && content.count <= Self.leftMax
        guard case .identity = writer.framing, !exchange.delivery.rate.isOn, !isLeft else {
            append(Slice(from: 0, to: content.count), of: content, exchange)
            content.removeAll()
            // What ends the response leaves with `end`, and so does the last chunk.
            if !isLast { flush() }
            return
        }
        countBehindHead(content.count, exchange)
        if isLast && !keepsAlive { transport.endWithNextSend() }
        sent(writer.send(content, over: transport), of: exchange)
    }

    func flush() {
        guard let exchange, !writer.isEmpty else { return }
        flush(exchange)
    }

    private func flush(_ exchange: Exchange) {
        if exchange.delivery.rate.isOn { return flushPaced(exchange) }
        sent(writer.flush(transport), of: exchange)
    }

    func sent(_ outcome: IOOutcome, of exchange: Exchange) {
        switch outcome {
        case .bytes:
            worker.cancel(writeTimer)
            exchange.delivery.pace.end()
        case .wouldBlock:
            guard self.exchange === exchange else { return }
            let gapMs = exchange.location.settings.core.sendTimeoutMs
            let lookMs = exchange.delivery.pace.wait(
                nowMs: worker.clock.nowMs, count: acknowledgedCount, gapMs: gapMs)
            arm(writeTimer, afterMs: lookMs)
        case .closed:
            writeFailed(.brokenPipe)
        case .failed(let errno):
            writeFailed(errno)
        }
    }

    /// Bytes of the response that the client's socket has taken.
    var takenCount: Int64 { (exchange?.delivery.bytesSent ?? 0) - Int64(writer.heldCount) }

    /// Bytes of the response that the client has acknowledged.
    ///
    /// The kernel holds megabytes for a client: what its socket has taken says nothing of the pace.
    private var acknowledgedCount: Int64 { takenCount - Int64(transport.unacknowledgedCount) }

    /// Whether the client takes bytes in time, and fast enough.
    func lookAtTaking(_ exchange: Exchange) -> PaceLimit.Verdict {
        exchange.delivery.pace.look(
            nowMs: worker.clock.nowMs, count: acknowledgedCount,
            rate: exchange.location.settings.core.clientMinRate)
    }

    private func writeFailed(_ errno: Errno) {
        guard let exchange else { return }
        worker.log(.info, exchange, "send() failed \(errno.logText)")
        keepsAlive = false
        exchange.clientLeft(status: 499)
    }

    /// All content was given: finishes the framing, and the exchange once the socket took it all.
    func end(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        let before = writer.heldCount
        if case .chunked = writer.framing { TrailerFilter.fill(exchange) }
        writer.end(trailers: exchange.response.trailers?.lines)
        countBehindHead(writer.heldCount - before, exchange)
        ending = .whole
        if !keepsAlive && !exchange.delivery.rate.isOn { transport.endWithNextSend() }
        // A head and what was left behind it.
        if !writer.isEmpty, writer.heldCount <= 2 * Self.leftMax, transport.isWritable {
            return worker.post(connection.token)
        }
        if !writer.isEmpty { flush(exchange) }
        if writer.isEmpty { finishEnding(exchange) }
    }

    /// No more content will come, though it is not at its end: what was given is still the client's.
    func cut(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        keepsAlive = false
        ending = .cut
        if !writer.isEmpty { flush(exchange) }
        if writer.isEmpty { finishEnding(exchange) }
    }

    /// The socket takes bytes again.
    func resumeWriting() {
        guard let exchange, transport.isWritable, !exchange.delivery.isDelayed else { return }
        if !writer.isEmpty {
            flush(exchange)
            guard case .exchanging = state, writer.isEmpty else { return }
        }
        guard case .none = ending else { return finishEnding(exchange) }
        if exchange.delivery.isDelayed { return }
        exchange.clientCanTakeMore()
    }

    /// Lets what `resumeWriting` is about to send leave with what others send.
    func sendAhead(in batch: SendBatch) {
        // The exchange has no name here: one that has is retained until the end.
        guard case .exchanging = state, !(exchange?.delivery.isDelayed ?? true),
            !(exchange?.delivery.rate.isOn ?? true)
        else { return }
        writer.sendAhead(over: transport, in: batch)
    }

    /// Content that waits for the client's socket, in bytes.
    var heldCount: Int { writer.heldCount }

    /// Gives the response up: the client sees its connection end before the content does.
    func abandon() {
        guard let exchange else { return close() }
        keepsAlive = false
        ending = .none
        finishLog(exchange)
        close()
    }

    /// The response under way is the last one.
    func mustClose() { keepsAlive = false }

    /// Waits before the exchange goes on (`auth_delay`, `limit_req`).
    func delay(ms: Int) {
        arm(readTimer, afterMs: ms)
        // One that has left already is not seen to leave.
        if transport.isHangup { worker.post(connection.token) }
    }

    private func finishEnding(_ exchange: Exchange) {
        switch ending {
        case .none: break
        case .whole:
            ending = .none
            responseSent(exchange)
        case .cut: abandon()
        }
    }
}
