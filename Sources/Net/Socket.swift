internal import CLinux
internal import Core
internal import Glibc

/// How a listening socket is set up: the parameters of `listen`.
public struct ListenOptions: Hashable, Sendable {
    /// `so_keepalive=…`.
    public enum Keepalive: Hashable, Sendable {
        /// The system's setting stays.
        case unset
        case off
        /// Seconds and counts; `nil`: the system's.
        case on(idle: Int32?, interval: Int32?, count: Int32?)
    }

    /// Connections that may wait to be accepted.
    public var backlog: Int32 = 511
    /// A socket for each worker.
    public var reuseport = false
    /// An IPv6 wildcard does not take IPv4 connections.
    public var ipv6only = true
    /// `so_keepalive`.
    public var keepalive = Keepalive.unset
    /// `rcvbuf`, in bytes; `nil`: the system's.
    public var receiveBuffer: Int32?
    /// `sndbuf`, in bytes; `nil`: the system's.
    public var sendBuffer: Int32?
    /// Length of the queue for connections that open with data; `nil`: off.
    public var fastopen: Int32?
    /// Connections are shown when their first bytes are there.
    public var isDeferred = false

    /// Who may connect to a UNIX socket: the mode of its file.
    public var mode: UInt32 = 0o666

    /// nginx's defaults.
    public init(reuseport: Bool = false) {
        self.reuseport = reuseport
    }
}

/// What accepting came to.
public enum AcceptOutcome {
    /// A non-blocking descriptor, and who is at its other end.
    case accepted(Int32, SocketAddress)
    case wouldBlock
    case failed(Errno)
}

/// What beginning to connect came to. The descriptors are the caller's to close.
public enum ConnectOutcome {
    case connected(Int32)
    /// It will be writable when it stands or has failed: `Socket.pendingError` says which.
    case inProgress(Int32)
    case failed(Errno)
}

/// Where a connection begins.
public struct LocalAddress: Sendable {
    /// Its port may be 0: any.
    public let address: SocketAddress
    /// It need not be one of this machine.
    public let isTransparent: Bool

    /// An address that is one of this machine, unless it is said to be another's.
    public init(_ address: SocketAddress, isTransparent: Bool = false) {
        self.address = address
        self.isTransparent = isTransparent
    }
}

/// The system calls of stream sockets; all of them non-blocking and closed on exec.
public enum Socket {
    private static func open(_ address: SocketAddress) throws(Errno) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family.number, type, 0)
        guard fd >= 0 else { throw Errno.current }
        return fd
    }

    static func set(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) -> Bool {
        var value = value
        return setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    // MARK: Listening

    /// A bound, listening socket.
    public static func listen(_ address: SocketAddress, _ options: ListenOptions) throws(Errno) -> Int32 {
        let fd = try open(address)
        do throws(Errno) {
            try prepare(fd, address, options)
            // The name comes into being with these rights at most; what the umask takes of them comes after.
            if case .unix = address.kind { fchmod(fd, mode_t(options.mode)) }
            let result = address.withSockaddr { Glibc.bind(fd, $0, $1) }
            guard result == 0 else { throw Errno.current }
            if case .unix(let path) = address.kind { chmod(path, mode_t(options.mode)) }
            guard Glibc.listen(fd, options.backlog) == 0 else { throw Errno.current }
            return fd
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    private static func prepare(_ fd: Int32, _ address: SocketAddress, _ options: ListenOptions) throws(Errno)
    {
        guard set(fd, SOL_SOCKET, SO_REUSEADDR, 1) else { throw Errno.current }
        if options.reuseport { guard set(fd, SOL_SOCKET, SO_REUSEPORT, 1) else { throw Errno.current } }
        if address.isIPv6 { _ = set(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, options.ipv6only ? 1 : 0) }
        tune(fd, options)
    }

    /// Sets what was asked for; the rest stays as it is.
    static func tune(_ fd: Int32, _ options: ListenOptions) {
        if let size = options.receiveBuffer { _ = set(fd, SOL_SOCKET, SO_RCVBUF, size) }
        if let size = options.sendBuffer { _ = set(fd, SOL_SOCKET, SO_SNDBUF, size) }
        if let length = options.fastopen { _ = set(fd, Int32(IPPROTO_TCP), TCP_FASTOPEN, length) }
        if options.isDeferred { _ = set(fd, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1) }
        switch options.keepalive {
        case .unset: break
        case .off: _ = set(fd, SOL_SOCKET, SO_KEEPALIVE, 0)
        case .on(let idle, let interval, let count):
            _ = set(fd, SOL_SOCKET, SO_KEEPALIVE, 1)
            if let idle { _ = set(fd, Int32(IPPROTO_TCP), TCP_KEEPIDLE, idle) }
            if let interval { _ = set(fd, Int32(IPPROTO_TCP), TCP_KEEPINTVL, interval) }
            if let count { _ = set(fd, Int32(IPPROTO_TCP), TCP_KEEPCNT, count) }
        }
    }

    /// The next connection that waits on a listening socket.
    public static func accept(_ listener: Int32) -> AcceptOutcome {
        var fd: Int32 = -1
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let address = SocketAddress.named { address, length in
            fd = SystemCall.retrying { accept4(listener, address, length, flags) }
            return fd
        }
        guard fd >= 0 else {
            let error = Errno.current
            return error.code == EAGAIN || error.code == EWOULDBLOCK ? .wouldBlock : .failed(error)
        }
        return .accepted(fd, address ?? SocketAddress(.unix("")))
    }

    // MARK: Connecting

    /// Begins to connect, from the address `local` if one is given.
    public static func connect(_ address: SocketAddress, from local: LocalAddress?) -> ConnectOutcome {
        let fd: Int32
        do {
            fd = try open(address)
        } catch {
            return .failed(error)
        }
        if let local, !bind(fd, to: local) {
            let error = Errno.current
            Glibc.close(fd)
            return .failed(error)
        }
        if address.withSockaddr({ Glibc.connect(fd, $0, $1) }) == 0 { return .connected(fd) }
        let error = Errno.current
        if error.code == EINPROGRESS { return .inProgress(fd) }
        Glibc.close(fd)
        return .failed(error)
    }

    private static func bind(_ fd: Int32, to local: LocalAddress) -> Bool {
        let address = local.address
        if local.isTransparent {
            let (level, name) =
                address.isIPv6
                ? (Int32(IPPROTO_IPV6), IPV6_TRANSPARENT) : (Int32(IPPROTO_IP), IP_TRANSPARENT)
            guard set(fd, level, name, 1) else { return false }
        }
        switch address.port {
        case nil: break
        // The kernel chooses the port when it knows the other end: more connections can leave.
        case 0: _ = set(fd, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
        // So that one and the same port can call several servers.
        default: _ = set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
        }
        return address.withSockaddr { Glibc.bind(fd, $0, $1) } == 0
    }

    /// What became of a connection that was in progress; `nil`: it stands.
    public static func pendingError(_ fd: Int32) -> Errno? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return Errno.current }
        return code == 0 ? nil : Errno(code: code)
    }

    // MARK: Settings

    /// Small writes are sent at once; a listening socket hands that on to what it accepts. Nothing happens to
    /// sockets that are not TCP.
    public static func setNoDelay(_ fd: Int32, _ isOn: Bool = true) {
        _ = set(fd, Int32(IPPROTO_TCP), TCP_NODELAY, isOn ? 1 : 0)
    }

    /// Lets the kernel take no more than about so many bytes ahead of what it may send at once.
    ///
    /// By itself it takes megabytes for a client that is slow: whatever is sent later waits behind them.
    public static func limitUnsent(_ fd: Int32, _ byteCount: Int32) {
        _ = set(fd, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, byteCount)
    }

    /// Another descriptor for the same thing, closed on exec.
    public static func duplicate(_ fd: Int32) -> Int32? {
        let copy = fcntl(fd, F_DUPFD_CLOEXEC, 3)
        return copy < 0 ? nil : copy
    }

    /// The kernel looks whether the other end is still there.
    public static func setKeepalive(_ fd: Int32) { _ = set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) }

    /// Closing will send a reset instead of what is still unsent.
    public static func setResetOnClose(_ fd: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    /// Says that no more will be sent.
    public static func shutdownWrite(_ fd: Int32) { _ = shutdown(fd, Int32(SHUT_WR)) }
    /// Gives the descriptor back.
    public static func close(_ fd: Int32) { _ = Glibc.close(fd) }

    /// Bytes in the send queue: unsent, or sent and not acknowledged.
    static func unacknowledgedCount(_ fd: Int32) -> Int {
        var count: Int32 = 0
        // SIOCOUTQ goes by the name of the terminals' request.
        guard ioctl(fd, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
        return max(0, Int(count))
    }

    /// Round-trip time and its variance in microseconds, congestion window, receive space.
    public static func tcpInfo(_ fd: Int32) -> (rtt: UInt32, rttvar: UInt32, cwnd: UInt32, space: UInt32)? {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else { return nil }
        return (info.tcpi_rtt, info.tcpi_rttvar, info.tcpi_snd_cwnd, info.tcpi_rcv_space)
    }

    /// The network's own round trip in microseconds: what the kernel measures on the average, as far as that
    /// is no more than a few times the least it has seen. What is beyond that is how long the ends took.
    public static func networkRoundTripUs(_ fd: Int32) -> Int64? {
        // Behind glibc's `tcp_info` the kernel's goes on, in numbers of 32 bits: linux/tcp.h.
        var numbers = InlineArray<38, UInt32>(repeating: 0)
        var length = socklen_t(MemoryLayout.size(ofValue: numbers))
        guard getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &numbers, &length) == 0,
            Int(length) == MemoryLayout.size(ofValue: numbers)
        else { return nil }
        let (average, least) = (Int64(numbers[17]), Int64(numbers[37]))
        return min(average, 4 * least)
    }
}
