internal import CLinux
internal import Glibc

extension Socket {
    /// Two stream sockets that are connected with each other, closed on exec; neither waits.
    public static func pair() throws(Errno) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno.current }
        return (ends[0], ends[1])
    }
}
