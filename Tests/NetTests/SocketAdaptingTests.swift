import Foundation
import Net
import TestSupport
import Testing

/// Parameters of `listen` that change while the socket stays.
@Suite("Sockets that are adapted") struct SocketAdaptingTests {
    private func value(_ fd: Int32, _ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(fd, level, name, &value, &length)
        return value
    }

    /// All that can be seen of a socket's settings.
    private func settings(_ fd: Int32) -> [Int32] {
        let tcp = Int32(IPPROTO_TCP)
        let ofSocket = [SO_RCVBUF, SO_SNDBUF, SO_KEEPALIVE, SO_REUSEPORT].map { value(fd, SOL_SOCKET, $0) }
        let ofTCP = [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_FASTOPEN, TCP_DEFER_ACCEPT].map {
            value(fd, tcp, $0)
        }
        return ofSocket + ofTCP + [backlog(fd)]
    }

    /// Of a listening socket the kernel counts the queue's room where it counts segments of others.
    private func backlog(_ fd: Int32) -> Int32 {
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
        return Int32(info.tcpi_sacked)
    }

    private static var rich: ListenOptions {
        var options = ListenOptions(reuseport: true)
        options.backlog = 7
        options.receiveBuffer = 20_000
        options.sendBuffer = 30_000
        options.fastopen = 5
        options.isDeferred = true
        options.keepalive = .on(idle: 100, interval: 10, count: 3)
        return options
    }

    @Test(
        "a socket that is adapted is as one that is bound with the new parameters",
        arguments: [
            (ListenOptions(), rich), (rich, ListenOptions()), (rich, ListenOptions(reuseport: true)),
        ])
    func isAsNew(old: ListenOptions, new: ListenOptions) throws {
        let address = try #require(SocketAddress.parse("127.0.0.1:0", defaultPort: 0))
        let adapted = try Socket.listen(address, old)
        let made = try Socket.listen(address, new)
        defer { for fd in [adapted, made] { Socket.close(fd) } }
        #expect(settings(adapted) != settings(made))
        #expect(Socket.adapt(adapted, address, new) == [])
        #expect(settings(adapted) == settings(made))
    }

    @Test("what cannot be changed is said")
    func saysWhatStays() throws {
        let address = try #require(SocketAddress.parse("[::1]:0", defaultPort: 0))
        var options = ListenOptions()
        // Some machines have no IPv6.
        guard let fd = try? Socket.listen(address, options) else { return }
        defer { Socket.close(fd) }
        options.ipv6only = false
        #expect(Socket.adapt(fd, address, options) == ["ipv6only"])
    }

    @Test("sockets with a path have none of what is TCP's, and no complaint")
    func unix() throws {
        let folder = try TemporaryDirectory()
        let address = SocketAddress(.unix(folder.file("s")))
        let fd = try Socket.listen(address, ListenOptions())
        defer { Socket.close(fd) }
        #expect(Socket.adapt(fd, address, ListenOptions()) == [])
    }
}
