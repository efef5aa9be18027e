import Core
import Glibc
import Testing

@testable import Net

/// Where the kernel has no io_uring, or forbids it, the tests say that they skipped.
@Suite("Send batch", .enabled(if: SendBatch() != nil, "io_uring is not to be had here")) struct SendBatchTests
{
    private func batch() throws -> SendBatch { try #require(SendBatch()) }

    private func received(_ fd: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = recv(fd, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("more connections than fit in one call get what is theirs, once")
    func many() throws {
        let batch = try batch()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let ends = try (0..<min(300, Int(limit.rlim_cur) / 4)).map { number in
            let pair = try SocketPair()
            return (pair, Transport(fd: pair.near, tls: nil), buffer("this is for \(number)"))
        }
        for (_, transport, output) in ends { batch.add(transport, output) }
        batch.submit()
        for (number, (pair, transport, output)) in ends.enumerated() {
            #expect(received(pair.far) == "this is for \(number)")
            #expect(transport.send(output) == .bytes("this is for \(number)".utf8.count))
            #expect(output.isEmpty && received(pair.far).isEmpty)
            output.append("and more")
            #expect(transport.send(output) == .bytes(8))
            #expect(received(pair.far) == "and more")
            transport.close()
            Socket.close(pair.far)
        }
    }

    @Test("the same connection is sent for once")
    func twice() throws {
        let batch = try batch()
        let pair = try SocketPair()
        let transport = Transport(fd: pair.near, tls: nil)
        defer { transport.close(); Socket.close(pair.far) }
        let output = buffer("once")
        batch.add(transport, output)
        batch.add(transport, output)
        batch.submit()
        batch.add(transport, output)
        batch.submit()
        #expect(transport.send(output) == .bytes(4))
        #expect(received(pair.far) == "once")
    }

    @Test("what a socket takes of too much is consumed, the rest goes later, and nothing twice")
    func full() throws {
        let batch = try batch()
        let pair = try SocketPair()
        let transport = Transport(fd: pair.near, tls: nil)
        defer { transport.close(); Socket.close(pair.far) }
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let output = ByteBuffer(capacity: 64 << 10)
        var given = 0
        var taken: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 40_000)
        var wasFull = false
        while taken.count < content.count {
            let more = min(60_000 - output.count, content.count - given)
            content[given..<(given + more)].withUnsafeBufferPointer { output.append($0) }
            given += more
            batch.add(transport, output)
            batch.submit()
            switch transport.send(output) {
            case .bytes: break
            case .wouldBlock: wasFull = true
            case .closed, .failed: return #expect(Bool(false), "the socket broke")
            }
            guard !transport.isWritable || given == content.count else { continue }
            let count = recv(pair.far, &piece, piece.count, Int32(MSG_DONTWAIT))
            if count > 0 { taken += piece[..<count] }
            transport.note(ReadyEvent(token: Token(slot: 0, generation: 1), isWritable: true))
        }
        #expect(wasFull || given == content.count)
        #expect(taken == content)
    }

    @Test("a connection whose other end is gone is told so by its next send")
    func gone() throws {
        let batch = try batch()
        let pair = try SocketPair()
        let transport = Transport(fd: pair.near, tls: nil)
        defer { transport.close() }
        Socket.close(pair.far)
        let output = buffer("too late")
        batch.add(transport, output)
        batch.submit()
        #expect(transport.send(output) == .closed)
    }

    @Test("records of TLS are sent in the same way", arguments: [TLSProtocols.tls12, .tls13])
    func encrypted(_ protocols: TLSProtocols) throws {
        let batch = try batch()
        let pairs = try (0..<5).map { _ in try TLSPair(try .make { $0.protocols = protocols }) }
        var outputs: [(Transport, ByteBuffer)] = []
        for (number, pair) in pairs.enumerated() {
            pair.shakeHands()
            outputs.append(
                (Transport(fd: pair.serverFD, tls: pair.server), buffer("secret \(number) ")))
        }
        for round in 0..<3 {
            for (transport, output) in outputs { batch.add(transport, output) }
            batch.submit()
            for (number, (transport, output)) in outputs.enumerated() {
                #expect(
                    TLSPair.receive(pairs[number].client).text == "secret \(number) "
                        + (round == 0 ? "" : "again"))
                #expect(transport.send(output) == .bytes(round == 0 ? 9 : 14))
                #expect(output.isEmpty)
                #expect(TLSPair.receive(pairs[number].client).outcome == .wouldBlock)
                output.append("secret \(number) again")
            }
        }
    }

    @Test("a TLS client that takes nothing holds up what is its own, and gets it whole")
    func encryptedAndFull() throws {
        let batch = try batch()
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        let content = String(repeating: "0123456789", count: 100_000)
        let output = buffer(content)
        var text = ""
        for _ in 0..<5000 where text.utf8.count < content.utf8.count {
            if transport.isWritable {
                let next = buffer()
                next.append(Slice(from: 0, to: min(output.count, 50_000)), of: output)
                batch.add(transport, next)
                batch.submit()
                while !next.isEmpty, case .bytes = transport.send(next) {}
                output.consume(min(output.count, 50_000) - next.count)
                guard next.isEmpty else {
                    // The rest has to be offered again before anything else.
                    while !next.isEmpty {
                        text += TLSPair.receive(pair.client).text
                        let before = next.count
                        _ = transport.send(next)
                        output.consume(before - next.count)
                    }
                    transport.note(ReadyEvent(token: Token(slot: 0, generation: 1), isWritable: true))
                    continue
                }
            }
            text += TLSPair.receive(pair.client).text
        }
        #expect(text == content)
    }

    @Test("the last records go with close_notify")
    func last() throws {
        let batch = try batch()
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let transport = Transport(fd: pair.serverFD, tls: pair.server)
        let output = buffer("the end")
        transport.endWithNextSend()
        batch.add(transport, output)
        batch.submit()
        #expect(TLSPair.receive(pair.client).text == "the end")
        #expect(TLSPair.receive(pair.client).outcome == .closed)
        #expect(transport.send(output) == .bytes(7))
        #expect(!pair.client.wasTruncated)
    }

    @Test("buffers of connections that have gone do not pile up")
    func spareBuffers() throws {
        let batch = try batch()
        let context = try TLSServerContext.make()
        for _ in 0..<300 {
            let pair = try TLSPair(context)
            pair.shakeHands()
            let transport = Transport(fd: pair.serverFD, tls: pair.server)
            // As a ticket that waits for the first answer.
            pair.server.backlog = ByteBuffer(capacity: 64)
            batch.add(transport, buffer("answer"))
            batch.submit()
        }
        #expect(batch.spare.count <= 256)
    }

    @Test("a connection that a batch found broken leaves nothing to be sent by others")
    func brokenAndOthers() throws {
        let batch = try batch()
        let gathering = ByteBuffer(capacity: 4096)
        let context = try TLSServerContext.make()
        let pairs = try (0..<2).map { _ in
            let pair = try TLSPair(context)
            pair.server = TLSConnection(server: context, fd: pair.serverFD, gathering: gathering)
            pair.shakeHands()
            return pair
        }
        let broken = Transport(fd: pairs[0].serverFD, tls: pairs[0].server)
        shutdown(pairs[0].serverFD, Int32(SHUT_RDWR))
        batch.add(broken, buffer("lost"))
        batch.submit()
        pairs[0].server.shutdown()
        #expect(gathering.isEmpty)
        #expect(TLSPair.send("found", pairs[1].server) == .bytes(5))
        #expect(TLSPair.receive(pairs[1].client).text == "found")
    }
}
