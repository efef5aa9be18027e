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
    func giveBuffer(_ buffer: consuming ByteBuffer) { buffers.give(consume buffer) }

    /// Adds to one of this worker's counters.
    func add(_ counter: Counter, _ amount: Int) { counters.add(counter, amount) }

    /// Lets a timer fire so many milliseconds from now.
    func set(_ timer: TimerID, afterMs: Int) { timers.set(timer, deadlineMs: clock.nowMs + Int64(afterMs)) }

    /// Appends the `Date` field.
    func appendDate(to out: ByteBuffer) { clock.appendDateLine(to: out) }

    /// Appends the value of a `Date` field.
    func appendDateValue(to out: ByteBuffer) { out.append(clock.httpDate) }

    /// Keeps a timer from firing.
    func cancel(_ timer: TimerID) { timers.cancel(timer) }
}

/// What connections no longer need, and others of their kind will.
struct Recycled {
    /// Reset, and of the present configuration.
    var exchanges: [Exchange] = []
    /// Streams of HTTP/2 that nobody has now.
    var streams: [HTTP2Stream] = []
    /// Requests made here that nobody has now.
    var subrequests = Spares<Subrequest>(countMax: 128)
    var scratches: [ByteBuffer] = []
    var filters: [ContentFilter] = []
    /// Of calls that are over.
    var deadlines = Spares<CallDeadline>(countMax: 512)
}

/// Objects with a timer and a place in the loop that nobody has now.
struct Spares<Object> {
    /// Most of them that are kept.
    let countMax: Int
    private var objects: [Object] = []

    init(countMax: Int) { self.countMax = countMax }

    mutating func take() -> Object? { objects.popLast() }

    /// - Returns: false: there are enough of them, and this one is to be let go.
    mutating func keep(_ object: Object) -> Bool {
        guard objects.count < countMax else { return false }
        objects.append(object)
        return true
    }

    /// Takes out those that are more than so many.
    mutating func takeSurplus(over count: Int) -> ArraySlice<Object> {
        let surplus = objects.dropFirst(count)
        objects.removeLast(surplus.count)
        return surplus
    }
}

/// What is made once and used again.
extension Worker {
    func takeExchange(for stream: ResponseStream, of client: ClientConnection) -> Exchange {
        let exchange = recycled.exchanges.popLast() ?? Exchange(worker: self, stream: stream, client: client)
        exchange.start(for: stream, of: client)
        return exchange
    }

    func giveBack(_ exchange: consuming Exchange) {
        exchange.reset()
        // One of a former configuration would keep it alive.
        if recycled.exchanges.count < 512 && exchange.snapshot === snapshot {
            recycled.exchanges.append(exchange)
        } else {
            exchange.upstream = nil
        }
    }

    /// Lets go of what so many clients do not need.
    func shrinkPools(to count: Int) {
        buffers.shrink(to: count)
        for exchange in recycled.exchanges.dropFirst(count) { exchange.upstream = nil }
        recycled.exchanges.removeLast(max(0, recycled.exchanges.count - count))
        shrinkStreams(to: count)
        for spare in recycled.subrequests.takeSurplus(over: count) { letGo(spare.token, spare.timer) }
        for spare in recycled.deadlines.takeSurplus(over: count) { letGo(spare.token, spare.timer) }
    }

    /// Nothing stands at this place of the loop any more.
    func letGo(_ token: Token, _ timer: TimerID) {
        timers.destroy(timer)
        loop.dismiss(token)
    }

    /// Lets go of exchanges that belong to a former configuration.
    func forgetRecycled() {
        // The two hold each other.
        for exchange in recycled.exchanges { exchange.upstream = nil }
        recycled.exchanges.removeAll()
    }

    func takeFilter() -> ContentFilter { recycled.filters.popLast() ?? ContentFilter(worker: self) }

    func giveBack(_ filter: ContentFilter) {
        if recycled.filters.count < 64 { recycled.filters.append(filter) }
    }

    /// A small buffer for the length of one call.
    func takeScratch() -> ByteBuffer {
        recycled.scratches.popLast() ?? ByteBuffer(capacity: 512)
    }

    func giveScratch(_ buffer: ByteBuffer) {
        buffer.removeAll()
        if recycled.scratches.count < 16 { recycled.scratches.append(buffer) }
    }
}
