internal import Core
internal import HTTP
internal import Net
internal import Upstream

/// The response, as it arrives from the peer.
extension HTTP2PeerStream {
    // MARK: The head

    /// A response's field block was read.
    func headCame(_ outcome: HTTP2ClientConnection.HeadOutcome, length: Int) {
        guard let request else { return }
        switch outcome {
        case .complete: headArrived(request)
        case .interim: interimCame(length, request)
        case .refused(let error):
            request.log(.error, "\(error.reason)")
            request.headRefused()
        case .failed: break
        }
    }

    private func interimCame(_ length: Int, _ request: UpstreamRequest) {
        course.informationalCount += 1
        guard course.informationalCount <= HTTP1ResponseParser.informationalMax else {
            request.log(.error, "upstream sent too many informational responses")
            return request.headRefused()
        }
        if course.sending == .complete { awaitMore() }
        if response.status == 103 { request.hintsArrived(length) }
        // The client may have left by that.
        if case .head = stage { response.reset() }
    }

    private func headArrived(_ request: UpstreamRequest) {
        request.headArrived()
        stage = .content
        awaitMore()
        request.responseArrived()
        guard case .content = stage else { return }
        if course.isWhole { return request.responseEnded() }
        touch()
    }

    // MARK: The content

    var hasAllContent: Bool { course.isWhole && held == nil }

    /// Content has come, which may be empty where the response ends.
    func received(_ content: Slice, of buffer: ByteBuffer, isLast: Bool) {
        guard let request, case .content = stage else { return }
        exchange.attempts.received(FrameHeader.byteCount + Int(content.count))
        guard held == nil, request.takesContent, request.readAllowance > 0 else {
            return hold(content, of: buffer, request)
        }
        course.readDeadlineMs = worker.clock.nowMs + Int64(proxy.readTimeoutMs)
        give(content, of: buffer, request)
        guard case .content = stage else { return }
        if course.isWhole { return request.responseEnded() }
        touch()
    }

    /// What stands behind the content has come, in lines.
    func trailersCame(_ lines: ByteBuffer) {
        guard let request, case .content = stage else { return }
        if !lines.isEmpty { request.trailersArrived(0..<lines.count, of: lines) }
        if held == nil { request.responseEnded() }
    }

    private func give(_ content: Slice, of buffer: ByteBuffer, _ request: UpstreamRequest) {
        guard !content.isEmpty else { return }
        exchange.attempts.relayed(Int(content.count))
        course.reading = .gives
        request.contentArrived(content, of: buffer)
        guard case .content = stage else { return }
        course.reading = .flows
        guard let slot, let session else { return }
        session.link.consumed(Int(content.count), of: slot, out: session.pendingOut)
        if !course.isWide, mayBeWide { widen(slot, session) }
    }

    /// A response of some length gets a wide window. Of those of a client's connection that nothing but
    /// memory could keep only some do: who takes the beginnings of many responses, and then no more of any,
    /// would have all of those windows kept.
    private var mayBeWide: Bool {
        guard exchange.attempts.currentResponseLength >= HTTP2PeerStream.shortMax else { return false }
        return request?.passage.isBuffered ?? false || exchange.stream.mayRunAhead
    }

    private func widen(_ slot: Int, _ session: HTTP2PeerSession) {
        course.isWide = true
        // Nothing but memory keeps what comes of it.
        if !(request?.passage.isBuffered ?? false) { exchange.stream.noteAhead(1) }
        session.link.widen(slot, out: session.pendingOut)
    }

    /// The client is behind, or no more may be read yet: the window stays as far shut as it is.
    private func hold(_ content: Slice, of buffer: ByteBuffer, _ request: UpstreamRequest) {
        if content.isEmpty, held == nil, course.isWhole { return request.responseEnded() }
        if !content.isEmpty {
            let place = held ?? worker.contentBuffers.take(capacity: Int(content.count))
            held = place
            place.append(content, of: buffer)
        }
        guard request.takesContent else { return waitForClient() }
        if request.readAllowance > 0 { readOn() } else { pace(request) }
    }

    /// What was given to the client, and not sent, would have nobody wait for it.
    private func waitForClient() {
        course.readDeadlineMs = .max
        exchange.stream.flush()
    }

    private func pace(_ request: UpstreamRequest) {
        guard course.reading != .isPaced else { return }
        course.reading = .isPaced
        course.readDeadlineMs = worker.clock.nowMs + Int64(request.readWaitMs)
        session?.watch(course.readDeadlineMs)
        touch()
    }

    /// The client has room again, or its time has come.
    func readOn() {
        guard let request, case .content = stage, course.reading != .gives else { return }
        course.reading = .flows
        guard let held else {
            guard !course.isWhole else { return }
            if course.readDeadlineMs == .max { awaitMore() }
            // What a filter had too much work with for one turn is the client's now, and no more comes.
            return request.contentPauses()
        }
        while !held.isEmpty {
            guard request.takesContent else { return waitForClient() }
            let allowance = request.readAllowance
            guard allowance > 0 else { return pace(request) }
            let count = min(held.count, exchange.stream.pieceMax, Int(clamping: allowance))
            give(Slice(from: 0, to: count), of: held, request)
            guard case .content = stage, self.held === held else { return }
            held.consume(count)
        }
        releaseHeld()
        if course.isWhole { return request.responseEnded() }
        awaitMore()
        request.contentPauses()
        session?.post()
    }

    /// The response is here whole, and its connection is gone: nobody would tell when its time has come.
    func wasLeftAlone() {
        request?.passage.rate = RateLimit()
        request?.passage.pace = SpoolPace(isOff: true)
        course.readDeadlineMs = .max
        readOn()
    }

    // MARK: Pauses

    private func touch() {
        guard !isTouched, let session else { return }
        isTouched = true
        session.touch(self)
        session.post()
    }

    /// All that has come was read: the client gets what there is.
    func pause() {
        guard isTouched else { return }
        isTouched = false
        guard case .content = stage, let request else { return }
        if held == nil { session?.watch(course.readDeadlineMs) }
        request.contentPauses()
    }
}
