internal import CLinux
internal import Glibc

/// One end of what a master and a worker say to each other: short messages, with descriptors.
///
/// A pair of sockets that keep messages apart; closed with the object.
public final class ControlChannel {
    /// For the poller.
    public private(set) var fd: Int32

    /// What one reading came to.
    public enum Reading {
        case message([UInt8], descriptors: [Int32])
        case nothing
        /// The other end is gone.
        case closed
    }

    /// Longest message.
    public static var byteMax: Int { 16 << 10 }
    /// Most descriptors that go with one message.
    public static var descriptorsMax: Int { 128 }

    private init(_ fd: Int32) {
        self.fd = fd
    }

    deinit { close() }

    /// Gives this end up: a forked process has no use for its parent's.
    public func close() {
        if fd >= 0 { _ = Glibc.close(fd) }
        fd = -1
    }

    /// Two ends, closed on exec; neither waits.
    public static func pair() throws(Errno) -> (ControlChannel, ControlChannel) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno.current }
        return (ControlChannel(ends[0]), ControlChannel(ends[1]))
    }

    /// Sends one message; the descriptors stay open here.
    ///
    /// - Throws: EAGAIN too: the other end does not read.
    public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(Errno) {
        let count = SystemCall.retrying {
            portico_send_descriptors(fd, bytes, bytes.count, descriptors, descriptors.count)
        }
        guard count == bytes.count else { throw count < 0 ? Errno.current : .brokenPipe }
    }

    /// The next message; its descriptors are the caller's to close.
    public func receive() -> Reading {
        var bytes = [UInt8](repeating: 0, count: ControlChannel.byteMax)
        var descriptors = [Int32](repeating: -1, count: ControlChannel.descriptorsMax)
        var descriptorCount = 0
        let count = SystemCall.retrying {
            portico_receive_descriptors(fd, &bytes, bytes.count, &descriptors, &descriptorCount)
        }
        if count < 0 { return errno == EAGAIN ? .nothing : .closed }
        guard count > 0 else { return .closed }
        return .message(Array(bytes.prefix(count)), descriptors: Array(descriptors.prefix(descriptorCount)))
    }

    /// Waits until there is something to receive, or for `timeoutMs`.
    public func wait(timeoutMs: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return SystemCall.retrying { Int(poll(&entry, 1, timeoutMs)) } > 0
    }
}
