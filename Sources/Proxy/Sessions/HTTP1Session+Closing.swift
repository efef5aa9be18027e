internal import Core
internal import HTTP
internal import Net
internal import Sharing

/// The ends of a connection: after a response, with or without more to come, and at once.
extension HTTP1Session {
    /// The whole response was taken by the socket: log it, then the next request or the end.
    func responseSent(_ exchange: Exchange) {
        worker.cancel(writeTimer)
        exchange.delivery.isDelayed = false
        writer.release()
        finishLog(exchange)
        // What the client was told counts, even if the worker was told to finish since then.
        guard keepsAlive else { return endConnection(exchange) }
        if exchange.body.isComplete { return nextRequest() }
        exchange.body.discard()
        state = .skippingBody
        skipBody()
    }

    func finishLog(_ exchange: Exchange) {
        if !writer.isEmpty { takeBack(exchange) }
        exchange.advance(.ended)
        exchange.finished()
        if !transport.isOpen { keepsAlive = false }
        worker.account(for: exchange)
    }

    /// Closes so that a client which is still sending gets to read the response first.
    private func endConnection(_ exchange: Exchange) {
        let core = exchange.location.settings.core
        let mayHaveMore =
            !exchange.body.isComplete || (input.map { usedCount < $0.count } ?? false) || transport.isReadable
        switch core.lingeringClose {
        case .off:
            return close()
        case .on where !mayHaveMore:
            return close()
        case .on, .always:
            break
        }
        transport.shutdownWrite()
        recycleExchange()
        releaseInput()
        worker.counters.add(.writing, -1)
        state = .lingering(deadlineMs: worker.clock.nowMs + Int64(core.lingeringTimeMs))
        lingeringTimeoutMs = Int32(clamping: core.lingeringTimeoutMs)
        linger()
    }

    func linger() {
        guard case .lingering(let deadline) = state else { return }
        switch worker.dropReceived(from: transport) {
        case .pauses: break
        case .goesOn: worker.post(connection.token)
        case .ends: return close()
        }
        let left = deadline - worker.clock.nowMs
        guard left > 0 else { return close() }
        arm(readTimer, afterMs: min(Int(lingeringTimeoutMs), Int(left)))
    }

    func sendTimedOut() {
        guard let exchange else { return close() }
        if exchange.delivery.isDelayed { return waitIsOver() }
        switch lookAtTaking(exchange) {
        case .waits(let ms): return arm(writeTimer, afterMs: ms)
        case .tooSlow: return cutSlowClient(exchange)
        case .timedOut: break
        }
        worker.log(.info, exchange, "client timed out (110: Connection timed out) while sending to client")
        keepsAlive = false
        if exchange.location.settings.core.resetsTimedOutConnections { transport.resetOnClose() }
        exchange.clientLeft(status: 408)
    }

    /// Ends the connection now; whatever was under way is dropped and logged.
    func close() {
        switch state {
        case .closed:
            return
        case .idle:
            worker.counters.add(.waiting, -1)
        case .readingHead:
            worker.counters.add(.reading, -1)
        case .exchanging, .skippingBody, .tunnelling:
            worker.counters.add(.writing, -1)
        case .lingering:
            break
        }
        state = .closed
        writer.release()
        tunnel = nil
        recycleExchange()
        releaseInput()
        worker.timers.destroy(readTimer)
        worker.timers.destroy(writeTimer)
        worker.closed(connection)
    }

    /// It has had its time (`worker_shutdown_timeout`): ends what is under way, as if the client had left.
    func timeIsUp() {
        switch state {
        case .exchanging:
            guard let exchange else { return close() }
            worker.log(.info, exchange, "worker_shutdown_timeout has passed")
            exchange.clientLeft(status: 499)
        case .tunnelling:
            tunnel?.end()
        case .idle, .readingHead, .skippingBody, .lingering, .closed:
            close()
        }
    }

    /// Another configuration is in force. A request that is under way goes on under its own.
    func snapshotChanged() {
        let isOutdated = ClientCertificates.isOutdated(connection, in: worker.snapshot)
        if isOutdated { connection.outdate() }
        guard case .idle = state else { return }
        if isOutdated { return close() }
        connection.adopt(worker.snapshot)
        if connection.isOutdated { arm(readTimer, afterMs: Worker.drainGraceMs) }
    }

    /// The worker is to finish: an idle connection may still send one request, but not wait for long.
    func drain() {
        switch state {
        case .idle where connection.requestCount > 0:
            arm(readTimer, afterMs: drainGraceMs)
        case .idle, .readingHead, .exchanging, .skippingBody, .tunnelling, .lingering, .closed:
            break
        }
    }
}
