internal import Core
internal import HTTP
internal import Net

/// Frames on their way to the socket.
extension HTTP2Session {
    /// Most bytes that wait for the socket before no more content is framed: what a turn sends at once.
    static var outMax: Int { 64 << 10 }
    /// From so much content on a frame is encrypted where it stands.
    static var ownRecordMin: Int { 8 << 10 }
    /// Content in a frame that fills a record together with its header: RFC 8446 §5.1.
    static var recordContentMax: Int { 16_384 - FrameHeader.byteCount }

    /// What a turn sends at once, as records.
    private static var recordsCapacity: Int { 72 << 10 }
    private static var joinedMax: Int { 16 << 10 }

    /// Where frames are written; sent at the end of the turn.
    var pendingOut: ByteBuffer {
        if let out { return out }
        let fresh = worker.takeBuffer()
        out = fresh
        return fresh
    }

    /// Bytes that may be framed before the socket has to take some.
    var room: Int {
        guard transport.isWritable else { return 0 }
        return max(0, HTTP2Session.outMax - unsentCount)
    }

    /// Bytes that wait for the socket, in frames or in records.
    var unsentCount: Int { (out?.count ?? 0) + transport.gatheredCount }

    /// Lets what `runPosted` is about to send leave with what others send.
    func sendAhead(in batch: SendBatch) {
        // Much content is better sent by itself, without a copy.
        guard isServing, transport.isWritable, heldCount < HTTP2Session.ownRecordMin else { return }
        writeTurns()
        guard isServing else { return }
        // Records that were made meanwhile leave first.
        if transport.gatheredCount > 0 {
            _ = sendNow()
        } else if let out, !out.isEmpty {
            batch.add(transport, out)
        }
    }

    /// Writes what streams have to say, in their turns, and sends it.
    func send() {
        for _ in 0..<4 {
            guard isServing else { return }
            writeTurns()
            guard flush() else { return }
            if link.owesResets {
                link.writeResets(pendingOut)
                guard flush() else { return }
            }
            guard link.hasTurns else { break }
        }
        if link.hasTurns { return post() }
        if isServing, link.isClosing, streamCount == 0, unsentCount == 0 { endConnection() }
    }

    /// Sends what is framed without waiting for the end of the turn, as there is much of it.
    ///
    /// - Returns: whether the socket took all of it.
    func sendNow() -> Bool {
        switch transmit() {
        case .bytes: return true
        case .wouldBlock: return false
        case .closed, .failed:
            // Whoever gives content now must not lose its stream under its hands.
            state = .broken
            post()
            return false
        }
    }

    /// Frames content from the front of `content`, which is consumed.
    ///
    /// Much of it becomes a record where it stands: a copy of 100 KiB into frames and one of frames cost a
    /// tenth of what sending it takes.
    ///
    /// - Parameter isLast: the stream ends with it.
    func writeData(_ count: Int, of content: ByteBuffer, on stream: UInt32, isLast: Bool) {
        guard count >= HTTP2Session.ownRecordMin, content.prependableCount >= FrameHeader.byteCount,
            transport.canGather
        else {
            let piece = Slice(from: 0, to: count)
            FrameWriter.data(piece, of: content, on: stream, isLast: isLast, to: pendingOut)
            return content.consume(count)
        }
        // What was framed before it leaves before it.
        if let out, !out.isEmpty { gather(out, out.count) }
        FrameWriter.prependData(count, on: stream, isLast: isLast, to: content)
        gather(content, FrameHeader.byteCount + count)
    }

    private func gather(_ buffer: ByteBuffer, _ count: Int) {
        sentCount += Int64(count)
        let place = records ?? worker.contentBuffers.take(capacity: HTTP2Session.recordsCapacity)
        records = place
        guard !transport.gather(buffer, count, in: place) else { return }
        buffer.consume(count)
        state = .broken
        post()
    }

    private func writeTurns() {
        while room > 0, let slot = link.takeTurn() {
            guard let stream = stream(slot), stream.writeTurn(self) else { continue }
            link.wantsMore(slot)
        }
    }

    /// - Returns: whether the socket took all there was.
    func flush() -> Bool {
        switch transmit() {
        case .bytes: return true
        case .wouldBlock: return false
        case .closed, .failed:
            clientLeft()
            return false
        }
    }

    /// - Returns: `.bytes` when the socket has taken all there was.
    private func transmit() -> IOOutcome {
        guard out != nil || transport.gatheredCount > 0 else { return .bytes(0) }
        // It waits already.
        guard transport.isWritable else { return .wouldBlock }
        repeat {
            guard transport.isWritable else {
                awaitWritable()
                return .wouldBlock
            }
            let outcome = sendsTogether ? transport.send(pendingOut) : transport.sendGathered()
            switch outcome {
            case .bytes(let count):
                sentCount += Int64(count)
            case .wouldBlock:
                awaitWritable()
                return .wouldBlock
            case .closed, .failed:
                return outcome
            }
        } while unsentCount > 0
        worker.cancel(writeTimer)
        pace.end()
        releaseOut()
        releaseRecords()
        return .bytes(0)
    }

    /// Frames join the records that wait, unless there are many of both.
    private var sendsTogether: Bool {
        guard let out, !out.isEmpty else { return false }
        return out.count <= HTTP2Session.joinedMax || transport.gatheredCount == 0
    }

    /// Records that the socket has not taken stay with the connection.
    func releaseRecords() {
        guard let buffer = records.take(), transport.gatheredCount == 0 else { return }
        worker.contentBuffers.give(buffer)
    }

    private func awaitWritable() {
        let gapMs = core.sendTimeoutMs
        let lookMs = pace.wait(nowMs: worker.clock.nowMs, count: acknowledgedCount, gapMs: gapMs)
        worker.set(writeTimer, afterMs: lookMs)
    }

    func releaseOut() {
        if let buffer = out.take() { worker.giveBuffer(buffer) }
    }
}
