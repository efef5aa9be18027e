internal import CLinux
internal import Glibc

/// Sockets that go on listening with other parameters of `listen` than they were bound with.
extension Socket {
    /// Whether others may be bound to the address of this one, which must allow it as well.
    public static func setReuseport(_ fd: Int32, _ isShared: Bool) {
        _ = set(fd, SOL_SOCKET, SO_REUSEPORT, isShared ? 1 : 0)
    }

    /// Gives a socket that listens these parameters; what they leave to the system is as on a new socket.
    ///
    /// - Returns: the parameters that cannot be changed any more.
    public static func adapt(_ fd: Int32, _ address: SocketAddress, _ options: ListenOptions) -> [String] {
        let fresh = socket(address.family.number, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(fresh) }
        var held: [String] = []
        let only = Int32(IPPROTO_IPV6)
        if address.isIPv6, get(fd, only, IPV6_V6ONLY) != (options.ipv6only ? 1 : 0) {
            held.append("ipv6only")
        }
        if options.receiveBuffer == nil, !resetBuffer(fd, SO_RCVBUF, from: fresh) { held.append("rcvbuf") }
        if options.sendBuffer == nil, !resetBuffer(fd, SO_SNDBUF, from: fresh) { held.append("sndbuf") }
        // Sockets of other families have none of what is TCP's, and say so.
        let tcp = Int32(IPPROTO_TCP)
        for name in [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT] {
            if let usual = get(fresh, tcp, name) { _ = set(fd, tcp, name, usual) }
        }
        if options.keepalive == .unset { _ = set(fd, SOL_SOCKET, SO_KEEPALIVE, 0) }
        if options.fastopen == nil, get(fd, tcp, TCP_FASTOPEN) ?? 0 > 0 { _ = set(fd, tcp, TCP_FASTOPEN, 0) }
        if !options.isDeferred { _ = set(fd, tcp, TCP_DEFER_ACCEPT, 0) }
        setReuseport(fd, options.reuseport)
        tune(fd, options)
        // On a socket that listens it changes the length of the queue.
        if Glibc.listen(fd, options.backlog) != 0 { held.append("backlog") }
        return held
    }

    private static func get(_ fd: Int32, _ level: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, level, name, &value, &length) == 0 ? value : nil
    }

    /// Gives a buffer the size that it has on a new socket, and leaves it to the system again.
    private static func resetBuffer(_ fd: Int32, _ name: Int32, from fresh: Int32) -> Bool {
        guard let usual = get(fresh, SOL_SOCKET, name), let size = get(fd, SOL_SOCKET, name) else {
            return false
        }
        guard size != usual else { return true }
        // The system doubles what it is told, and takes a size that it was told for fixed: SO_BUF_LOCK (since
        // Linux 5.14, which Glibc lacks) says of which buffer.
        let lock: Int32 = 72
        guard let locks = get(fd, SOL_SOCKET, lock) else { return false }
        let own: Int32 = name == SO_SNDBUF ? 1 : 2
        guard set(fd, SOL_SOCKET, name, usual / 2) else { return false }
        return set(fd, SOL_SOCKET, lock, locks & ~own)
    }
}
