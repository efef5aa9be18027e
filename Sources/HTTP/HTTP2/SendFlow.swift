internal import Core

/// What may leave on a connection: what the other side's settings and windows let streams send, and whose
/// turn it is. The same for both sides. RFC 9113 §5.2, §6.5, §6.9.
struct SendFlow {
    /// What the other side said of itself.
    private(set) var peer = HTTP2Settings()
    /// Content that all streams together may still send.
    private(set) var window = FlowWindow(65_535)
    private var turns = SendTurns()

    /// Content that the windows let a stream send now, in bytes.
    func allowance(of record: StreamRecord) -> Int { max(0, min(record.sendWindow.size, window.size)) }

    /// Content of a stream was written.
    ///
    /// - Returns: whether there was room for it; where not, nobody knows the windows any more.
    mutating func sent(_ count: Int, of record: inout StreamRecord) -> Bool {
        record.sendWindow.take(count) && window.take(count)
    }

    // MARK: What the other side says

    /// §6.5: takes the values of a frame, and says that they are known.
    ///
    /// - Returns: whether the windows of streams were changed.
    mutating func takeSettings(
        _ frame: Frame, _ table: inout StreamTable, _ encoder: inout HPACKEncoder
    ) throws(HTTP2Fault) -> Bool {
        var next = peer
        try frame.input.withBytes(of: frame.payload) { (bytes) throws(HTTP2Fault) in try next.take(bytes) }
        let change = next.initialWindowSize - peer.initialWindowSize
        peer = next
        encoder.peerAllows(tableSize: peer.smallestTableSize)
        encoder.peerAllows(tableSize: peer.headerTableSize)
        FrameWriter.settingsAck(to: frame.out)
        guard change != 0 else { return false }
        // §6.9.2: of all streams, even below zero.
        for slot in table.slots where table[slot].id != 0 {
            guard table[slot].sendWindow.move(by: change) else { throw .connection(.flowControlError) }
        }
        return true
    }

    /// §6.9, of the connection's window.
    mutating func takeWindowUpdate(_ frame: Frame) throws(HTTP2Fault) {
        let increment = Int(frame.shortNumber(at: 0))
        guard increment > 0 else { throw .connection(.protocolError) }
        guard window.move(by: increment) else { throw .connection(.flowControlError) }
    }

    /// §6.9, of a stream's window.
    func takeWindowUpdate(_ frame: Frame, of record: inout StreamRecord) throws(HTTP2Fault) {
        let increment = Int(frame.shortNumber(at: 0))
        guard increment > 0 else { throw .stream(.protocolError) }
        guard record.sendWindow.move(by: increment) else { throw .stream(.flowControlError) }
    }

    // MARK: Turns

    /// Somebody waits for a turn.
    var hasTurns: Bool { !turns.isEmpty }

    /// The stream has content or an end to send: it waits for its turn, behind the others of its urgency.
    mutating func queue(_ slot: Int, _ table: inout StreamTable) { turns.append(slot, &table) }

    /// The stream whose turn it is; it waits no more.
    mutating func takeTurn(_ table: inout StreamTable) -> Int? {
        guard let slot = turns.head else { return nil }
        turns.removeHead(&table)
        return slot
    }

    /// The stream had a turn, and wants more: others of its urgency come first, unless parts of it are of
    /// no use to the client.
    mutating func wantsMore(_ slot: Int, _ table: inout StreamTable) {
        guard table[slot].id != 0 else { return }
        if table[slot].priority.isIncremental {
            turns.append(slot, &table)
        } else {
            turns.prepend(slot, &table)
        }
    }

    /// The other side wants the stream sooner or later than others.
    mutating func prioritise(_ slot: Int, _ priority: StreamPriority, _ table: inout StreamTable) {
        guard table[slot].priority != priority else { return }
        let wasQueued = table[slot].isQueued
        turns.remove(slot, &table)
        table[slot].priority = priority
        if wasQueued { turns.append(slot, &table) }
    }

    /// The stream ends.
    mutating func remove(_ slot: Int, _ table: inout StreamTable) { turns.remove(slot, &table) }
}
