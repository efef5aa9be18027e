internal import Core

/// What each kind of frame from a peer does: RFC 9113 §6.
extension HTTP2ClientConnection {
    /// The slot of the stream that a frame is about; `nil`: it has ended, and what was on its way is dropped.
    private func slot(of frame: Frame) throws(HTTP2Fault) -> Int? {
        // §5.1: on a stream that is idle nothing may come, and even ones would be pushed.
        guard isBegun(frame.header.streamID) else { throw .connection(.protocolError) }
        return table.slot(of: frame.header.streamID)
    }

    /// The response has ended, and more of it comes: §5.1, half-closed (remote).
    private func guardOpen(_ slot: Int) throws(HTTP2Fault) {
        switch table[slot].state {
        case .open, .halfClosedLocal: break
        case .idle, .halfClosedRemote, .closed: throw .stream(.streamClosed)
        }
    }

    /// END_STREAM came.
    func ended(_ slot: Int) {
        table[slot].state = table[slot].state == .open ? .halfClosedRemote : .closed(.ended)
        frames.budget.earnAnswer()
    }

    // MARK: DATA

    /// §6.1. What it takes of the windows is taken whatever becomes of it: §6.9. Whoever takes content slowly
    /// is held back by its own stream's window, so that the connection's is opened by all that comes.
    func takeData(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try receiveWindow.take(frame.header.length)
        if receiveWindow.uncreditedCount >= limits.connectionWindow / 2 { receiveWindow.credit(frame.out) }
        let content = try frame.content()
        let isLast = frame.header.flags.contains(.endStream)
        if content.isEmpty, !isLast { try frames.spend(.idleFrame, frame.nowMs) }
        guard let slot = try slot(of: frame) else { return .handled }
        try guardOpen(slot)
        // §8.1: content follows a head.
        guard !table[slot].awaitsHead else { throw .stream(.protocolError) }
        try table[slot].take(Int(content.count), ofFrame: frame.header.length, isLast: isLast)
        if isLast { ended(slot) } else { creditStream(slot, frame.out) }
        return .content(slot: slot, content, isLast: isLast)
    }

    /// Opens a stream's window by what was taken of it.
    func creditStream(_ slot: Int, _ out: ByteBuffer) {
        let window = limits.streamWindow + table[slot].extraWidth
        table[slot].credit(from: window / 2, out)
    }

    // MARK: HEADERS and CONTINUATION

    /// §6.2
    func takeHeaders(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard isBegun(frame.header.streamID) else { throw .connection(.protocolError) }
        guard try frames.takeHeaders(frame) else { return .handled }
        return try takeBlock(frame.header, frame)
    }

    /// §6.10
    func takeContinuation(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard let first = try frames.takeContinuation(frame) else { return .handled }
        return try takeBlock(first, frame)
    }

    /// A field block is here whole: a head, or trailers.
    private func takeBlock(_ header: FrameHeader, _ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        let isLast = header.flags.contains(.endStream)
        guard let slot = table.slot(of: header.streamID) else {
            try frames.passBlock(frame)
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
        let awaitsHead = table[slot].awaitsHead
        do throws(HTTP2Fault) {
            try guardOpen(slot)
            // §8.1: what stands behind the content ends the stream, and content is as long as was said.
            guard awaitsHead || isLast && (table[slot].contentLeft ?? 0) == 0 else {
                throw .stream(.protocolError)
            }
        } catch {
            // Whatever is wrong with the stream, the tables go along.
            try frames.passBlock(frame)
            throw error
        }
        pendingBlock = (slot, isLast)
        return awaitsHead ? .head(slot: slot) : .trailers(slot: slot)
    }

    // MARK: Streams

    /// §6.4
    func takeReset(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard let slot = try slot(of: frame) else {
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
        let code = HTTP2ErrorCode(rawValue: frame.number(at: 0))
        remove(slot)
        return .lost(slot: slot, code == .refusedStream ? .refused : .reset(code))
    }

    /// §6.9
    func takeWindowUpdate(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try frames.spend(.windowUpdate, frame.nowMs)
        guard frame.header.streamID != 0 else {
            try flow.takeWindowUpdate(frame)
            return .mayContinueAll
        }
        guard isBegun(frame.header.streamID) else { throw .connection(.protocolError) }
        guard let slot = table.slot(of: frame.header.streamID) else { return .handled }
        try flow.takeWindowUpdate(frame, of: &table[slot])
        return .mayContinue(slot: slot)
    }

    // MARK: The connection

    /// §6.5
    func takeSettings(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try frames.noteSettings(frame.nowMs)
        guard !frame.header.flags.contains(.ack) else { return .handled }
        _ = try flow.takeSettings(frame, &table, &encoder)
        // §6.5.2: a server has nothing to be pushed to.
        guard !peer.enablesPush else { throw .connection(.protocolError) }
        return .settled
    }

    /// §6.7
    func takePing(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard !frame.header.flags.contains(.ack) else {
            try frames.spend(.idleFrame, frame.nowMs)
            return .pong
        }
        try frames.spend(.ping, frame.nowMs)
        FrameWriter.pong(frame.payload, of: frame.input, to: frame.out)
        return .handled
    }

    /// §6.8: the last one says what was looked at, and no later one may say more.
    func takeGoAway(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try frames.spend(.settings, frame.nowMs)
        finalStreamID = min(finalStreamID, frame.shortNumber(at: 0))
        return .leaving(HTTP2ErrorCode(rawValue: frame.number(at: 4)))
    }
}
