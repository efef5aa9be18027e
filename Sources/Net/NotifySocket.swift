internal import CLinux
internal import Glibc

/// Where a service manager hears how its service is: the socket that `NOTIFY_SOCKET` names, sd_notify(3).
package struct NotifySocket: Equatable, Sendable {
    /// A path, or `@` and a name that no file has.
    private let name: [UInt8]

    /// The longest name: what the system's addresses have room for, and the zero behind a path.
    private static var nameBytesMax: Int { 107 }

    /// - Parameter name: what the variable says; `nil`: it is no address of a UNIX socket.
    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard (2...NotifySocket.nameBytesMax).contains(bytes.count), !bytes.contains(0),
            bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@")
        else { return nil }
        self.name = bytes
    }

    /// Sends lines `NAME=value` as one datagram, or says why not; it never waits.
    package func send(_ lines: String) throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let fd = socket(AF_UNIX, type, 0)
        guard fd >= 0 else { throw Errno.current }
        defer { close(fd) }
        let bytes = Array(lines.utf8)
        let sent = withAddress { address, length in
            SystemCall.retrying {
                sendto(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
        guard sent == bytes.count else { throw sent < 0 ? Errno.current : .brokenPipe }
    }

    private func withAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in name.enumerated() where index < path.count { path[index] = byte }
            // The abstract namespace: a zero stands first, and none ends the name.
            if name.first == UInt8(ascii: "@") { path[0] = 0 }
        }
        let isAbstract = name.first == UInt8(ascii: "@")
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1))
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
