internal import CLinux
internal import Glibc

/// What happened to one descriptor.
public struct ReadyEvent: Sendable {
    /// Whose it is, as it was registered.
    public let token: Token
    /// There is something to read, or an end or an error to be read.
    public let isReadable: Bool
    /// There is room to write, or an error that a write would show.
    public let isWritable: Bool
    /// The other end has closed its side, or the connection is broken.
    public let isHangup: Bool
    /// The connection is broken: `Socket.pendingError` says why.
    public let isError: Bool

    /// An event made by hand, for tests of those who take events in.
    public init(
        token: Token, isReadable: Bool = false, isWritable: Bool = false, isHangup: Bool = false,
        isError: Bool = false
    ) {
        self.token = token
        self.isReadable = isReadable
        self.isWritable = isWritable
        self.isHangup = isHangup
        self.isError = isError
    }
}

/// An epoll set. Connections are registered once for their life, edge-triggered, and never modified.
public final class Poller {
    private static var batchSize: Int { EventSet.countMax }

    private let descriptor: Int32
    /// Filled by `wait`: `readyCount` of them are valid.
    private var events = [epoll_event](repeating: epoll_event(), count: Poller.batchSize)
    private var readyCount = 0

    /// An empty set, closed on exec.
    public init() throws(Errno) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw Errno.current }
    }

    deinit { Glibc.close(descriptor) }

    /// A connected (or connecting) stream socket.
    public func addConnection(_ fd: Int32, _ token: Token) throws(Errno) {
        try add(fd, token, EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue)
    }

    /// A listening socket; level-triggered. With `exclusive`, one waiting process is woken, not all.
    public func addListener(_ fd: Int32, _ token: Token, exclusive: Bool) throws(Errno) {
        try add(fd, token, EPOLLIN.rawValue | (exclusive ? EPOLLEXCLUSIVE.rawValue : 0))
    }

    /// A descriptor that orders come through; level-triggered.
    public func addControl(_ fd: Int32, _ token: Token) throws(Errno) {
        try add(fd, token, EPOLLIN.rawValue)
    }

    private func add(_ fd: Int32, _ token: Token, _ interest: UInt32) throws(Errno) {
        var event = epoll_event()
        event.events = interest
        event.data.u64 = token.rawValue
        guard epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event) == 0 else { throw Errno.current }
    }

    /// Closing a descriptor removes it as well; this is for those that stay open.
    public func remove(_ fd: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, &event)
    }

    /// Waits for events, at most `timeoutMs` (-1: without end).
    ///
    /// - Returns: how many are ready; 0 after a signal.
    public func wait(timeoutMs: Int32) -> Int {
        let count = epoll_wait(descriptor, &events, Int32(Poller.batchSize), timeoutMs)
        precondition(count >= 0 || errno == EINTR, "epoll_wait failed")
        readyCount = max(0, Int(count))
        return readyCount
    }

    /// Whose one of the events is that the last `wait` counted.
    public func token(at index: Int) -> Token {
        precondition(index >= 0 && index < readyCount, "event out of range")
        return Token(rawValue: events[index].data.u64)
    }

    /// One of the events that the last `wait` counted.
    public func event(at index: Int) -> ReadyEvent {
        precondition(index >= 0 && index < readyCount, "event out of range")
        let mask = events[index].events
        let broken = mask & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        return ReadyEvent(
            token: Token(rawValue: events[index].data.u64),
            isReadable: broken || mask & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
            isWritable: broken || mask & EPOLLOUT.rawValue != 0,
            isHangup: broken || mask & EPOLLRDHUP.rawValue != 0,
            isError: mask & EPOLLERR.rawValue != 0)
    }
}
