import Foundation
import TestSupport

/// Thin calls around BSD sockets; every descriptor is close-on-exec, every wait has a deadline.
enum Socket {
    /// Binds and listens on 127.0.0.1; port 0 lets the kernel choose.
    static func listen(port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | sockCloseOnExec, 0)
        guard descriptor >= 0 else { throw HarnessError.call("socket") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, Foundation.listen(descriptor, 128) == 0 else {
            defer { close(descriptor) }
            throw HarnessError.call("bind")
        }
        return descriptor
    }

    /// Takes the next connection; nil when the listener is closed or out of descriptors.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    /// - Parameter receiveBuffer: bytes that the kernel may hold for it (SO_RCVBUF).
    static func connect(port: UInt16, receiveBuffer: Int32? = nil) throws -> Int32 {
        var address = loopback(port)
        return try connect(AF_INET, &address, MemoryLayout<sockaddr_in>.size, receiveBuffer)
    }

    static func connect6(port: UInt16) throws -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return try connect(AF_INET6, &address, MemoryLayout<sockaddr_in6>.size)
    }

    static func connect(unixPath: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(unixPath.utf8)
        guard path.count < 108 else { throw HarnessError("too long a path: \(unixPath)") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        return try connect(AF_UNIX, &address, MemoryLayout<sockaddr_un>.size)
    }

    /// Waits for input or hang-up.
    /// - Returns: false when the deadline passed.
    static func waitReadable(_ descriptor: Int32, _ deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let ready = poll(&entry, 1, deadline.leftMs)
            if ready < 0, errno == EINTR { continue }
            return ready > 0
        }
    }

    /// Reads what is there.
    /// - Returns: nil at the end of the stream or after a reset.
    static func read(_ descriptor: Int32, _ deadline: Deadline) throws -> [UInt8]? {
        guard waitReadable(descriptor, deadline) else { throw HarnessError("timed out while reading") }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Writes all of it.
    /// - Returns: false when the other side is gone.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32, _ deadline: Deadline = Deadline()) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&entry, 1, deadline.leftMs) == 0 { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// Makes the following close send a reset.
    static func armReset(_ descriptor: Int32) {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    private static var sockCloseOnExec: Int32 { Int32(SOCK_CLOEXEC.rawValue) }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func connect<Address>(
        _ family: Int32, _ address: inout Address, _ size: Int, _ receiveBuffer: Int32? = nil
    ) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | sockCloseOnExec, 0)
        guard descriptor >= 0 else { throw HarnessError.call("socket") }
        if var bytes = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(size))
            }
        }
        guard result == 0 else {
            defer { close(descriptor) }
            throw HarnessError.call("connect")
        }
        var on: Int32 = 1
        if family != AF_UNIX {
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        return descriptor
    }
}
