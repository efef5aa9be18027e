internal import Core
internal import Net
internal import Sharing

/// What connections use of the worker's many times a request.
///
/// Methods of the worker, as a constant of one's own costs no reference count while that of another
/// object does: `worker.timers.cancel(…)` had the timers retained and released.
extension Worker {
    /// An empty buffer.
    func takeBuffer() -> ByteBuffer { buffers.take() }

    /// Takes a buffer back; its bytes are dropped.
    func giveBuffer(_ buffer: consuming ByteBuffer) { buffers.give(buffer) }

    /// Adds to one of this worker's counters.
    func add(_ counter: Counter, _ amount: Int) { counters.add(counter, amount) }

    /// Lets a timer fire so many milliseconds from now.
    func set(_ timer: TimerID, afterMs: Int) { timers.set(timer, deadlineMs: clock.nowMs + Int64(afterMs)) }

    /// Appends the `Date` field.
    func appendDate(to out: ByteBuffer) { clock.appendDateLine(to: out) }

    /// Keeps a timer from firing.
    func cancel(_ timer: TimerID) { timers.cancel(timer) }
}
