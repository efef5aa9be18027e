internal import CLinux
internal import Glibc

/// The sockets of a lookup behind one descriptor, which is readable when any of them is ready. It is closed
/// with the object.
final class DNSWatch {
    let fd: Int32

    init() throws(Errno) {
        fd = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard fd >= 0 else { throw Errno.current }
    }

    deinit { if fd >= 0 { close(fd) } }

    /// A socket that is to be read from; one that is closed leaves by itself.
    func add(_ socket: Int32) throws(Errno) { try control(EPOLL_CTL_ADD, socket, EPOLLIN.rawValue) }

    /// A socket that is to be written to as well, or no longer.
    func watch(_ socket: Int32, alsoForSending: Bool) throws(Errno) {
        try control(
            EPOLL_CTL_MOD, socket, EPOLLIN.rawValue | (alsoForSending ? EPOLLOUT.rawValue : 0))
    }

    private func control(_ operation: Int32, _ socket: Int32, _ interest: UInt32) throws(Errno) {
        var event = epoll_event()
        event.events = interest
        guard epoll_ctl(fd, operation, socket, &event) == 0 else { throw Errno.current }
    }
}
