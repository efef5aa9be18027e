internal import Core

/// What each kind of frame does: RFC 9113 §6, RFC 9218 §7.
extension HTTP2Connection {
    /// What an event means for a stream, by its number: those that are closed or idle included.
    private func outcome(_ event: StreamState.Event, of id: UInt32, _ slot: Int?) -> StreamState.Outcome {
        if let slot { return table[slot].state.outcome(of: event) }
        // §6.8: nothing of what the client began before it read our GOAWAY is looked at.
        if isBeyondEnd(id) { return StreamState.closed(.ourReset).outcome(of: event) }
        // An even number would be ours to begin, and is idle for ever.
        guard id & 1 == 1, id <= lastStreamID else { return StreamState.idle.outcome(of: event) }
        if let cause = closed.cause(of: id) { return StreamState.closed(cause).outcome(of: event) }
        // So long ago that what is on its way has arrived, or a number that was skipped.
        return StreamState.closed(.ended).outcome(of: event)
    }

    // MARK: DATA

    /// §6.1. What it takes of the windows is taken whatever becomes of it: §6.9.
    func takeData(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        let header = frame.header
        try receiveWindow.take(header.length)
        let content = try frame.content()
        let isLast = header.flags.contains(.endStream)
        if content.isEmpty, !isLast { try frames.spend(.idleFrame, frame.nowMs) }
        let slot = table.slot(of: header.streamID)
        switch outcome(.receivedData(isLast: isLast), of: header.streamID, slot) {
        case .fault(let fault):
            creditConnection(frame.out)
            throw fault
        case .ignore, .illegal:
            try frames.spend(.idleFrame, frame.nowMs)
            creditConnection(frame.out)
            return .handled
        case .proceed(let state):
            guard let slot else { return .handled }
            return try takeContent(content, state, slot, frame)
        }
    }

    private func takeContent(
        _ content: Slice, _ state: StreamState, _ slot: Int, _ frame: Frame
    ) throws(HTTP2Fault) -> HTTP2Event {
        let isLast = frame.header.flags.contains(.endStream)
        try table[slot].take(Int(content.count), ofFrame: frame.header.length, isLast: isLast)
        table[slot].state = state
        table[slot].heldCount += Int(content.count)
        heldCount += Int(content.count)
        settleWindows(out: frame.out)
        creditStream(slot, frame.out)
        shareWidth(slot)
        if case .closed(let cause) = state {
            // We have answered already: nobody wants it.
            remove(slot, cause)
            return .lost(slot: slot)
        }
        return .content(slot: slot, content, isLast: isLast)
    }

    // MARK: HEADERS and CONTINUATION

    /// §6.2
    func takeHeaders(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        // §5.1.1: clients begin odd ones.
        guard frame.header.streamID & 1 == 1 else { throw .connection(.protocolError) }
        guard try frames.takeHeaders(frame) else { return .handled }
        if hangsOnItself(frame), frame.header.streamID > lastStreamID, !isBeyondEnd(frame.header.streamID) {
            // As for PRIORITY; the stream has begun, and the tables go along.
            try frames.passBlock(frame)
            lastStreamID = frame.header.streamID
            throw .stream(.protocolError)
        }
        return try takeBlock(frame.header, frame)
    }

    /// RFC 7540 §5.3.1.
    private func hangsOnItself(_ frame: Frame) -> Bool {
        guard frame.header.flags.contains(.priority) else { return false }
        let position = frame.header.flags.contains(.padded) ? 1 : 0
        return frame.shortNumber(at: position) == frame.header.streamID
    }

    /// §6.10
    func takeContinuation(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        guard let first = try frames.takeContinuation(frame) else { return .handled }
        return try takeBlock(first, frame)
    }

    /// A field block is here whole: it begins a stream, or it is trailers.
    private func takeBlock(_ header: FrameHeader, _ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        let id = header.streamID
        let isLast = header.flags.contains(.endStream)
        if id > lastStreamID { return try begin(id, isLast: isLast, frame) }
        let slot = table.slot(of: id)
        // Whatever is wrong with the stream, the tables go along.
        var lines: ByteBuffer?
        if slot != nil { lines = try readTrailers(frame) } else { try frames.passBlock(frame) }
        if slot == nil, closed.cause(of: id) == nil {
            // §5.1.1: a number may not be lower than one before.
            throw .connection(.protocolError)
        }
        switch outcome(.receivedHeaders(isLast: isLast), of: id, slot) {
        case .fault(let fault): throw fault
        case .ignore, .illegal:
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        case .proceed(let state):
            guard let slot else { return .handled }
            // §8.5: a tunnel has no trailers.
            guard let lines, !table[slot].isTunnel, (table[slot].contentLeft ?? 0) == 0 else {
                throw .stream(.protocolError)
            }
            guard requestsSize + lines.count <= limits.requestsMax else { throw .stream(.enhanceYourCalm) }
            table[slot].state = state
            shareWidth(slot)
            if case .closed(let cause) = state {
                remove(slot, cause)
                return .lost(slot: slot)
            }
            noteHead(lines.count, of: slot)
            trailers = lines
            return .trailers(slot: slot)
        }
    }

    private func begin(_ id: UInt32, isLast: Bool, _ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        guard !isBeyondEnd(id) else {
            // §6.8: not looked at, but for the tables.
            try frames.passBlock(frame)
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        }
        lastStreamID = id
        guard table.count < limits.concurrentStreams, requestsSize < limits.requestsMax else {
            // §5.1.2, §8.7: nothing was done for it, and it may be sent again when others are through.
            // Clients know how many they may have at a time, and not what their heads may come to.
            let isTooMany = table.count >= limits.concurrentStreams
            try frames.passBlock(frame)
            closed.note(id, .ourReset)
            FrameWriter.reset(id, .refusedStream, to: frame.out)
            try frames.spend(isTooMany ? .cancelledRequest : .idleFrame, frame.nowMs)
            return .handled
        }
        var record = StreamRecord()
        record.id = id
        record.state = isLast ? .halfClosedRemote : .open
        record.sendWindow = FlowWindow(peer.initialWindowSize)
        record.receiveWindow = FlowWindow(areSettingsKnown ? initialWindow : max(initialWindow, 65_535))
        record.priority = early.take(id) ?? StreamTable.unsaidPriority
        let slot = table.insert(record)
        pendingSlot = slot
        return .head(slot: slot, isLast: isLast)
    }

    /// - Returns: the lines; `nil`: they are not sound.
    private func readTrailers(_ frame: Frame) throws(HTTP2Fault) -> ByteBuffer? {
        let lines = ByteBuffer(capacity: 64)
        let isSound = try frames.readBlock(frame.input) { (bytes, decoder) throws(HPACKError) in
            try HTTP2TrailerReader.read(bytes, &decoder, into: lines, using: scratch)
        }
        try frames.spend(.fields(byteCount: frames.decoder.decodedCount), frame.nowMs)
        return isSound ? lines : nil
    }

    // MARK: Streams

    /// §6.3: RFC 7540's tree is read over; that nothing hangs on itself was a rule of its §5.3.1.
    func takePriority(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        try frames.spend(.idleFrame, frame.nowMs)
        if isBeyondEnd(frame.header.streamID) { return .handled }
        if let fault = frame.fault { throw fault }
        guard frame.shortNumber(at: 0) != frame.header.streamID else {
            throw .stream(.protocolError)
        }
        return .handled
    }

    /// §6.4
    func takeReset(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        let slot = table.slot(of: frame.header.streamID)
        switch outcome(.receivedReset, of: frame.header.streamID, slot) {
        case .fault(let fault): throw fault
        case .ignore, .illegal:
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        case .proceed:
            guard let slot else { return .handled }
            try frames.spend(.cancelledRequest, frame.nowMs)
            remove(slot, .theirReset)
            return .lost(slot: slot)
        }
    }

    /// §6.9
    func takeWindowUpdate(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        try frames.spend(.windowUpdate, frame.nowMs)
        let id = frame.header.streamID
        guard id != 0 else {
            try flow.takeWindowUpdate(frame)
            return .mayContinueAll
        }
        let slot = table.slot(of: id)
        switch outcome(.receivedWindowUpdate, of: id, slot) {
        case .fault(let fault): throw fault
        case .ignore, .illegal:
            try frames.spend(.idleFrame, frame.nowMs)
            return .handled
        case .proceed:
            guard let slot else { return .handled }
            try flow.takeWindowUpdate(frame, of: &table[slot])
            return .mayContinue(slot: slot)
        }
    }

    /// RFC 9218 §7.1
    func takePriorityUpdate(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        try frames.spend(.idleFrame, frame.nowMs)
        let id = frame.shortNumber(at: 0)
        guard id & 1 == 1 else { throw .connection(.protocolError) }
        let text = Slice(from: Int(frame.payload.start) + 4, to: frame.payload.end)
        let priority = frame.input.withBytes(of: text) { StreamPriority($0) }
        if let slot = table.slot(of: id) {
            prioritise(slot, priority)
        } else if id > lastStreamID {
            early.note(id, priority)
        }
        return .handled
    }

    /// A client's `priority` field or frame.
    public func prioritise(_ slot: Int, _ priority: StreamPriority) {
        flow.prioritise(slot, priority, &table)
    }

    // MARK: The connection

    /// §6.5
    func takeSettings(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        try frames.noteSettings(frame.nowMs)
        guard !frame.header.flags.contains(.ack) else {
            settingsAcknowledged(frame.out)
            return .handled
        }
        return try flow.takeSettings(frame, &table, &encoder) ? .mayContinueAll : .handled
    }

    /// §6.7
    func takePing(_ frame: Frame) throws(HTTP2Fault) -> HTTP2Event {
        try frames.spend(.ping, frame.nowMs)
        guard !frame.header.flags.contains(.ack) else {
            guard deliveries != nil else { return .handled }
            return .answered(UInt64(frame.number(at: 0)) << 32 | UInt64(frame.number(at: 4)))
        }
        FrameWriter.pong(frame.payload, of: frame.input, to: frame.out)
        return .handled
    }
}
