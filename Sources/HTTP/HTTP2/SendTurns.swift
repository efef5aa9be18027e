/// Whose turn it is to send: the most urgent first, those of one urgency in turn, or one after the other
/// where a client said that parts are of no use. RFC 9218 §10.
///
/// Queues run through the streams' own records, so that waiting takes no memory.
struct SendTurns: Sendable {
    private var first = InlineArray<8, Int16>(repeating: -1)
    private var last = InlineArray<8, Int16>(repeating: -1)
    /// A bit for each urgency that somebody waits with.
    private var urgencies: UInt8 = 0

    var isEmpty: Bool { urgencies == 0 }

    /// The stream whose turn it is.
    var head: Int? {
        urgencies == 0 ? nil : Int(first[urgencies.trailingZeroBitCount])
    }

    /// A stream wants to send: it waits behind the others of its urgency.
    mutating func append(_ slot: Int, _ table: inout StreamTable) {
        guard !table[slot].isQueued else { return }
        let urgency = Int(table[slot].priority.urgency & 7)
        table[slot].isQueued = true
        table[slot].nextSlot = -1
        if last[urgency] >= 0 {
            table[Int(last[urgency])].nextSlot = Int16(clamping: slot)
        } else {
            first[urgency] = Int16(clamping: slot)
        }
        last[urgency] = Int16(clamping: slot)
        urgencies |= 1 << UInt8(urgency)
    }

    /// A stream goes on before the others of its urgency.
    mutating func prepend(_ slot: Int, _ table: inout StreamTable) {
        guard !table[slot].isQueued else { return }
        let urgency = Int(table[slot].priority.urgency & 7)
        table[slot].isQueued = true
        table[slot].nextSlot = first[urgency]
        first[urgency] = Int16(clamping: slot)
        if last[urgency] < 0 { last[urgency] = Int16(clamping: slot) }
        urgencies |= 1 << UInt8(urgency)
    }

    /// The stream at the head waits no more.
    mutating func removeHead(_ table: inout StreamTable) {
        guard let slot = head else { return }
        let urgency = urgencies.trailingZeroBitCount
        first[urgency] = table[slot].nextSlot
        if first[urgency] < 0 {
            last[urgency] = -1
            urgencies &= ~(1 << UInt8(urgency))
        }
        table[slot].isQueued = false
        table[slot].nextSlot = -1
    }

    /// Takes a stream out, wherever it waits: it is closed, or its priority changes.
    mutating func remove(_ slot: Int, _ table: inout StreamTable) {
        guard table[slot].isQueued else { return }
        let urgency = Int(table[slot].priority.urgency & 7)
        var previous: Int16 = -1
        var current = first[urgency]
        while current >= 0, Int(current) != slot {
            previous = current
            current = table[Int(current)].nextSlot
        }
        let next = table[slot].nextSlot
        if previous >= 0 { table[Int(previous)].nextSlot = next } else { first[urgency] = next }
        if last[urgency] == Int16(clamping: slot) { last[urgency] = previous }
        if first[urgency] < 0 { urgencies &= ~(1 << UInt8(urgency)) }
        table[slot].isQueued = false
        table[slot].nextSlot = -1
    }
}
