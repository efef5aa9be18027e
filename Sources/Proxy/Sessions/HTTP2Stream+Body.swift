internal import Core
internal import HTTP
internal import Net

/// The content of the request, which waits here until somebody takes it: the stream's window is opened by
/// what was taken.
extension HTTP2Stream {
    /// Content came.
    func received(_ content: Slice, of buffer: ByteBuffer, isLast: Bool) {
        guard let exchange else { return }
        if isLast { isRequestWhole = true }
        exchange.arrival.byteCount += Int64(content.count)
        session?.movedCount += Int64(content.count)
        let isWanted = exchange.isReadingBody
        if !content.isEmpty {
            if isWanted || exchange.body.isDiscarded, held == nil, takesAll(Int(content.count), exchange) {
                do throws(BodyError) {
                    try take(content, of: buffer, exchange)
                } catch {
                    return refused(exchange, error)
                }
                consumed(Int(content.count))
            } else {
                let place = held ?? worker.takeBuffer()
                held = place
                place.append(content, of: buffer)
            }
        }
        if let tunnel { return tunnel.pump() }
        if isWanted { return advance(exchange) }
        if exchange.body.isDiscarded { takeBody() }
    }

    /// The content has ended, and these lines stand behind it.
    func ended(with trailers: ByteBuffer?) {
        if let trailers { exchange?.body.takeTrailers(0..<trailers.count, of: trailers) }
        received(Slice(), of: worker.noBytes, isLast: true)
    }

    /// Where the streams of the connection keep much in memory, what is kept goes to a file.
    private func take(_ content: Slice, of buffer: ByteBuffer, _ exchange: Exchange) throws(BodyError) {
        if session?.keepsMuch ?? false { exchange.body.spareMemory() }
        try exchange.body.take(content, of: buffer)
        noteKept(exchange.body.keptInMemory)
    }

    private func takesAll(_ count: Int, _ exchange: Exchange) -> Bool {
        exchange.wantsMoreBody && exchange.body.readLimit >= count
    }

    /// So much of what came was taken: the windows open.
    func consumed(_ count: Int) {
        guard let session else { return }
        session.link.consumed(count, of: slot, out: session.pendingOut)
        session.post()
    }

    /// Somebody wants the content: a client that waits for leave is told to go on, and it is read.
    func wantBody() {
        guard let exchange else { return }
        if exchange.head.expectsContinue, !exchange.arrival.didSendContinue {
            exchange.arrival.didSendContinue = true
            if exchange.body.receivedCount == 0, held == nil, !isRequestWhole {
                exchange.response.status = 100
                inform(exchange)
                exchange.response.reset()
            }
        }
        if let session, !isRequestWhole {
            session.link.wants(slot, mayStop: exchange.body.isStreamed, out: session.pendingOut)
            session.post()
        }
        advance(exchange)
    }

    /// Takes what is here, and tells the exchange of progress and of the end.
    func advance(_ exchange: Exchange) {
        do throws(BodyError) {
            try takeHeld(exchange)
            if exchange.body.isComplete { try exchange.body.completeKept() }
        } catch {
            return refused(exchange, error)
        }
        if exchange.body.isComplete || !exchange.wantsMoreBody || exchange.isAnsweredCall {
            // It may be we who do not read: the client is not to blame for its pace.
            worker.cancel(readTimer)
            exchange.arrival.pace.end()
        } else {
            if exchange.isBodyTooSlow { return cutSlowClient(exchange) }
            awaitContent(exchange)
        }
        exchange.bodyAdvanced()
    }

    private func awaitContent(_ exchange: Exchange) {
        let gapMs = exchange.contentGapMs
        let lookMs = exchange.arrival.pace.wait(
            nowMs: worker.clock.nowMs, count: exchange.body.receivedCount, gapMs: gapMs)
        worker.set(readTimer, afterMs: lookMs)
        session?.streamWaits()
    }

    private func takeHeld(_ exchange: Exchange) throws(BodyError) {
        while let held, !held.isEmpty, exchange.body.isAwaited, exchange.wantsMoreBody {
            let count = min(held.count, exchange.body.readLimit)
            guard count > 0 else { break }
            try take(Slice(from: 0, to: count), of: held, exchange)
            held.consume(count)
            consumed(count)
        }
        guard held?.isEmpty ?? true else { return }
        releaseHeld()
        if isRequestWhole { try exchange.body.streamEnded() }
    }

    /// Takes, or drops, the content that is here: nobody asks for more.
    func takeBody() {
        guard let exchange else { return }
        // What cannot be taken is lost with the stream.
        try? takeHeld(exchange)
    }

    /// Whoever takes the content has room again: it is read on in this turn of the loop, after the others.
    /// Where none is here and the client is waited for, there is nothing to do before it says more: who asks
    /// for more whenever it has sent all would be asked, and ask, for ever.
    func readMoreBody() {
        guard let exchange, exchange.isReadingBody else { return }
        guard held != nil || !exchange.arrival.pace.isWaiting && !exchange.isAnsweredCall else { return }
        worker.post(token)
    }

    func readTimedOut(_ exchange: Exchange) {
        if case .delayed(let next) = exchange.phase { return exchange.delayPassed(next) }
        switch exchange.lookAtBody() {
        case nil: return
        case .waits(let ms): return worker.set(readTimer, afterMs: ms)
        case .tooSlow: return cutSlowClient(exchange)
        case .timedOut: break
        }
        cutLateClient(exchange)
    }

    private func refused(_ exchange: Exchange, _ error: BodyError) {
        switch error {
        case .badChunk:
            break
        case .tooLarge(let count):
            worker.log(.error, exchange, "client intended to send too large body: \(count) bytes")
        case .storage(let errno):
            worker.log(.crit, exchange, "temporary file for the request body failed \(errno.logText)")
            exchange.accounting.fault = .storageError
        }
        exchange.bodyFailed(status: error.status)
    }
}
