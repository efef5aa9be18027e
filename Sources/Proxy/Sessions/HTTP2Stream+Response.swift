internal import Core
internal import HTTP
internal import Net

/// The response, as HTTP/2 writes it: a field block at once, content when windows and others let it.
extension HTTP2Stream {
    /// Most content, in bytes, that is left for the end of the worker's turn when it ends a response: it
    /// leaves in the frame that says so.
    private static var leftMax: Int { 4 << 10 }
    /// A stream whose window was opened has had its turn by then, if nobody is in its way.
    private static var turnMs: Int { 50 }
    /// A client that reads has read what it is behind by then.
    private static var shortPauseMs: Int { 100 }
    private static var longPauseMs: Int { 500 }

    /// The client is behind: no more content should be given.
    var isBlocked: Bool { exchange?.delivery.isDelayed ?? false || heldCount > 0 }

    /// Most content that may wait here before its source is stopped.
    var heldMax: Int {
        guard let session, session.holdable(for: self) == 0 else { return ResponseStream.heldMax }
        return 0
    }

    /// Windows of gateways are as wide as this at most.
    private static var aheadMax: Int { 64 << 10 }

    /// All that gateways may send ahead of a connection together is half of `http2_body_buffers`.
    var mayRunAhead: Bool {
        guard let session else { return false }
        return session.aheadCount < max(1, session.server.http2.bodyBuffers / 2 / Self.aheadMax)
    }

    /// What a frame takes: enough where many streams wait.
    private static var smallPiece: Int { 8 << 10 }
    /// The head of a response and a little more, where nothing can leave now.
    static var leastPiece: Int { 1 << 10 }

    /// Content that is worth reading at once, in bytes.
    var pieceMax: Int {
        guard let session else { return ResponseStream.heldMax }
        let holdable = session.holdable(for: self)
        guard holdable < ResponseStream.heldMax else { return ResponseStream.heldMax }
        return max(holdable, min(session.takable(of: slot), Self.smallPiece), Self.leastPiece)
    }

    /// For all that may be held, and what comes on top of it.
    static var wideBuffer: Int { 2 * ResponseStream.heldMax }
    private static var muchContent: Int { 16 << 10 }

    /// Content that waits for its turn, in bytes.
    var heldCount: Int { pending?.count ?? 0 }

    /// Writes the status and the fields of `exchange.response` as an interim response, which is a field block
    /// of its own: RFC 9113 §8.1.
    func inform(_ exchange: Exchange) {
        guard self.exchange === exchange, sent == .nothing, let session else { return }
        // A client that reads nothing is told no more than it waits for.
        guard session.room > 0 || exchange.response.status == 100 else { return }
        let block = worker.takeScratch()
        HTTP2ResponseHead.writeInterim(exchange.response, with: &session.link.encoder, to: block)
        writeBlock(block, exchange, session, isLast: false)
    }

    /// Frames a field block, and takes its buffer back; it leaves at the end of the turn.
    private func writeBlock(_ block: ByteBuffer, _ exchange: Exchange, _ session: HTTP2Session, isLast: Bool)
    {
        let out = session.pendingOut
        let before = out.count
        FrameWriter.headers(
            block, on: session.link.stream(slot).id, isLast: isLast,
            sizeMax: session.link.peer.maxFrameSize, to: out)
        worker.giveScratch(block)
        exchange.delivery.bytesSent += Int64(out.count - before)
        session.post()
    }

    /// Writes the head of `exchange.response`; it leaves at the end of the turn.
    func start(_ exchange: Exchange) {
        guard self.exchange === exchange, let session else { return }
        let block = worker.takeScratch()
        let isLast = HTTP2ResponseHead.isWhole(exchange)
        HTTP2ResponseHead.write(exchange, with: &session.link.encoder, to: block)
        sent = isLast ? .last : .head
        writeBlock(block, exchange, session, isLast: isLast)
    }

    /// Holds content; sent by `flush`.
    func append(_ slice: Slice, of content: ByteBuffer) {
        guard let exchange, sent == .head, session != nil else { return }
        count(Int(slice.count), exchange)
        buffer(for: Int(slice.count)).append(slice, of: content)
        noteHeld()
    }

    /// Where content waits; of so much, it is likely that as much again will join it.
    private func buffer(for count: Int) -> ByteBuffer {
        if let pending { return pending }
        let fresh = freshBuffer(for: count)
        fresh.removeAll(leaving: FrameHeader.byteCount)
        pending = fresh
        return fresh
    }

    private func freshBuffer(for count: Int) -> ByteBuffer {
        let holdable = session?.holdable(for: self) ?? 0
        let isMuch = count > Self.muchContent
        // Who is to wait for long with a little has no room for more.
        guard holdable >= (isMuch ? Self.wideBuffer : BufferPool.freshCapacity) else {
            return ByteBuffer(capacity: FrameHeader.byteCount + count)
        }
        return isMuch ? worker.contentBuffers.take(capacity: Self.wideBuffer) : worker.takeBuffer()
    }

    private func count(_ count: Int, _ exchange: Exchange) {
        exchange.delivery.contentBytesSent += Int64(count)
        exchange.delivery.bytesSent += Int64(count)
    }

    /// What no frame has taken was not sent, and never will be.
    func takeBack(_ exchange: Exchange) {
        count(-heldCount, exchange)
        releasePending()
    }

    /// Sends content on; all of it is consumed. Where the client is gone, and its request goes on alone,
    /// nobody waits for it.
    ///
    /// - Parameter isLast: no content follows it.
    func send(_ content: ByteBuffer, of exchange: Exchange, isLast: Bool) {
        guard self.exchange === exchange, sent == .head, session != nil else { return content.removeAll() }
        count(content.count, exchange)
        // The frame of the trailers ends the stream.
        let isLast = isLast && !exchange.response.expectsTrailers
        let isLeft = isLast && content.count <= Self.leftMax
        if !isLeft, let session { writeAhead(content, (exchange, session), isLast: isLast) }
        guard !content.isEmpty else { return }
        buffer(for: content.count).append(contentsOf: content)
        content.removeAll()
        noteHeld()
        flush()
    }

    /// Frames content at once where nobody waits for a turn: it is copied once less.
    private func writeAhead(_ content: ByteBuffer, _ course: Course, isLast: Bool) {
        let session = course.session
        guard pending == nil, !course.exchange.delivery.rate.isOn, !session.link.hasTurns else { return }
        while !content.isEmpty, session.isServing {
            let windows = session.allowance(of: slot, course.exchange)
            guard windows > 0, session.room > 0 || session.sendNow() else { break }
            write(content, min(session.room, windows), course, isLast: isLast)
        }
        if session.transport.gatheredCount > 0 { _ = session.sendNow() }
        session.post()
    }

    /// Whose response is written, and over what. Handed down, since reading them again and again had them
    /// retained and released each time.
    private typealias Course = (exchange: Exchange, session: HTTP2Session)

    /// Writes one DATA frame from the front of `content`.
    ///
    /// - Parameter isLast: no content follows it.
    private func write(_ content: ByteBuffer, _ most: Int, _ course: Course, isLast: Bool) {
        let (exchange, session) = course
        let frameMax = min(
            exchange.location.settings.core.http2ChunkSize, session.link.peer.maxFrameSize,
            HTTP2Session.recordContentMax)
        let count = min(content.count, most, frameMax)
        let ends = isLast && count == content.count
        session.writeData(count, of: content, on: session.link.stream(slot).id, isLast: ends)
        session.link.sent(count, of: slot)
        session.wrote(count, of: exchange)
        exchange.delivery.bytesSent += Int64(FrameHeader.byteCount)
        if ends { sent = .last }
    }

    /// What is held waits for its turn.
    func flush() {
        guard let session, pending != nil else { return }
        session.link.queue(slot)
        session.post()
    }

    /// All content was given: the response is whole.
    func end(_ exchange: Exchange) {
        if sent == .head { TrailerFilter.fill(exchange) }
        settle(.whole, exchange)
    }

    /// No more content will come, though it is not at its end: what was given is still the client's.
    func cut(_ exchange: Exchange) { settle(.cut, exchange) }

    private func settle(_ ending: ResponseStream.Ending, _ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        guard let session else { return finish() }
        self.ending = ending
        if sent == .last, case .whole = ending {
            // All of it was framed: there is nothing to wait for a turn with.
            writeEnd(exchange, session)
        } else {
            session.link.queue(slot)
        }
        session.post()
    }

    /// Gives the response up: the client sees its stream end before the content does.
    func abandon() {
        guard exchange != nil else { return }
        if let session {
            session.link.reset(slot, .internalError, session.pendingOut)
            session.post()
        }
        finish()
    }

    // MARK: Its turn

    /// A window was opened; it may be another one that is shut.
    func windowOpened() {
        guard heldCount > 0, let session, session.link.allowance(of: slot) > 0 else { return }
        session.link.queue(slot)
        session.post()
    }

    /// Writes a frame's worth.
    ///
    /// - Returns: whether it wants another turn.
    func writeTurn(_ session: HTTP2Session) -> Bool {
        guard let exchange else { return false }
        if exchange.delivery.isDelayed { return false }
        if let pending, !pending.isEmpty {
            let most = allowance(exchange, session)
            guard most > 0 else { return false }
            write(
                pending, most, (exchange, session),
                isLast: ending == .whole && !exchange.response.expectsTrailers)
            noteHeld()
            guard pending.isEmpty else { return true }
            releasePending()
            worker.cancel(writeTimer)
            exchange.delivery.pace.end()
        }
        switch ending {
        case .none:
            if let tunnel { tunnel.pump() } else { exchange.clientCanTakeMore() }
            return heldCount > 0
        case .whole:
            writeEnd(exchange, session)
        case .cut:
            session.link.reset(slot, .internalError, session.pendingOut)
            finish()
        }
        return false
    }

    private func writeEnd(_ exchange: Exchange, _ session: HTTP2Session) {
        if sent != .last {
            if let trailers = exchange.response.trailers, !trailers.fields.isEmpty {
                let block = worker.takeScratch()
                HTTP2ResponseHead.writeTrailers(trailers, with: &session.link.encoder, to: block)
                writeBlock(block, exchange, session, isLast: true)
            } else {
                FrameWriter.data(
                    Slice(), of: worker.noBytes, on: session.link.stream(slot).id, isLast: true,
                    to: session.pendingOut)
                exchange.delivery.bytesSent += Int64(FrameHeader.byteCount)
            }
            sent = .last
        }
        session.link.sentLast(slot, out: session.pendingOut)
        session.contentPace.end()
        finish()
    }

    /// What windows and `limit_rate` let it send; 0: it waits.
    private func allowance(_ exchange: Exchange, _ session: HTTP2Session) -> Int {
        let windows = session.link.allowance(of: slot)
        guard windows > 0 else {
            wait(exchange)
            return 0
        }
        let allowed = session.allowance(of: slot, exchange)
        guard allowed > 0 else {
            pause(exchange, session)
            return 0
        }
        guard exchange.delivery.rate.isOn else { return allowed }
        let rated = exchange.delivery.rate.allowance(nowMs: worker.clock.nowMs, sent: takenCount(exchange))
        guard rated > 0 else {
            exchange.delivery.isDelayed = true
            exchange.delivery.pace.end()
            worker.set(writeTimer, afterMs: exchange.delivery.rate.wait(allowance: rated))
            return 0
        }
        return min(allowed, Int(clamping: rated))
    }

    /// The client is behind: its windows are open, but it has much to read.
    private func pause(_ exchange: Exchange, _ session: HTTP2Session) {
        session.awaitReading()
        guard case .none = pausing else { return }
        pausing = .short
        exchange.delivery.pace.end()
        worker.set(writeTimer, afterMs: Self.shortPauseMs)
    }

    /// The client has read more.
    func resume() {
        guard pausing != .none, let session else { return }
        pausing = .none
        worker.cancel(writeTimer)
        session.link.queue(slot)
        session.post()
    }

    /// It waits for a client that reads, not for one that does not: nothing has to be read meanwhile.
    var isPaused: Bool { pausing == .short }

    /// The client is slow: a buffered response need not hold its gateway. Whoever does not answer is waited
    /// for no more.
    private func pauseIsLong(_ exchange: Exchange, _ session: HTTP2Session) {
        pausing = .long
        worker.set(writeTimer, afterMs: Self.longPauseMs)
        session.lookAtReading()
        if pausing == .long { exchange.upstream?.clientCanTakeMore() }
    }

    /// Bytes of the response that frames have taken.
    private func takenCount(_ exchange: Exchange) -> Int64 {
        exchange.delivery.bytesSent - Int64(heldCount)
    }

    /// A window is shut: the client has the time of `send_timeout` to open it.
    private func wait(_ exchange: Exchange) {
        let lookMs = exchange.delivery.pace.wait(
            nowMs: worker.clock.nowMs, count: takenCount(exchange),
            gapMs: exchange.location.settings.core.sendTimeoutMs)
        worker.set(writeTimer, afterMs: lookMs)
        session?.streamWaits()
    }

    /// The window is open, but the stream had no turn yet: the socket, which has a time of its own, or
    /// other streams are in its way, and not the client's window.
    private func waitForTurn(_ exchange: Exchange, _ session: HTTP2Session) {
        guard session.transport.isWritable else {
            exchange.delivery.pace.end()
            return wait(exchange)
        }
        worker.set(writeTimer, afterMs: Self.turnMs)
    }

    func writeTimedOut(_ exchange: Exchange) {
        if exchange.delivery.isDelayed {
            exchange.delivery.isDelayed = false
            guard heldCount > 0 else { return exchange.clientCanTakeMore() }
            return flush()
        }
        if let session, pausing != .none { return pauseIsLong(exchange, session) }
        if let session, session.link.allowance(of: slot) > 0 { return waitForTurn(exchange, session) }
        let verdict = exchange.delivery.pace.look(
            nowMs: worker.clock.nowMs, count: takenCount(exchange),
            rate: exchange.location.settings.core.clientMinRate)
        switch verdict {
        case .waits(let ms): return worker.set(writeTimer, afterMs: ms)
        case .tooSlow: return cutSlowClient(exchange)
        case .timedOut: break
        }
        worker.log(
            .info, exchange, "client timed out (110: Connection timed out) while sending to client")
        cutLateClient(exchange)
    }
}
