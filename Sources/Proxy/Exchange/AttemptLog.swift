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

    private(set) var entries: [Attempt] = []
    let names = ByteBuffer(capacity: 64)
    private var nextStartsGroup = false

    func reset() {
        entries.removeAll(keepingCapacity: true)
        names.removeAll()
        nextStartsGroup = false
    }

    /// The request goes to a group: attempts so far were at another one.
    func beginGroup() {
        nextStartsGroup = !entries.isEmpty
    }

    func begin(address: [UInt8], _ clock: Clock) {
        let start = names.count
        names.append(address)
        var attempt = Attempt()
        attempt.name = Slice(from: start, to: names.count)
        attempt.beganMs = clock.nowMs
        attempt.beganUs = clock.nowUs
        attempt.startsNewGroup = nextStartsGroup
        nextStartsGroup = false
        entries.append(attempt)
    }

    var currentBytesSent: Int64 { entries.last?.bytesSent ?? 0 }
    var currentBytesReceived: Int64 { entries.last?.bytesReceived ?? 0 }
    var currentStatus: UInt16 { entries.last?.status ?? 0 }

    func setStatus(_ status: UInt16) {
        update { $0.status = status }
    }

    func connected(nowMs: Int64) {
        update { $0.connectMs = nowMs - $0.beganMs }
    }

    func headArrived(_ clock: Clock) {
        update {
            $0.headerMs = clock.nowMs - $0.beganMs
            $0.headerUs = clock.nowUs
        }
    }

    func finish(nowMs: Int64) {
        update { $0.responseMs = nowMs - $0.beganMs }
    }

    /// The last attempt does not count: its pooled connection had gone stale.
    func forgetLast() {
        _ = entries.popLast()
    }

    func sent(_ count: Int) {
        update { $0.bytesSent += Int64(count) }
    }

    func received(_ count: Int) {
        update { $0.bytesReceived += Int64(count) }
    }

    func relayed(_ count: Int) {
        update { $0.responseLength += Int64(count) }
    }

    private func update(_ change: (inout Attempt) -> Void) {
        guard !entries.isEmpty else { return }
        change(&entries[entries.count - 1])
    }
}
