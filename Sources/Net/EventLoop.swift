public import Core

/// What a process that waits for events turns with: the time, deadlines, descriptors, and who stands for
/// each.
///
/// An endpoint is one of a closed set of things that have a descriptor, a deadline or both. It stands in a
/// slot under a token; events, deadlines and posted work carry the token, and one whose endpoint was
/// dismissed meanwhile finds nobody.
///
/// It is turned by a `LoopTurn`:
///
///     wait ──▶ read the clock ──▶ events ──▶ deadlines ──▶ posted work ──▶ (what the process does itself)
public final class EventLoop<Endpoint> {
    /// Read once a turn.
    public let clock = Clock()
    /// Deadlines of endpoints.
    public let timers: Timers
    /// Descriptors of endpoints.
    public let poller: Poller
    /// Who stands where.
    @usableFromInline internal var endpoints = SlotTable<Endpoint>()
    /// Who has more to do without an event. Neither shrinks: filling and emptying an array takes twice the
    /// instructions.
    @usableFromInline internal var posted = UniqueArray<Token>(capacity: 256)
    /// Who was posted, while they go on.
    @usableFromInline internal var running = UniqueArray<Token>(capacity: 256)

    /// A loop without endpoints.
    public init() throws(Errno) {
        timers = Timers(nowMs: clock.nowMs)
        poller = try Poller()
    }

    // MARK: Endpoints

    /// How many there are.
    @inlinable public var count: Int { endpoints.count }

    /// Who stands under a token; `nil`: dismissed.
    @inlinable public subscript(token: Token) -> Endpoint? { endpoints[token] }

    /// Gives what `make` returns a token for events and deadlines.
    @inlinable
    public func enroll(_ make: (Token) -> Endpoint) -> Token {
        let token = endpoints.reserve()
        endpoints.fill(token, make(token))
        return token
    }

    /// Gives an endpoint that does not know its token one.
    @inlinable
    public func enroll(_ endpoint: Endpoint) -> Token { enroll { _ in endpoint } }

    /// Gives an object that knows its token one.
    ///
    /// - Parameter kind: the endpoint that the object is.
    /// - Returns: the object.
    @inlinable
    public func enroll<Object>(as kind: (Object) -> Endpoint, _ make: (Token) -> Object) -> Object {
        let token = endpoints.reserve()
        let object = make(token)
        endpoints.fill(token, kind(object))
        return object
    }

    /// Events and deadlines of a token go to another endpoint from now on.
    public func replace(_ token: Token, by endpoint: Endpoint) { endpoints.fill(token, endpoint) }

    /// No event and no deadline goes to what the token was given to any more.
    @inlinable
    public func dismiss(_ token: Token) { endpoints.remove(token) }

    /// Calls `body` with every endpoint there is at the call; it may dismiss them.
    public func forEach(_ body: (Token, Endpoint) -> Void) { endpoints.forEach(body) }

    /// A deadline of an endpoint that is nothing else.
    public func timer(for endpoint: Endpoint) -> TimerID { timers.create(enroll(endpoint), kind: 0) }

    // MARK: Posted work

    /// Lets an endpoint go on in this turn or the next, after all others had their events and deadlines.
    @inlinable
    public func post(_ token: Token) { posted.append(token) }

    /// Whether somebody waits for the end of the turn, or for the next one.
    @inlinable public var hasPosted: Bool { !posted.isEmpty }

    @inlinable
    internal func beginPosted() { swap(&posted, &running) }

    @inlinable
    internal func endPosted() { running.removeAll() }

    /// One of those who go on after `willGoOn`, by their order.
    @inlinable
    public func running(at index: Int) -> Token { running[index] }
}

extension EventLoop {
    /// How long a turn may wait at most.
    @usableFromInline
    internal func bound(_ waitMs: Int32) -> Int32 {
        guard posted.isEmpty, waitMs > 0 else { return 0 }
        let untilNext = timers.waitMs(nowMs: clock.nowMs, max: waitMs)
        return untilNext < 0 ? waitMs : untilNext
    }
}
