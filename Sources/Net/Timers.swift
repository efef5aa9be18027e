public import Core

/// A deadline's place in `Timers`.
public struct TimerID: Equatable, Sendable {
    @usableFromInline internal let index: Int32
}

/// Deadlines of a worker's connections, in a binary heap by index: no reference counts, no allocation
/// once warm.
///
/// Most deadlines are moved later again and again and never fire. Moving one later is a store: the
/// heap keeps its old place and looks again when that comes up.
public final class Timers {
    @usableFromInline
    internal struct Entry: BitwiseCopyable {
        /// When it is to fire; `Int64.max`: it is not set.
        @usableFromInline var deadlineMs: Int64
        /// The time it stands in the heap under, never later than `deadlineMs` while it is set;
        /// `Int64.max`: it is not there.
        var heapMs: Int64
        var token: Token
        /// Where in the heap; -1: not there.
        var position: Int32
        var kind: UInt8

        /// - Returns: whether it was set, and whether the heap has to look at it earlier than it would.
        @inline(__always)
        mutating func set(_ newMs: Int64) -> (Bool, Bool) {
            defer { deadlineMs = newMs }
            return (deadlineMs != .max, newMs < heapMs)
        }
    }

    @usableFromInline internal var entries = UniqueArray<Entry>(capacity: 64)
    private var free: [Int32] = []
    private var heap = UniqueArray<Int32>(capacity: 64)

    /// When time began: deadlines are later.
    private let startMs: Int64
    /// Deadlines that are set: the heap may also hold places of cancelled ones.
    private var setCount = 0

    /// - Parameter nowMs: the monotonic clock's reading.
    public init(nowMs: Int64) {
        startMs = nowMs
    }

    /// A deadline for the connection behind `token`, not set yet. `kind` tells several of one apart.
    public func create(_ token: Token, kind: UInt8) -> TimerID {
        let entry = Entry(deadlineMs: .max, heapMs: .max, token: token, position: -1, kind: kind)
        if let index = free.popLast() {
            entries[Int(index)] = entry
            return TimerID(index: index)
        }
        entries.append(entry)
        return TimerID(index: Int32(entries.count - 1))
    }

    /// Forgets the deadline; the ID must not be used again.
    public func destroy(_ timer: TimerID) {
        cancel(timer)
        removeFromHeap(timer.index)
        free.append(timer.index)
    }

    /// Lets it fire at `deadlineMs` or up to some milliseconds later, never earlier.
    ///
    /// - Complexity: a store, if the new deadline is not earlier than the last one.
    @_effects(releasenone)
    public func set(_ timer: TimerID, deadlineMs: Int64) {
        let index = Int(timer.index)
        // The far end of time is how a deadline that is not set is written.
        let deadlineMs = min(max(deadlineMs, startMs), .max - 1)
        let (wasSet, isEarlier) = entries[index].set(deadlineMs)
        if !wasSet { setCount += 1 }
        if isEarlier { place(timer.index, deadlineMs) }
    }

    /// The heap has to look at it earlier than it would.
    private func place(_ index: Int32, _ deadlineMs: Int64) {
        let position = entries[Int(index)].position
        guard position >= 0 else { return insert(index, deadlineMs) }
        entries[Int(index)].heapMs = deadlineMs
        siftUp(Int(position))
    }

    /// Not set any more. It stays in the heap until its old time comes up.
    @inlinable
    public func cancel(_ timer: TimerID) {
        // Half of those that are cancelled with each request are not set.
        if isSet(timer) { unset(timer) }
    }

    @usableFromInline
    @_effects(releasenone)
    internal func unset(_ timer: TimerID) {
        setCount -= 1
        entries[Int(timer.index)].deadlineMs = .max
    }

    /// Whether it will fire.
    @inlinable
    public func isSet(_ timer: TimerID) -> Bool { entries[Int(timer.index)].deadlineMs != .max }

    /// Milliseconds until something may fire, at most `max`; -1: nothing is set.
    public func waitMs(nowMs: Int64, max: Int32) -> Int32 {
        guard setCount > 0, !heap.isEmpty else { return -1 }
        let wait = entries[Int(heap[0])].heapMs - nowMs
        return wait <= 0 ? 0 : Int32(min(wait, Int64(max)))
    }

    /// The next deadline that has passed, taken out; `nil`: no more.
    ///
    /// Called until `nil`; what is set meanwhile is honoured at its new time.
    public func nextExpired(nowMs: Int64) -> (token: Token, kind: UInt8)? {
        while !heap.isEmpty, entries[Int(heap[0])].heapMs <= nowMs {
            let first = heap[0]
            let index = Int(first)
            let deadline = entries[index].deadlineMs
            if deadline > nowMs {
                // It was moved later, or cancelled, since it was put here.
                if deadline == .max {
                    removeFromHeap(first)
                } else {
                    entries[index].heapMs = deadline
                    siftDown(0)
                }
                continue
            }
            removeFromHeap(first)
            entries[index].deadlineMs = .max
            setCount -= 1
            return (entries[index].token, entries[index].kind)
        }
        return nil
    }

    // MARK: The heap

    private func insert(_ index: Int32, _ timeMs: Int64) {
        entries[Int(index)].heapMs = timeMs
        entries[Int(index)].position = Int32(heap.count)
        heap.append(index)
        siftUp(heap.count - 1)
    }

    private func removeFromHeap(_ index: Int32) {
        let position = Int(entries[Int(index)].position)
        guard position >= 0 else { return }
        entries[Int(index)].position = -1
        entries[Int(index)].heapMs = .max
        guard let last = heap.popLast(), last != index else { return }
        heap[position] = last
        entries[Int(last)].position = Int32(position)
        siftUp(position)
        siftDown(Int(entries[Int(last)].position))
    }

    private func siftUp(_ start: Int) {
        var position = start
        let moving = heap[position]
        let time = entries[Int(moving)].heapMs
        while position > 0 {
            let parent = (position - 1) / 2
            let above = heap[parent]
            if entries[Int(above)].heapMs <= time { break }
            heap[position] = above
            entries[Int(above)].position = Int32(position)
            position = parent
        }
        heap[position] = moving
        entries[Int(moving)].position = Int32(position)
    }

    private func siftDown(_ start: Int) {
        var position = start
        let moving = heap[position]
        let time = entries[Int(moving)].heapMs
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, entries[Int(heap[child + 1])].heapMs < entries[Int(heap[child])].heapMs
            {
                child += 1
            }
            let below = heap[child]
            if entries[Int(below)].heapMs >= time { break }
            heap[position] = below
            entries[Int(below)].position = Int32(position)
            position = child
        }
        heap[position] = moving
        entries[Int(moving)].position = Int32(position)
    }
}
