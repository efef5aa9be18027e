internal import Core
internal import HTTP
internal import Net
internal import Status

/// The response on its way: its pace, and content that comes from a file or is made in slices. It is given
/// as long as the stream has room; when there is room again, `clientCanTakeMore` goes on.
extension Exchange {
    /// Bytes a second that the response is sent at; 0: as fast as it goes.
    var rateLimit: Int64 { delivery.limitRate ?? location.settings.core.limitRate.value(for: self) }

    /// Begins the response: from here on its limit holds.
    func startResponse() {
        settleRate()
        stream.start(self)
        advance(.responded)
    }

    private func settleRate() {
        delivery.isDelayed = false
        let limit = rateLimit
        guard limit > 0 else { return delivery.rate = RateLimit() }
        let free = location.settings.core.limitRateAfter.value(for: self)
        delivery.rate = RateLimit(bytesPerSecond: limit, after: free, startMs: arrival.startedMs)
    }

    /// The client took what was held: whoever makes the content may go on.
    func clientCanTakeMore() {
        if let filter, filter.isHolding {
            filter.goOn(for: self)
            guard self.filter === filter, !isBlocked, isResponding else { return }
        }
        switch source {
        case .none: upstream?.clientCanTakeMore()
        case .file: continueFile()
        case .work: makeLater()
        case .explaining: break
        }
    }

    // MARK: A file

    /// Sends a part of a file, then ends the response.
    func send(_ file: FileContent) {
        source = .file(file)
        continueFile()
    }

    /// Sends as much of the file as the stream has room for, through the worker's read buffer.
    private func continueFile() {
        while case .file(var file) = source {
            guard file.remaining > 0 else {
                source = .none
                return endContent()
            }
            let shared = worker.emptyRelay()
            let count = Int(min(file.remaining, Int64(stream.pieceMax)))
            guard case .bytes(let read) = file.file.read(into: shared, at: file.offset, count: count),
                read > 0
            else {
                worker.log(.alert, self, "read() of a file failed or it was truncated")
                return stream.abandon()
            }
            file.offset += Int64(read)
            file.remaining -= Int64(read)
            source = .file(file)
            give(shared, isLast: file.remaining == 0)
            // The source is gone if the client is.
            if isBlocked { return }
        }
    }

    // MARK: What is made in slices, between other requests

    /// Makes an answer: now if it is short, else a slice in each turn of the worker, if not too many are.
    func begin(_ work: SlicedWork) -> Outcome {
        if work.run(outMax: ResponseStream.heldMax) {
            work.end()
            return .respond
        }
        let countMax = work.purpose.countMax
        guard worker.longAnswers[work.purpose] < countMax else {
            work.drop()
            worker.log(.warn, self, "\(countMax) long answers are being made: this one is refused")
            return .status(503)
        }
        worker.longAnswers[work.purpose] += 1
        source = .work(work)
        makeLater()
        return .suspended
    }

    private func makeLater() {
        guard case .work(let work) = source, !work.isQueued else { return }
        work.isQueued = true
        worker.makeLater(self)
    }

    /// Makes a slice of the answer, and sends what is too long to be kept until its end.
    func makeMore() {
        filter?.takeTurn(for: self)
        guard case .work(let work) = source else { return }
        work.isQueued = false
        let isDone = work.run(outMax: ResponseStream.heldMax)
        if isDone { dropSource() }
        guard !isResponding else { return sendMade(work, isDone) }
        if isDone {
            work.end()
            return conclude(.respond)
        }
        guard work.out.count > ResponseStream.heldMax else { return makeLater() }
        beginLong()
        guard case .work = source else { return }
        sendMade(work, isDone)
    }

    /// Nobody knows how long it will be.
    private func beginLong() {
        response.contentKind = .streamed
        response.contentLength = nil
        respond()
        guard !givesContent, case .work = source else { return }
        dropSource()
        endContent()
    }

    private func sendMade(_ work: SlicedWork, _ isDone: Bool) {
        give(work.out, isLast: isDone)
        guard case .responding = phase else { return }
        if isDone { return endContent() }
        if !isBlocked { makeLater() }
    }

    /// What was not given by now is not wanted.
    func dropSource() {
        if case .none = source { return }
        if case .work(let work) = source {
            work.drop()
            worker.longAnswers[work.purpose] -= 1
        }
        if case .explaining(let process) = source { process.leave() }
        source = .none
    }
}
