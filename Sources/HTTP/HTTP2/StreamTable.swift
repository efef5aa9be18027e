internal import Core

/// A stream that is not idle and not closed.
public struct StreamRecord: Sendable {
    /// Odd: clients begin all of them.
    public internal(set) var id: UInt32 = 0
    /// Where it is in its life.
    public internal(set) var state = StreamState.idle
    /// Content that may be sent on it.
    public internal(set) var sendWindow = FlowWindow(0)
    /// What the client wants of the order of responses.
    public internal(set) var priority = StreamTable.unsaidPriority
    /// Content that the client may send on it.
    var receiveWindow = FlowWindow(0)
    /// Bytes of its request's head and trailers.
    var headCount = 0
    /// Bytes received and not taken by anybody.
    var heldCount = 0
    /// Bytes taken for which no window was opened yet.
    var uncreditedCount = 0
    /// What its window is wider than those of others whose content may have to wait.
    var extraWidth = 0
    /// What `content-length` still promises; `nil`: it promised nothing.
    var contentLeft: Int64?
    /// It asks for a tunnel: nothing but content may follow its head.
    var isTunnel = false
    /// A request of ours whose response's head has not come.
    var awaitsHead = false
    /// A HEAD request of ours.
    var isHead = false
    /// The slot behind it in a queue; -1: none.
    var nextSlot: Int16 = -1
    /// It waits in the queue of its urgency.
    var isQueued = false

    /// A frame of content came.
    mutating func take(_ count: Int, ofFrame length: Int, isLast: Bool) throws(HTTP2Fault) {
        guard receiveWindow.take(length) else { throw .stream(.flowControlError) }
        // Padding is taken by nobody.
        uncreditedCount += length - count
        guard let left = contentLeft else { return }
        // §8.1.1: content is as long as was said.
        let rest = left - Int64(count)
        guard rest >= 0, !isLast || rest == 0 else { throw .stream(.protocolError) }
        contentLeft = rest
    }

    /// Opens its window by what was taken of it, from so much on, if more is to come.
    mutating func credit(from least: Int, _ out: ByteBuffer) {
        guard uncreditedCount >= max(1, least) else { return }
        switch state {
        case .open, .halfClosedLocal: break
        case .idle, .halfClosedRemote, .closed: return
        }
        guard receiveWindow.move(by: uncreditedCount) else { return }
        FrameWriter.windowUpdate(id, by: uncreditedCount, to: out)
        uncreditedCount = 0
    }
}

/// The streams of a connection: by slot, which stays the same for a stream's life, and by number.
///
/// Slots are used again, so that nothing is allocated once there were as many streams at a time.
struct StreamTable: Sendable {
    /// Slots are numbers of 15 bits, in the queues of `SendTurns` and in `places`.
    static var slotsMax: Int { Int(Int16.max) + 1 }
    /// As long as a client said nothing, no response waits for another one's end.
    static var unsaidPriority: StreamPriority { StreamPriority(urgency: 3, isIncremental: true) }

    private(set) var records: [StreamRecord] = []
    private var free: [Int32] = []
    /// By number: slot + 1, 0 where a place is free. Linear probing, at most half full.
    private var places = [UInt16](repeating: 0, count: 8)
    /// Streams in it.
    private(set) var count = 0

    subscript(slot: Int) -> StreamRecord {
        _read { yield records[slot] }
        _modify { yield &records[slot] }
    }

    /// Slots that a stream has or had.
    var slots: Range<Int> { records.indices }

    /// The slot of a stream; `nil`: it is idle or closed.
    func slot(of id: UInt32) -> Int? {
        var place = home(id)
        while places[place] != 0 {
            let slot = Int(places[place]) - 1
            if records[slot].id == id { return slot }
            place = (place + 1) & (places.count - 1)
        }
        return nil
    }

    /// Puts a stream in.
    mutating func insert(_ record: StreamRecord) -> Int {
        if (count + 1) * 2 > places.count { grow() }
        let slot: Int
        if let used = free.popLast() {
            slot = Int(used)
            records[slot] = record
        } else {
            slot = records.count
            records.append(record)
        }
        put(slot)
        count += 1
        return slot
    }

    /// Takes a stream out.
    mutating func remove(_ slot: Int) {
        guard records.indices.contains(slot), records[slot].id != 0 else { return }
        let mask = places.count - 1
        var hole = home(records[slot].id)
        while Int(places[hole]) != slot + 1 { hole = (hole + 1) & mask }
        // What stands behind moves up, unless its own place is behind the hole.
        var place = (hole + 1) & mask
        while places[place] != 0 {
            let wanted = home(records[Int(places[place]) - 1].id)
            if (place - wanted) & mask >= (place - hole) & mask {
                places[hole] = places[place]
                hole = place
            }
            place = (place + 1) & mask
        }
        places[hole] = 0
        records[slot].id = 0
        free.append(Int32(slot))
        count -= 1
    }

    private func home(_ id: UInt32) -> Int { Int(id >> 1) & (places.count - 1) }

    private mutating func put(_ slot: Int) {
        var place = home(records[slot].id)
        while places[place] != 0 { place = (place + 1) & (places.count - 1) }
        places[place] = UInt16(slot + 1)
    }

    private mutating func grow() {
        places = [UInt16](repeating: 0, count: places.count * 2)
        for slot in records.indices where records[slot].id != 0 { put(slot) }
    }
}

/// Streams that were closed lately, the youngest last: what may still arrive for them depends on how.
struct ClosedStreams: Sendable {
    private static var countMax: Int { 256 }

    private var ring: [(id: UInt32, cause: StreamState.Cause)] = []
    private var next = 0

    /// A stream that was open is closed.
    mutating func note(_ id: UInt32, _ cause: StreamState.Cause) {
        if ring.count < ClosedStreams.countMax {
            ring.append((id, cause))
        } else {
            ring[next] = (id, cause)
        }
        next = (next + 1) % ClosedStreams.countMax
    }

    /// A stream that is closed was reset by us: nothing more that comes on it is looked at.
    mutating func noteReset(_ id: UInt32) {
        guard let place = ring.firstIndex(where: { $0.id == id }) else { return note(id, .ourReset) }
        ring[place].cause = .ourReset
    }

    /// How a stream was closed; `nil`: too long ago, or it never was open.
    func cause(of id: UInt32) -> StreamState.Cause? {
        ring.first { $0.id == id }?.cause
    }
}
