public import Core

/// What the owner of a connection does with its streams.
extension HTTP2Connection {
    /// What the field block of a request came to.
    public enum HeadOutcome: Equatable, Sendable {
        case complete
        /// To be answered with the error's status.
        case refused(HeadError)
        /// It was reset; the stream is no more.
        case reset
        /// The connection is no more.
        case failed(HTTP2ErrorCode)
    }

    /// Reads the head of the request that `receive` has announced, from the same input.
    public func readHead(
        _ head: RequestHead, in bytes: ByteBuffer, limits: HeadLimits, from input: Input
    ) -> HeadOutcome {
        guard let slot = pendingSlot.take() else { return .failed(.internalError) }
        var reader = HTTP2RequestReader(head, in: bytes, limits: limits, cookies: scratch)
        let hasContent = table[slot].state == .open
        let outcome: HTTP2RequestReader.Outcome
        do throws(HTTP2Fault) {
            outcome = try frames.readBlock(input.buffer) { (block, decoder) throws(HPACKError) in
                try reader.read(block, &decoder, hasContent: hasContent)
            }
        } catch {
            return failed(error.code, input)
        }
        if outcome != .malformed { noteHead(bytes.count + head.extraSize, of: slot) }
        if case .complete = outcome {
            table[slot].contentLeft = head.content.declared
            // Only RFC 8441 asks for an upgrade here.
            table[slot].isTunnel = head.upgrade != nil || head.method == .connect
            return .complete
        }
        guard frames.budget.spend(.fields(byteCount: frames.decoder.decodedCount), nowMs: input.nowMs) else {
            return failed(.enhanceYourCalm, input)
        }
        if case .refused(let error) = outcome { return .refused(error) }
        reset(slot, .protocolError, input.out)
        guard frames.budget.spend(.cancelledRequest, nowMs: input.nowMs) else {
            return failed(.enhanceYourCalm, input)
        }
        return .reset
    }

    /// The lines of the trailers that `receive` has announced last, as HTTP/1 has them.
    public func takeTrailers() -> ByteBuffer? { trailers.take() }

    private func failed(_ code: HTTP2ErrorCode, _ input: Input) -> HeadOutcome {
        _ = fail(code, input.out)
        return .failed(code)
    }

    /// What is read from, written to, and when.
    public struct Input {
        /// What was received.
        public let buffer: ByteBuffer
        /// What is to be sent.
        public let out: ByteBuffer
        /// The loop's clock.
        public let nowMs: Int64

        /// The buffers that `receive` was given.
        public init(buffer: ByteBuffer, out: ByteBuffer, nowMs: Int64) {
            self.buffer = buffer
            self.out = out
            self.nowMs = nowMs
        }
    }

    // MARK: Sending

    /// The stream has content or an end to send: it waits for its turn, behind the others of its urgency.
    public func queue(_ slot: Int) { flow.queue(slot, &table) }

    /// Somebody waits for a turn.
    public var hasTurns: Bool { flow.hasTurns }

    /// The stream whose turn it is; it waits no more.
    public func takeTurn() -> Int? { flow.takeTurn(&table) }

    /// The stream had a turn, and wants more: others of its urgency come first, unless parts of it are of
    /// no use to the client.
    public func wantsMore(_ slot: Int) { flow.wantsMore(slot, &table) }

    /// Bytes of content that the windows let a stream send now.
    public func allowance(of slot: Int) -> Int { flow.allowance(of: table[slot]) }

    /// Content of a stream was written, at most `allowance`. More is a fault of ours: nobody knows the
    /// windows any more, and `receive` ends the connection.
    public func sent(_ count: Int, of slot: Int) {
        guard flow.sent(count, of: &table[slot]) else { return frames.breakOff() }
        frames.budget.earnContent(count)
    }

    /// END_STREAM was written: the response is whole. What is left of the request nobody wants, which
    /// `writeResets` says: RFC 9113 §8.1.
    public func sentLast(_ slot: Int, out: ByteBuffer) {
        guard table[slot].id != 0 else { return }
        frames.budget.earnAnswer()
        switch table[slot].state.outcome(of: .sentLast) {
        case .proceed(.closed(let cause)):
            remove(slot, cause)
        case .proceed:
            answeredEarly.append(table[slot].id)
            remove(slot, .ourReset)
        case .ignore, .fault, .illegal:
            reset(slot, .noError, out)
        }
    }

    /// Responses have ended before their requests.
    public var owesResets: Bool { !answeredEarly.isEmpty }

    /// Tells the client to stop sending for responses that have ended before. They must have left by now:
    /// clients that find both in what they read at once take the response for lost.
    public func writeResets(_ out: ByteBuffer) {
        for id in answeredEarly { FrameWriter.reset(id, .noError, to: out) }
        answeredEarly.removeAll(keepingCapacity: true)
    }

    /// Ends a stream before it is whole. A connection that has failed has ended all of them by its GOAWAY.
    public func reset(_ slot: Int, _ code: HTTP2ErrorCode, _ out: ByteBuffer) {
        guard table[slot].id != 0 else { return }
        if frames.stage != .failed { FrameWriter.reset(table[slot].id, code, to: out) }
        remove(slot, .ourReset)
    }

    // MARK: The end of the connection

    /// Whether a stream may still begin.
    public var isClosing: Bool { finalStreamID != .max || frames.isOver }

    /// First step of a graceful end: the client begins no more streams from when it reads this. §6.8.
    public func announceEnd(out: ByteBuffer) {
        guard frames.stage != .failed else { return }
        FrameWriter.goAway(0x7FFF_FFFF, .noError, to: out)
    }

    /// Second step: what has begun until now is answered, nothing else.
    public func end(_ code: HTTP2ErrorCode = .noError, out: ByteBuffer) {
        guard frames.stage != .failed, finalStreamID == .max else { return }
        finalStreamID = lastStreamID
        FrameWriter.goAway(lastStreamID, code, to: out)
    }
}
