internal import Glibc
internal import Net
internal import Proxy

/// Sockets that a service manager has bound for the service: `LISTEN_FDS`, sd_listen_fds(3).
extension ListeningSockets {
    /// The first descriptor that is passed; the others follow.
    private static var firstPassed: Int32 { 3 }
    /// More are not looked at.
    private static var passedMax: Int32 { 1024 }

    /// The sockets that listen for streams among those that were passed to this very process. Names of UNIX
    /// sockets are the service manager's: they are not removed here.
    static func activated() -> ListeningSockets {
        let pid = value("LISTEN_PID")
        let count = value("LISTEN_FDS").flatMap { Int32($0) } ?? 0
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        var sockets = ListeningSockets()
        guard pid == "\(getpid())", count > 0 else { return sockets }
        for fd in firstPassed..<(firstPassed + min(count, passedMax)) {
            guard let address = Socket.listeningAddress(fd) else { continue }
            Socket.adopt(fd)
            sockets.add(fd, at: address)
        }
        return sockets
    }

    private static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// What to say of those that no `listen` of the configuration names: clients who come there find nobody.
    func unnamed(by successor: ListeningSockets) -> [String] {
        let addresses = Set(successor.entries.map(\.address))
        return entries.filter { !addresses.contains($0.address) }.map {
            "no \"listen\" names \($0.address.text), which the service manager has bound; name that"
                + " address, or take it out of the socket unit"
        }
    }
}
