internal import Core
internal import HTTP

/// Answers that are made in slices, between other requests.
extension Exchange {
    /// Makes an answer: now if it is short, else a slice in each turn of the worker.
    func begin(_ work: SlicedWork) -> Outcome {
        if work.run(outMax: ResponseStream.heldMax) { return work.end() }
        self.work = work
        stream.later()
        return .suspended
    }

    /// What is not made by now is not wanted.
    func dropWork() {
        work?.drop()
        work = nil
    }
}

extension HTTP1Session {
    /// Goes on with the answer when it is this session's turn.
    func later() {
        guard let work = exchange?.work, !work.isQueued else { return }
        work.isQueued = true
        worker.makeLater(connection.token)
    }

    /// Makes a slice of the answer, and sends what is too long to be kept until its end.
    func makeMore() {
        guard case .exchanging = state, let exchange, let work = exchange.work else { return }
        work.isQueued = false
        let isDone = work.run(outMax: ResponseStream.heldMax)
        if isDone { exchange.work = nil }
        guard !exchange.isResponding else { return sendMade(work, isDone, exchange) }
        if isDone { return exchange.conclude(work.end()) }
        guard work.out.count > ResponseStream.heldMax else { return later() }
        beginLong(exchange)
        guard self.exchange === exchange, exchange.work != nil else { return }
        sendMade(work, isDone, exchange)
    }

    /// Nobody knows how long it will be.
    private func beginLong(_ exchange: Exchange) {
        exchange.response.contentKind = .streamed
        exchange.response.contentLength = nil
        exchange.respond()
        guard exchange.method == .head, self.exchange === exchange else { return }
        exchange.dropWork()
        end(exchange)
    }

    private func sendMade(_ work: SlicedWork, _ isDone: Bool, _ exchange: Exchange) {
        send(work.out, of: exchange, isLast: isDone)
        guard self.exchange === exchange else { return }
        if isDone { return end(exchange) }
        // Else the socket says when it takes more.
        if !isBlocked { later() }
    }
}
