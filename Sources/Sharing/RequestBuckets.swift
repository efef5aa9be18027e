public import Net

/// The leaky buckets of a `limit_req_zone`, one for each key, that all processes fill.
///
/// The buckets that were filled longest ago make room: up to two that have run out for each new key, as in
/// nginx, and if there is no room then, the oldest whatever is in it.
public final class RequestBuckets: ZoneTable {
    /// What a request finds.
    package enum Look: Equatable {
        /// Its bucket has room; what is in it with the request.
        case within(excess: Int)
        /// It would hold more than the burst: nothing was added.
        case beyond(excess: Int)
        /// The memory of the zone cannot hold the key.
        case noRoom
        /// The zone cannot be looked at: a process stands still in the middle of a change.
        case unavailable
    }

    /// What the zone has done with requests.
    package enum Count: Int, CaseIterable, Sendable {
        case passed, delayed, rejected, delayedDryRun, rejectedDryRun
    }

    /// A rate and what may be ahead of it, in thousandths of requests.
    package struct Limit {
        let rate: Int
        let burst: Int

        /// In thousandths of requests; the rate is a second's.
        package init(rate: Int, burst: Int) {
            self.rate = rate
            self.burst = burst
        }
    }

    /// Longest key.
    package static var keyMax: Int { KeySlots.keyMax }

    private static var lastMs: Int { 0 }
    private static var excess: Int { 1 }
    /// A bucket that was used within this time stays, if there is room.
    private static var keptMs: Int { 60_000 }
    private static var shape: KeySlots.Shape { KeySlots.Shape(slotSize: 16, valueCount: 2) { _ in 0 } }

    private let slots: KeySlots
    private let memory: SharedMemory

    /// A table of so many bytes, or the one that a former binary has left under the label.
    ///
    /// - Parameter descriptor: of that one; `nil`: a new one is made.
    public init(label: String, byteCount: Int, adopting descriptor: Int32?) throws(Errno) {
        slots = try KeySlots(
            RequestBuckets.shape, label: label, byteCount: byteCount, adopting: descriptor)
        memory = slots.memory
    }

    /// What a binary that takes over finds its memory by; `nil`: it cannot.
    public var descriptor: Int32? { memory.descriptor }

    /// Keys that have a bucket now, and as many as there is room for if they are short.
    package var bucketCount: Int { slots.takenCount }
    /// Buckets that there is room for, if their keys are short.
    package var capacity: Int { slots.capacity }

    /// Adds a request to its key's bucket, or only looks whether it may be added: that is for requests that
    /// other zones have a say in.
    package func look(_ key: Span<UInt8>, _ limit: Limit, nowMs: Int, adds: Bool) -> Look {
        // Worked out before others have to wait.
        let meta = slots.meta(of: key)
        guard slots.enter() else { return .unavailable }
        defer { slots.leave() }
        let slot = slots.find(key, meta)
        guard slot > 0 else {
            let made = make(key, meta, limit, nowMs: nowMs)
            if made > 0, adds { memory.store(slots.value(RequestBuckets.lastMs, of: made), nowMs) }
            return made > 0 ? .within(excess: 0) : .noRoom
        }
        slots.touch(slot)
        let (excess, elapsed) = filled(slot, limit.rate, nowMs)
        guard excess <= limit.burst else { return .beyond(excess: excess) }
        if adds { keep(slot, excess, elapsed, nowMs) }
        return .within(excess: excess)
    }

    /// Adds a request to the bucket of a key that was looked at.
    ///
    /// - Returns: the excess; `nil`: the bucket has had to go meanwhile.
    package func add(_ key: Span<UInt8>, rate: Int, nowMs: Int) -> Int? {
        guard slots.enter() else { return nil }
        defer { slots.leave() }
        let slot = slots.find(key, slots.meta(of: key))
        guard slot > 0 else { return nil }
        let (excess, elapsed) = filled(slot, rate, nowMs)
        keep(slot, excess, elapsed, nowMs)
        return excess
    }

    private func filled(_ slot: Int, _ rate: Int, _ nowMs: Int) -> (excess: Int, elapsedMs: Int) {
        let last = memory.load(slots.value(RequestBuckets.lastMs, of: slot))
        let elapsed = LeakyBucket.elapsedMs(since: last, nowMs: nowMs)
        let former = memory.load(slots.value(RequestBuckets.excess, of: slot))
        return (LeakyBucket.filled(former, afterMs: elapsed, rate: rate), elapsed)
    }

    private func keep(_ slot: Int, _ excess: Int, _ elapsedMs: Int, _ nowMs: Int) {
        memory.store(slots.value(RequestBuckets.excess, of: slot), excess)
        if elapsedMs > 0 { memory.store(slots.value(RequestBuckets.lastMs, of: slot), nowMs) }
    }

    // MARK: Room

    private func make(_ key: Span<UInt8>, _ meta: Int, _ limit: Limit, nowMs: Int) -> Int {
        slots.insert(key, meta, makingRoomWhere: { hasRunOut($0, limit.rate, nowMs) })
    }

    private func hasRunOut(_ slot: Int, _ rate: Int, _ nowMs: Int) -> Bool {
        let elapsed = abs(nowMs &- memory.load(slots.value(RequestBuckets.lastMs, of: slot)))
        guard elapsed >= RequestBuckets.keptMs else { return false }
        let excess = memory.load(slots.value(RequestBuckets.excess, of: slot))
        return LeakyBucket.left(of: excess, afterMs: elapsed, rate: rate) == 0
    }

    // MARK: Counts

    /// Counts what became of a request.
    package func count(_ count: Count) { memory.add(slots.count(count.rawValue), 1) }

    /// How many requests that became of, in all processes since the zone was made.
    package func total(_ count: Count) -> Int { memory.load(slots.count(count.rawValue)) }
}
