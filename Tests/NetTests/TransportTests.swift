import Core
import Foundation
import Net
import Testing

@Suite("Transport") struct TransportTests {
    private static var token: Token { Token(slot: 0, generation: 1) }
    private static var readable: ReadyEvent { ReadyEvent(token: token, isReadable: true) }
    private static var hangup: ReadyEvent { ReadyEvent(token: token, isReadable: true, isHangup: true) }

    private func open() throws -> (SocketPair, Transport) {
        let pair = try SocketPair()
        return (pair, Transport(fd: pair.near, tls: nil))
    }

    @Test("a short read says that nothing is left; no call is spent to find out")
    func shortRead() throws {
        let (pair, transport) = try open()
        defer { transport.close(); Socket.close(pair.far) }
        #expect(pair.write("hello") == .bytes(5))
        transport.note(Self.readable)
        let input = buffer()
        #expect(transport.receive(into: input, atLeast: 16) == .bytes(5))
        #expect(text(input) == "hello")
        #expect(!transport.isReadable)
    }

    @Test("a read that fills what was offered leaves the socket readable")
    func fullRead() throws {
        let (pair, transport) = try open()
        defer { transport.close(); Socket.close(pair.far) }
        #expect(pair.write("hello") == .bytes(5))
        transport.note(Self.readable)
        let input = buffer()
        #expect(transport.receive(into: input, atLeast: 16, limit: 3) == .bytes(3))
        #expect(text(input) == "hel")
        #expect(transport.isReadable)
        #expect(transport.receive(into: input, atLeast: 16) == .bytes(2))
        #expect(!transport.isReadable)
    }

    @Test("would-block is a value and clears readiness")
    func wouldBlock() throws {
        let (pair, transport) = try open()
        defer { transport.close(); Socket.close(pair.far) }
        transport.note(Self.readable)
        #expect(transport.receive(into: buffer(), atLeast: 16) == .wouldBlock)
        #expect(!transport.isReadable)
    }

    @Test("after a hangup the bytes before it are read, and then the end is seen")
    func hangupWithPendingBytes() throws {
        let (pair, transport) = try open()
        defer { transport.close() }
        #expect(pair.write("last words") == .bytes(10))
        Socket.close(pair.far)
        transport.note(Self.hangup)
        let input = buffer()
        #expect(transport.receive(into: input, atLeast: 64) == .bytes(10))
        #expect(transport.isReadable)
        #expect(transport.receive(into: input, atLeast: 64) == .closed)
        #expect(text(input) == "last words")
    }

    @Test("the kernel's one event for bytes and end is enough to see both")
    func hangupThroughEpoll() throws {
        let (pair, transport) = try open()
        defer { transport.close() }
        let poller = try Poller()
        try poller.addConnection(pair.near, Self.token)
        _ = nextEvents(of: poller)
        #expect(pair.write("x") == .bytes(1))
        Socket.close(pair.far)
        let events = nextEvents(of: poller)
        #expect(events.count == 1)
        for event in events { transport.note(event) }
        #expect(transport.isHangup)
        let input = buffer()
        #expect(transport.receive(into: input, atLeast: 64) == .bytes(1))
        #expect(transport.isReadable)
        #expect(transport.receive(into: input, atLeast: 64) == .closed)
    }

    @Test("a full send buffer ends in would-block; what was taken is consumed, and an event follows room")
    func fullSendBuffer() throws {
        let (pair, transport) = try open()
        defer { transport.close(); Socket.close(pair.far) }
        let poller = try Poller()
        try poller.addConnection(pair.near, Self.token)
        _ = nextEvents(of: poller)
        let output = ByteBuffer(capacity: 1 << 20)
        for index in 0..<(1 << 20) { output.append(UInt8(truncatingIfNeeded: index % 251)) }
        var sent = 0
        while transport.isWritable {
            guard case .bytes(let count) = transport.send(output) else { break }
            sent += count
        }
        #expect(!transport.isWritable)
        #expect(sent > 0 && output.count == (1 << 20) - sent)
        #expect(output[0] == UInt8(truncatingIfNeeded: sent % 251))
        let drain = Transport(fd: pair.far, tls: nil)
        let sink = ByteBuffer(capacity: 1 << 20)
        while case .bytes = drain.receive(into: sink, atLeast: 64 << 10) { sink.removeAll() }
        let events = nextEvents(of: poller)
        #expect(events.contains { $0.isWritable })
        for event in events { transport.note(event) }
        #expect(transport.isWritable)
    }

    @Test("a part of a buffer leaves behind another one and stays where it is", arguments: [4, 5000])
    func part(count: Int) throws {
        let (pair, transport) = try open()
        defer { transport.close() }
        let far = Transport(fd: pair.far, tls: nil)
        defer { far.close() }
        let content = String(repeating: "b", count: count)
        let (head, body) = (buffer("head "), buffer("<\(content)>"))
        let slice = Slice(from: 1, to: count + 1)
        #expect(transport.send(head, slice, of: body) == .bytes(5 + count))
        #expect(head.isEmpty && body.count == count + 2)
        #expect(transport.send(head, slice, of: body) == .bytes(count))
        let input = buffer()
        while input.count < 2 * count + 5, case .bytes = far.receive(into: input, atLeast: 8192) {}
        #expect(text(input) == "head \(content)\(content)")
    }

    @Test("two buffers leave in one order and are consumed across their border", arguments: [4, 5000])
    func twoBuffers(count: Int) throws {
        let (pair, transport) = try open()
        defer { transport.close() }
        let far = Transport(fd: pair.far, tls: nil)
        defer { far.close() }
        let content = String(repeating: "b", count: count)
        let (head, body) = (buffer("head "), buffer(content))
        #expect(transport.send(head, body) == .bytes(5 + count))
        #expect(head.isEmpty && body.isEmpty)
        #expect(transport.send(buffer(), buffer("tail")) == .bytes(4))
        let input = buffer()
        while input.count < count + 9, case .bytes = far.receive(into: input, atLeast: 8192) {}
        #expect(text(input) == "head \(content)tail")
    }

    @Test("sending to an end that is gone is an outcome, not a signal")
    func brokenPipe() throws {
        let (pair, transport) = try open()
        defer { transport.close() }
        Socket.close(pair.far)
        #expect(transport.send(buffer("x")) == .closed)
    }

    @Test("a half-closed connection still receives")
    func halfClosed() throws {
        let (pair, transport) = try open()
        let far = Transport(fd: pair.far, tls: nil)
        defer { transport.close(); far.close() }
        transport.shutdownWrite()
        #expect(far.receive(into: buffer(), atLeast: 16) == .closed)
        #expect(far.send(buffer("late")) == .bytes(4))
        let input = buffer()
        #expect(transport.receive(into: input, atLeast: 16) == .bytes(4))
    }

    @Test("closing twice closes once")
    func closesOnce() throws {
        let (pair, transport) = try open()
        defer { Socket.close(pair.far) }
        transport.close()
        #expect(!transport.isOpen)
        let reused = dup(pair.far)
        defer { Socket.close(reused) }
        transport.close()
        #expect(fcntl(reused, F_GETFD) >= 0)
    }
}

@Suite("What a peer cannot have read") struct UnacknowledgedTests {
    private func pair() throws -> (client: Int32, accepted: Int32, listener: Int32) {
        let any = SocketAddress(.ipv4(0x7F00_0001, port: 0))
        let listener = try Socket.listen(any, ListenOptions())
        let address = try #require(SocketAddress.local(of: listener))
        guard case .inProgress(let client) = Socket.connect(address, from: nil) else {
            throw Errno.invalidArgument
        }
        while true {
            if case .accepted(let fd, _) = Socket.accept(listener) { return (client, fd, listener) }
        }
    }

    private func send(_ text: String, over transport: Transport) {
        let buffer = ByteBuffer(capacity: 64)
        buffer.append(text)
        _ = transport.send(buffer)
    }

    @Test("bytes sent to a peer that had closed were all not taken; those that reached an open one were")
    func countsWhatWasNotTaken() throws {
        for isClosedFirst in [true, false] {
            let (client, accepted, listener) = try pair()
            let transport = Transport(fd: client, tls: nil)
            defer {
                transport.close()
                Socket.close(listener)
            }
            if isClosedFirst { Socket.close(accepted) }
            send("hello", over: transport)
            if !isClosedFirst {
                // Unread bytes make the end a reset, but they had arrived.
                while Socket.peek(accepted) == nil {}
                Socket.close(accepted)
            }
            let buffer = ByteBuffer(capacity: 64)
            transport.assumeReadable()
            while case .wouldBlock = transport.receive(into: buffer, atLeast: 8) {
                transport.assumeReadable()
            }
            #expect(transport.unacknowledgedCount == (isClosedFirst ? 5 : 0))
        }
    }
}
