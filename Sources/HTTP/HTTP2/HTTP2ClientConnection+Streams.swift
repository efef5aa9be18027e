public import Core

/// What the owner of a connection to a peer does with its streams.
extension HTTP2ClientConnection {
    // MARK: Requests

    /// Another stream may begin: the peer takes it, and there is a number for it.
    public var mayBegin: Bool { !isLeaving && table.count < streamsMax }

    /// Streams that the peer takes at a time, as far as is known.
    public var streamsMax: Int { min(peer.maxConcurrentStreams ?? .max, HTTP2ClientConnection.tableMax) }

    private static var tableMax: Int { 16_384 }
    private static var lastStreamID: UInt32 { 0x7FFF_FFFF }

    /// No further stream begins on this connection.
    public var isLeaving: Bool {
        finalStreamID != .max || frames.isOver
            || nextStreamID > HTTP2ClientConnection.lastStreamID
    }

    /// The peer's settings have not come.
    public var isUnsettled: Bool { frames.stage == .firstSettings }

    /// Streams that nobody has ended.
    public var streamCount: Int { table.count }

    /// The record of a stream that was not ended.
    public func stream(_ slot: Int) -> StreamRecord { table[slot] }

    /// Begins a stream with a field block that was encoded just now: all are sent, in that order.
    ///
    /// - Parameters:
    ///   - isLast: the request has no content.
    ///   - isHead: of HEAD: what is said of the response's length is not that of content which follows.
    /// - Precondition: `mayBegin`.
    public func begin(_ block: ByteBuffer, isLast: Bool, isHead: Bool, out: ByteBuffer) -> Int {
        var record = StreamRecord()
        record.id = nextStreamID
        record.state = isLast ? .halfClosedLocal : .open
        record.sendWindow = FlowWindow(peer.initialWindowSize)
        record.receiveWindow = FlowWindow(max(limits.streamWindow, isUnsettled ? 65_535 : 0))
        record.awaitsHead = true
        record.isHead = isHead
        nextStreamID += 2
        FrameWriter.headers(block, on: record.id, isLast: isLast, sizeMax: peer.maxFrameSize, to: out)
        return table.insert(record)
    }

    /// The stream has content or an end to send: it waits for its turn.
    public func queue(_ slot: Int) { flow.queue(slot, &table) }

    /// Somebody waits for a turn.
    public var hasTurns: Bool { flow.hasTurns }

    /// The stream whose turn it is; it waits no more.
    public func takeTurn() -> Int? { flow.takeTurn(&table) }

    /// Bytes of content that the windows let a stream send now.
    public func allowance(of slot: Int) -> Int { flow.allowance(of: table[slot]) }

    /// Content of a stream was written, at most `allowance`. More is a fault of ours: nobody knows the
    /// windows any more, and `receive` ends the connection.
    public func sent(_ count: Int, of slot: Int) {
        guard flow.sent(count, of: &table[slot]) else { return frames.breakOff() }
        frames.budget.earnFrame(count)
    }

    /// END_STREAM was written.
    public func sentLast(_ slot: Int) {
        table[slot].state = table[slot].state == .open ? .halfClosedLocal : .closed(.ended)
    }

    /// Ends a stream: the peer is told to stop, unless both sides are through.
    public func end(_ slot: Int, _ code: HTTP2ErrorCode, _ out: ByteBuffer) {
        guard table.slots.contains(slot), table[slot].id != 0 else { return }
        if table[slot].state != .closed(.ended), frames.stage != .failed {
            FrameWriter.reset(table[slot].id, code, to: out)
            // What was on its way is no fault of the peer's.
            frames.budget.earnAnswer()
        }
        remove(slot)
    }

    /// The peer leaves without having looked at any stream.
    public var hasSeenNone: Bool { finalStreamID == 0 }

    /// A stream that the peer never looked at, as its GOAWAY says: it is no more.
    public func takeUnseen() -> Int? {
        for slot in table.slots where table[slot].id > finalStreamID {
            remove(slot)
            return slot
        }
        return nil
    }

    /// No stream begins any more.
    public func endGracefully(out: ByteBuffer) {
        guard frames.stage != .failed else { return }
        FrameWriter.goAway(0, .noError, to: out)
    }

    // MARK: Responses

    /// What the field block of a response came to.
    public enum HeadOutcome: Equatable, Sendable {
        /// The response's content follows, unless the stream ends here.
        case complete(isLast: Bool)
        /// 1xx: another head follows. RFC 9110 §15.2.
        case interim
        /// It cannot be used: the stream is to be ended.
        case refused(ResponseHeadError)
        /// The connection is no more.
        case failed(HTTP2ErrorCode)
    }

    /// What is read from, written to, and when.
    public typealias Input = HTTP2Connection.Input

    /// Bytes of the field block that is to be read.
    public var blockCount: Int { frames.blockCount }

    /// Reads the head of the response that `receive` has announced, from the same input.
    ///
    /// - Parameter sizeMax: `proxy_buffer_size`; a longer head is refused.
    public func readHead(_ head: ResponseHead, sizeMax: Int, from input: Input) -> HeadOutcome {
        guard let (slot, isLast) = pendingBlock.take() else { return .failed(.internalError) }
        var refusal: ResponseHeadError?
        do throws(HTTP2Fault) {
            refusal = try frames.readBlock(input.buffer) { (bytes, decoder) throws(HPACKError) in
                try HTTP2ResponseReader.readHead(bytes, &decoder, into: head, sizeMax: sizeMax)
            }
        } catch {
            return failed(error.code, input)
        }
        if let refusal { return .refused(refusal) }
        if (100..<200).contains(head.status) {
            // §8.6: there is no switching of protocols here; §8.1: a response has not ended with this.
            return isLast || head.status == 101 ? .refused(.badStatusLine) : .interim
        }
        table[slot].awaitsHead = false
        let hasNoContent = table[slot].isHead || head.status == 204 || head.status == 304
        table[slot].contentLeft = hasNoContent ? 0 : head.content.declared
        guard isLast else { return .complete(isLast: false) }
        guard (table[slot].contentLeft ?? 0) == 0 else { return .refused(.badContentLength) }
        ended(slot)
        return .complete(isLast: true)
    }

    /// Reads the fields behind the content that `receive` has announced, from the same input.
    ///
    /// - Parameter lines: gets them as HTTP/1 has them.
    public func readTrailers(into lines: ByteBuffer, from input: Input) -> HeadOutcome {
        guard let (slot, _) = pendingBlock.take() else { return .failed(.internalError) }
        let isSound: Bool
        do throws(HTTP2Fault) {
            isSound = try frames.readBlock(input.buffer) { (bytes, decoder) throws(HPACKError) in
                try HTTP2TrailerReader.read(bytes, &decoder, into: lines, using: scratch)
            }
        } catch {
            return failed(error.code, input)
        }
        guard isSound else { return .refused(.badField) }
        ended(slot)
        return .complete(isLast: true)
    }

    private func failed(_ code: HTTP2ErrorCode, _ input: Input) -> HeadOutcome {
        _ = fail(code, input.out)
        return .failed(code)
    }

    /// A stream may send `wideWindow` from now on before anybody has taken of it.
    public func widen(_ slot: Int, out: ByteBuffer) {
        let extra = limits.wideWindow - limits.streamWindow
        guard table[slot].id != 0, table[slot].extraWidth == 0, extra > 0, frames.stage != .failed else {
            return
        }
        table[slot].extraWidth = extra
        table[slot].uncreditedCount += extra
        creditStream(slot, out)
    }

    /// Content of a stream was taken by whom it is for: its window may open again.
    public func consumed(_ count: Int, of slot: Int, out: ByteBuffer) {
        guard table[slot].id != 0, count > 0, frames.stage != .failed else { return }
        table[slot].uncreditedCount += count
        creditStream(slot, out)
    }
}
