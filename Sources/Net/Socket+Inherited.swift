internal import CLinux
internal import Glibc

/// Sockets that somebody else has opened for this process.
extension Socket {
    /// The address of an open descriptor that listens for streams; `nil`: it is something else, or closed.
    package static func listeningAddress(_ fd: Int32) -> SocketAddress? {
        var listens: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0, listens != 0 else {
            return nil
        }
        return SocketAddress.local(of: fd)
    }

    /// Makes it like those that we open ourselves: closed on exec, and nobody waits in it.
    package static func adopt(_ fd: Int32) {
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
    }
}
