internal import Core
internal import HTTP
internal import Net

/// The content of the request under way.
extension HTTP1Session {
    /// A handler wants the content: tells a client that waits for leave to go on, and begins to read.
    func wantBody() {
        guard let exchange else { return }
        if exchange.head.expectsContinue && !exchange.arrival.didSendContinue
            && exchange.head.version >= .http11
        {
            exchange.arrival.didSendContinue = true
            if exchange.body.receivedCount == 0 {
                let before = writer.heldCount
                writer.pending.append("HTTP/1.1 100 Continue\r\n\r\n")
                exchange.delivery.bytesSent += Int64(writer.heldCount - before)
                _ = writer.flush(transport)
            }
        }
        readBody()
    }

    /// Takes content that is here, reads more; tells the exchange of progress and of the end.
    func readBody() {
        guard let exchange else { return }
        do {
            try takeReceived(exchange)
            while exchange.body.isAwaited && transport.isReadable {
                guard exchange.wantsMoreBody else {
                    // It is we who do not read: the client is not to blame for its pace.
                    worker.cancel(readTimer)
                    exchange.arrival.pace.end()
                    return exchange.bodyAdvanced()
                }
                switch try receiveBody(exchange) {
                case .bytes, .wouldBlock:
                    continue
                case .closed, .failed:
                    return clientLeftDuringBody(exchange)
                }
            }
            if exchange.body.isComplete { try exchange.body.completeKept() }
        } catch {
            return bodyRefused(exchange, error)
        }
        if exchange.body.isComplete || exchange.isAnsweredCall {
            worker.cancel(readTimer)
            exchange.arrival.pace.end()
        } else {
            if exchange.isBodyTooSlow { return cutSlowClient(exchange) }
            let gapMs = exchange.contentGapMs
            let lookMs = exchange.arrival.pace.wait(
                nowMs: worker.clock.nowMs, count: exchange.body.receivedCount, gapMs: gapMs)
            arm(readTimer, afterMs: lookMs)
        }
        exchange.bodyAdvanced()
    }

    /// `client_min_rate`: this one holds a connection for next to nothing.
    func cutSlowClient(_ exchange: Exchange) {
        worker.log(.info, exchange, "client is slower than \"client_min_rate\"")
        keepsAlive = false
        exchange.clientLeft(status: 408)
    }

    /// Drops content that came together with the head: nobody wants it.
    ///
    /// - Returns: what is wrong with it.
    func takeBody() -> BodyError? {
        guard let exchange else { return nil }
        do throws(BodyError) {
            try takeReceived(exchange)
            return nil
        } catch {
            keepsAlive = false
            return error
        }
    }

    /// The upstream has room again: goes on reading in this turn of the loop, after the others.
    func readMoreBody() {
        guard transport.isReadable, let exchange, exchange.isReadingBody else { return }
        worker.post(connection.token)
    }

    /// Content that came together with the head.
    private func takeReceived(_ exchange: Exchange) throws(BodyError) {
        guard let input, usedCount < input.count, exchange.body.isAwaited else { return }
        let end = try exchange.body.take(input, from: usedCount)
        count(end - usedCount, exchange)
        usedCount = end
    }

    /// `$request_length`: as in nginx, content that is dropped unread is no part of it.
    private func count(_ received: Int, _ exchange: Exchange) {
        if !exchange.body.isDiscarded { exchange.arrival.byteCount += Int64(received) }
    }

    /// Reads once: to where the content stays, or into the worker's shared buffer.
    private func receiveBody(_ exchange: Exchange) throws(BodyError) -> IOOutcome {
        guard let place = exchange.body.place else { return try receiveShared(exchange) }
        let outcome = transport.receive(into: place.buffer, atLeast: place.limit, limit: place.limit)
        var received = 0
        if case .bytes(let count) = outcome { received = count }
        exchange.body.placed(received)
        exchange.arrival.byteCount += Int64(received)
        return outcome
    }

    /// Reads content to be decoded or dropped. What is behind it goes to `input`.
    private func receiveShared(_ exchange: Exchange) throws(BodyError) -> IOOutcome {
        let shared = worker.relay
        shared.removeAll()
        let limit = exchange.body.readLimit
        let outcome = transport.receive(into: shared, atLeast: 16 << 10, limit: limit)
        guard case .bytes = outcome else { return outcome }
        let end = try exchange.body.take(shared, from: 0)
        count(end, exchange)
        if end < shared.count, let input {
            input.append(Slice(from: end, to: shared.count), of: shared)
        }
        return outcome
    }

    private func clientLeftDuringBody(_ exchange: Exchange) {
        worker.log(.info, exchange, "client prematurely closed connection")
        keepsAlive = false
        exchange.clientLeft(status: exchange.isResponding ? 499 : 400)
    }

    private func bodyRefused(_ exchange: Exchange, _ error: BodyError) {
        switch error {
        case .badChunk:
            worker.log(.info, exchange, "client sent invalid chunked body")
        case .tooLarge(let count):
            worker.log(
                .error, exchange, "client intended to send too large chunked body: \(count) bytes")
        case .storage(let errno):
            worker.log(.crit, exchange, "temporary file for the request body failed \(errno.logText)")
            exchange.accounting.fault = .storageError
        }
        keepsAlive = false
        exchange.bodyFailed(status: error.status)
    }

    /// Readable while a request is served: more content, or the client left.
    func exchangeIsReadable() {
        guard let exchange else { return }
        if exchange.isReadingBody {
            return readBody()
        }
        guard transport.isHangup else { return }
        // A pause of `limit_rate` is of no use to it either.
        let isPaced = exchange.delivery.isDelayed && !exchange.location.settings.proxy.ignoresClientAbort
        if exchange.isHeldUp || isPaced {
            worker.log(.info, exchange, "client prematurely closed connection")
            return exchange.clientLeft(status: 499)
        }
        guard exchange.cancelsWhenClientLeaves else { return }
        worker.log(
            .info, exchange,
            "epoll_wait() reported that client prematurely closed connection,"
                + " so upstream connection is closed too")
        exchange.clientLeft(status: 499)
    }

    func exchangeTimedOut() {
        guard let exchange else { return close() }
        if case .delayed(let next) = exchange.phase { return exchange.delayPassed(next) }
        switch exchange.lookAtBody() {
        case nil: return
        case .waits(let ms): return arm(readTimer, afterMs: ms)
        case .tooSlow: return cutSlowClient(exchange)
        case .timedOut: break
        }
        keepsAlive = false
        if exchange.location.settings.core.resetsTimedOutConnections { transport.resetOnClose() }
        exchange.clientLeft(status: 408)
    }

    /// The response is out, the request is not: drops the rest of its content.
    func skipBody() {
        guard let exchange else { return close() }
        do {
            try takeReceived(exchange)
            while exchange.body.isAwaited && transport.isReadable {
                switch try receiveBody(exchange) {
                case .bytes, .wouldBlock: continue
                case .closed, .failed: return close()
                }
            }
        } catch {
            return close()
        }
        guard exchange.body.isComplete else {
            return arm(readTimer, afterMs: exchange.location.settings.core.lingeringTimeoutMs)
        }
        worker.cancel(readTimer)
        nextRequest()
    }
}
