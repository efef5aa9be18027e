internal import CLinux
internal import Core
internal import Glibc

/// `syslog:server=…`: where lines go as datagrams. RFC 3164.
public struct SyslogTarget: Equatable, Sendable {
    /// Where datagrams are sent.
    public let server: SocketAddress
    /// Index in `facilities`; `local7`.
    public private(set) var facility = 23
    /// Index in `severities`, for lines that have no level; `info`.
    public private(set) var severity = 6
    /// What lines are marked with.
    public private(set) var tag = "portico"
    /// Lines name this machine.
    public private(set) var hasHostname = true

    static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv", "ftp",
        "ntp",
        "audit", "alert", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
        "local7",
    ]
    static let severities = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"]

    /// Reads what stands behind `syslog:`.
    ///
    /// - Parameter resolve: the addresses of a name at a port.
    /// - Throws: a text that says which parameter is wrong.
    public init(
        _ text: String, resolve: (String, UInt16) -> [SocketAddress] = SocketAddress.resolve
    ) throws(SyslogError) {
        var address: SocketAddress?
        for parameter in text.split(separator: ",") {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1]) : ""
            switch parts[0] {
            case "server": address = SyslogTarget.address(value, resolve)
            case "facility":
                guard let index = SyslogTarget.facilities.firstIndex(of: value) else {
                    throw SyslogError(message: "unknown syslog facility \"\(value)\"")
                }
                facility = index
            case "severity":
                guard let index = SyslogTarget.severities.firstIndex(of: value) else {
                    throw SyslogError(message: "unknown syslog severity \"\(value)\"")
                }
                severity = index
            case "tag":
                let isPlain = value.utf8.allSatisfy {
                    $0.isASCIIAlpha || $0.isASCIIDigit || $0 == UInt8(ascii: "_")
                }
                guard (1...32).contains(value.utf8.count), isPlain else {
                    throw SyslogError(
                        message: "syslog \"tag\" only allows 1 to 32 alphanumeric characters and underscore")
                }
                tag = value
            case "nohostname": hasHostname = false
            default: throw SyslogError(message: "unknown syslog parameter \"\(parameter)\"")
            }
        }
        guard let address else { throw SyslogError(message: "no syslog server specified") }
        server = address
    }

    /// An address as it is written, or the first one of a name.
    private static func address(
        _ text: String, _ resolve: (String, UInt16) -> [SocketAddress]
    ) -> SocketAddress? {
        if let address = SocketAddress.parse(text, defaultPort: 514) { return address }
        guard let place = try? HostAndPort(text, defaultPort: 514) else { return nil }
        return resolve(place.host, place.port).first
    }

    /// A datagram socket connected to the server; -1: it could not be made.
    func open() -> Int32 {
        let fd = socket(
            server.family.number, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            0)
        guard fd >= 0 else { return -1 }
        guard server.withSockaddr({ connect(fd, $0, $1) }) == 0 else {
            close(fd)
            return -1
        }
        return fd
    }

    /// Sends one line; a line that cannot be sent is lost, as syslog's are.
    ///
    /// - Parameter fd: what `open` made. A server that has begun anew since is connected to again: behind the
    ///   path of a UNIX socket there is another one then, and a datagram over UDP is told of the one before.
    func send(_ message: ArraySlice<UInt8>, _ level: LogLevel?, over fd: inout Int32) {
        let line = line(message, level)
        if fd >= 0 {
            if Socket.sendDatagram(line, over: fd) { return }
            close(fd)
        }
        fd = open()
        if fd >= 0 { _ = Socket.sendDatagram(line, over: fd) }
    }

    private func line(_ message: ArraySlice<UInt8>, _ level: LogLevel?) -> [UInt8] {
        let priority = facility * 8 + (level.map { $0.rawValue - 1 } ?? severity)
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int32, _ fill: String) -> String {
            value < 10 ? fill + String(value) : String(value)
        }
        let day = two(local.tm_mday, " ")
        let clock = "\(two(local.tm_hour, "0")):\(two(local.tm_min, "0")):\(two(local.tm_sec, "0"))"
        let month = months[Int(local.tm_mon) % 12]
        let host = hasHostname ? " \(Host.name)" : ""
        return Array("<\(priority)>\(month) \(day) \(clock)\(host) \(tag): ".utf8)
            + message.filter { $0 != 0x0A }
    }
}

extension Socket {
    /// - Returns: whether the socket is good for another datagram, be it that this one was lost.
    fileprivate static func sendDatagram(_ bytes: [UInt8], over fd: Int32) -> Bool {
        switch send(fd, bytes.span) {
        case .bytes, .wouldBlock: true
        case .failed(let error): error.code == EMSGSIZE || error.code == ENOBUFS
        case .closed: false
        }
    }
}

/// A `syslog:` parameter that cannot be obeyed.
public struct SyslogError: Error, Equatable {
    /// What is wrong with it.
    public let message: String
}
