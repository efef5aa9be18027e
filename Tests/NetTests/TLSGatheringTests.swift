import Core
import Glibc
import Testing

@testable import Net

/// Which records leave in one send. The sockets keep the bounds of what was sent: each send is a message.
@Suite("TLS records that leave together") struct TLSGatheringTests {
    private func connected(_ protocols: TLSProtocols = .tls13) throws -> TLSPair {
        let pair = try TLSPair(try .make { $0.protocols = protocols }, kind: SOCK_SEQPACKET)
        pair.shakeHands()
        return pair
    }

    /// Takes the messages that wait; each is so many records.
    private func messages(_ fd: Int32) -> [Int] {
        var counts: [Int] = []
        var bytes = [UInt8](repeating: 0, count: 200_000)
        while true {
            let count = recv(fd, &bytes, bytes.count, 0)
            guard count > 0 else { return counts }
            counts.append(records(bytes[..<count]))
        }
    }

    /// RFC 8446 §5.1: five bytes of head, the last two of them the length of what follows.
    private func records(_ bytes: ArraySlice<UInt8>) -> Int {
        var rest = bytes
        var count = 0
        while rest.count >= 5 {
            let head = Array(rest.prefix(5))
            rest = rest.dropFirst(5 + Int(head[3]) << 8 + Int(head[4]))
            count += 1
        }
        return count
    }

    @Test("a connection of TLS 1.3 gets one ticket")
    func oneTicket() throws {
        let pair = try connected()
        #expect(messages(pair.clientFD) == [1])
    }

    @Test("content leaves by 64 KiB, not by records")
    func longContent() throws {
        let pair = try connected()
        _ = messages(pair.clientFD)
        let body = [UInt8](repeating: 7, count: 100 << 10)
        #expect(body.withUnsafeBytes { pair.server.send($0) } == .bytes(body.count))
        #expect(messages(pair.clientFD).count == 2)
    }

    @Test("what is gathered piece by piece leaves in one send, a record for each piece, and in order")
    func pieces() throws {
        let counted = try connected()
        _ = messages(counted.clientFD)
        let transport = Transport(fd: counted.serverFD, tls: counted.server)
        let records = ByteBuffer(capacity: 64 << 10)
        let content = ByteBuffer(capacity: 64 << 10)
        content.append([UInt8](repeating: 1, count: 100))
        #expect(transport.canGather && transport.gather(content, content.count, in: records))
        content.append([UInt8](repeating: 2, count: 40_000))
        #expect(
            transport.gather(content, 16_384, in: records) && transport.gather(content, 16_000, in: records))
        #expect(transport.gatheredCount > 32_484 && content.count == 40_000 - 32_384)
        #expect(messages(counted.clientFD).isEmpty)
        // The first long record of a connection is a short one and the rest.
        #expect(transport.send(content) == .bytes(7_616))
        #expect(messages(counted.clientFD) == [5])
        #expect(transport.gatheredCount == 0 && transport.sendGathered() == .bytes(0))
    }

    @Test("what another connection sends between two pieces is that connection's alone")
    func piecesOfTwo() throws {
        let shared = ByteBuffer(capacity: 1024)
        let ends = try (0..<2).map { _ in try TLSPair(try .make { $0.protocols = .tls13 }) }
        for pair in ends {
            pair.server = TLSConnection(
                server: try .make { $0.protocols = .tls13 }, fd: pair.serverFD, gathering: shared)
            pair.shakeHands()
        }
        let first = Transport(fd: ends[0].serverFD, tls: ends[0].server)
        let records = ByteBuffer(capacity: 1024)
        let content = ByteBuffer(capacity: 1024)
        content.append("one piece, another piece")
        #expect(first.gather(content, 11, in: records))
        #expect(TLSPair.send("of the other", ends[1].server) == .bytes(12))
        #expect(first.gather(content, content.count, in: records))
        #expect(first.sendGathered() == .bytes(0))
        for (pair, wanted) in [(ends[1], "of the other"), (ends[0], "one piece, another piece")] {
            var found = ""
            for _ in 0..<4 { found += TLSPair.receive(pair.client).text }
            #expect(found == wanted)
        }
    }

    @Test("pieces that the socket does not take stay in order before what is sent later")
    func piecesWait() throws {
        let pair = try TLSPair(try .make { $0.protocols = .tls13 })
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        let records = ByteBuffer(capacity: 64 << 10)
        let content = ByteBuffer(capacity: 64 << 10)
        var sent: [UInt8] = []
        var isFull = false
        for round in 0..<4000 where !isFull {
            let piece = [UInt8](repeating: UInt8(round % 100), count: 10_000)
            content.append(piece)
            sent += piece
            #expect(transport.gather(content, content.count, in: records))
            isFull = transport.sendGathered() == .wouldBlock
        }
        #expect(isFull && transport.gatheredCount > 0 && !transport.canGather)
        content.append([UInt8](repeating: 99, count: 1000))
        sent += [UInt8](repeating: 99, count: 1000)
        var found: [UInt8] = []
        for _ in 0..<100_000 where found.count < sent.count {
            found += TLSPair.receive(pair.client).text.utf8
            transport.note(ReadyEvent(token: Token(slot: 0, generation: 1), isWritable: true))
            if !content.isEmpty { _ = transport.send(content) }
        }
        #expect(found == sent)
    }

    @Test("a ticket goes with the answer to a request that came with the client's last words")
    func ticketWithAnswer() throws {
        let pair = try requested()
        #expect(messages(pair.clientFD).isEmpty)
        #expect(TLSPair.receive(pair.server).text == "request")
        #expect(TLSPair.send("answer", pair.server) == .bytes(6))
        #expect(messages(pair.clientFD) == [2])
    }

    @Test("a ticket goes alone when the server has to wait for more of a request")
    func ticketAlone() throws {
        let pair = try requested()
        #expect(TLSPair.receive(pair.server).text == "request")
        #expect(TLSPair.receive(pair.server).outcome == .wouldBlock)
        #expect(messages(pair.clientFD) == [1])
    }

    /// The server has shaken hands; a request came in one message with the end of that.
    private func requested() throws -> TLSPair {
        let pair = try TLSPair(try .make { $0.protocols = .tls13 }, kind: SOCK_SEQPACKET)
        var isDone = false
        for _ in 0..<4 where !isDone {
            if case .done = pair.client.handshake(thenSends: true) {
                isDone = true
            } else {
                _ = pair.server.handshake()
            }
        }
        #expect(isDone && messages(pair.serverFD).isEmpty)
        #expect(TLSPair.send("request", pair.client) == .bytes(7))
        guard case .done = pair.server.handshake() else { throw TLSError("no handshake") }
        return pair
    }

    @Test("the last content goes with close_notify", arguments: [TLSProtocols.tls12, .tls13])
    func lastContent(_ protocols: TLSProtocols) throws {
        let counted = try connected(protocols)
        _ = messages(counted.clientFD)
        #expect(TLSPair.send("last", counted.server, isLast: true) == .bytes(4))
        counted.server.shutdown()
        #expect(messages(counted.clientFD) == [2])
        let read = try TLSPair(try .make { $0.protocols = protocols })
        read.shakeHands()
        #expect(TLSPair.send("last", read.server, isLast: true) == .bytes(4))
        #expect(TLSPair.receive(read.client).text == "last")
        #expect(TLSPair.receive(read.client).outcome == .closed)
        #expect(!read.client.wasTruncated)
    }

    @Test("what was encrypted and not taken may be offered again in smaller parts")
    func offeredAgainInParts() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let body = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var sent = 0
        var received: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 100_000)
        var offered = body.count
        for _ in 0..<5000 where received.count < body.count {
            let outcome = body[sent..<min(sent + offered, body.count)].withUnsafeBytes {
                pair.server.send($0)
            }
            if case .bytes(let count) = outcome { sent += count }
            if case .wouldBlock = outcome { offered = 1000 }
            let taken = piece.withUnsafeMutableBytes { pair.client.receive(into: $0) }
            if case .bytes(let count) = taken { received += piece[..<count] }
        }
        #expect(offered == 1000, "the socket took everything at once")
        #expect(received == body)
    }

    @Test("after a short read nothing more is asked for, until an event says that there is more")
    func drained() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        while case .bytes = TLSPair.receive(pair.client).outcome {}
        #expect(TLSPair.send("ping", pair.client) == .bytes(4))
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        let input = buffer()
        transport.note(ReadyEvent(token: Token(slot: 0, generation: 1), isReadable: true))
        #expect(transport.receive(into: input, atLeast: 1024) == .bytes(4))
        #expect(!transport.isReadable)
    }

    private static var readable: ReadyEvent {
        ReadyEvent(token: Token(slot: 0, generation: 1), isReadable: true)
    }

    @Test("content that is longer than a record with its head comes whole before the end")
    func longLastContent() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        transport.endWithNextSend()
        let head = buffer("head")
        let content = buffer(String(repeating: "x", count: 60_000))
        while !(head.isEmpty && content.isEmpty) {
            guard case .bytes = transport.send(head, content) else { return #expect(Bool(false)) }
        }
        var received = ""
        var last = IOOutcome.bytes(0)
        while case .bytes = last {
            let (outcome, text) = TLSPair.receive(pair.client)
            received += text
            last = outcome
        }
        #expect(received.utf8.count == 60_004 && received.hasPrefix("headx"))
        #expect(last == .closed)
        #expect(!pair.client.wasTruncated)
    }

    @Test("an end behind a part of a record is seen, although the read before it was short")
    func endBehindPart() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        #expect(
            ([0x17, 3, 3, 1, 0, 7] as [UInt8]).withUnsafeBytes { Socket.send(pair.clientFD, $0) } == .bytes(6)
        )
        shutdown(pair.clientFD, Int32(SHUT_WR))
        transport.note(
            ReadyEvent(token: Token(slot: 0, generation: 1), isReadable: true, isHangup: true))
        #expect(transport.receive(into: buffer(), atLeast: 1024) == .closed)
    }

    @Test("a close_notify that came with content is found by the next read, without an event")
    func closeNotifyWithContent() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        #expect(TLSPair.send("the end", pair.client, isLast: true) == .bytes(7))
        transport.note(Self.readable)
        #expect(transport.receive(into: buffer(), atLeast: 1024) == .bytes(7))
        #expect(transport.isReadable)
        #expect(transport.receive(into: buffer(), atLeast: 1024) == .closed)
    }
}
