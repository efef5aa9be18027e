import Core
import Glibc
import Testing

@testable import Net

@Suite("TLS connection")
struct TLSConnectionTests {
    @Test("both ends agree and bytes pass both ways", arguments: [TLSProtocols.tls12, .tls13])
    func bytesPass(_ protocols: TLSProtocols) throws {
        let context = try TLSServerContext.make(.selfSigned(names: ["a.test", "127.0.0.1", "~^x"])) {
            $0.protocols = protocols
        }
        let pair = try TLSPair(context, serverName: "A.test")
        let errors = pair.shakeHands()
        #expect(errors.server == nil && errors.client == nil)
        #expect(TLSPair.send("ping", pair.client) == .bytes(4))
        #expect(TLSPair.receive(pair.server).text == "ping")
        #expect(TLSPair.send("pong", pair.server) == .bytes(4))
        #expect(TLSPair.receive(pair.client).text == "pong")
        #expect(TLSPair.receive(pair.server).outcome == .wouldBlock)
        #expect(pair.server.protocolName == (protocols == .tls12 ? "TLSv1.2" : "TLSv1.3"))
        #expect(pair.server.cipherName == pair.client.cipherName && !pair.server.cipherName.isEmpty)
        #expect(pair.server.serverName == Array("A.test".utf8))
        #expect(pair.server.curve == "X25519")
        #expect(pair.server.verifyResult == "NONE")
        #expect(!pair.server.isSessionReused)
    }

    @Test("the old protocols are spoken where they are configured, and nowhere else")
    func oldProtocols() throws {
        let client = try TLSClientContext.make { $0.protocols = .tls10 }
        let pair = try TLSPair(try .make { $0.protocols = [.tls10, .tls12] }, client)
        #expect(pair.shakeHands().server == nil)
        #expect(pair.server.protocolName == "TLSv1")
        let refusing = try TLSPair(try .make(), client)
        #expect(refusing.shakeHands().server?.message.contains("unsupported protocol") == true)
    }

    @Test("a protocol that both know but for the hole between the others is not spoken")
    func protocolsMayHaveHoles() throws {
        let client = try TLSClientContext.make { $0.protocols = .tls12 }
        let pair = try TLSPair(try .make { $0.protocols = [.tls11, .tls13] }, client)
        #expect(pair.shakeHands().server != nil)
    }

    @Test("more bytes than the socket takes are sent in parts, and none is lost")
    func largeBodiesPass() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var sent = 0
        var received: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 100_000)
        for _ in 0..<2000 where received.count < body.count {
            let outcome = body[sent...].withUnsafeBytes { pair.server.send($0) }
            if case .bytes(let count) = outcome { sent += count }
            let taken = piece.withUnsafeMutableBytes { pair.client.receive(into: $0) }
            if case .bytes(let count) = taken { received += piece[..<count] }
        }
        #expect(received == body)
    }

    @Test("a small target leaves the rest of the record for the next read")
    func smallTargets() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        #expect(TLSPair.send("abcdef", pair.client) == .bytes(6))
        #expect(TLSPair.receive(pair.server, limit: 4).text == "abcd")
        #expect(TLSPair.receive(pair.server, limit: 4).text == "ef")
    }

    @Test("close_notify ends what is read, and the other way stays open")
    func closeNotify() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        #expect(TLSPair.send("last", pair.client) == .bytes(4))
        pair.client.shutdown()
        #expect(TLSPair.receive(pair.server).text == "last")
        #expect(TLSPair.receive(pair.server).outcome == .closed)
        #expect(TLSPair.receive(pair.server).outcome == .closed)
        #expect(TLSPair.send("answer", pair.server) == .bytes(6))
        #expect(TLSPair.receive(pair.client).text == "answer")
        #expect(!pair.client.wasTruncated)
    }

    @Test("an end without close_notify is an end, and a client knows that something may lack")
    func unexpectedEnd() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        #expect(TLSPair.send("part", pair.server) == .bytes(4))
        shutdown(pair.serverFD, Int32(SHUT_WR))
        shutdown(pair.clientFD, Int32(SHUT_WR))
        #expect(TLSPair.receive(pair.client).text == "part")
        #expect(TLSPair.receive(pair.client).outcome == .closed)
        #expect(pair.client.wasTruncated)
        #expect(TLSPair.receive(pair.server).outcome == .closed)
    }

    @Test("plain HTTP is told from TLS, and nothing of it is consumed")
    func plainHTTP() throws {
        let (server, client) = try TLSPair.sockets()
        defer { for fd in [server, client] { close(fd) } }
        let connection = TLSConnection(server: try .make(), fd: server)
        guard case .wantsRead = connection.handshake() else {
            return #expect(Bool(false), "no byte came yet")
        }
        #expect(write(client, "GET / HTTP/1.1\r\n", 16) == 16)
        guard case .plainHTTP = connection.handshake() else { return #expect(Bool(false), "taken for TLS") }
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(read(server, &bytes, bytes.count) == 16)
    }

    @Test("a client that goes away in the middle is said to have")
    func goneInTheMiddle() throws {
        let pair = try TLSPair(try .make())
        _ = pair.client.handshake()
        _ = pair.server.handshake()
        shutdown(pair.clientFD, Int32(SHUT_WR))
        guard case .failed(let error) = pair.server.handshake() else {
            return #expect(Bool(false), "not failed")
        }
        #expect(error.upstreamLogText == "peer closed connection in SSL handshake")
        guard case .failed = pair.server.handshake() else { return #expect(Bool(false), "failed for good") }
    }

    @Test("a handshake that comes one byte at a time succeeds")
    func oneByteAtATime() throws {
        let (server, near) = try TLSPair.sockets()
        let (far, client) = try TLSPair.sockets()
        defer { for fd in [server, near, far, client] { close(fd) } }
        let accepting = TLSConnection(server: try .make(), fd: server)
        let connecting = TLSConnection(
            client: try .make(), fd: client, serverName: Array("one.test".utf8), verifyName: nil, session: nil
        )
        var isDone = false
        var byte: UInt8 = 0
        for _ in 0..<20_000 where !isDone {
            _ = connecting.handshake()
            if read(far, &byte, 1) == 1 { write(near, &byte, 1) }
            if case .done = accepting.handshake() { isDone = true }
            if read(near, &byte, 1) == 1 { write(far, &byte, 1) }
        }
        #expect(isDone)
    }

    @Test("garbage fails the handshake and never more", arguments: 0..<64)
    func garbage(_ seed: Int) throws {
        let (server, client) = try TLSPair.sockets()
        defer { for fd in [server, client] { close(fd) } }
        let connection = TLSConnection(server: try .make(), fd: server)
        var generator = SplitMix(seed: UInt64(seed))
        var bytes = (0..<400).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let heads: [[UInt8]] = [
            [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3], [0x16, 3, 3, 0xFF, 0xFF], [0x80], [0x16],
        ]
        let head = heads[seed % heads.count]
        bytes.replaceSubrange(..<head.count, with: head)
        #expect(write(client, bytes, bytes.count) == bytes.count)
        shutdown(client, Int32(SHUT_WR))
        var outcome = connection.handshake()
        for _ in 0..<4 { outcome = connection.handshake() }
        guard case .failed(let error) = outcome else { return #expect(Bool(false), "not failed") }
        #expect(!error.message.isEmpty)
        #expect(TLSPair.receive(connection).outcome == .closed)
        #expect(TLSPair.send("x", connection) == .closed)
    }

    @Test("a broken record on an established connection is an error with its reason")
    func brokenRecord() throws {
        let pair = try TLSPair(try .make())
        pair.shakeHands()
        let record: [UInt8] = [0x17, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32)
        #expect(write(pair.clientFD, record, record.count) == record.count)
        #expect(TLSPair.receive(pair.server).outcome == .failed(Errno(code: EPROTO)))
        #expect(pair.server.lastError?.message.contains("bad record mac") == true)
        #expect(TLSPair.receive(pair.server).outcome == .failed(Errno(code: EPROTO)))
        #expect(TLSPair.send("x", pair.server) == .closed)
    }

    @Test("a changed byte anywhere in the hello never traps")
    func changedHello() throws {
        let context = try TLSServerContext.make { $0.alpn = ["http/1.1"] }
        let hello = try Self.hello()
        for index in hello.indices {
            let (server, client) = try TLSPair.sockets()
            defer { for fd in [server, client] { close(fd) } }
            var bytes = hello
            bytes[index] ^= 0xFF
            write(client, bytes, bytes.count)
            shutdown(client, Int32(SHUT_WR))
            let connection = TLSConnection(server: context, fd: server)
            for _ in 0..<3 { _ = connection.handshake() }
        }
    }

    private static func hello() throws -> [UInt8] {
        let (server, client) = try TLSPair.sockets()
        defer { for fd in [server, client] { close(fd) } }
        let connection = TLSConnection(
            client: try .make { $0.alpn = ["h2", "http/1.1"] }, fd: client,
            serverName: Array("one.test".utf8),
            verifyName: nil, session: nil)
        _ = connection.handshake()
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(server, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    @Test("ALPN: the server's order counts, no overlap is refused, no offer is let through")
    func alpn() throws {
        let context = try TLSServerContext.make { $0.alpn = ["h2", "http/1.1"] }
        let both = try TLSPair(context, try .make { $0.alpn = ["http/1.1", "h2"] })
        both.shakeHands()
        #expect(both.server.alpn == "h2" && both.client.alpn == "h2")
        let neither = try TLSPair(context, try .make { $0.alpn = ["spdy/1"] })
        #expect(neither.shakeHands().client?.message.contains("no application protocol") == true)
        let silent = try TLSPair(context)
        #expect(silent.shakeHands().server == nil)
        #expect(silent.server.alpn == nil)
    }
}
