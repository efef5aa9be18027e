public import Core
public import Net

/// The sessions of a `sticky learn` zone, and the server that each is bound to, for all processes.
///
/// A session that nobody has used for its time is gone. The one that was not used for longest makes room for
/// a new one.
public final class SessionTable: ZoneTable {
    /// Longest name of a session.
    package static var keyMax: Int { KeySlots.keyMax }

    private enum Value {
        static var lastMs: Int { 0 }
        static var count: Int { 1 }
        static var words: Int { 2 }
    }

    private static var shape: KeySlots.Shape {
        KeySlots.Shape(slotSize: 16, valueCount: 2 + ServerID.wordCount) { _ in 0 }
    }

    let slots: KeySlots
    private let memory: SharedMemory

    /// A table of so many bytes, or the one that a former binary has left under the label.
    ///
    /// - Parameter descriptor: of that one; `nil`: a new one is made.
    public init(label: String, byteCount: Int, adopting descriptor: Int32?) throws(Errno) {
        slots = try KeySlots(SessionTable.shape, label: label, byteCount: byteCount, adopting: descriptor)
        memory = slots.memory
    }

    /// What a binary that takes over finds its memory by; `nil`: it cannot.
    public var descriptor: Int32? { memory.descriptor }

    /// The server that a session is bound to; `nil`: it is not known, or the table cannot be looked at.
    public func server(of session: Span<UInt8>, nowMs: Int, timeoutMs: Int) -> ServerID? {
        guard session.count <= SessionTable.keyMax else { return nil }
        let meta = slots.meta(of: session)
        guard slots.enter() else { return nil }
        defer { slots.leave() }
        let slot = slots.find(session, meta)
        guard slot > 0, !isOver(slot, nowMs, timeoutMs) else { return nil }
        return ServerID(count: memory.load(slots.value(Value.count, of: slot))) { word in
            UInt64(UInt(bitPattern: memory.load(slots.value(Value.words + word, of: slot))))
        }
    }

    /// What becomes of a session that is not known.
    public enum Unknown: Sendable {
        /// It begins.
        case made
        /// It is none of the servers': nothing is kept.
        case ignored
    }

    /// A server has answered a request of a session: it is bound to that one from now on.
    ///
    /// - Returns: false: there is no room, or the table cannot be looked at.
    public func bind(
        _ session: Span<UInt8>, to server: ServerID, nowMs: Int, timeoutMs: Int, unknown: Unknown
    ) -> Bool {
        guard session.count <= SessionTable.keyMax else { return false }
        let meta = slots.meta(of: session)
        guard slots.enter() else { return false }
        defer { slots.leave() }
        var slot = slots.find(session, meta)
        if slot > 0 {
            if case .ignored = unknown, isOver(slot, nowMs, timeoutMs) {
                slots.remove(slot)
                return true
            }
            slots.touch(slot)
        } else {
            guard case .made = unknown else { return true }
            slot = slots.insert(session, meta, makingRoomWhere: { isOver($0, nowMs, timeoutMs) })
            guard slot > 0 else { return false }
        }
        memory.store(slots.value(Value.lastMs, of: slot), nowMs)
        // Nobody may find a name that is half of this server's: the length is the last to be there.
        memory.store(slots.value(Value.count, of: slot), 0)
        for word in 0..<ServerID.wordCount {
            memory.store(
                slots.value(Value.words + word, of: slot), Int(bitPattern: UInt(server[word: word])))
        }
        memory.store(slots.value(Value.count, of: slot), server.count)
        return true
    }

    private func isOver(_ slot: Int, _ nowMs: Int, _ timeoutMs: Int) -> Bool {
        nowMs &- memory.load(slots.value(Value.lastMs, of: slot)) >= timeoutMs
    }
}
