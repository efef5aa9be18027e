import Core
import Foundation
import Glibc
import Net
import Testing

@testable import Proxy

/// `tcp_nodelay`: what is set on the sockets that a worker has.
@Suite("tcp_nodelay") struct NoDelayTests {
    private struct NoSocket: Error {}

    private static func listen() throws -> (fd: Int32, port: UInt16) {
        let fd = try Net.Socket.listen(SocketAddress(.ipv4(0x7F00_0001, port: 0)), ListenOptions())
        var address = sockaddr_in()
        guard port(of: fd, &address, getsockname) != nil else { throw NoSocket() }
        return (fd, UInt16(bigEndian: address.sin_port))
    }

    private static func port(
        of fd: Int32, _ address: inout sockaddr_in,
        _ name: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> UInt16? {
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name(fd, $0, &length) }
        }
        return result == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    /// What is set on this process's socket whose other end has a port.
    private static func noDelay(toPort port: UInt16) throws -> Bool {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            var address = sockaddr_in()
            guard let fd = Int32(name), self.port(of: fd, &address, getpeername) == port,
                address.sin_family == sa_family_t(AF_INET)
            else { continue }
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0 else { continue }
            return value != 0
        }
        throw NoSocket()
    }

    /// Connects to a port of this machine.
    private static func connect(_ port: UInt16) throws -> (fd: Int32, port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, let own = self.port(of: fd, &address, getsockname) else { throw NoSocket() }
        return (fd, own)
    }

    @Test("is what clients' sockets have, also after a reload; gateways' have it in any case")
    func sockets() throws {
        let gateway = try Self.listen()
        defer { close(gateway.fd) }
        let location = "location / { proxy_pass http://127.0.0.1:\(gateway.port); }"
        let scripted = try ScriptedWorker(serving: location)
        let worker = scripted.worker
        let entrance = try Self.listen()
        defer { close(entrance.fd) }
        for isOn in [true, false] {
            let next = try ScriptedWorker(serving: "tcp_nodelay \(isOn ? "on" : "off"); \(location)")
            let configuration = next.worker.snapshot.configuration
            worker.adopt(configuration, [try #require(Net.Socket.duplicate(entrance.fd))])
            let client = try Self.connect(entrance.port)
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            #expect(send(client.fd, request, request.count, 0) == request.count)
            scripted.turn()
            #expect(try Self.noDelay(toPort: client.port) == isOn)
            #expect(try Self.noDelay(toPort: gateway.port))
            close(accept(gateway.fd, nil, nil))
            close(client.fd)
            scripted.turn()
        }
    }
}
