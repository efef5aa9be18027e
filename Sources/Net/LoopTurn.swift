public import Core

/// A turn of an event loop, written once; what is special to a process it says in the hooks.
///
/// The compiler makes a turn of its own for each kind: nothing in it is called through a table.
public protocol LoopTurn {
    /// What may stand in the loop's slots: an enum of final classes.
    associatedtype Endpoint

    var loop: EventLoop<Endpoint> { get }

    /// The endpoint's descriptor has news.
    func ready(_ endpoint: Endpoint, _ event: ReadyEvent)
    /// A deadline of the endpoint has passed; `kind` is what it was created with.
    func timedOut(_ endpoint: Endpoint, kind: UInt8)
    /// The endpoint was posted.
    func goOn(_ endpoint: Endpoint)

    // MARK: Hooks

    /// The turn begins, and may wait.
    func willWait()
    /// The wait is over and the clock was read.
    func didWait()
    /// Hands out so many events of the wait: in their order, if there is no other wish.
    func handOut(_ count: Int)
    /// Deadlines come next.
    func willExpire()
    /// So many that were posted come next: see `EventLoop.running(at:)`.
    func willGoOn(_ count: Int)
}

extension LoopTurn {
    /// Does nothing.
    @inlinable public func goOn(_ endpoint: Endpoint) {}
    /// Does nothing.
    @inlinable public func willWait() {}
    /// Does nothing.
    @inlinable public func didWait() {}
    /// Does nothing.
    @inlinable public func willExpire() {}
    /// Does nothing.
    @inlinable public func willGoOn(_ count: Int) {}

    /// Hands the events out in their order.
    @inlinable
    public func handOut(_ count: Int) {
        for index in 0..<count { handOut(loop.poller.event(at: index)) }
    }

    /// Hands out one event of the wait.
    @inlinable
    public func handOut(_ event: ReadyEvent) {
        if let endpoint = loop[event.token] { ready(endpoint, event) }
    }

    /// Takes one turn.
    ///
    /// - Parameter waitMs: how long it may wait for an event when nothing else is to be done.
    @inlinable
    public func take(waitMs: Int32) {
        willWait()
        let count = loop.poller.wait(timeoutMs: loop.bound(waitMs))
        loop.clock.update()
        didWait()
        handOut(count)
        willExpire()
        while let expired = loop.timers.nextExpired(nowMs: loop.clock.nowMs) {
            if let endpoint = loop[expired.token] { timedOut(endpoint, kind: expired.kind) }
        }
        if loop.hasPosted { runPosted() }
    }

    @inlinable
    internal func runPosted() {
        loop.beginPosted()
        let count = loop.running.count
        willGoOn(count)
        for index in 0..<count {
            if let endpoint = loop[loop.running(at: index)] { goOn(endpoint) }
        }
        loop.endPosted()
    }
}
