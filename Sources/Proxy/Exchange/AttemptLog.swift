internal import Core
internal import Net

/// The attempts at peers that one request took, for `$upstream_…` variables and logs.
final class AttemptLog {
    /// One attempt. Times are milliseconds since its beginning; `nil`: it did not come that far.
    struct Attempt {
        /// Where the peer's name stands in `names`.
        var name = Slice()
        /// What the peer answered, or what its failure counts as; 0: nothing yet.
        var status: UInt16 = 0
        var beganMs: Int64 = 0
        /// The beginning and the head's arrival by the clock's microseconds.
        var beganUs: Int64 = 0
        var headerUs: Int64 = 0
        var connectMs: Int64?
        var headerMs: Int64?
        var responseMs: Int64?
        var bytesSent: Int64 = 0
        var bytesReceived: Int64 = 0
        var responseLength: Int64 = 0
        /// The first attempt at another group (after an internal redirect).
        var startsNewGroup = false
    }

    /// The last attempt, if there is one. By itself: every event of a request changes it, and most
    /// requests have no other.
    private(set) var current = Attempt()
    private var earlier: [Attempt] = []
    private(set) var count = 0
    let names = ByteBuffer(capacity: 64)
    private var nextStartsGroup = false

    var isEmpty: Bool { count == 0 }
    var last: Attempt? { isEmpty ? nil : current }

    /// The attempts in order; traps where none is.
    subscript(index: Int) -> Attempt {
        precondition(index >= 0 && index < count, "index out of range")
        return index == count - 1 ? current : earlier[index]
    }

    func reset() {
        if !earlier.isEmpty { earlier.removeAll(keepingCapacity: true) }
        count = 0
        names.removeAll()
        nextStartsGroup = false
    }

    /// The request goes to a group: attempts so far were at another one.
    func beginGroup() {
        nextStartsGroup = !isEmpty
    }

    @_effects(releasenone)
    func begin(address: [UInt8], nowMs: Int64, nowUs: Int64) {
        if !isEmpty { earlier.append(current) }
        count += 1
        let start = names.count
        names.append(address)
        current = Attempt()
        current.name = Slice(from: start, to: names.count)
        current.beganMs = nowMs
        current.beganUs = nowUs
        current.startsNewGroup = nextStartsGroup
        nextStartsGroup = false
    }

    var currentBytesSent: Int64 { isEmpty ? 0 : current.bytesSent }
    var currentBytesReceived: Int64 { isEmpty ? 0 : current.bytesReceived }
    var currentResponseLength: Int64 { isEmpty ? 0 : current.responseLength }
    var currentStatus: UInt16 { isEmpty ? 0 : current.status }

    func setStatus(_ status: UInt16) {
        if !isEmpty { current.status = status }
    }

    func connected(nowMs: Int64) {
        if !isEmpty { current.connectMs = nowMs - current.beganMs }
    }

    func headArrived(_ clock: Clock) {
        guard !isEmpty else { return }
        current.headerMs = clock.nowMs - current.beganMs
        current.headerUs = clock.nowUs
    }

    /// The last attempt is over, unless it was before.
    func finish(nowMs: Int64) {
        if !isEmpty, current.responseMs == nil { current.responseMs = nowMs - current.beganMs }
    }

    /// The last attempt does not count: its pooled connection had gone stale.
    func forgetLast() {
        guard !isEmpty else { return }
        count -= 1
        if let former = earlier.popLast() { current = former }
    }

    func sent(_ amount: Int) {
        if !isEmpty { current.bytesSent += Int64(amount) }
    }

    func received(_ amount: Int) {
        if !isEmpty { current.bytesReceived += Int64(amount) }
    }

    func relayed(_ amount: Int) {
        if !isEmpty { current.responseLength += Int64(amount) }
    }
}
