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
        budget.earnAnswer()
    }

    // MARK: DATA

    /// §6.1. What it takes of the windows is taken whatever becomes of it: §6.9. Whoever takes content slowly
    /// is held back by its own stream's window, so that the connection's is opened by all that comes.
    func takeData(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        let length = frame.header.length
        guard receiveWindow.take(length) else { throw .connection(.flowControlError) }
        uncreditedCount += length
        creditConnection(frame.out)
        let content = try frame.content()
        let isLast = frame.header.flags.contains(.endStream)
        if content.isEmpty, !isLast { try spend(.idleFrame, frame.nowMs) }
        guard let slot = try slot(of: frame) else { return .handled }
        try guardOpen(slot)
        // §8.1: content follows a head.
        guard !table[slot].awaitsHead else { throw .stream(.protocolError) }
        guard table[slot].receiveWindow.take(length) else { throw .stream(.flowControlError) }
        if let left = table[slot].contentLeft {
            // §8.1.1: content is as long as was said.
            let rest = left - Int64(content.count)
            guard rest >= 0, !isLast || rest == 0 else { throw .stream(.protocolError) }
            table[slot].contentLeft = rest
        }
        if isLast {
            ended(slot)
        } else {
            // Padding is taken by nobody.
            table[slot].uncreditedCount += length - Int(content.count)
            creditStream(slot, frame.out)
        }
        return .content(slot: slot, content, isLast: isLast)
    }

    /// Opens the connection's window by what came in.
    private func creditConnection(_ out: ByteBuffer) {
        guard uncreditedCount >= limits.connectionWindow / 2, receiveWindow.move(by: uncreditedCount) else {
            return
        }
        FrameWriter.windowUpdate(0, by: uncreditedCount, to: out)
        uncreditedCount = 0
    }

    /// Opens a stream's window by what was taken of it.
    func creditStream(_ slot: Int, _ out: ByteBuffer) {
        let count = table[slot].uncreditedCount
        guard count >= max(1, (limits.streamWindow + table[slot].extraWidth) / 2) else { return }
        switch table[slot].state {
        case .open, .halfClosedLocal: break
        case .idle, .halfClosedRemote, .closed: return
        }
        guard table[slot].receiveWindow.move(by: count) else { return }
        FrameWriter.windowUpdate(table[slot].id, by: count, to: out)
        table[slot].uncreditedCount = 0
    }

    // MARK: HEADERS and CONTINUATION

    /// §6.2
    func takeHeaders(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        let content = try frame.content()
        guard isBegun(frame.header.streamID) else { throw .connection(.protocolError) }
        guard frame.header.flags.contains(.endHeaders) else {
            block.removeAll()
            block.append(content, of: frame.input)
            if content.isEmpty { try spend(.idleFrame, frame.nowMs) }
            stage = .fieldBlock(frame.header, continuations: 0)
            return .handled
        }
        blockPlace = content
        return try takeBlock(frame.header, frame)
    }

    /// §6.10, bounded in frames and in bytes.
    func takeContinuation(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard case .fieldBlock(let first, let count) = stage else { throw .connection(.protocolError) }
        guard count < limits.continuationsMax, block.count + frame.header.length <= limits.blockMax else {
            throw .connection(.enhanceYourCalm)
        }
        if frame.header.length < FrameHeader.smallestSizeMax { try spend(.idleFrame, frame.nowMs) }
        block.append(frame.payload, of: frame.input)
        guard frame.header.flags.contains(.endHeaders) else {
            stage = .fieldBlock(first, continuations: count + 1)
            return .handled
        }
        stage = .frames
        blockPlace = nil
        return try takeBlock(first, frame)
    }

    /// A field block is here whole: a head, or trailers.
    private func takeBlock(_ header: FrameHeader, _ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        let isLast = header.flags.contains(.endStream)
        guard let slot = table.slot(of: header.streamID) else {
            try passBlock(frame)
            try spend(.idleFrame, frame.nowMs)
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
            try passBlock(frame)
            throw error
        }
        pendingBlock = (slot, isLast)
        return awaitsHead ? .head(slot: slot) : .trailers(slot: slot)
    }

    /// Calls `body` with the field block that is here.
    func withBlock<R, E: Error>(
        _ input: ByteBuffer, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        if let blockPlace { return try input.withBytes(of: blockPlace, body) }
        return try block.withReadable(body)
    }

    /// Nobody wants the block that is here, but the tables go along.
    private func passBlock(_ frame: Frame) throws(HTTP2Fault) {
        do throws(HPACKError) {
            try withBlock(frame.input) { (bytes) throws(HPACKError) in
                try decoder.pass(over: bytes, using: scratch)
            }
        } catch {
            throw .connection(error.code)
        }
        forgetBlock()
        try spend(.fields(byteCount: decoder.decodedCount), frame.nowMs)
    }

    /// The block was read.
    func forgetBlock() {
        block.removeAll()
        block.shrink(toCapacity: 16 << 10)
    }

    // MARK: Streams

    /// §6.4
    func takeReset(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard let slot = try slot(of: frame) else {
            try spend(.idleFrame, frame.nowMs)
            return .handled
        }
        let code = HTTP2ErrorCode(rawValue: frame.number(at: 0))
        remove(slot)
        return .lost(slot: slot, code == .refusedStream ? .refused : .reset(code))
    }

    /// §6.9
    func takeWindowUpdate(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try spend(.windowUpdate, frame.nowMs)
        let increment = Int(frame.number(at: 0) & 0x7FFF_FFFF)
        guard frame.header.streamID != 0 else {
            guard increment > 0 else { throw .connection(.protocolError) }
            guard sendWindow.move(by: increment) else { throw .connection(.flowControlError) }
            return .mayContinueAll
        }
        guard isBegun(frame.header.streamID) else { throw .connection(.protocolError) }
        guard let slot = table.slot(of: frame.header.streamID) else { return .handled }
        guard increment > 0 else { throw .stream(.protocolError) }
        guard table[slot].sendWindow.move(by: increment) else { throw .stream(.flowControlError) }
        return .mayContinue(slot: slot)
    }

    // MARK: The connection

    /// §6.5
    func takeSettings(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        if stage == .firstSettings { stage = .frames } else { try spend(.settings, frame.nowMs) }
        guard !frame.header.flags.contains(.ack) else { return .handled }
        let before = peer.initialWindowSize
        var next = peer
        try frame.input.withBytes(of: frame.payload) { (bytes) throws(HTTP2Fault) in try next.take(bytes) }
        // §6.5.2: a server has nothing to be pushed to.
        guard !next.enablesPush else { throw .connection(.protocolError) }
        peer = next
        encoder.peerAllows(tableSize: peer.smallestTableSize)
        encoder.peerAllows(tableSize: peer.headerTableSize)
        FrameWriter.settingsAck(to: frame.out)
        if peer.initialWindowSize != before {
            // §6.9.2: of all streams, even below zero.
            for slot in table.slots where table[slot].id != 0 {
                guard table[slot].sendWindow.move(by: peer.initialWindowSize - before) else {
                    throw .connection(.flowControlError)
                }
            }
        }
        return .settled
    }

    /// §6.7
    func takePing(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        guard !frame.header.flags.contains(.ack) else {
            try spend(.idleFrame, frame.nowMs)
            return .pong
        }
        try spend(.ping, frame.nowMs)
        FrameWriter.pong(frame.payload, of: frame.input, to: frame.out)
        return .handled
    }

    /// §6.8: the last one says what was looked at, and no later one may say more.
    func takeGoAway(_ frame: Frame) throws(HTTP2Fault) -> HTTP2PeerEvent {
        try spend(.settings, frame.nowMs)
        finalStreamID = min(finalStreamID, frame.number(at: 0) & 0x7FFF_FFFF)
        return .leaving(HTTP2ErrorCode(rawValue: frame.number(at: 4)))
    }
}
