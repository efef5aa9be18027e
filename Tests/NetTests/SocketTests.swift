import Core
import Foundation
import Net
import TestSupport
import Testing

@Suite("Socket") struct SocketTests {
    private func listen(_ text: String = "127.0.0.1:0") throws -> (Int32, SocketAddress) {
        let wanted = try #require(SocketAddress.parse(text, defaultPort: 0))
        let fd = try Socket.listen(wanted, ListenOptions())
        return (fd, try #require(SocketAddress.local(of: fd)))
    }

    /// Waits until `fd` has an event, at most five seconds.
    private func awaitReady(_ fd: Int32, _ events: Int32) {
        var entry = pollfd(fd: fd, events: Int16(events), revents: 0)
        _ = poll(&entry, 1, 5000)
    }

    private func connect(to address: SocketAddress) throws -> Int32 {
        switch Socket.connect(address, from: nil) {
        case .connected(let fd): return fd
        case .inProgress(let fd):
            awaitReady(fd, POLLOUT)
            if let error = Socket.pendingError(fd) {
                Socket.close(fd)
                throw error
            }
            return fd
        case .failed(let error): throw error
        }
    }

    private func accept(_ listener: Int32) throws -> (Int32, SocketAddress) {
        awaitReady(listener, POLLIN)
        guard case .accepted(let fd, let address) = Socket.accept(listener) else { throw Errno.current }
        return (fd, address)
    }

    @Test("both ends of a connection agree on their addresses", arguments: ["127.0.0.1:0", "[::1]:0"])
    func addresses(text: String) throws {
        // Some machines have no IPv6.
        guard let (listener, address) = try? listen(text) else { return }
        defer { Socket.close(listener) }
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, peer) = try accept(listener)
        defer { Socket.close(far) }
        #expect(peer == SocketAddress.local(of: near))
        #expect(SocketAddress.local(of: far) == address)
        #expect(Socket.tcpInfo(near) != nil)
        if let state = Socket.tcpInfo(near), let roundTripUs = Socket.networkRoundTripUs(near) {
            #expect(roundTripUs > 0 && roundTripUs <= Int64(state.rtt))
        } else {
            Issue.record("the kernel does not say how far the other end is")
        }
    }

    @Test("a reset that a write was told of is no end in order for a read", arguments: [true, false])
    func reset(isReset: Bool) throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        let transport = Transport(fd: try connect(to: address), tls: nil)
        defer { transport.close() }
        let (far, _) = try accept(listener)
        if isReset { Socket.setResetOnClose(far) }
        Socket.close(far)
        awaitReady(transport.fd, POLLIN)
        let written = transport.send(buffer("x"))
        #expect(written == (isReset ? .failed(.connectionReset) : .bytes(1)))
        let read = transport.receive(into: buffer(), atLeast: 16)
        #expect(read == (isReset ? .failed(.connectionReset) : .closed))
        #expect((transport.breach != nil) == isReset)
    }

    @Test("what a listening socket accepts has its setting for small writes", arguments: [true, false])
    func noDelayIsInherited(isOn: Bool) throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        Socket.setNoDelay(listener, isOn)
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, _) = try accept(listener)
        defer { Socket.close(far) }
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        #expect(getsockopt(far, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length) == 0)
        #expect((value != 0) == isOn)
    }

    @Test("the last bytes of a connection leave with its end")
    func lastBytes() throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, _) = try accept(listener)
        let transport = Transport(fd: far, tls: nil)
        transport.endWithNextSend()
        #expect(transport.send(buffer("last")) == .bytes(4))
        let reader = Transport(fd: near, tls: nil)
        let input = buffer()
        // The kernel waits for the rest of the packet, at least 200 ms.
        #expect(reader.receive(into: input, atLeast: 16) == .wouldBlock)
        transport.close()
        awaitReady(near, POLLIN)
        #expect(reader.receive(into: input, atLeast: 16) == .bytes(4))
        #expect(reader.receive(into: input, atLeast: 16) == .closed)
        #expect(text(input) == "last")
    }

    @Test("accepting when nobody waits is would-block; accepted sockets do not block and close on exec")
    func accepting() throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        guard case .wouldBlock = Socket.accept(listener) else {
            Issue.record("nobody had connected")
            return
        }
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, _) = try accept(listener)
        defer { Socket.close(far) }
        for fd in [listener, near, far] {
            #expect(fcntl(fd, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("a refused connection says so")
    func refused() throws {
        let (listener, address) = try listen()
        Socket.close(listener)
        #expect(throws: Errno.connectionRefused) { Socket.close(try connect(to: address)) }
    }

    @Test("an address in use cannot be bound, and the error is the system's")
    func addressInUse() throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        #expect(throws: Errno(code: EADDRINUSE)) { try Socket.listen(address, ListenOptions()) }
    }

    @Test("with reuseport two sockets share an address")
    func reuseport() throws {
        let options = ListenOptions(reuseport: true)
        let any = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
        let first = try Socket.listen(any, options)
        defer { Socket.close(first) }
        let address = try #require(SocketAddress.local(of: first))
        let second = try Socket.listen(address, options)
        Socket.close(second)
    }

    @Test("a UNIX socket listens at its path; a path in use is refused, as in nginx")
    func unix() throws {
        let folder = try TemporaryDirectory()
        let address = try #require(SocketAddress.parse("unix:" + folder.file("s"), defaultPort: 0))
        let listener = try Socket.listen(address, ListenOptions())
        defer { Socket.close(listener) }
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, peer) = try accept(listener)
        defer { Socket.close(far) }
        #expect(peer.family == .unix)
        #expect(SocketAddress.local(of: listener) == address)
        #expect(throws: Errno(code: EADDRINUSE)) { try Socket.listen(address, ListenOptions()) }
    }

    @Test("peeking leaves the byte where it is")
    func peek() throws {
        let pair = try SocketPair()
        defer { Socket.close(pair.near); Socket.close(pair.far) }
        #expect(Socket.peek(pair.near) == nil)
        #expect(pair.write("ab") == .bytes(2))
        #expect(Socket.peek(pair.near) == UInt8(ascii: "a"))
        #expect(Socket.peek(pair.near) == UInt8(ascii: "a"))
    }

    @Test("closing with a reset is seen as an error at the other end")
    func reset() throws {
        let (listener, address) = try listen()
        defer { Socket.close(listener) }
        let near = try connect(to: address)
        defer { Socket.close(near) }
        let (far, _) = try accept(listener)
        let transport = Transport(fd: far, tls: nil)
        transport.resetOnClose()
        transport.close()
        awaitReady(near, POLLIN)
        #expect(
            Transport(fd: near, tls: nil).receive(into: buffer(), atLeast: 16) == .failed(.connectionReset))
    }
}

@Suite("Poller") struct PollerTests {
    @Test("an event names the token; edges are told once, levels again and again")
    func edgesAndLevels() throws {
        let pair = try SocketPair()
        defer { Socket.close(pair.near); Socket.close(pair.far) }
        let poller = try Poller()
        let token = Token(slot: 5, generation: 77)
        try poller.addConnection(pair.near, token)
        #expect(nextEvents(of: poller).map(\.token) == [token])
        #expect(poller.wait(timeoutMs: 0) == 0)
        #expect(pair.write("x") == .bytes(1))
        #expect(nextEvents(of: poller).allSatisfy { $0.isReadable && !$0.isHangup && !$0.isError })
        #expect(poller.wait(timeoutMs: 0) == 0)
        poller.remove(pair.near)
        try poller.addControl(pair.near, token)
        #expect(nextEvents(of: poller).count == 1)
        #expect(nextEvents(of: poller).count == 1)
    }

    @Test("a broken connection is readable, writable, hung up and an error")
    func broken() throws {
        let address = try #require(SocketAddress(ip: "127.0.0.1", port: 0))
        let listener = try Socket.listen(address, ListenOptions())
        let local = try #require(SocketAddress.local(of: listener))
        Socket.close(listener)
        let poller = try Poller()
        guard case .inProgress(let fd) = Socket.connect(local, from: nil) else { return }
        defer { Socket.close(fd) }
        try poller.addConnection(fd, Token(slot: 1, generation: 1))
        let event = try #require(nextEvents(of: poller).first)
        #expect(event.isReadable && event.isWritable && event.isHangup && event.isError)
        #expect(Socket.pendingError(fd) == .connectionRefused)
    }
}
